"""Cases in and out by sheet: what is kept of an import, opening all of its cases in one act, and the rows of an export.

An import is read and judged first (`draft_import`), which changes nothing but what is kept of the sheet until its sender says yes or
brings another; then done (`carry_out`), all or nothing: one act, every case opened with the statements of a case that was typed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, insert, or_, select, update

from liuhen_protocol.events import CasesExported
from liuhen_protocol.moment import format_time
from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.case_sheet import FIELD_COLUMNS, Judged, Mistake, Sheet, exported, judge, mistake
from liuhen_server.cases.numbers import parse_number
from liuhen_server.cases.reading import Case, Party, case_of
from liuhen_server.cases.record import New, open_in
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.cases.schema import case_handlers, case_imports, case_parties, cases
from liuhen_server.database import Connection
from liuhen_server.decisions.refused import NotDecided, state_refused
from liuhen_server.registry.officers import Officer, officer_of
from liuhen_server.registry.schema import officers
from liuhen_server.review.rules import Refusal

__all__ = ["MOST_EXPORTED", "Import", "carry_out", "draft_import", "export_rows", "find_import", "state_export"]

MOST_EXPORTED = 20_000
BATCH = 500
KEPT = timedelta(days=1)
"""How long the words of a sheet lie in wait for their sender's yes; the next sheet of anybody takes them away."""


_DECIDED_ELSEWHERE = Refusal(
    "decided-elsewhere",
    Said("已作出决定的案件不能导入", "a case that was decided is not imported"),
)


@dataclass(frozen=True, slots=True)
class Import:
    """What is kept of a sheet between reading and doing. `done_time`: when it was carried out, or another took its place."""

    id: int
    by: str
    agency: str
    name: str
    made_time: str
    done_time: str | None
    rows: tuple[Judged, ...]


async def draft_import(
    acts: Acts, person: Actor, agency: str, name: str, sheet: Sheet, today: date
) -> tuple[Import | None, tuple[Mistake, ...]]:
    """Judges the sheet by what the archive has now, and keeps it where nothing is wrong, in the place of this person's earlier
    one. No case is touched; nothing is stated but that somebody tried to bring in cases that were decided (decision.refused).
    """
    async with acts.of(person) as act:
        certificates = {each for draft in sheet.drafts for each in draft.certificates}
        known = await _officers(act.conn, agency, certificates)
        keys = {parse_number(draft.number).key for draft in sheet.drafts if draft.number}
        good, mistakes = judge(sheet, agency, known, await _taken(act.conn, agency, keys), today)
        if sheet.decided:
            await state_refused(act, NotDecided("import", (_DECIDED_ELSEWHERE,), None))
        if mistakes:
            return None, mistakes
        old = format_time(acts.now() - KEPT)
        over = or_(case_imports.c.by == act.by, case_imports.c.made_time < old) & case_imports.c.done_time.is_(None)
        await act.conn.execute(update(case_imports).where(over).values(done_time=act.time, rows=None))
        text = json.dumps([asdict(each) for each in good], ensure_ascii=False)
        row = {"by": act.by, "agency": agency, "name": name[:200], "made_time": act.time, "rows": text}
        added = await act.conn.execute(insert(case_imports).values(**row))
        assert added.inserted_primary_key is not None
        found = await find_import(act.conn, int(added.inserted_primary_key[0]))
    return found, ()


async def carry_out(
    acts: Acts, person: Actor, import_id: int, today: date
) -> tuple[tuple[Case, ...], tuple[Mistake, ...]]:
    """Opens every case of the import, or, where one cannot be opened any more, none: the mistake names its row. Raises LookupError
    for an import that is not this person's, or was carried out already.
    """
    opened, at = list[Case](), 0
    try:
        async with acts.of(person) as act:
            found = await find_import(act.conn, import_id)
            if found is None or found.by != act.by or found.done_time is not None:
                raise LookupError(import_id)
            for each in found.rows:
                at = each.row
                opened.append(await open_in(act, each.new, today))
            done = {"done_time": act.time, "rows": None}
            await act.conn.execute(update(case_imports).where(case_imports.c.id == import_id).values(**done))
    except Wrong as wrong:
        return (), (mistake(at, FIELD_COLUMNS.get(wrong.field, wrong.field), wrong.said),)
    return tuple(opened), ()


