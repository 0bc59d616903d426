"""Roles, what people do, and who may do what within which scope: one table.

The separation of the three administrators (三员分立) is kept here: system administrator, security administrator and
auditor are different people, and none of them sees footage. The justice department sees all and changes nothing. A role
that stands nowhere in `ACCESS` has no page yet and cannot be given.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum

__all__ = ["ACCESS", "ADMINISTRATORS", "GIVEN", "Action", "Role", "Scope", "check_roles", "scope_of"]


class Role(StrEnum):
    """The people of an archive, by the names of the domain."""

    SYSTEM_ADMINISTRATOR = "system_administrator"
    SECURITY_ADMINISTRATOR = "security_administrator"
    AUDITOR = "auditor"
    HANDLER = "handler"
    REVIEWER = "reviewer"
    HEAD = "head"
    PUBLISHER = "publisher"
    ARCHIVIST = "archivist"
    JUSTICE_SUPERVISOR = "justice_supervisor"


class Scope(IntEnum):
    """How far a role's right goes; each contains the ones before it."""

    OWN = 1  # own cases and own recordings
    AGENCY = 2  # everything of one's own agency
    ALL = 3


class Action(StrEnum):
    """What a person does; every route of the pages names one."""

    ENTER = "enter"  # sign in, choose a language: anybody, signed in or not
    OWN_ACCOUNT = "own_account"  # one's own password, second factor and sessions: anybody who is signed in
    SEE_LOG = "see_log"  # checkpoint, witnesses, heads of the dock chains
    SEE_EVIDENCE = "see_evidence"  # which clips and stays exist, what the verifier says of them, their proofs
    SEE_FOOTAGE = "see_footage"  # the pictures and the sound themselves
    MARK_CLIPS = "mark_clips"  # say something of a recording, at a place in it or of all of it
    READ_ENTRIES = "read_entries"  # entry bundles of the log, whose statements carry file names and officers' numbers
    SEE_REGISTRY = "see_registry"  # agencies, officers and recorders
    KEEP_AGENCIES = "keep_agencies"  # add and change agencies
    KEEP_OFFICERS = "keep_officers"  # add and change officers
    KEEP_RECORDERS = "keep_recorders"  # add and change recorders, write down who has which, and what was repaired
    CHECK_OUT = "check_out"  # take a recorder that stands in a dock, and put it back
    REPORT_FAULTS = "report_faults"  # say that a recorder does not work
    RESOLVE_RECORDERS = "resolve_recorders"  # propose or confirm whose an unknown recorder is: two people
    RESOLVE_CLIPS = "resolve_clips"  # propose or confirm whose clips in quarantine are: two people
    SEE_ACCOUNTS = "see_accounts"  # who has an account and which roles
    MAKE_ACCOUNTS = "make_accounts"  # new accounts, without any right
    GIVE_RIGHTS = "give_rights"  # roles, agency and officer of an account; reset, unlock, disable, enable
    SEE_CASES = "see_cases"  # cases with their parties, documents and what is missing
    OPEN_CASES = "open_cases"
    WORK_CASES = (
        "work_cases"  # change a case, its documents and clips, take it from stage to stage, excuse what is missing
    )
    SEE_LISTS = "see_lists"  # recording lists
    KEEP_LISTS = "keep_lists"  # draft recording lists
    APPROVE_LISTS = "approve_lists"  # put a list in force that somebody else drafted
    SEE_RETENTION = "see_retention"  # holds and disposal lists
    SET_HOLDS = "set_holds"
    RELEASE_HOLDS = "release_holds"
    DRAW_DISPOSAL = "draw_disposal"
    APPROVE_DISPOSAL = "approve_disposal"  # as the second person; whoever drew a list approves nothing of it
    SEE_TERMS = "see_terms"  # the agency's own retention terms
    KEEP_TERMS = "keep_terms"
    APPROVE_TERMS = "approve_terms"
    SEE_COVERAGE = "see_coverage"  # how much of what must be recorded is, by month
    SEE_DEADLINES = "see_deadlines"  # what has to be done by when, and what is overdue
    SEE_CALENDAR = "see_calendar"  # which years have a notice of days off
    KEEP_CALENDAR = "keep_calendar"  # load a year's notice
    SEE_REVIEWS = "see_reviews"  # legal reviews: the queue, each round, the reviewers
    SUBMIT_REVIEWS = "submit_reviews"  # submit a draft, answer an opinion's problems, take a round back
    GIVE_OPINIONS = "give_opinions"  # take a round, ask others, give the opinion
    EXTEND_REVIEWS = "extend_reviews"  # allow the longer term, write down what coordination came to
    ANSWER_PREREVIEWS = "answer_prereviews"  # what the justice department says when an agency asks it
    KEEP_MAJOR_LISTS = "keep_major_lists"  # draft lists of major decisions
    APPROVE_MAJOR_LISTS = "approve_major_lists"
    KEEP_REVIEWERS = "keep_reviewers"  # write down the reviewers' legal qualification
    DRAFT_DECISIONS = "draft_decisions"  # write what is to be decided
    DECIDE = "decide"  # make a decision, and end one: the head, who has not handled the case
    SEE_SUPERVISION = "see_supervision"  # how agencies stand, spot checks, opinions, self-inspection
    SUPERVISE = "supervise"  # draw spot checks, give opinions, receive reports
    ANSWER_SUPERVISION = "answer_supervision"  # answer for the agency, file its reports, write down who is responsible
    SEE_TEMPLATES = "see_templates"
    KEEP_TEMPLATES = "keep_templates"  # bring document templates of the agency
    SEE_HANDOVERS = "see_handovers"  # the work handbook, and what was handed over
    HAND_OVER = "hand_over"  # file the handbook, hand over to another agency, receive from one
    SEE_STATISTICS = "see_statistics"  # the annual tables and the cases behind each figure
    KEEP_STATISTICS = "keep_statistics"  # draft an agency's annual report
    SIGN_STATISTICS = "sign_statistics"  # sign a report that somebody else drafted
    SEE_PUBLICITY = "see_publicity"  # what is public, was, and is on its way to be
    COLLECT_PUBLICITY = "collect_publicity"  # fill in what becomes public, decide what of it is private
    REVIEW_PUBLICITY = "review_publicity"  # agree or return, as the second person
    PUBLISH = "publish"  # make public and withdraw, as the third
    CONFIRM_LISTS = "confirm_lists"  # the justice department's word on lists of items
    AUDIT = "audit"  # refusals, searches, changes of accounts and registry


