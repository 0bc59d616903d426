"""The officers: certificate, where they serve, what for, until when. Every function works in the caller's transaction."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from datetime import date

from sqlalchemy import RowMapping, func, insert, or_, select, update

from liuhen_server.database import Connection
from liuhen_server.registry.fields import Mistakes, Outdated, line
from liuhen_server.registry.schema import agencies, officers

__all__ = [
    "CLASSES",
    "Officer",
    "add_officer",
    "change_officer",
    "check_officer",
    "find_officer",
    "list_officers",
    "officer_of",
]

CLASSES = ("licence", "penalty", "coercion", "levy", "inspection")
"""Enforcement classes (domain: 许可 处罚 强制 征收征用 检查)."""

_CERTIFICATE = re.compile(r"[0-9A-Z][0-9A-Z-]{3,31}\Z")
_NUMBER = re.compile(r"[0-9A-Za-z-]{1,32}\Z")


@dataclass(frozen=True, slots=True)
class Officer:
    """`agency` is a code, `classes` of `CLASSES`, `expires` the certificate's last day (2027-12-31), `recorder_number` what
    recorders write for this officer. `id` 0 and `version` 0: not kept yet.
    """

    certificate: str
    name: str
    agency: str
    post: str = ""
    classes: frozenset[str] = frozenset()
    area: str = ""
    expires: str | None = None
    recorder_number: str | None = None
    active: bool = True
    version: int = 0
    id: int = 0

    @property
    def number(self) -> str:
        """How this officer stands in the log: names are not written there."""
        return f"officer-{self.id}"

    def certified(self, day: date) -> bool:
        """Whether the certificate is good on that day; one without a last day is not known to be."""
        return self.expires is not None and day.isoformat() <= self.expires

    def days_left(self, day: date) -> int | None:
        """Days after that one up to the certificate's last; negative once it is over. None: no last day is known."""
        return None if self.expires is None else (date.fromisoformat(self.expires) - day).days


def check_officer(given: Officer) -> Officer:
    """As it may be kept. Raises Mistakes, all of them at once."""
    wrong: dict[str, str] = {}
    certificate = given.certificate.strip().upper()
    if not _CERTIFICATE.match(certificate):
        wrong["certificate"] = "certificate"
    name = line(given.name, 64, "name", wrong)
    post = line(given.post, 64, "post", wrong, empty=True)
    area = line(given.area, 64, "area", wrong, empty=True)
    if not given.classes <= set(CLASSES):
        wrong["classes"] = "classes"
    expires = (given.expires or "").strip() or None
    if expires is not None and not _is_day(expires):
        wrong["expires"] = "day"
    number = (given.recorder_number or "").strip() or None
    if number is not None and (not _NUMBER.match(number) or not number.strip("0")):
        wrong["recorder_number"] = "recorder_number"  # all zeros means unassigned, never an officer
    if wrong:
        raise Mistakes(wrong)
    return replace(
        given, certificate=certificate, name=name, post=post, area=area, expires=expires, recorder_number=number
    )


def _is_day(text: str) -> bool:
    try:
        return 1990 <= date.fromisoformat(text).year <= 2199 and len(text) == 10
    except ValueError:
        return False


async def add_officer(conn: Connection, given: Officer) -> Officer:
    """Raises Mistakes: a field is wrong, the certificate is taken, the agency is not known or enforces no longer."""
    checked = replace(check_officer(given), version=1)
    await _fits(conn, checked, before=None)
    added = await conn.execute(insert(officers).values(**_values(checked)))
    assert added.inserted_primary_key is not None
    return replace(checked, id=int(added.inserted_primary_key[0]))


async def change_officer(conn: Connection, given: Officer) -> Officer:
    """Saves what was drawn from `given.version`. Raises Mistakes, Outdated (somebody saved meanwhile), LookupError."""
    checked = check_officer(given)
    before = await find_officer(conn, given.id)
    if before is None:
        raise LookupError(given.id)
    if before.version != given.version:
        raise Outdated(before.version)
    await _fits(conn, checked, before)
    kept = replace(checked, version=checked.version + 1)
    saved = await conn.execute(
        update(officers)
        .where(officers.c.id == kept.id, officers.c.version == given.version)
        .values(**_values(kept))
        .returning(officers.c.id)
    )
    if saved.scalar() is None:  # between the question and the answer, where writers are not alone
        raise Outdated(before.version + 1)
    return kept


async def _fits(conn: Connection, checked: Officer, before: Officer | None) -> None:
    wrong: dict[str, str] = {}
    same = select(officers.c.id).where(officers.c.certificate == checked.certificate, officers.c.id != checked.id)
    if (await conn.execute(same)).scalar() is not None:
        wrong["certificate"] = "taken"
    active = select(agencies.c.active).where(agencies.c.code == checked.agency)
    if not (await conn.execute(active)).scalar() and (before is None or before.agency != checked.agency):
        wrong["agency"] = "agency"
    if wrong:
        raise Mistakes(wrong)


async def find_officer(conn: Connection, officer_id: int) -> Officer | None:
    if not 0 < officer_id < 1 << 63:
        return None
    row = (await conn.execute(select(officers).where(officers.c.id == officer_id))).mappings().one_or_none()
    return None if row is None else officer_of(row)


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the officers that were asked for, and how many there are."""

    officers: tuple[Officer, ...]
    total: int


async def list_officers(
    conn: Connection, *, agency: str | None = None, text: str = "", limit: int = 50, offset: int = 0
) -> Page:
    """By agency and certificate. `agency` None: all of them; `text` is part of a name, a certificate or a number."""
    wanted = [officers.c.agency == agency] if agency is not None else []
    if text:
        fields = (officers.c.name, officers.c.certificate, officers.c.recorder_number)
        wanted.append(or_(*(field.icontains(text, autoescape=True) for field in fields)))
    total = (await conn.execute(select(func.count()).select_from(officers).where(*wanted))).scalar_one()
    query = select(officers).where(*wanted).order_by(officers.c.agency, officers.c.certificate)
    rows = await conn.execute(query.limit(limit).offset(offset))
    return Page(tuple(officer_of(row) for row in rows.mappings()), total)


def _values(officer: Officer) -> dict[str, object]:
    values = asdict(officer) | {"classes": " ".join(sorted(officer.classes))}
    del values["id"]
    return values


def officer_of(row: RowMapping) -> Officer:
    values = {name: row[name] for name in Officer.__dataclass_fields__}
    return Officer(**values | {"classes": frozenset(row["classes"].split())})
