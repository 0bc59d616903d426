"""Handing over and receiving, each an act with its statement: the justice department receives handbooks, an agency's head what is handed to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import RowMapping, func, insert, or_, select, update

from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Malformed
from liuhen_protocol.oversight_events import HandoverReceived, HandoverSent
from liuhen_protocol.statement import read_statement
from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.enforcing import demand_enforcing
from liuhen_server.cases.said import Wrong
from liuhen_server.database import Connection, Database
from liuhen_server.database.schema import entries
from liuhen_server.handover.compiled import Handbook, compiled
from liuhen_server.handover.package import digest_of, packed
from liuhen_server.handover.schema import handovers
from liuhen_server.registry.agencies import codes_of, find_agency

__all__ = [
    "Handover",
    "as_sent",
    "body_of",
    "find_handover",
    "hand_over",
    "handovers_of",
    "receive",
    "received_as",
    "sent_as",
]


@dataclass(frozen=True, slots=True)
class Handover:
    """`to_agency` None: to the justice department. `enforcement` empty: the whole handbook."""

    id: int
    agency: str
    to_agency: str | None
    what: str
    enforcement: str
    name: str
    sha256: str
    by: str
    time: str
    log_index: int
    received_by: str | None
    received_time: str | None
    received_index: int | None

    @property
    def number(self) -> str:
        """How it stands in the log."""
        return f"handover-{self.id}"


_COLUMNS = [handovers.c[name] for name in Handover.__dataclass_fields__]


async def hand_over(
    database: Database,
    acts: Acts,
    person: Actor,
    agency: str,
    to_agency: str | None,
    enforcement: str,
    today: date,
    printed: Callable[[Handbook], bytes],
) -> Handover:
    """Compiles what is in force today and hands it over: to the justice department the whole handbook, to another agency (the approval
    bureau) that of one class, each in a package with every paper in it. Raises Wrong, and what `printed` raises.

    Printing and packing take seconds, so they are done before the act, in a thread; the act asks whether the same is still in force.
    """
    if (to_agency is None) != (enforcement == "") or (enforcement and enforcement not in CLASSES):
        raise Wrong("请选择接收单位和执法类别", "choose who receives it, and the class", "to")
    async with database.read() as conn:
        await _demand_receiver(conn, agency, to_agency)
        handbook = await compiled(conn, agency, today, enforcement)
    body, digest = await asyncio.to_thread(_made, handbook, printed)
    async with acts.of(person) as act:
        await _demand_receiver(act.conn, agency, to_agency)
        if await compiled(act.conn, agency, today, enforcement) != handbook:
            raise Wrong(
                "汇编期间现行文件有变动，请重新移交", "what is in force changed meanwhile: hand it over again", "paper"
            )
        handover_id = ((await act.conn.execute(select(func.max(handovers.c.id)))).scalar() or 0) + 1
        what = "class" if enforcement else "handbook"
        event = HandoverSent(f"handover-{handover_id}", agency, to_agency, what, digest, act.by)
        stated = await act.state(event)
        title = f"{handbook.agency}_执法工作手册{'_' + handbook.only if handbook.only else ''}_{handbook.day}.zip"
        row = {"id": handover_id, "agency": agency, "to_agency": to_agency, "what": what, "enforcement": enforcement}
        done = {"name": title, "body": body, "sha256": digest, "by": act.by, "time": stated.time}
        await act.conn.execute(insert(handovers).values(**row, **done, log_index=stated.index))
        found = await find_handover(act.conn, handover_id)
    assert found is not None
    return found


async def _demand_receiver(conn: Connection, agency: str, to_agency: str | None) -> None:
    await demand_enforcing(conn, agency)
    receiver = None if to_agency is None else await find_agency(conn, to_agency)
    if to_agency is not None and (receiver is None or not receiver.active or to_agency == agency):
        raise Wrong("请选择另一个在用的执法主体", "choose another active agency", "to")


def _made(handbook: Handbook, printed: Callable[[Handbook], bytes]) -> tuple[bytes, str]:
    """The package and its SHA-256."""
    body = packed(handbook, printed(handbook))
    return body, digest_of(body)


async def receive(acts: Acts, person: Actor, handover_id: int) -> Handover:
    """The receipt. Raises Wrong: it was received already, or by whoever handed it over, or is not what the log says was handed over."""
    async with acts.of(person) as act:
        now = await find_handover(act.conn, handover_id)
        if now is None or now.received_by is not None:
            raise Wrong("已经签收", "it was received already", "handover")
        if now.by == act.by:
            raise Wrong("移交人不能自己签收", "whoever handed it over does not receive it", "by")
        if await as_sent(act.conn, now) is None:
            raise Wrong(
                f"与日志条目 {now.log_index} 不一致，不能签收",
                f"it is not what entry {now.log_index} of the log says was handed over: nobody receives it",
                "handover",
            )
        stated = await act.state(received_as(now, act.by))
        done = {"received_by": act.by, "received_time": stated.time, "received_index": stated.index}
        await act.conn.execute(update(handovers).where(handovers.c.id == now.id).values(**done))
        found = await find_handover(act.conn, now.id)
    assert found is not None
    return found


def sent_as(held: Handover, sha256: str) -> HandoverSent:
    """What its entry of the log says, if the row is as it was written and the package has this SHA-256."""
    return HandoverSent(held.number, held.agency, held.to_agency, held.what, sha256, held.by)


def received_as(held: Handover, by: str) -> HandoverReceived:
    return HandoverReceived(held.number, held.sha256, by)


async def as_sent(conn: Connection, held: Handover) -> bytes | None:
    """The package; None where its bytes or its row are not what the log says was handed over."""
    body = await body_of(conn, held.id)
    digest = await asyncio.to_thread(digest_of, body)
    entry = (
        await conn.execute(select(entries.c.envelope).where(entries.c.log_index == held.log_index))
    ).scalar_one_or_none()
    if entry is None or digest != held.sha256:
        return None
    try:
        said = read_statement(Envelope.parse(bytes(entry)).payload).event
    except Malformed:  # the entry itself was altered: `verify` says so
        return None
    return body if said == sent_as(held, digest) else None


async def find_handover(conn: Connection, handover_id: int) -> Handover | None:
    if not 0 < handover_id < 1 << 63:
        return None
    row = (await conn.execute(select(*_COLUMNS).where(handovers.c.id == handover_id))).mappings().one_or_none()
    return None if row is None else _handover(row)


async def body_of(conn: Connection, handover_id: int) -> bytes:
    return bytes((await conn.execute(select(handovers.c.body).where(handovers.c.id == handover_id))).scalar_one())


async def handovers_of(conn: Connection, agency: str | None) -> Sequence[Handover]:
    """What an agency handed over or was handed; None: everybody's. The newest first."""
    query = select(*_COLUMNS).order_by(handovers.c.id.desc()).limit(200)
    if agency is not None:
        query = query.where(or_(handovers.c.agency.in_(codes_of(agency)), handovers.c.to_agency.in_(codes_of(agency))))
    return [_handover(row) for row in (await conn.execute(query)).mappings()]


def _handover(row: RowMapping) -> Handover:
    return Handover(**row)
