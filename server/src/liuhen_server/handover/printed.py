"""The work handbook as a PDF: A4, in Chinese, fonts embedded, the same bytes for the same handbook and moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, WrapMode, XPos, YPos
from fpdf.fonts import FontFace

from liuhen_server.cases.record_list_pdf import FONTS, SIMPLIFIED, NoFont
from liuhen_server.handover.compiled import Handbook, Section
from liuhen_server.handover.in_force import Paper

__all__ = ["handbook_pdf"]

_PAPERS = ("序号", "名称", "版本", "批准人", "生效或公示", "日志条目", "数字摘要（SHA-256）")
_PAPER_WIDTHS = (5, 18, 5, 9, 11, 7, 27)


class _Paper(FPDF):
    def __init__(self, foot: str) -> None:
        super().__init__(format="A4")
        self._foot = foot

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font("cjk", size=8)
        self.cell(self.epw / 2, 5, self._foot, align=Align.L)
        self.cell(self.epw / 2, 5, f"第 {self.page_no()} 页，共 {{nb}} 页", align=Align.R)


def handbook_pdf(handbook: Handbook, now: datetime, fonts: Path = FONTS) -> bytes:
    """`now` in the agency's zone: the only time in the file. Takes a second or so of a core. Raises NoFont."""
    regular, bold = fonts / "NotoSansCJK-Regular.ttc", fonts / "NotoSansCJK-Bold.ttc"
    if not (regular.is_file() and bold.is_file()):
        raise NoFont(str(fonts))
    name = f"执法工作手册（{handbook.only}）" if handbook.only else "执法工作手册"
    paper = _Paper(f"{handbook.agency}　{name}　{handbook.day}")
    paper.set_creation_date(now)
    paper.set_title(f"{handbook.agency} {name}")
    paper.set_lang("zh-CN")
    paper.set_creator("留痕")
    paper.set_margins(15, 15, 15)
    paper.set_auto_page_break(True, 16)
    paper.add_font("cjk", "", regular, collection_font_number=SIMPLIFIED)
    paper.add_font("cjk", "B", bold, collection_font_number=SIMPLIFIED)
    paper.add_page()
    for text, size in ((handbook.agency, 16), (name, 22)):
        paper.set_font("cjk", "B", size)
        paper.cell(0, 14, text, align=Align.C, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.set_font("cjk", size=10)
    said = f"汇编自 {handbook.day} 现行有效的清单、指南、文书范本和规则"
    paper.cell(0, 10, said, align=Align.C, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.ln(6)
    _heading(paper, "目录")
    for number, section in enumerate(handbook.sections, 1):
        paper.set_font("cjk", size=10)
        paper.cell(0, 6.4, f"{number}. {_visible(section.title)}", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if handbook.papers:
        paper.ln(5)
        _heading(paper, "收录的现行文件")
        _table(paper, _PAPERS, _PAPER_WIDTHS, [_row(number, each) for number, each in enumerate(handbook.papers, 1)])
    for number, section in enumerate(handbook.sections, 1):
        _section(paper, number, section)
    return bytes(paper.output())


def _row(number: int, paper: Paper) -> tuple[str, ...]:
    return (
        str(number),
        paper.kind if paper.kind == paper.title else f"{paper.kind}：{paper.title}",
        str(paper.version),
        paper.by,
        paper.day,
        str(paper.index),
        paper.sha256,
    )


def _heading(paper: _Paper, text: str) -> None:
    paper.set_font("cjk", "B", 13)
    paper.multi_cell(0, 8, _visible(text), wrapmode=WrapMode.CHAR, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _section(paper: _Paper, number: int, section: Section) -> None:
    if paper.will_page_break(50):
        paper.add_page()
    paper.ln(6)
    _heading(paper, f"{number}. {section.title}")
    if section.source:
        paper.set_font("cjk", size=8)
        paper.set_text_color(90, 98, 110)
        paper.multi_cell(0, 4.4, section.source, wrapmode=WrapMode.CHAR, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        paper.set_text_color(0)
    paper.ln(1.2)
    if section.text:
        paper.set_font("cjk", size=9.5)
        for line in section.text.split("\n"):
            paper.multi_cell(0, 5.6, _visible(line), wrapmode=WrapMode.CHAR, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    else:
        _table(paper, section.heads, _widths(section), section.rows)


def _table(paper: _Paper, heads: Sequence[str], widths: Sequence[float], rows: Sequence[Sequence[str]]) -> None:
    paper.set_font("cjk", size=8.5)
    with paper.table(
        first_row_as_headings=True,
        col_widths=tuple(widths),
        headings_style=FontFace(family="cjk", emphasis="BOLD", fill_color=(234, 238, 243)),
        borders_layout=TableBordersLayout.ALL,
        line_height=4.6,
        padding=(0.8, 1.2),
        text_align=Align.L,
        wrapmode=WrapMode.CHAR,
    ) as table:
        for row in (heads, *rows):
            drawn = table.row()
            for text in row:
                drawn.cell(_visible(text))


def _visible(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())


def _widths(section: Section) -> tuple[int, ...]:
    """By the longest text of each column, within bounds."""
    columns = zip(section.heads, *section.rows, strict=True)
    return tuple(min(24, 2 + max(map(len, column))) for column in columns)
