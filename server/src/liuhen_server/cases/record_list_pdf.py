"""The record list as a PDF for the paper file: A4, in Chinese, fonts embedded, the same bytes for the same list and moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, WrapMode, XPos, YPos
from fpdf.fonts import FontFace

from liuhen_server.cases.coverage import NeedState
from liuhen_server.cases.record_list import CLIP, DOCUMENT, Line, RecordList, Section

__all__ = ["NoFont", "pdf_of"]

FONTS = Path("/usr/share/fonts/opentype/noto")
"""Debian's fonts-noto-cjk: collections of which the third face is simplified Chinese, the eighth its monospaced one."""
SIMPLIFIED, MONOSPACED = 2, 7

_HEADINGS = ("序号", "类别", "事项", "文件名称、依据或理由", "时间", "大小", "数字摘要（SHA-256）", "日志条目", "状态")
_WIDTHS = (10, 12, 44, 68, 34, 17, 48, 16, 24)
_STATES = {NeedState.PRESENT: "● 在案", NeedState.MISSING: "▲ 缺", NeedState.EXCUSED: "○ 已说明理由"}


class NoFont(LookupError):
    """This machine has no Chinese font to embed."""


@dataclass(frozen=True, slots=True)
class _Made:
    number: str
    moment: str


class _Paper(FPDF):
    """A page with the case's number and the page's own at its foot."""

    def __init__(self, made: _Made) -> None:
        super().__init__(orientation="landscape", format="A4")
        self._made = made

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font("cjk", size=8)
        width = self.epw / 3
        self.cell(width, 5, self._made.number, align=Align.L)
        self.cell(width, 5, f"第 {self.page_no()} 页，共 {{nb}} 页", align=Align.C)
        self.cell(width, 5, f"生成于 {self._made.moment}", align=Align.R)


def pdf_of(listed: RecordList, now: datetime, fonts: Path = FONTS) -> bytes:
    """`now` in the agency's zone: the only time in the file. Takes a second or so of a core. Raises NoFont."""
    regular, bold = fonts / "NotoSansCJK-Regular.ttc", fonts / "NotoSansCJK-Bold.ttc"
    if not (regular.is_file() and bold.is_file()):
        raise NoFont(str(fonts))
    paper = _Paper(_Made(listed.number, f"{now:%Y-%m-%d %H:%M:%S} {now.tzname()}"))
    paper.set_creation_date(now)
    paper.set_title(f"{listed.number} 全过程记录清单")
    paper.set_lang("zh-CN")
    paper.set_creator("留痕")
    paper.set_margins(12, 12, 12)
    paper.set_auto_page_break(True, 16)
    paper.add_font("cjk", "", regular, collection_font_number=SIMPLIFIED)
    paper.add_font("cjk", "B", bold, collection_font_number=SIMPLIFIED)
    paper.add_font("mono", "", regular, collection_font_number=MONOSPACED)
    paper.add_page()
    _head(paper, listed)
    shown = [section for section in listed.sections if section.lines]
    for section in shown:
        _section(paper, section)
    _without(paper, [section for section in listed.sections if section not in shown])
    _end(paper)
    return bytes(paper.output())


