"""What is handed over holds every paper in force as the log has it; what was edited, withdrawn, ended or is not public yet does not go."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from liuhen_protocol.case_events import ListApproved
from liuhen_protocol.oversight_events import HandoverReceived, TemplateKept
from liuhen_protocol.publicity_events import PublicityPublished
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.coverage import ListRow, Method
from liuhen_server.cases.said import Wrong
from liuhen_server.handover import package
from liuhen_server.handover.acts import body_of, hand_over, receive
from liuhen_server.handover.compiled import Handbook, compiled
from liuhen_server.handover.package import HANDBOOK, LIST, contents_of, handbook_in, packed
from liuhen_server.papers.acts import keep_template
from liuhen_server.publicity.content import Content, read_content
from liuhen_server.publicity.items import Version, collect
from support.case_office import HEAD, TODAY, Somebody
from support.docx import docx, run
from support.publicity import COLLECTOR, Publicity, publicity_in

OTHER_HEAD = Somebody(9)
GUIDE = "一、受理条件\n二、申请材料\n三、办理时限：20 个工作日"


@pytest.fixture
async def room(tmp_path: Path, database_url: str) -> AsyncIterator[Publicity]:
    async with publicity_in(tmp_path / "archive", database_url) as room:
        yield room


def printed(handbook: Handbook) -> bytes:
    return b"%PDF-" + repr(handbook.sections).encode()


async def a_guide(room: Publicity, title: str = "食品经营许可办事指南", text: str = GUIDE) -> Version:
    content = Content("service-guide", title, {}, (), text)
    version = await collect(room.office.acts, COLLECTOR, room.office.agency, "service-guide", title, content)
    return await room.masked(version)


async def everything(room: Publicity) -> None:
    """Something in force of every kind: a recording list, two public lists, a guide and two templates."""
    office = room.office
    await office.approved(ListRow("1", "penalty", "查封现场", Stage.INVESTIGATION, Method.VIDEO, True))
    await room.public(await room.list(("1", "食品经营", "经营者", "检查", "食品安全法", "随机抽查", "")))
    drawn = ("1", "食品", "食品经营监督检查", "经营者", "食品安全法", "5%", "每年 1 次", "现场检查", "")
    listed = await room.list(drawn, kind="random-inspection-list", title="随机抽查事项清单")
    await room.sql(f"UPDATE public_versions SET confirmed_by = 'person-77' WHERE id = {listed.id}")
    await room.public(listed)
    await room.public(await a_guide(room))
    for enforcement, stage, kind in (("penalty", "initiation", "other"), ("licence", "initiation", "other")):
        body = docx(run("案号：{{case.number}}"))
        await keep_template(office.acts, HEAD, office.agency, enforcement, stage, kind, "审批表.docx", body)


async def test_every_paper_in_force_is_in_the_package_with_the_digest_that_the_log_has(room: Publicity) -> None:
    await everything(room)
    handed = await hand_over(
        room.office.archive.database, room.office.acts, HEAD, room.office.agency, None, "", TODAY, printed
    )
    async with room.office.archive.database.read() as conn:
        body = await body_of(conn, handed.id)
    listed = contents_of(body)
    assert [(each.kind, each.version) for each in listed] == [
        ("音像记录事项清单", 1),
        ("随机抽查事项清单", 1),
        ("办事指南", 1),
        ("监管事项目录清单", 1),
        ("文书范本", 1),
        ("文书范本", 1),
    ]
    assert all(each.holds and each.by and each.day for each in listed)
    stated = {
        statement.event.sha256
        for kind in ("list.approved", "publicity.published", "template.kept")
        for statement in await room.office.stated(kind)
        if isinstance(statement.event, ListApproved | PublicityPublished | TemplateKept)
    }
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert set(archive.namelist()) == {LIST, HANDBOOK, *(each.file for each in listed)}
        assert {hashlib.sha256(archive.read(each.file)).hexdigest() for each in listed} == stated
        named = json.loads(archive.read(LIST))
    assert named["handbook"]["sha256"] == hashlib.sha256(handbook_in(body)).hexdigest()
    assert "20 个工作日" in handbook_in(body).decode()
    await receive(room.office.acts, OTHER_HEAD, handed.id)
    (receipt,) = await room.office.stated("handover.received")
    assert receipt.event == HandoverReceived("handover-1", hashlib.sha256(body).hexdigest(), OTHER_HEAD.number)


async def test_of_one_class_go_its_own_templates_and_no_list_of_another_class(room: Publicity) -> None:
    await everything(room)
    async with room.office.archive.database.read() as conn:
        licence, inspection = [
            await compiled(conn, room.office.agency, TODAY, each) for each in ("licence", "inspection")
        ]
    assert [each.title for each in licence.papers if each.kind == "文书范本"] == ["行政许可：申请与受理，其他材料"]
    assert "随机抽查事项清单" not in {each.kind for each in licence.papers}
    assert "随机抽查事项清单" in {each.kind for each in inspection.papers}
    assert [each.text for each in licence.sections if each.text] == [GUIDE]


async def test_a_template_kept_after_midnight_in_china_is_of_that_day(room: Publicity) -> None:
    await everything(room)
    await room.sql("UPDATE paper_templates SET time = '2026-11-19T16:30:00.000Z'")
    async with room.office.archive.database.read() as conn:
        found = await compiled(conn, room.office.agency, TODAY)
    assert {each.day for each in found.papers if each.kind == "文书范本"} == {"2026-11-20 00:30"}


async def test_what_is_not_public_yet_withdrawn_or_over_its_last_day_does_not_go(room: Publicity) -> None:
    await a_guide(room, "未公示的指南")
    withdrawn = await room.public(await a_guide(room, "撤下的指南"))
    await room.withdrawn(withdrawn)
    ended = await room.public(await a_guide(room, "到期的指南"))
    yesterday = (TODAY - timedelta(1)).isoformat()
    await room.sql(f"UPDATE public_versions SET public_until = '{yesterday}' WHERE id = {ended.id}")
    async with room.office.archive.database.read() as conn:
        assert (await compiled(conn, room.office.agency, TODAY)).papers == ()


async def test_a_newer_version_takes_the_place_of_the_one_before(room: Publicity) -> None:
    await room.public(await a_guide(room))
    await room.public(await a_guide(room, text="一、新的条件"))
    async with room.office.archive.database.read() as conn:
        (paper,) = (await compiled(conn, room.office.agency, TODAY)).papers
    assert paper.version == 2 and read_content(paper.body.decode()).text == "一、新的条件"


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE recording_list_rows SET what = '不记录'",
        "UPDATE public_versions SET content = replace(content, '食品经营', '药品经营')",
        "UPDATE public_versions SET sha256 = '" + "0" * 64 + "'",
        "UPDATE paper_templates SET log_index = 0",
    ],
    ids=["row", "content", "digest", "entry"],
)
async def test_a_paper_edited_beside_the_log_stops_the_whole_hand_over(room: Publicity, edit: str) -> None:
    await everything(room)
    await room.sql(edit)
    with pytest.raises(Wrong, match="not what the log says"):
        await hand_over(
            room.office.archive.database, room.office.acts, HEAD, room.office.agency, None, "", TODAY, printed
        )
    assert await room.office.stated("handover.sent") == []


async def test_a_paper_changed_in_the_package_is_pointed_out(room: Publicity) -> None:
    await everything(room)
    async with room.office.archive.database.read() as conn:
        handbook = await compiled(conn, room.office.agency, TODAY)
    body, out = packed(handbook, b"%PDF-"), io.BytesIO()
    assert body == packed(handbook, b"%PDF-"), "the same papers, the same bytes"
    with zipfile.ZipFile(io.BytesIO(body)) as held, zipfile.ZipFile(out, "w") as changed:
        for name in held.namelist():
            changed.writestr(name, b"{}" if name.startswith("lists/") else held.read(name))
    assert [each.kind for each in contents_of(out.getvalue()) if not each.holds] == ["音像记录事项清单"]


async def test_more_than_a_package_holds_is_refused(room: Publicity, monkeypatch: pytest.MonkeyPatch) -> None:
    await everything(room)
    monkeypatch.setattr(package, "MOST_BYTES", 1 << 10)
    with pytest.raises(Wrong, match="class by class"):
        await hand_over(
            room.office.archive.database, room.office.acts, HEAD, room.office.agency, None, "", TODAY, printed
        )


def test_what_was_handed_over_as_a_pdf_alone_is_still_shown() -> None:
    assert contents_of(b"%PDF-1.7") == () and handbook_in(b"%PDF-1.7") == b"%PDF-1.7"
