"""The work handbook as a PDF: A4, in Chinese, fonts embedded, the same bytes for the same handbook and moment."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, WrapMode, XPos, YPos
from fpdf.fonts import FontFace

from liuhen_server.cases.record_list_pdf import FONTS, SIMPLIFIED, NoFont
from liuhen_server.handover.compiled import Handbook, Section

__all__ = ["handbook_pdf"]


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
    said = f"汇编自 {handbook.day} 现行有效的清单和规则，目录如下。"
    paper.cell(0, 10, said, align=Align.C, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    for number, section in enumerate(handbook.sections, 1):
        paper.cell(0, 7, f"{number}. {section.title}", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    for number, section in enumerate(handbook.sections, 1):
        _section(paper, number, section)
    return bytes(paper.output())


def _section(paper: _Paper, number: int, section: Section) -> None:
    if paper.will_page_break(50):
        paper.add_page()
    paper.ln(5)
    paper.set_font("cjk", "B", 13)
    paper.cell(0, 9, f"{number}. {section.title}", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if section.source:
        paper.set_font("cjk", size=8)
        paper.multi_cell(0, 4.6, section.source, wrapmode=WrapMode.CHAR, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.set_font("cjk", size=8.5)
    with paper.table(
        first_row_as_headings=True,
        col_widths=tuple(_width(section, column) for column in range(len(section.heads))),
        headings_style=FontFace(family="cjk", emphasis="BOLD", fill_color=(234, 238, 243)),
        borders_layout=TableBordersLayout.ALL,
        line_height=4.6,
        padding=(0.8, 1.2),
        text_align=Align.L,
        wrapmode=WrapMode.CHAR,
    ) as table:
        for row in (section.heads, *section.rows):
            drawn = table.row()
            for text in row:
                drawn.cell("".join(sign for sign in text if sign.isprintable()))


def _width(section: Section, column: int) -> int:
    """By the longest text of the column, within bounds."""
    longest = max(len(row[column]) for row in (section.heads, *section.rows))
    return min(24, max(5, longest))
