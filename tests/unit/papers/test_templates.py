"""A template's fields become text of the case, whatever they say; what could run, fetch or grow is not taken."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from defusedxml import ElementTree  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from liuhen_protocol.oversight_events import TemplateKept
from liuhen_server.cases.said import Wrong
from liuhen_server.papers.acts import body_of, keep_template, templates_of
from liuhen_server.papers.docx import MOST_TEMPLATE_BYTES, fields_in, fill
from liuhen_server.papers.fields import FIELDS, values_of
from support.case_office import HEAD, TODAY, office_in
from support.docx import docx, run


def text_of(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        root = ElementTree.fromstring(packed.read("word/document.xml"))
    return "".join(each.text or "" for each in root.iter() if each.tag.endswith("}t"))


def test_a_field_is_filled_wherever_word_has_cut_it() -> None:
    template = docx(run("案号：{"), run("{case.num"), run("ber }} 当事人{{party.name}}。"))
    assert fields_in(template) == {"case.number", "party.name"}
    filled = fill(template, {"case.number": "朝县市监罚〔2026〕1号", "party.name": "某某 & <公司>"})
    assert text_of(filled) == "案号：朝县市监罚〔2026〕1号 当事人某某 & <公司>。"
    assert filled == fill(template, {"case.number": "朝县市监罚〔2026〕1号", "party.name": "某某 & <公司>"})


@given(st.text(max_size=60))
def test_whatever_a_case_says_is_text_and_never_a_field_or_a_tag(value: str) -> None:
    filled = fill(docx(run("{{case.title}}|"), run("{{case.title}}")), {"case.title": value})
    shown = "".join(sign if sign.isprintable() else " " for sign in value)
    assert text_of(filled) == f"{shown}|{shown}"


@pytest.mark.parametrize(
    "named", ["{{config}}", "{{''.__class__}}", "{% for x in y %}", "{{case.number|safe}}", "${case.number}"]
)
def test_there_is_no_language_in_a_template(named: str) -> None:
    template = docx(run(named))
    if named == "{{config}}":
        with pytest.raises(Wrong, match="no such fields: config"):
            fill(template, {"case.number": "1"})
    else:
        assert text_of(fill(template, {"case.number": "1"})) == named


@pytest.mark.parametrize(
    ("why", "template"),
    [
        ("macros", docx(**{"word/vbaProject.bin": b"x"})),
        ("embedded", docx(**{"word/embeddings/oleObject1.bin": b"x"})),
        (
            "outside",
            docx(**{"word/_rels/document.xml.rels": '<R xmlns="r"><L TargetMode="External" Target="http://x"/></R>'}),
        ),
        ("execute", docx("<w:r><w:instrText>DDEAUTO c:\\\\x</w:instrText></w:r>")),
        ("damaged", docx(**{"word/header1.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'})),
        ("damaged", docx(**{"word/footer1.xml": "<a>"})),
        ("not built", docx(**{"../evil.xml": "<a/>"})),
        ("too much", docx(**{"word/media/a.bin": b"0" * (17 << 20)})),
        ("no DOCX", b"PK\x03\x04 nothing"),
        ("no DOCX", b"%PDF-1.7"),
        ("more than 2 MB", b"0" * (MOST_TEMPLATE_BYTES + 1)),
    ],
    ids=["macros", "objects", "links", "dde", "entities", "damaged", "climbs", "bomb", "zip", "pdf", "large"],
)
def test_what_could_run_fetch_or_grow_is_not_taken(why: str, template: bytes) -> None:
    with pytest.raises(Wrong, match=why):
        fields_in(template)


async def test_a_template_is_kept_in_versions_and_says_what_the_case_says(tmp_path: Path, database_url: str) -> None:
    async with office_in(tmp_path / "archive", database_url) as office:
        case = await office.open()
        body = docx(run("{{case.number}} {{agency.name}} {{handlers}} {{today}}"))
        first = await keep_template(
            office.acts, HEAD, office.agency, "penalty", "investigation", "interview", "笔录.docx", body
        )
        with pytest.raises(Wrong, match="no such document"):
            await keep_template(office.acts, HEAD, office.agency, "penalty", "decision", "interview", "a.docx", body)
        with pytest.raises(Wrong, match="no such fields"):
            await keep_template(
                office.acts, HEAD, office.agency, "penalty", "investigation", "interview", "a.docx", docx(run("{{x}}"))
            )
        second = await keep_template(
            office.acts, HEAD, office.agency, "penalty", "investigation", "interview", "笔录2.docx", body
        )
        async with office.archive.database.read() as conn:
            assert [each.id for each in await templates_of(conn, office.agency, "penalty")] == [second.id]
            assert await templates_of(conn, office.other) == []
            kept = await body_of(conn, first.id)
        values = values_of(await office.whole(case), "朝阳县市场监督管理局", "", (("王磊", "21132100"),), TODAY)
        assert values.keys() == FIELDS.keys()
        assert text_of(fill(kept, values)) == f"{case.number} 朝阳县市场监督管理局 王磊（21132100） 2026年11月20日"
        stated = [each.event for each in await office.stated("template.kept")]
        digest = first.sha256
        assert stated[0] == TemplateKept(
            "template-1", office.agency, "penalty", "investigation", "interview", 1, digest, HEAD.number
        )
        assert len(stated) == 2