_OWN, _AGENCY, _ALL = Scope.OWN, Scope.AGENCY, Scope.ALL
_SYSTEM, _SECURITY, _AUDITOR = Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR
_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST = Role.HANDLER, Role.REVIEWER, Role.HEAD, Role.ARCHIVIST
_JUSTICE, _PUBLISHER = Role.JUSTICE_SUPERVISOR, Role.PUBLISHER

ACCESS: Mapping[Action, Mapping[Role, Scope]] = {
    Action.SEE_LOG: {
        **dict.fromkeys((_SYSTEM, _SECURITY, _AUDITOR, _JUSTICE), _ALL),
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST, _PUBLISHER), _ALL),
    },
    Action.SEE_EVIDENCE: {
        **dict.fromkeys((_AUDITOR, _JUSTICE), _ALL),
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    },
    Action.SEE_FOOTAGE: {
        _JUSTICE: _ALL,
        **dict.fromkeys((_REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
        _HANDLER: _OWN,
    },
    Action.MARK_CLIPS: {
        **dict.fromkeys((_REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
        _HANDLER: _OWN,
    },
    Action.READ_ENTRIES: {_AUDITOR: _ALL},
    Action.SEE_REGISTRY: {
        **dict.fromkeys((_SYSTEM, _SECURITY, _AUDITOR, _JUSTICE), _ALL),
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    },
    Action.KEEP_AGENCIES: {_SYSTEM: _ALL},
    Action.KEEP_OFFICERS: {_SYSTEM: _ALL, _HEAD: _AGENCY},
    Action.KEEP_RECORDERS: {_SYSTEM: _ALL, _HEAD: _AGENCY, _ARCHIVIST: _AGENCY},
    Action.CHECK_OUT: dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    Action.REPORT_FAULTS: {
        _SYSTEM: _ALL,
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    },
    Action.RESOLVE_RECORDERS: {_SYSTEM: _ALL, _HEAD: _AGENCY, _ARCHIVIST: _AGENCY},
    Action.RESOLVE_CLIPS: {_HEAD: _AGENCY, _ARCHIVIST: _AGENCY},
    Action.SEE_ACCOUNTS: dict.fromkeys((_SYSTEM, _SECURITY, _AUDITOR), _ALL),
    Action.MAKE_ACCOUNTS: {_SYSTEM: _ALL},
    Action.GIVE_RIGHTS: {_SECURITY: _ALL},
    Action.SEE_CASES: {
        _JUSTICE: _ALL,
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    },
    Action.OPEN_CASES: {_HANDLER: _AGENCY, _HEAD: _AGENCY},
    Action.WORK_CASES: {_HANDLER: _OWN, _HEAD: _AGENCY, _ARCHIVIST: _AGENCY},
    Action.SEE_LISTS: {
        _JUSTICE: _ALL,
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    },
    Action.KEEP_LISTS: dict.fromkeys((_HANDLER, _REVIEWER, _HEAD), _AGENCY),
    Action.APPROVE_LISTS: {_HEAD: _AGENCY},
    Action.SEE_RETENTION: {
        **dict.fromkeys((_AUDITOR, _JUSTICE), _ALL),
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    },
    Action.SET_HOLDS: {_HANDLER: _OWN, **dict.fromkeys((_REVIEWER, _HEAD, _ARCHIVIST), _AGENCY)},
    Action.RELEASE_HOLDS: {_HEAD: _AGENCY},
    Action.DRAW_DISPOSAL: {_ARCHIVIST: _AGENCY},
    Action.APPROVE_DISPOSAL: dict.fromkeys((_HEAD, _ARCHIVIST), _AGENCY),
    Action.SEE_TERMS: {
        _JUSTICE: _ALL,
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    },
    Action.KEEP_TERMS: dict.fromkeys((_HEAD, _ARCHIVIST), _AGENCY),
    Action.APPROVE_TERMS: {_HEAD: _AGENCY},
    Action.SEE_COVERAGE: {
        _JUSTICE: _ALL,
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    },
    Action.SEE_DEADLINES: {
        _JUSTICE: _ALL,
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST, _PUBLISHER), _AGENCY),
    },
    Action.SEE_CALENDAR: {
        **dict.fromkeys((_SYSTEM, _SECURITY, _AUDITOR, _JUSTICE), _ALL),
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST, _PUBLISHER), _ALL),
    },
    Action.KEEP_CALENDAR: {_SYSTEM: _ALL},
    Action.SEE_REVIEWS: {
        _JUSTICE: _ALL,
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    },
    Action.SUBMIT_REVIEWS: {_HANDLER: _OWN},
    Action.GIVE_OPINIONS: {_REVIEWER: _AGENCY},
    Action.EXTEND_REVIEWS: {_HEAD: _AGENCY},
    Action.ANSWER_PREREVIEWS: {_JUSTICE: _ALL},
    Action.KEEP_MAJOR_LISTS: dict.fromkeys((_REVIEWER, _HEAD), _AGENCY),
    Action.APPROVE_MAJOR_LISTS: {_HEAD: _AGENCY},
    Action.KEEP_REVIEWERS: {_HEAD: _AGENCY},
    Action.DRAFT_DECISIONS: {_HANDLER: _OWN},
    Action.DECIDE: {_HEAD: _AGENCY},
    Action.SEE_SUPERVISION: {_JUSTICE: _ALL, **dict.fromkeys((_REVIEWER, _HEAD), _AGENCY)},
    Action.SUPERVISE: {_JUSTICE: _ALL},
    Action.ANSWER_SUPERVISION: {_HEAD: _AGENCY},
    Action.SEE_TEMPLATES: dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    Action.KEEP_TEMPLATES: dict.fromkeys((_REVIEWER, _HEAD), _AGENCY),
    Action.SEE_HANDOVERS: {
        _JUSTICE: _ALL,
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    },
    Action.HAND_OVER: {_HEAD: _AGENCY},
    Action.SEE_STATISTICS: {
        _JUSTICE: _ALL,
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    },
    Action.KEEP_STATISTICS: dict.fromkeys((_REVIEWER, _HEAD, _ARCHIVIST), _AGENCY),
    Action.SIGN_STATISTICS: {_HEAD: _AGENCY},
    Action.SEE_PUBLICITY: {
        _JUSTICE: _ALL,
        **dict.fromkeys((_HANDLER, _REVIEWER, _HEAD, _ARCHIVIST, _PUBLISHER), _AGENCY),
    },
    Action.COLLECT_PUBLICITY: dict.fromkeys((_HANDLER, _ARCHIVIST), _AGENCY),
    Action.REVIEW_PUBLICITY: dict.fromkeys((_REVIEWER, _HEAD), _AGENCY),
    Action.PUBLISH: {_PUBLISHER: _AGENCY},
    Action.CONFIRM_LISTS: {_JUSTICE: _ALL},
    Action.AUDIT: {_AUDITOR: _ALL},
}
"""Who may do what, and how far. `ENTER` and `OWN_ACCOUNT` need no role (`access.decide`)."""

