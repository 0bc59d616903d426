"""Service with its proof, and execution (送达、执行): what came to the party, and what was carried out. Rows are added, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select, update

from liuhen_protocol.decision_events import DecisionExecuted, DecisionServed
from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.documents import find_document
from liuhen_server.cases.fields import one_line, reason_of
from liuhen_server.cases.record import open_for_work, written
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import case_clips
from liuhen_server.database import Connection
from liuhen_server.decisions.deciding import in_force_of
from liuhen_server.decisions.reading import Decision, decision_of
from liuhen_server.decisions.schema import executions, services
from liuhen_server.decisions.ways import EXECUTIONS, SERVICES
from liuhen_server.review.criteria import MOST_FEN

__all__ = ["Performed", "Served", "execute", "serve"]


@dataclass(frozen=True, slots=True)
class Served:
    """`document_id` of the case, `clip` (dock, sha256) linked to it: at least one of them proves the service."""

    how: str
    receiver: str
    day: date
    document_id: int | None = None
    clip: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Performed:
    """What was carried out. `fen`: paid of it."""

    how: str
    day: date
    fen: int = 0
    document_id: int | None = None
    note: str = ""


async def serve(acts: Acts, person: Actor, case_id: int, decision_id: int, given: Served, today: date) -> Decision:
    """Raises Wrong, NoSuchCase."""
    receiver = one_line(given.receiver, "receiver", 120)
    async with acts.of(person) as act:
        case = await open_for_work(act.conn, case_id)
        decision = await in_force_of(act.conn, case_id, decision_id)
        if given.how not in SERVICES:
            raise Wrong("请选择送达方式", "choose how it was served", "how")
        _check_day(decision, given.day, today)
        await _check_document(act.conn, case_id, given.document_id)
        if given.clip is not None:
            await _check_clip(act.conn, case_id, given.clip)
        if given.document_id is None and given.clip is None:
            raise Wrong(
                "请选择送达回证等文书或送达录像作为证明",
                "a document of the case or a linked clip proves the service",
                "document",
            )
        said = await act.commit_text("receiver", case.name, receiver)
        dock, clip = given.clip or (None, None)
        row = {
            "decision_id": decision_id,
            "how": given.how,
            "receiver": receiver,
            "day": given.day.isoformat(),
            "document_id": given.document_id,
            "clip_sha256": clip,
            "clip_dock": dock,
            "by": act.by,
            "time": act.time,
        }
        added = await act.conn.execute(insert(services).values(**row, log_index=0))
        assert added.inserted_primary_key is not None
        service_id = int(added.inserted_primary_key[0])
        event = DecisionServed(
            case=case.name,
            decision=decision.name,
            service=f"service-{service_id}",
            how=given.how,
            day=given.day.isoformat(),
            document=_name(given.document_id),
            clip=clip,
            by=act.by,
            said=said.sha256,
        )
        index = await written(
            act, event, case_id, case.version, "served", case.stage, about=decision.number, said_id=said.id
        )
        await act.conn.execute(update(services).where(services.c.id == service_id).values(log_index=index))
        found = await decision_of(act.conn, decision_id)
    assert found is not None
    return found


async def execute(acts: Acts, person: Actor, case_id: int, decision_id: int, given: Performed, today: date) -> Decision:
    """Raises Wrong, NoSuchCase."""
    note = reason_of(given.note, "note") if given.note.strip() else ""
    async with acts.of(person) as act:
        case = await open_for_work(act.conn, case_id)
        decision = await in_force_of(act.conn, case_id, decision_id)
        if given.how not in EXECUTIONS:
            raise Wrong("请选择执行情况", "choose what was carried out", "how")
        if not 0 <= given.fen <= MOST_FEN:
            raise Wrong("金额不对", "this amount cannot be", "fen")
        _check_day(decision, given.day, today)
        await _check_document(act.conn, case_id, given.document_id)
        said = await act.commit_text("note", case.name, note) if note else None
        row = {
            "decision_id": decision_id,
            "how": given.how,
            "day": given.day.isoformat(),
            "fen": given.fen,
            "document_id": given.document_id,
            "note": None if said is None else said.id,
            "by": act.by,
            "time": act.time,
        }
        added = await act.conn.execute(insert(executions).values(**row, log_index=0))
        assert added.inserted_primary_key is not None
        execution_id = int(added.inserted_primary_key[0])
        event = DecisionExecuted(
            case=case.name,
            decision=decision.name,
            execution=f"execution-{execution_id}",
            how=given.how,
            day=given.day.isoformat(),
            fen=given.fen,
            document=_name(given.document_id),
            by=act.by,
            said=None if said is None else said.sha256,
        )
        said_id = None if said is None else said.id
        index = await written(
            act, event, case_id, case.version, "executed", case.stage, about=decision.number, said_id=said_id
        )
        await act.conn.execute(update(executions).where(executions.c.id == execution_id).values(log_index=index))
        found = await decision_of(act.conn, decision_id)
    assert found is not None
    return found


def _name(document_id: int | None) -> str | None:
    return None if document_id is None else f"document-{document_id}"


def _check_day(decision: Decision, day: date, today: date) -> None:
    if not decision.dated <= day.isoformat() <= today.isoformat():
        raise Wrong(
            f"日期应在决定日期（{decision.dated}）与今天之间",
            f"the day lies between that of the decision ({decision.dated}) and today",
            "day",
        )


async def _check_document(conn: Connection, case_id: int, document_id: int | None) -> None:
    if document_id is None:
        return
    found = await find_document(conn, case_id, document_id)
    if found is None or not found.current:
        raise Wrong("所选不是本案现有的文书", "what was chosen is no document of this case", "document")


async def _check_clip(conn: Connection, case_id: int, clip: tuple[str, str]) -> None:
    dock, sha256 = clip
    query = select(case_clips.c.id).where(
        case_clips.c.case_id == case_id,
        case_clips.c.dock == dock,
        case_clips.c.sha256 == sha256,
        case_clips.c.unlinked_time.is_(None),
    )
    if (await conn.execute(query.limit(1))).scalar() is None:
        raise Wrong("所选音像记录没有关联到本案", "the clip is not linked to this case", "clip")
