"""What was handed over is held against the log before anybody is told that it is whole: who alters it beside the log is seen, and signs nothing."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from liuhen_server.cases.said import Wrong
from liuhen_server.database.schema import entries
from liuhen_server.handover.acts import Handover, as_sent, find_handover, hand_over, receive
from liuhen_server.handover.compiled import Handbook
from liuhen_server.handover.schema import handovers
from liuhen_server.operations.verify import verify_archive
from support.case_office import HEAD, TODAY, Office, Somebody, office_in

JUSTICE, STRANGER = Somebody(5), Somebody(99)
FORGED = b"PK\x03\x04 a damaged package"
FORGED_ROW: dict[str, object] = {"body": FORGED, "sha256": hashlib.sha256(FORGED).hexdigest()}

ATTACKS: dict[str, dict[str, object]] = {
    "another package": {"body": FORGED},
    "another package with its digest": FORGED_ROW,
    "another digest": {"sha256": "0" * 64},
    "another sender": {"by": STRANGER.number},
    "another receiver": {"to_agency": "jtys"},
    "of a class": {"what": "class"},
    "an entry of something else": {"log_index": 0},
    "no entry": {"log_index": 1 << 40},
}
RECEIPTS: dict[str, dict[str, object]] = {
    "nobody received it": {"received_by": None, "received_time": None, "received_index": None},
    "somebody else received it": {"received_by": STRANGER.number},
    "received elsewhere": {"received_index": 0},
}


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with office_in(tmp_path / "archive", database_url) as office:
        yield office


def printed(handbook: Handbook) -> bytes:
    return b"%PDF-" + repr(handbook.sections).encode()


async def handed(office: Office) -> Handover:
    return await hand_over(office.archive.database, office.acts, HEAD, office.agency, None, "", TODAY, printed)


async def altered(office: Office, values: dict[str, object]) -> None:
    async with office.archive.database.write() as conn:
        await conn.execute(update(handovers).values(**values))


async def put_back(office: Office, row: dict[str, object]) -> None:
    async with office.archive.database.write() as conn:
        await conn.execute(delete(handovers))
        await conn.execute(insert(handovers).values(**row))


async def row_of(office: Office) -> dict[str, object]:
    async with office.archive.database.read() as conn:
        return dict((await conn.execute(select(handovers))).mappings().one())


async def test_what_was_altered_beside_the_log_is_not_shown_as_whole_and_nobody_signs_for_it(office: Office) -> None:
    await handed(office)
    honest = await row_of(office)
    for attack, values in ATTACKS.items():
        await altered(office, values)
        async with office.archive.database.read() as conn:
            held = await find_handover(conn, 1)
            assert held is not None and await as_sent(conn, held) is None, attack
        with pytest.raises(Wrong, match="nobody receives it"):
            await receive(office.acts, JUSTICE, 1)
        await put_back(office, honest)
    assert await office.stated("handover.received") == []
    received = await receive(office.acts, JUSTICE, 1)
    async with office.archive.database.read() as conn:
        assert await as_sent(conn, received) == honest["body"]


async def test_verify_names_every_altered_row_of_a_hand_over_and_of_its_receipt(office: Office) -> None:
    await handed(office)
    await receive(office.acts, JUSTICE, 1)
    honest = await row_of(office)
    report = await verify_archive(office.archive)
    assert report.holds and report.checked["handovers"] == 1, report.text()
    for attack, values in (ATTACKS | RECEIPTS).items():
        await altered(office, values)
        codes = {each.code for each in (await verify_archive(office.archive)).findings}
        assert "handover-altered" in codes, attack
        await put_back(office, honest)
    async with office.archive.database.write() as conn:
        await conn.execute(delete(handovers))
    assert {each.code for each in (await verify_archive(office.archive)).findings} >= {"handover-missing"}
    await put_back(office, honest)
    assert (await verify_archive(office.archive)).holds


async def test_an_entry_that_is_no_statement_any_more_vouches_for_no_hand_over(office: Office) -> None:
    held = await handed(office)
    async with office.archive.database.write() as conn:
        await conn.execute(update(entries).where(entries.c.log_index == held.log_index).values(envelope=b"damaged"))
        assert await as_sent(conn, held) is None
