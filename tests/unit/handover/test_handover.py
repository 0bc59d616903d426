"""The handbook says what is in force; whoever is handed it receives those very bytes, once, and is not who handed it over."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from liuhen_protocol.oversight_events import HandoverReceived, HandoverSent
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.coverage import ListRow, Method
from liuhen_server.cases.said import Wrong
from liuhen_server.handover.acts import body_of, hand_over, handovers_of, receive
from liuhen_server.handover.compiled import Handbook, compiled
from liuhen_server.handover.printed import handbook_pdf
from liuhen_server.log.archive_chain import utc_now
from support.case_office import HEAD, TODAY, Office, Somebody, office_in

JUSTICE, OTHER_HEAD = Somebody(5), Somebody(9)


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with office_in(tmp_path / "archive", database_url) as office:
        yield office


def printed(handbook: Handbook) -> bytes:
    return repr(handbook).encode()


async def test_the_handbook_is_what_is_in_force_that_day_and_of_one_class_only_that(office: Office) -> None:
    await office.approved(ListRow("1", "penalty", "查封现场", Stage.INVESTIGATION, Method.VIDEO, True))
    async with office.archive.database.read() as conn:
        whole, licence = (
            await compiled(conn, office.agency, TODAY),
            await compiled(conn, office.agency, TODAY, "licence"),
        )
        before = await compiled(conn, office.agency, date(2026, 11, 19))
        with pytest.raises(LookupError):
            await compiled(conn, "nobody", TODAY)
    titles = [each.title for each in whole.sections]
    assert "音像记录事项清单" in titles and "执法人员" in titles
    assert "音像记录事项清单" not in [each.title for each in before.sections], "not in force yet"
    assert licence.only == "行政许可"
    assert {row[0] for row in licence.sections[0].rows} == {"行政许可"}
    assert "执法人员" not in [each.title for each in licence.sections]
    for section in whole.sections:
        assert all(len(row) == len(section.heads) for row in section.rows), section.title


async def test_a_handbook_is_filed_with_its_digest_and_received_once(office: Office) -> None:
    filed = await hand_over(office.archive.database, office.acts, HEAD, office.agency, None, "", TODAY, printed)
    async with office.archive.database.read() as conn:
        assert hashlib.sha256(await body_of(conn, filed.id)).hexdigest() == filed.sha256
    with pytest.raises(Wrong, match="does not receive it"):
        await receive(office.acts, HEAD, filed.id)
    await receive(office.acts, JUSTICE, filed.id)
    with pytest.raises(Wrong, match="received already"):
        await receive(office.acts, JUSTICE, filed.id)
    sent, received = await office.stated("handover.sent"), await office.stated("handover.received")
    assert [each.event for each in sent] == [
        HandoverSent("handover-1", office.agency, None, "handbook", filed.sha256, HEAD.number)
    ]
    assert [each.event for each in received] == [HandoverReceived("handover-1", filed.sha256, JUSTICE.number)]


async def test_a_class_goes_to_another_active_agency_which_sees_it_and_receives_it(office: Office) -> None:
    handed = await hand_over(
        office.archive.database, office.acts, HEAD, office.agency, office.other, "licence", TODAY, printed
    )
    async with office.archive.database.read() as conn:
        assert [each.id for each in await handovers_of(conn, office.other)] == [handed.id]
        assert await handovers_of(conn, "third") == []
    assert (await receive(office.acts, OTHER_HEAD, handed.id)).received_by == OTHER_HEAD.number
    for to, enforcement in (
        (office.agency, "licence"),
        ("nobody", "licence"),
        (office.other, ""),
        (None, "licence"),
        (office.other, "x"),
    ):
        with pytest.raises(Wrong, match="choose"):
            await hand_over(office.archive.database, office.acts, HEAD, office.agency, to, enforcement, TODAY, printed)


async def test_while_it_is_printed_others_act_and_what_changed_meanwhile_is_not_handed_over(office: Office) -> None:
    loop = asyncio.get_running_loop()

    def slowly(handbook: Handbook) -> bytes:
        row = ListRow("1", "penalty", "查封现场", Stage.INVESTIGATION, Method.VIDEO, True)
        asyncio.run_coroutine_threadsafe(office.approved(row), loop).result()
        return printed(handbook)

    with pytest.raises(Wrong, match="changed meanwhile"):
        await hand_over(office.archive.database, office.acts, HEAD, office.agency, None, "", TODAY, slowly)
    assert await office.stated("handover.sent") == [] and len(await office.stated("list.approved")) == 1
    again = await hand_over(office.archive.database, office.acts, HEAD, office.agency, None, "", TODAY, printed)
    assert again.id == 1


async def test_it_prints_as_a_pdf_the_same_bytes_for_the_same_moment(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    async with office_in(tmp_path / "archive", url) as office, office.archive.database.read() as conn:
        found = await compiled(conn, office.agency, TODAY)
    now = utc_now()
    body = handbook_pdf(found, now)
    assert body.startswith(b"%PDF-") and body == handbook_pdf(found, now)
