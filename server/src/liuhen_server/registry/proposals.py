"""What two people decide: whose an unknown recorder is, and whose the clips are that an unknown device left in quarantine.

One proposes, and only another confirms or refuses; who proposed may withdraw. Each step is an entry of the log. What is confirmed
puts the recorder into the register, or says which officer made the clips of that stay; the clips themselves stay as they were read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from sqlalchemy import RowMapping, insert, select, update

from liuhen_server.acts import Act
from liuhen_server.custody.stays import Stay
from liuhen_server.database import Connection
from liuhen_server.registry.agencies import agency_of_dock, codes_of, find_agency
from liuhen_server.registry.changes import keep_recorder, state_row
from liuhen_server.registry.faults import words
from liuhen_server.registry.fields import Mistakes, Outdated, line
from liuhen_server.registry.holdings import Holding, hand_out
from liuhen_server.registry.officers import find_officer
from liuhen_server.registry.recorders import Recorder, recorder_of_serial
from liuhen_server.registry.schema import proposals

__all__ = [
    "DECISIONS",
    "About",
    "Decision",
    "NotThisPerson",
    "Outcome",
    "Proposal",
    "ProposalState",
    "confirmed_stays",
    "decide",
    "decided_of_stay",
    "find_proposal",
    "list_proposals",
    "propose",
]


class About(StrEnum):
    RECORDER = "recorder"  # an unknown serial
    CLIPS = "clips"  # all clips of one stay in quarantine


class Outcome(StrEnum):
    ASSIGN = "assign"
    DISMISS = "dismiss"  # no recorder of anybody's, or clips that are of no case and nobody's


class ProposalState(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Decision(StrEnum):
    CONFIRM = "confirm"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


DECISIONS: Mapping[Decision, tuple[ProposalState, bool]] = {
    Decision.CONFIRM: (ProposalState.CONFIRMED, False),
    Decision.REFUSE: (ProposalState.REFUSED, False),
    Decision.WITHDRAW: (ProposalState.WITHDRAWN, True),
}
"""What becomes of an open proposal, and whether it is who proposed it that does so; all of them are ends."""


class NotThisPerson(Exception):
    """Nobody confirms or refuses what he proposed himself; nobody withdraws what another proposed."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """`about`: the serial, or the stay's number; `stay`: docked_index of the stay it was proposed from; `seen_by`: the agency of its
    dock, None for none that is known. `agency`, `officer`, `model`: what is assigned. `reason` are people's words.
    """

    kind: About
    outcome: Outcome
    agency: str | None = None
    officer: int | None = None
    model: str = ""
    reason: str = ""
    about: str = ""
    stay: int = 0
    seen_by: str | None = None
    state: ProposalState = ProposalState.PROPOSED
    proposed_by: str = ""
    proposed_time: str = ""
    decided_by: str | None = None
    decided_time: str | None = None
    version: int = 1
    id: int = 0

    @property
    def number(self) -> str:
        """How it stands in the log."""
        return f"proposal-{self.id}"


async def propose(act: Act, stay: Stay, given: Proposal) -> Proposal:
    """Raises Mistakes: no reason, an agency or officer that does not fit, or nothing is to be decided (any more)."""
    wrong: dict[str, str] = {}
    try:
        reason = words(given.reason, "reason")
    except Mistakes as mistakes:
        reason, wrong = "", dict(mistakes.fields)
    model = line(given.model, 64, "model", wrong, empty=True)
    about = stay.recorder if given.kind is About.RECORDER else str(stay.docked_index)
    seen_by = await agency_of_dock(act.conn, stay.dock)
    agency, officer = given.agency, given.officer
    if given.outcome is Outcome.DISMISS:
        agency, officer, model = None, None, ""
    else:
        wrong |= await _misfits(act.conn, given, seen_by)
    if await _is_settled(act.conn, given.kind, about, stay):
        wrong["reason"] = "proposal_settled"
    if wrong:
        raise Mistakes(wrong)
    kept = replace(
        given,
        about=about,
        stay=stay.docked_index,
        seen_by=seen_by,
        agency=agency,
        officer=officer,
        model=model,
        reason=reason,
        state=ProposalState.PROPOSED,
        proposed_by=act.by,
        proposed_time=act.time,
        version=1,
    )
    added = await act.conn.execute(insert(proposals).values(**_values(kept)))
    assert added.inserted_primary_key is not None
    kept = replace(kept, id=int(added.inserted_primary_key[0]))
    await _state(act, kept)
    return kept


async def decide(act: Act, proposal_id: int, version: int, decision: Decision) -> Proposal:
    """Ends a proposal; confirmed, it does what it says in the same act. Raises NotThisPerson, Outdated (somebody decided
    meanwhile), LookupError, Mistakes (what it says cannot be done any more: nothing is decided then).
    """
    before = await find_proposal(act.conn, proposal_id)
    if before is None:
        raise LookupError(proposal_id)
    if before.version != version or before.state is not ProposalState.PROPOSED:
        raise Outdated(before.version)
    after, own = DECISIONS[decision]
    if (act.by == before.proposed_by) is not own:
        raise NotThisPerson
    if decision is Decision.CONFIRM:
        await _carry_out(act, before)
    kept = replace(before, state=after, decided_by=act.by, decided_time=act.time, version=before.version + 1)
    saved = update(proposals).where(proposals.c.id == kept.id, proposals.c.version == version).values(**_values(kept))
    if (await act.conn.execute(saved.returning(proposals.c.id))).scalar() is None:
        raise Outdated(version + 1)
    await _state(act, kept)
    return kept


async def _carry_out(act: Act, proposal: Proposal) -> None:
    """The clips of a stay need nothing more: the confirmed row says whose they are."""
    if proposal.outcome is Outcome.DISMISS:
        return
    wrong = await _misfits(act.conn, proposal, proposal.seen_by)
    if wrong:
        raise Mistakes(wrong)
    if proposal.kind is About.RECORDER:
        given = Recorder(proposal.about, proposal.agency or "", proposal.model)
        recorder = await keep_recorder(act, given, as_docked=True)
        if proposal.officer is not None:
            await hand_out(act, recorder, Holding(recorder.id, proposal.officer, act.time))


async def _misfits(conn: Connection, given: Proposal, seen_by: str | None) -> dict[str, str]:
    """Clips belong where they were docked: only officers of that agency can have made them."""
    agency = None if given.agency is None else await find_agency(conn, given.agency)
    if agency is None or not agency.active:
        return {"agency": "agency"}
    if given.kind is About.CLIPS and agency.code != seen_by:
        return {"agency": "not_seen_here"}
    if given.officer is None:
        return {"officer": "empty"} if given.kind is About.CLIPS else {}
    officer = await find_officer(conn, given.officer)
    if officer is None or officer.agency != agency.code or (given.kind is About.RECORDER and not officer.active):
        return {"officer": "holder"}
    return {}


async def _is_settled(conn: Connection, kind: About, about: str, stay: Stay) -> bool:
    """Whether there is nothing to decide, or somebody proposed something already."""
    if kind is About.RECORDER and await recorder_of_serial(conn, about) is not None:
        return True
    if kind is About.CLIPS and not stay.quarantined:
        return True
    standing = proposals.c.state.in_((ProposalState.PROPOSED.value, ProposalState.CONFIRMED.value))
    query = select(proposals.c.id).where(proposals.c.kind == kind.value, proposals.c.about == about, standing)
    return (await conn.execute(query.limit(1))).scalar() is not None


async def find_proposal(conn: Connection, proposal_id: int) -> Proposal | None:
    if not 0 < proposal_id < 1 << 63:
        return None
    row = (await conn.execute(select(proposals).where(proposals.c.id == proposal_id))).mappings().one_or_none()
    return None if row is None else _proposal(row)


async def list_proposals(conn: Connection, *, agency: str | None, is_open: bool, most: int = 200) -> list[Proposal]:
    """Newest first. `agency` None: all of them; else what it would get, or what its docks saw."""
    query = select(proposals).where((proposals.c.state == ProposalState.PROPOSED.value) == is_open)
    if agency is not None:
        query = query.where(proposals.c.seen_by.in_(codes_of(agency)) | proposals.c.agency.in_(codes_of(agency)))
    rows = await conn.execute(query.order_by(proposals.c.id.desc()).limit(most))
    return [_proposal(row) for row in rows.mappings()]


async def confirmed_stays(conn: Connection, officer_ids: Iterable[int]) -> dict[int, int]:
    """Stays in quarantine whose clips two people gave to one of these officers: docked_index → officer."""
    query = select(proposals.c.stay, proposals.c.officer).where(
        proposals.c.kind == About.CLIPS.value,
        proposals.c.state == ProposalState.CONFIRMED.value,
        proposals.c.officer.in_(set(officer_ids)),
    )
    return {row.stay: row.officer for row in await conn.execute(query)}


async def decided_of_stay(conn: Connection, docked_index: int) -> Proposal | None:
    """What two people said of a stay's clips."""
    query = select(proposals).where(
        proposals.c.kind == About.CLIPS.value,
        proposals.c.about == str(docked_index),
        proposals.c.state == ProposalState.CONFIRMED.value,
    )
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else _proposal(row)


async def _state(act: Act, kept: Proposal) -> None:
    row = {name: value.value if isinstance(value, StrEnum) else value for name, value in asdict(kept).items()}
    await state_row(act, kept.number, kept.version, row, kept.state.value)


def _values(proposal: Proposal) -> dict[str, object]:
    values = {n: v.value if isinstance(v, StrEnum) else v for n, v in asdict(proposal).items()}
    del values["id"]
    return values


def _proposal(row: RowMapping) -> Proposal:
    values = {name: row[name] for name in Proposal.__dataclass_fields__}
    values |= {"kind": About(row["kind"]), "outcome": Outcome(row["outcome"]), "state": ProposalState(row["state"])}
    return Proposal(**values)
