"""Roles and what each allows: one table.

The separation of the three administrators (三员分立) is kept here: system administrator, security administrator and
auditor are different people, and none of them sees footage. A role without a row in `ALLOWED` has no page yet and
cannot be given.
"""

from collections.abc import Iterable
from enum import StrEnum

__all__ = ["ALLOWED", "Permission", "Role", "allowed", "check_roles"]


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


class Permission(StrEnum):
    """What a page or a route asks for before it answers."""

    SEE_LOG = "see_log"  # checkpoint, witnesses, heads of the dock chains
    SEE_EVIDENCE = "see_evidence"  # which clips exist, what the verifier says of them, their proofs
    SEE_FOOTAGE = "see_footage"  # the pictures and the sound themselves
    READ_ENTRIES = "read_entries"  # entry bundles of the log, whose statements carry file names and officers' numbers


ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.SYSTEM_ADMINISTRATOR: frozenset({Permission.SEE_LOG}),
    Role.AUDITOR: frozenset({Permission.SEE_LOG, Permission.SEE_EVIDENCE, Permission.READ_ENTRIES}),
    Role.REVIEWER: frozenset({Permission.SEE_LOG, Permission.SEE_EVIDENCE, Permission.SEE_FOOTAGE}),
}

_ADMINISTRATORS = frozenset({Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR})


def allowed(roles: Iterable[Role]) -> frozenset[Permission]:
    """Everything these roles allow together; a role without pages allows nothing."""
    return frozenset().union(*(ALLOWED.get(role, frozenset()) for role in roles))


def check_roles(roles: Iterable[Role]) -> frozenset[Role]:
    """The roles as one account may hold them. Raises `ValueError` with a sentence for the administrator."""
    held = frozenset(roles)
    if not held:
        raise ValueError("an account needs at least one role")
    without_pages = sorted(held - ALLOWED.keys())
    if without_pages:
        raise ValueError(f"role {without_pages[0]} has no pages yet; use one of {', '.join(sorted(ALLOWED))}")
    if held & _ADMINISTRATORS and len(held) > 1:
        raise ValueError(
            "三员分立: system administrator, security administrator and auditor are different people, "
            "and none of them holds another role; make one account per person and role"
        )
    return held