async def find_import(conn: Connection, import_id: int) -> Import | None:
    if not 0 < import_id < 1 << 63:
        return None
    row = (await conn.execute(select(case_imports).where(case_imports.c.id == import_id))).mappings().one_or_none()
    if row is None:
        return None
    return Import(**{**row, "rows": tuple(_judged(each) for each in json.loads(row["rows"] or "[]"))})


def _judged(kept: dict[str, object]) -> Judged:
    new = kept["new"]
    assert isinstance(new, dict) and isinstance(kept["row"], int)
    parties = tuple(Party(**party) for party in new["parties"])
    return Judged(kept["row"], New(**{**new, "handlers": tuple(new["handlers"]), "parties": parties}))


async def _officers(conn: Connection, agency: str, certificates: Iterable[str]) -> dict[str, Officer]:
    found: dict[str, Officer] = {}
    for some in _batches(sorted(certificates)):
        query = select(officers).where(officers.c.agency == agency, officers.c.certificate.in_(some))
        found |= {row["certificate"]: officer_of(row) for row in (await conn.execute(query)).mappings()}
    return found


async def _taken(conn: Connection, agency: str, keys: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in _batches(sorted(keys)):
        query = select(cases.c.number_key, cases.c.number).where(cases.c.agency == agency, cases.c.number_key.in_(some))
        found |= {row.number_key: row.number for row in await conn.execute(query)}
    return found


def _batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), BATCH):
        yield values[start : start + BATCH]


async def export_rows(conn: Connection, wanted: ColumnElement[bool]) -> AsyncIterator[tuple[str, ...]]:
    """The rows of an export below `header`, the newest case first, in as many queries for five hundred as for one."""
    last: int | None = None
    while True:
        query = select(cases).where(wanted, *([cases.c.id < last] if last is not None else []))
        rows = (await conn.execute(query.order_by(cases.c.id.desc()).limit(BATCH))).mappings().all()
        listed = [case_of(row) for row in rows]
        ids = [case.id for case in listed]
        parties: dict[int, list[Party]] = {}
        of_parties = select(case_parties).where(case_parties.c.case_id.in_(ids)).order_by(case_parties.c.place)
        for each in await conn.execute(of_parties):
            party = Party(each.kind, each.name, each.code, each.representative, each.contact)
            parties.setdefault(each.case_id, []).append(party)
        handlers: dict[int, list[tuple[str, str]]] = {}
        of_handlers = (
            select(case_handlers.c.case_id, officers.c.certificate, officers.c.name)
            .join(officers, officers.c.id == case_handlers.c.officer_id)
            .where(case_handlers.c.case_id.in_(ids), case_handlers.c.until_time.is_(None))
        )
        for found in await conn.execute(of_handlers.order_by(officers.c.certificate)):
            handlers.setdefault(found.case_id, []).append((found.certificate, found.name))
        for case in listed:
            yield exported(case, parties.get(case.id, []), handlers.get(case.id, []))
        if len(listed) < BATCH:
            return
        last = ids[-1]


async def state_export(acts: Acts, person: Actor, roles: str, form: str, found: int, asked: str) -> None:
    """`cases.exported`, before a row of it leaves. `form`: xlsx or csv; `asked`: the filters as the address had them."""
    async with acts.of(person) as act:
        said = (await act.commit_text("export", person.number, asked)).sha256 if asked.strip() else None
        await act.state(CasesExported(person.number, roles, form, found, said))
