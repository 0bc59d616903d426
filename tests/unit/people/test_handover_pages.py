"""What was handed over, on its pages: whole only as the log says, and received by whoever carries on for the receiver."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from sqlalchemy import select, update

from liuhen_server.acts import MACHINE, Acts
from liuhen_server.handover.acts import hand_over
from liuhen_server.handover.compiled import Handbook
from liuhen_server.handover.schema import handovers
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.merging.acts import Answer, decide, propose
from liuhen_server.operations.opening import opened
from liuhen_server.people.roles import Role
from liuhen_server.registry.agencies import Agency, add_agency
from support.case_office import TODAY, Somebody
from support.device import World, running_archive
from support.people import OTHERS, OURS, our_agency

from .test_people_listener import Reader
from .test_route_matrix import enter, person

DAMAGED = b"PK\x03\x04 no package at all"
RECEIVE = 'action="/handovers/1/receive"'


def printed(handbook: Handbook) -> bytes:
    return b"%PDF-" + repr(handbook.sections).encode()


@asynccontextmanager
async def handed_to_others(folder: Path) -> AsyncIterator[tuple[World, Reader]]:
    """A third agency handed licences to OTHERS; the reader is head of OURS."""
    async with running_archive(folder) as world, AsyncExitStack() as stack:
        async with opened(world.config) as archive, archive.database.write() as conn:
            await our_agency(conn)
            await our_agency(conn, OTHERS)
            await add_agency(conn, Agency("zrzy", "朝县自然资源局", "自然资源局", "朝县自然"))
        async with opened(world.config) as archive:
            acts = Acts(archive.database, archive.chain, utc_now, os.urandom)
            await hand_over(archive.database, acts, MACHINE, "zrzy", OTHERS.code, "licence", TODAY, printed)
            merger = await propose(
                acts, Somebody(91), OTHERS.code, OURS.code, TODAY, "朝编发〔2026〕3号", "改革", TODAY
            )
            await decide(acts, Somebody(92), merger.id, merger.version, Answer.CONFIRM, TODAY)
        await person(world, "head", {Role.HEAD}, OURS.code, None)
        yield world, await enter(stack, world, "head")


async def test_what_was_handed_to_an_agency_that_was_merged_since_is_received_from_the_page(tmp_path: Path) -> None:
    async with handed_to_others(tmp_path) as (_, head):
        assert RECEIVE in (await head.get("/handovers"))[2].decode()
        assert (await head.post("/handovers/1/receive", token=head.token))[0] == 303
        shown = (await head.get("/handovers"))[2].decode()
        assert RECEIVE not in shown and "head签收" in shown


async def test_a_package_that_was_replaced_is_called_so_and_neither_read_nor_received(tmp_path: Path) -> None:
    async with handed_to_others(tmp_path) as (world, head):
        status, _, body = await head.get("/handovers/1")
        assert status == 200 and "不一致" not in body.decode() and "移交的文件" in body.decode()
        assert (await head.get("/handovers/1/handbook.pdf"))[0] == 200
        forged = {"body": DAMAGED, "sha256": hashlib.sha256(DAMAGED).hexdigest()}
        async with opened(world.config) as archive, archive.database.write() as conn:
            await conn.execute(update(handovers).values(**forged))
        status, _, body = await head.get("/handovers/1")
        assert status == 200 and "不一致：不是当时移交的" in body.decode() and "移交的文件" not in body.decode()
        assert (await head.get("/handovers/1/handbook.pdf"))[0] == 409
        status, _, said = await head.post("/handovers/1/receive", token=head.token)
        assert status == 409 and "不能签收" in said
        async with opened(world.config) as archive, archive.database.read() as conn:
            assert (await conn.execute(select(handovers.c.received_by))).scalar() is None
