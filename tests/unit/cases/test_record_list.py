"""The record list on paper says what the case has, with digests and places in the log, and what it lacks; the same bytes for the same moment."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from liuhen_server.cases.classes import Stage
from liuhen_server.cases.coverage import ListRow, Method, NeedState
from liuhen_server.cases.documents import Paper, add_document
from liuhen_server.cases.linking import Goal, link_clips
from liuhen_server.cases.lists import excuse
from liuhen_server.cases.reading import Party
from liuhen_server.cases.record import move_case
from liuhen_server.cases.record_list import ClipFile, RecordList, record_list_of
from liuhen_server.cases.record_list_pdf import NoFont, pdf_of
from support.case_office import HANDLER, TODAY, office_in

NOW = datetime(2026, 11, 20, 18, 2, 11, tzinfo=UTC)


async def listed(folder: Path) -> RecordList:
    """A case in its second stage: a document, a film, one recording missing and one excused."""
    async with office_in(folder / "archive", f"sqlite:///{folder}/archive.db") as office:
        await office.approved(
            ListRow("1", "penalty", "现场检查", Stage.INVESTIGATION, Method.VIDEO, True),
            ListRow("2", "penalty", "询问当事人", Stage.INVESTIGATION, Method.VIDEO, True),
            ListRow("3", "penalty", "抽样取证", Stage.INVESTIGATION, Method.PHOTO, True),
        )
        case = await office.open(parties=(Party("organisation", "朝阳县大华超市", "92211321MA0XX0000X"),))
        filing = Paper(Stage.INITIATION, "filing", "2026-11-20")
        await add_document(office.acts, HANDLER, case.id, await office.file(name="立案审批表.pdf"), filing)
        await move_case(office.acts, HANDLER, case.id, Stage.INITIATION, Stage.INVESTIGATION, "", TODAY)
        clip = await office.clip("a")
        await link_clips(office.acts, HANDLER, Goal(case.id, Stage.INVESTIGATION, "1"), [clip], "hand")
        await excuse(office.acts, HANDLER, case.id, Stage.INVESTIGATION, "3", "现场没有可抽取的样品")
        whole = await office.whole(case)
        files = {clip: ClipFile("DCIM/0000127_210327_20261120140000_0001.MP4", 45_000_000, "2026-11-20T14:00:00")}
        reasons = {each.reason: "现场没有可抽取的样品" for each in whole.excuses}
        handlers = (("王磊", "21132100"), ("李静", "21132101"))
        return record_list_of(whole, "朝阳县市场监督管理局", files, handlers, reasons, str)


def text_of(pdf: bytes) -> str:
    """As a foreign reader has it, without the breaks of lines."""
    command = ["pdftotext", "-raw", "-", "-"]
    return re.sub(r"[^\S\f]+", "", subprocess.run(command, input=pdf, capture_output=True, check=True).stdout.decode())


async def test_the_paper_says_what_there_is_and_what_is_missing(tmp_path: Path) -> None:
    found = await listed(tmp_path)
    pdf = pdf_of(found, NOW)
    text = text_of(pdf)
    for said in (
        "全过程记录清单",
        "朝县市监罚〔2026〕1号",
        "朝阳县市场监督管理局",
        "朝阳县大华超市（92211321MA0XX0000X）",
        "王磊（21132100）、李静（21132101）",
        "销售过期食品",
        "文书1份，音像1段",
        "立案审批表.pdf",
        "0000127_210327_20261120140000_0001.MP4",
        "2026-11-2014:00:00",
        "45.0MB",
        "a" * 64,
        "现场没有可抽取的样品",
        "音像记录事项清单第2项",
        "生成于2026-11-2018:02:11UTC",
        "第1页，共",
    ):
        assert re.sub(r"\s+", "", said) in text, said
    digests = [line.sha256 for section in found.sections for line in section.lines if line.sha256]
    assert len(digests) == 2 and all(digest in text for digest in digests)
    assert text.count("▲缺") == found.count(NeedState.MISSING) > 1 and text.count("○已说明理由") == 1
    assert text.index("启动") < text.rindex("调查取证") and "以下环节未到或未经：审核、决定、送达、执行、归档" in text
    again = pdf_of(found, NOW)
    assert again == pdf, "the same list and moment are the same bytes"
    (tmp_path / "list.pdf").write_bytes(pdf)
    fonts = subprocess.run(["pdffonts", tmp_path / "list.pdf"], capture_output=True, check=True, text=True).stdout
    rows = fonts.splitlines()[2:]
    assert len(rows) == 3 and all(re.search(r"NotoSans\S+ .* yes yes yes ", row) for row in rows), (
        "every font lies in it"
    )


async def test_a_machine_without_the_font_says_so(tmp_path: Path) -> None:
    found = await listed(tmp_path)
    with pytest.raises(NoFont):
        pdf_of(found, NOW, tmp_path)


async def test_a_list_of_many_clips_goes_over_pages_with_its_headings(tmp_path: Path) -> None:
    found = await listed(tmp_path)
    section = found.sections[1]
    many = replace(found, sections=(replace(section, lines=section.lines[:1] * 120),))
    pages = text_of(pdf_of(many, NOW)).removesuffix("\f").split("\f")
    assert len(pages) > 3 and all("数字摘要（SHA-256）" in page for page in pages[:-1])
    assert f"第1页，共{len(pages)}页" in pages[0]