ADMINISTRATORS = frozenset({_SYSTEM, _SECURITY, _AUDITOR})
GIVEN = frozenset(role for roles in ACCESS.values() for role in roles)
"""The roles that can be given: those with a page."""

_OF_AN_AGENCY = frozenset(role for roles in ACCESS.values() for role, scope in roles.items() if scope is not Scope.ALL)


def needs_agency(roles: Iterable[Role]) -> bool:
    """Whether somebody with these roles sees nothing of what they are for without an agency."""
    return not _OF_AN_AGENCY.isdisjoint(roles)


def scope_of(roles: Iterable[Role], action: Action) -> Scope | None:
    """The widest scope in which these roles may do it; None: not at all."""
    granted = ACCESS.get(action, {})
    return max((granted[role] for role in roles if role in granted), default=None)


def check_roles(roles: Iterable[Role], *, none_allowed: bool = False) -> frozenset[Role]:
    """The roles as one account may hold them. Raises `ValueError` with a sentence for the administrator."""
    held = frozenset(roles)
    if not held and not none_allowed:
        raise ValueError("an account needs at least one role")
    without_pages = sorted(held - GIVEN)
    if without_pages:
        raise ValueError(f"role {without_pages[0]} has no pages yet; use one of {', '.join(sorted(GIVEN))}")
    if held & ADMINISTRATORS and len(held) > 1:
        raise ValueError(
            "三员分立: system administrator, security administrator and auditor are different people, "
            "and none of them holds another role; make one account per person and role"
        )
    return held
