"""Decisions straight in the tables, as the annual tables count them: no review is needed for any."""

from __future__ import annotations

from sqlalchemy import Text, insert

from liuhen_server.cases.schema import case_documents, cases
from liuhen_server.database import Connection
from liuhen_server.decisions.outcomes import heaviest
from liuhen_server.decisions.schema import decision_ends, decisions, draft_results, drafts

TIME = "2025-06-01T08:00:00.000Z"
BY = "person-4"


async def a_case(conn: Connection, number: int, agency: str, enforcement: str, *, before: bool = False) -> int:
    row = {"agency": agency, "enforcement": enforcement, "number": f"n{number}", "number_key": f"n{number}"}
    more = {"word": "w", "year": 2025, "serial": number, "title": "案由", "stage": "archived", "opened_time": TIME}
    last = {"opened_day": TIME[:10], "opened_by": BY, "decided_before": before, "version": 1}
    added = await conn.execute(insert(cases).values(**row, **more, **last))
    assert added.inserted_primary_key is not None
    return int(added.inserted_primary_key[0])


async def a_decision(
    conn: Connection,
    case_id: int,
    agency: str,
    enforcement: str,
    day: str,
    results: list[tuple[str, int]],
    version: int = 1,
) -> int:
    """`results`: kinds and fen."""
    fine = sum(fen for kind, fen in results if kind == "fine")
    taken = sum(fen for kind, fen in results if kind == "confiscation")
    texts = {column.name: "" for column in drafts.c if isinstance(column.type, Text) and not column.nullable} | {
        "why": "[]",
        "sha256": "0" * 64,
    }
    own = {"case_id": case_id, "fine_fen": fine, "confiscated_fen": taken, "needs_review": False, "log_index": 1}
    draft = {"version": version, "enforcement": enforcement, "procedure": "ordinary", "party_kind": "person"}
    added = await conn.execute(insert(drafts).values(**texts, **own, **draft, collective=False, by=BY, time=TIME))
    assert added.inserted_primary_key is not None
    draft_id = int(added.inserted_primary_key[0])
    for place, (kind, fen) in enumerate(results):
        await conn.execute(insert(draft_results).values(draft_id=draft_id, place=place, kind=kind, content="", fen=fen))
    number = f"d{case_id}-{version}"
    made = {"agency": agency, "enforcement": enforcement, "draft_id": draft_id, "number": number, "number_key": number}
    kind = heaviest(kind for kind, _ in results).key
    decided = await conn.execute(
        insert(decisions).values(**own, **made, kind=kind, dated=day, decided_by=BY, decided_time=TIME)
    )
    assert decided.inserted_primary_key is not None
    return int(decided.inserted_primary_key[0])


async def an_end(conn: Connection, decision_id: int, how: str, day: str, replaced_by: int | None = None) -> None:
    row = {"decision_id": decision_id, "how": how, "day": day, "replaced_by": replaced_by, "reason": 1}
    await conn.execute(insert(decision_ends).values(**row, by=BY, time=TIME, log_index=1))


async def a_document(conn: Connection, case_id: int, kind: str, day: str, *, current: bool = True) -> None:
    row = {"case_id": case_id, "stage": "review", "kind": kind, "version": 1, "current": current, "name": "a.pdf"}
    file = {"media_type": "application/pdf", "size": 1, "sha256": "0" * 64, "dated": day, "place": ""}
    await conn.execute(insert(case_documents).values(**row, **file, by=BY, added_time=TIME, log_index=1))
