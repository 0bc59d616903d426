"""`liuhen-server verify` reads legal reviews against the log: each lie in a row is named."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text

from liuhen_server.database import Connection
from liuhen_server.operations.findings import ArchiveFinding
from liuhen_server.operations.verify import verify_archive
from liuhen_server.review.rounds import OF_JUSTICE, answer_consultation, answer_problem, ask, give_opinion
from support.case_office import TODAY
from support.review_office import ReviewOffice, objected

LIES = {
    "a problem is gone": "DELETE FROM review_problems WHERE number = 2",
    "a problem is another": "UPDATE review_problems SET item = 'powers' WHERE number = 1",
    "an answer is gone": "UPDATE review_problems SET answer = NULL, answered_by = NULL, answered_index = NULL WHERE number = 1",
    "somebody else answered": "UPDATE review_problems SET answered_by = 'person-99' WHERE number = 1",
    "another answer to an item": "UPDATE review_checks SET answer = 'well' WHERE item = 'facts'",
    "another part": "UPDATE review_parts SET part = 'facts' WHERE part = 'investigation'",
    "another submitter": "UPDATE reviews SET submitted_by = 'person-99'",
    "another reviewer": "UPDATE reviews SET taken_by = 'person-99', opinion_by = 'person-99'",
    "another day": "UPDATE reviews SET opinion_day = '2026-11-29'",
    "it passed": "UPDATE reviews SET outcome = 'agree', passed = true, stated = 0",
    "other words": "UPDATE said SET text = 'all is well' WHERE kind = 'review-opinion'",
    "another problem's words": "UPDATE said SET text = 'all is well' WHERE kind = 'review-problem'",
    "another adviser": "UPDATE review_consultations SET answered_by = 'person-99'",
    "nobody asked": "DELETE FROM review_consultations",
}


async def test_every_altered_row_of_a_review_is_named(office: ReviewOffice) -> None:
    case = await office.case()
    review = await office.taken(case, await office.draft(case))
    acts, archive = office.office.acts, office.office.archive
    asked = await ask(acts, office.people["reviewer"], case.id, review, "prereview", "是否重大")
    await answer_consultation(acts, office.people["justice"], case.id, asked, OF_JUSTICE, "是")
    await give_opinion(acts, office.people["reviewer"], case.id, review, objected(), TODAY)
    await answer_problem(acts, office.people["handler"], case.id, review, 1, "已补")
    assert _of_reviews((await verify_archive(archive)).findings) == set()
    missed = []
    for lie, statement in LIES.items():
        async with archive.database.write() as conn:
            kept = [(table, await _rows(conn, table)) for table in _TABLES if f" {table} " in f"{statement} "]
            await conn.execute(text(statement))
        if not _of_reviews((await verify_archive(archive)).findings):
            missed.append(lie)
        async with archive.database.write() as conn:
            for table, rows in kept:
                await _put_back(conn, table, rows)
    assert missed == []
    assert _of_reviews((await verify_archive(archive)).findings) == set()


_TABLES = ("said", "reviews", "review_parts", "review_checks", "review_problems", "review_consultations")


def _of_reviews(findings: Iterable[ArchiveFinding]) -> set[str]:
    return {each.code for each in findings if each.code.startswith("review-")}


async def _rows(conn: Connection, table: str) -> list[dict[str, object]]:
    return [dict(row) for row in (await conn.execute(text(f"SELECT * FROM {table}"))).mappings()]


async def _put_back(conn: Connection, table: str, rows: list[dict[str, object]]) -> None:
    """As it was: rows that are there are set, those that are gone come back."""
    keys = {"review_parts": ("review_id", "document_id", "part"), "review_checks": ("review_id", "item")}.get(
        table, ("id",)
    )
    if table == "review_parts":  # all of it is its key
        await conn.execute(text("DELETE FROM review_parts"))
    for row in rows:
        where = " AND ".join(f"{key} = :{key}" for key in keys)
        columns = [name for name in row if name not in keys]
        done = 0
        if columns:
            sets = ", ".join(f'"{name}" = :{name}' for name in columns)
            done = (await conn.execute(text(f"UPDATE {table} SET {sets} WHERE {where}"), row)).rowcount
        if done == 0:
            names, places = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
            await conn.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)
