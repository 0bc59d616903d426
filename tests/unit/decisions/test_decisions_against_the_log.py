"""`liuhen-server verify` reads drafts and decisions against the log: each lie in a row, or in the log itself, is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from liuhen_protocol.decision_events import DecisionDrafted, DecisionMade
from liuhen_protocol.events import Event
from liuhen_protocol.review_events import ReviewOpinion
from liuhen_server.database import Connection
from liuhen_server.decisions.deciding import Given, decide, end_decision
from liuhen_server.decisions.serving import Performed, Served, execute, serve
from liuhen_server.operations.findings import Findings
from liuhen_server.operations.verify import verify_archive
from liuhen_server.operations.verify_decisions import Decided
from support.case_office import TODAY
from support.decision_room import Room

ROWS = {
    "another fact": ("UPDATE drafts SET facts = 'other'", "decision-row-altered"),
    "another remedy": ("UPDATE drafts SET remedies = ''", "decision-row-altered"),
    "another sum": ("UPDATE drafts SET fine_fen = 1", "decision-row-altered"),
    "another result": ("UPDATE draft_results SET fen = 1", "decision-row-altered"),
    "another end of a result": ("UPDATE draft_results SET until_day = '2027-01-01'", "decision-row-altered"),
    "nothing asked for the review": ("UPDATE drafts SET why = '[]'", "decision-row-altered"),
    "another digest": ("UPDATE drafts SET sha256 = '" + "0" * 64 + "'", "decision-row-altered"),
    "another fine": ("UPDATE decisions SET fine_fen = 1", "decision-row-altered"),
    "another kind": ("UPDATE decisions SET kind = 'warning'", "decision-row-altered"),
    "another number": ("UPDATE decisions SET number = '1'", "decision-row-altered"),
    "another day": ("UPDATE decisions SET dated = '2026-11-29'", "decision-row-altered"),
    "another head": ("UPDATE decisions SET decided_by = 'person-99'", "decision-row-altered"),
    "no collective discussion": ("UPDATE decisions SET collective_document = 1", "decision-row-altered"),
    "another agency": ("UPDATE decisions SET agency = 'jtys'", "decision-row-altered"),
    "another receiver": ("UPDATE services SET receiver = 'x'", "decision-row-altered"),
    "another service": ("UPDATE services SET day = '2026-11-29'", "decision-row-altered"),
    "more was paid": ("UPDATE executions SET fen = fen + 1", "decision-row-altered"),
    "it ended otherwise": ("UPDATE decision_ends SET how = 'void'", "decision-row-altered"),
    "never served": ("DELETE FROM services", "decision-row-missing"),
    "never carried out": ("DELETE FROM executions", "decision-row-missing"),
    "never ended": ("DELETE FROM decision_ends", "decision-row-missing"),
}


async def test_every_altered_row_of_a_decision_is_named(room: Room) -> None:
    office = room.people.office
    acts, case, archive = office.acts, room.case.id, office.archive
    draft = await room.ready()
    made = await decide(acts, room.who("head"), case, Given(draft.id, "", TODAY), TODAY)
    paper = (await office.whole(room.case)).documents[0].id
    await serve(acts, room.who("handler"), case, made.id, Served("direct", "张大华", TODAY, paper), TODAY)
    await execute(acts, room.who("handler"), case, made.id, Performed("performed", TODAY, 10_000_000), TODAY)
    await end_decision(acts, room.who("head"), case, made.id, "revoked", TODAY, "复议机关撤销", TODAY)
    report = await verify_archive(archive)
    assert report.holds and report.checked["decisions"] == 1, report.text()
    missed = []
    for lie, (statement, code) in ROWS.items():
        async with archive.database.write() as conn:
            kept = [(table, await _rows(conn, table)) for table in _TABLES if table in statement]
            await conn.execute(text(statement))
        found = {each.code for each in (await verify_archive(archive)).findings}
        if code not in found:
            missed.append((lie, found))
        async with archive.database.write() as conn:
            for table, rows in kept:
                await _put_back(conn, table, rows)
    assert missed == []
    assert (await verify_archive(archive)).holds


_TABLES = ("draft_results", "drafts", "decision_ends", "decisions", "services", "executions")


async def _rows(conn: Connection, table: str) -> list[dict[str, object]]:
    return [dict(row) for row in (await conn.execute(text(f"SELECT * FROM {table}"))).mappings()]


async def _put_back(conn: Connection, table: str, rows: list[dict[str, object]]) -> None:
    """As it was: rows that are there are set, those that are gone come back."""
    key = {"draft_results": "draft_id", "decision_ends": "decision_id"}.get(table, "id")
    for row in rows:
        columns = [name for name in row if name != key]
        sets = ", ".join(f'"{name}" = :{name}' for name in columns)
        done = await conn.execute(text(f"UPDATE {table} SET {sets} WHERE {key} = :{key}"), row)
        if done.rowcount == 0:
            names, places = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
            await conn.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)


DRAFTED = DecisionDrafted("case-1", "draft-1", 1, True, "person-7", None)
OPINION = ReviewOpinion("review-1", "case-1", "draft-1", "agree", 0, "0" * 64, "person-5", "2026-11-20", None)
MADE = DecisionMade("case-1", "decision-1", "draft-1", "review-1", "1号", "2026-11-20", None, "person-4")


@pytest.mark.parametrize(
    ("lie", "entries"),
    [
        ("", (DRAFTED, OPINION, MADE)),
        ("without the review", (DRAFTED, OPINION, replace(MADE, review=None))),
        ("which nobody drafted", (OPINION, MADE)),
        ("which had not passed", (DRAFTED, MADE, OPINION)),
        ("which had not passed", (DRAFTED, replace(OPINION, outcome="problems"), MADE)),
        ("which was of draft-9", (DRAFTED, replace(OPINION, draft="draft-9"), MADE)),
        ("before the opinion", (DRAFTED, replace(OPINION, day="2026-11-21"), MADE)),
        ("who gave the opinion", (DRAFTED, replace(OPINION, by="person-4"), MADE)),
    ],
)
def test_a_decision_without_its_review_is_found_from_the_log_alone(lie: str, entries: tuple[Event, ...]) -> None:
    decided, findings = Decided(), Findings()
    for index, event in enumerate(entries):
        decided.add(index, event, findings)
    if lie:
        (found,) = findings.kept
        assert found.code == "decided-without-review" and lie in found.why
    else:
        assert findings.kept == []