def _head(paper: _Paper, listed: RecordList) -> None:
    paper.set_font("cjk", "B", 16)
    paper.cell(0, 10, "全过程记录清单", align=Align.C, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.set_font("cjk", size=9)
    parties = "、".join(f"{name}（{code}）" if code else name for name, code in listed.parties) or "未登记"
    handlers = "、".join(f"{name}（{certificate}）" for name, certificate in listed.handlers)
    rows = (
        ("案号", listed.number, "执法主体", listed.agency),
        ("案由", listed.title, "执法类别", listed.enforcement.zh),
        ("当事人", parties, "承办人", handlers),
        ("立案日期", listed.opened_day, "当前环节", listed.stage.zh),
        ("在案", _counted(listed), "缺项", _lacking(listed)),
    )
    _table(paper, (22, 115, 22, 114), rows, bold=(0, 2))
    paper.ln(2)


def _counted(listed: RecordList) -> str:
    papers, clips = listed.count(NeedState.PRESENT, DOCUMENT), listed.count(NeedState.PRESENT, CLIP)
    return f"文书 {papers} 份，音像 {clips} 段"


def _lacking(listed: RecordList) -> str:
    missing, excused = listed.count(NeedState.MISSING), listed.count(NeedState.EXCUSED)
    return f"缺 {missing} 项，已说明理由 {excused} 项" if missing or excused else "无"


def _section(paper: _Paper, section: Section) -> None:
    if paper.will_page_break(24):
        paper.add_page()
    paper.ln(2)
    paper.set_font("cjk", "B", 11)
    paper.cell(0, 8, section.name.zh, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    rows = [_HEADINGS, *(_row(number, line) for number, line in enumerate(section.lines, 1))]
    _table(paper, _WIDTHS, rows, headings=True)


def _without(paper: _Paper, sections: Sequence[Section]) -> None:
    """In a line each: stages in which there is nothing and nothing is missing."""
    paper.ln(3)
    paper.set_font("cjk", size=9)
    for reached, said in ((True, "以下环节没有文书和音像，也没有缺项："), (False, "以下环节未到或未经：")):
        names = "、".join(section.name.zh for section in sections if section.reached is reached)
        if names:
            paper.cell(0, 6, f"{said}{names}。", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _row(number: int, line: Line) -> tuple[str, ...]:
    digest = f"{line.sha256[:32]}\n{line.sha256[32:]}" if line.sha256 else ""
    index = str(line.log_index) if line.log_index is not None else ""
    state = _STATES[line.state]
    file = line.file if line.state is NeedState.PRESENT else line.note.zh
    return (str(number), line.sort.zh, line.what.zh, file, line.time, _size(line.size), digest, index, state)


def _size(count: int) -> str:
    if not count:
        return ""
    if count < 1_000_000:
        return f"{max(1, round(count / 1000))} kB"
    return f"{count / 1_000_000:.1f} MB"


def _table(
    paper: _Paper,
    widths: Sequence[int],
    rows: Sequence[Sequence[str]],
    *,
    headings: bool = False,
    bold: Sequence[int] = (),
) -> None:
    paper.set_font("cjk", size=8.5 if headings else 9)
    with paper.table(
        col_widths=tuple(widths),
        width=sum(widths),
        align=Align.L,
        first_row_as_headings=headings,
        headings_style=FontFace(family="cjk", emphasis="BOLD", fill_color=(234, 238, 243)),
        borders_layout=TableBordersLayout.ALL,
        line_height=4.6,
        padding=(0.8, 1.2),
        text_align=Align.L,
        wrapmode=WrapMode.CHAR,
    ) as table:
        for place, row in enumerate(rows):
            drawn = table.row()
            for column, text in enumerate(row):
                style = None
                if headings and place and column == 6:
                    style = FontFace(family="mono", size_pt=7.5)
                elif column in bold:
                    style = FontFace(family="cjk", emphasis="BOLD")
                drawn.cell(text, style=style)


def _end(paper: _Paper) -> None:
    if paper.will_page_break(40):
        paper.add_page()
    paper.ln(3)
    paper.set_font("cjk", size=8.5)
    said = (
        "数字摘要按文件全部字节计算，可用任何 SHA-256 工具核对。日志条目是该文书入卷或该音像关联时写入证据库日志的位置，可据以取得证明。"
        "文书的时间是文书上的日期，音像的时间是记录仪自己的时钟。保管自采集站读取记录仪时起，此前的情况不在本清单证明之列。"
    )
    paper.multi_cell(0, 4.6, said, wrapmode=WrapMode.CHAR, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.ln(6)
    paper.set_font("cjk", size=9.5)
    width = paper.epw / 3
    for who in ("承办人（签名）：", "审核人（签名）：", "日期：      年    月    日"):
        paper.cell(width, 8, who)
