"""The public site: the same bytes from the same acts, provable file by file, harmless whatever anybody typed, whole or not there."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from openpyxl import load_workbook

from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.report import Verdict
from liuhen_protocol.verify_site import MANIFEST, PROOF, check_path, read_manifest
from liuhen_server.acts import MACHINE
from liuhen_server.merging.acts import Answer, decide, propose
from liuhen_server.operations.verify import verify_archive
from liuhen_server.publicity.annual import collect_report
from liuhen_server.publicity.content import read_content
from liuhen_server.publicity.items import save, withdraw
from liuhen_server.publicity.kinds import FORMS
from liuhen_server.publicity.site import folder as site_folder
from liuhen_server.publicity.site.folder import SiteFolder
from liuhen_server.publicity.site.release import NotProven, Release, Where, release
from liuhen_server.statistics.reports import draft_report, save_words, sign_report
from liuhen_verify.check_site import check_site
from support.archive import publish_all
from support.case_office import COLLEAGUE, HEAD, TODAY
from support.publicity import COLLECTOR, PUBLISHER, Publicity, publicity_in

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>]]>&lt;{{7*7}}javascript:"


@dataclass
class Portal:
    room: Publicity
    folder: Path

    async def release(self, folder: Path | None = None, address: str = "https://example.cn/gs/") -> Release:
        archive = self.room.office.archive

        async def wait() -> None:
            await publish_all(archive)

        where = Where(folder or self.folder, "朝阳县行政执法公示", address)
        acts = self.room.office.acts
        return await release(archive.database, archive.reader, acts, MACHINE, archive.config.origin, where, TODAY, wait)

    def text(self, path: str) -> str:
        return (self.folder / path).read_text("utf-8")

    def report(self, folder: Path | None = None, *latest: Path) -> list[tuple[str, str]]:
        result = check_site(folder or self.folder, self.room.office.archive.policy, latest)
        assert (result.verdict is Verdict.HOLDS) == (result.findings == ())
        return [(each.code, each.path) for each in result.findings]


@pytest.fixture
async def portal(tmp_path: Path) -> AsyncIterator[Portal]:
    async with publicity_in(tmp_path / "archive", f"sqlite:///{tmp_path / 'archive.db'}") as room:
        yield Portal(room, tmp_path / "portal" / "site")


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


async def filled(portal: Portal) -> None:
    room = portal.room
    await room.public(await room.collected(await room.decision()))
    await room.public(await room.collected(await room.decision("朝县市监罚〔2026〕2号", "无证经营")))
    await room.public(await room.list(("1", "食品经营", "经营者", "检查", "食品安全法", "日常", "")))
    gone = await room.public(await room.collected(await room.decision("朝县市监罚〔2026〕3号")))
    await withdraw(room.office.acts, PUBLISHER, gone.id, gone.edit, "复议决定撤销", TODAY)


async def test_the_same_acts_give_the_same_bytes_whenever_they_are_written(portal: Portal, tmp_path: Path) -> None:
    await filled(portal)
    first = await portal.release()
    again = await portal.release(tmp_path / "again")
    one, other = tree(portal.folder), tree(tmp_path / "again")
    assert one.pop(PROOF) != other.pop(PROOF), "each release is stated anew"
    assert one == other and first.sha256 == again.sha256
    assert set(read_manifest(one[MANIFEST])) == one.keys() - {MANIFEST}


async def test_a_released_site_holds_and_whoever_changes_a_file_is_named(portal: Portal) -> None:
    await filled(portal)
    await portal.release()
    assert portal.report() == []
    page = portal.folder / "item/0/1.html"
    page.write_text(page.read_text("utf-8").replace("0.35", "0.03"), "utf-8")
    (portal.folder / "item/0/2.html").unlink()
    (portal.folder / "agency/new.html").write_text("伪造", "utf-8")
    (portal.folder / "link.html").symlink_to("index.html")
    assert sorted(portal.report()) == [
        ("added", "agency/new.html"),
        ("added", "link.html"),
        ("altered", "item/0/1.html"),
        ("missing", "item/0/2.html"),
    ]


async def test_a_manifest_made_to_fit_is_not_the_one_that_was_released(portal: Portal) -> None:
    await filled(portal)
    await portal.release()
    manifest = portal.folder / MANIFEST
    manifest.write_bytes(manifest.read_bytes().replace(b"0", b"1", 1))
    assert portal.report() == [("other-manifest", "")]
    manifest.unlink()
    assert portal.report() == [("missing", MANIFEST)]


async def test_an_old_release_shown_as_the_newest_is_named(portal: Portal, tmp_path: Path) -> None:
    await filled(portal)
    await portal.release()
    shutil.copytree(portal.folder, tmp_path / "old")
    await portal.room.public(await portal.room.collected(await portal.room.decision("朝县市监罚〔2026〕9号")))
    await portal.release()
    assert portal.report(tmp_path / "old") == [], "alone it cannot know"
    assert portal.report(tmp_path / "old", portal.folder / PROOF) == [("old-release", "")]
    assert portal.report(None, tmp_path / "old" / PROOF) == []


async def test_a_proof_of_another_log_proves_nothing(portal: Portal, tmp_path: Path) -> None:
    await filled(portal)
    await portal.release()
    async with publicity_in(tmp_path / "other", f"sqlite:///{tmp_path / 'other.db'}") as other:
        result = check_site(portal.folder, other.office.archive.policy)
    assert result.verdict is not Verdict.HOLDS and result.release is None


async def found_of_publications(portal: Portal) -> list[str]:
    """What `verify` says of them; the decisions here are rows alone, which the log does not know, and it says that too."""
    found = (await verify_archive(portal.room.office.archive)).findings
    return [finding.code for finding in found if not finding.code.startswith(("decision-", "draft-"))]


async def test_who_edits_a_published_item_silently_is_found_and_nothing_of_it_gets_out(portal: Portal) -> None:
    await filled(portal)
    await portal.release()
    before = tree(portal.folder)
    assert await found_of_publications(portal) == []
    await portal.room.sql("UPDATE public_versions SET content = replace(content, '0.35', '0.03') WHERE id = 1")
    with pytest.raises(Refused, match="item-1"):
        await portal.release()
    assert tree(portal.folder) == before, "the old site is as it was"
    assert await found_of_publications(portal) == ["publication-altered"]


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("UPDATE public_versions SET sha256 = '{0}', content = replace(content, '0.35', '0.03') WHERE id = 1", "publication-altered"),
        ("UPDATE public_versions SET state = 'superseded' WHERE id = 1", "publication-altered"),
        ("UPDATE public_versions SET reviewed_by = 'person-77' WHERE id = 1", "publication-altered"),
        ("DELETE FROM public_versions WHERE id = 1", "publication-missing"),
    ],
    ids=["with its digest", "hidden", "another reviewer", "deleted"],
)  # fmt: skip
async def test_the_archives_own_verification_finds(how: str, code: str, portal: Portal) -> None:
    await filled(portal)
    await publish_all(portal.room.office.archive)
    await portal.room.sql(how.format("0" * 64))
    assert await found_of_publications(portal) == [code]


async def test_an_interrupted_run_leaves_the_old_site_whole(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(portal)
    await portal.release()
    before = tree(portal.folder)
    await portal.room.public(await portal.room.collected(await portal.room.decision("朝县市监罚〔2026〕9号")))

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(site_folder.SiteFolder, "closed", power_cut)
        with pytest.raises(KeyboardInterrupt):
            await portal.release()
    assert tree(portal.folder) == before and portal.report() == []
    await portal.release()
    assert "9号" in portal.text("index.html") and portal.report() == []
    assert [path.name for path in portal.folder.parent.iterdir()] == ["site"], "nothing is left beside it"


async def test_a_file_system_that_cannot_exchange_names_serves_too(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(portal)
    monkeypatch.setattr(site_folder, "_exchange", lambda one, other: False)
    for _ in range(2):
        await portal.release()
    assert portal.report() == [] and [path.name for path in portal.folder.parent.iterdir()] == ["site"]


async def test_a_folder_that_holds_something_else_is_not_touched(portal: Portal) -> None:
    await filled(portal)
    portal.folder.mkdir(parents=True)
    (portal.folder / "thesis.docx").write_text("x", "utf-8")
    with pytest.raises(Refused, match="something else"):
        await portal.release()
    assert (portal.folder / "thesis.docx").read_text("utf-8") == "x"


async def test_without_anybody_who_signs_the_log_nothing_is_released(portal: Portal) -> None:
    await filled(portal)
    archive = portal.room.office.archive

    async def wait() -> None:
        raise NotProven

    with pytest.raises(NotProven):
        where = Where(portal.folder, "公示")
        await release(archive.database, archive.reader, portal.room.office.acts, MACHINE, "o", where, TODAY, wait)
    assert not portal.folder.exists()


class _Looked(HTMLParser):
    """What a page would run or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.handlers.append(name)
            if name in ("href", "src", "action") and re.match(r"[a-z]+:|//", value or ""):
                self.outside.append(value or "")


async def test_script_in_every_field_is_shown_and_never_run(portal: Portal) -> None:
    room = portal.room
    version = await room.collected(await room.decision())
    raw = read_content(version.raw or "").changed(lambda place, text: "" if place == "public_until" else EVIL)
    evil = await save(room.office.acts, COLLECTOR, version.id, version.edit, raw, {})
    done = await room.public(await room.masked(evil))
    listed = await room.public(await room.list((EVIL,) * 7, title=EVIL))
    await room.public(await room.list((EVIL,) * 6, kind="officers", title=EVIL))
    await withdraw(room.office.acts, PUBLISHER, listed.id, listed.edit, EVIL, TODAY)
    await portal.release()
    assert done.title == EVIL
    for path, data in tree(portal.folder).items():
        if path.endswith(".html"):
            looked = _Looked()
            looked.feed(data.decode())
            assert (looked.handlers, looked.outside) == ([], []), path
            assert "img" not in looked.tags and looked.tags.count("script") == (path == "index.html"), path
        elif path.startswith("search/"):
            assert b"<" not in data and b"&" not in data and data.count(b"\n") == 1, path
        elif path.endswith(".xml"):
            ElementTree.fromstring(data)
    assert json.loads(portal.text("item/0/1.json"))["content"]["title"] == EVIL


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", '=HYPERLINK("http://x","y")')
PLACES = ("party", "facts", "basis", "content", "remark", "violation")


async def test_a_formula_in_a_field_is_text_in_csv_and_xlsx(portal: Portal) -> None:
    room, typed = portal.room, dict(zip(PLACES, FORMULAS, strict=True))
    version = await room.collected(await room.decision())
    raw = read_content(version.raw or "").changed(lambda place, text: typed.get(place, text))
    await room.public(await save(room.office.acts, COLLECTOR, version.id, version.edit, raw, {}))
    await portal.release()
    (_, row) = csv.reader(io.StringIO((portal.folder / "data/scjg-penalty-2026.csv").read_text("utf-8-sig")))
    at = {place: list(FORMS["penalty"].fields).index(place) for place in PLACES}
    assert {place: row[column] for place, column in at.items()} == {place: "'" + text for place, text in typed.items()}
    sheet = load_workbook(portal.folder / "data/scjg-penalty-2026.xlsx").worksheets[0]
    cells = {place: sheet.cell(2, column + 1) for place, column in at.items()}
    assert {place: (cell.value, cell.data_type) for place, cell in cells.items()} == {
        p: (t, "s") for p, t in typed.items()
    }
    with zipfile.ZipFile(portal.folder / "data/scjg-penalty-2026.xlsx") as packed:
        assert b"<f>" not in packed.read("xl/worksheets/sheet1.xml")
        assert {info.date_time for info in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}


async def test_sheets_have_the_fields_of_double_publicity(portal: Portal) -> None:
    await filled(portal)
    await portal.release()
    book = load_workbook(portal.folder / "data/scjg-penalty-2026.xlsx", read_only=True)
    rows = [[cell or "" for cell in row] for row in book.worksheets[0].values]
    assert rows[0][:5] == ["行政相对人名称", "行政相对人类别", "统一社会信用代码", "法定代表人", "行政处罚决定书名称"]
    assert {row[rows[0].index("行政处罚决定书文号")] for row in rows[1:]} == {
        "朝县市监罚〔2026〕1号",
        "朝县市监罚〔2026〕2号",
    }
    assert {row[rows[0].index("罚款金额（万元）")] for row in rows[1:]} == {"0.35"}


async def test_a_page_states_its_version_its_moment_and_the_checkpoint(portal: Portal) -> None:
    await filled(portal)
    await portal.release()
    page = portal.text("item/0/1.html")
    shown = json.loads(portal.text("item/0/1.json"))
    assert "第 1 版" in page and shown["content_sha256"] in page and f"{shown['log_index']}" in page
    assert re.search(r"检查点：\d+ 条，根 <span class=\"digest\">[0-9a-f]{64}</span>", page)


async def test_what_was_withdrawn_says_so_and_why_and_shows_nothing_else(portal: Portal) -> None:
    await filled(portal)
    await portal.release()
    page = portal.text("item/0/4.html")
    assert "复议决定撤销" in page and "已撤回" in page and "罚款 3500 元" not in page
    assert not (portal.folder / "item/0/4.json").exists()
    assert "3号" not in "".join(portal.text(f"search/{path.name}") for path in (portal.folder / "search").glob("r*.js"))


async def test_what_is_public_until_a_day_is_gone_after_it(portal: Portal) -> None:
    room = portal.room
    version = await room.collected(await room.decision())
    raw = read_content(version.raw or "").changed(lambda place, text: "2026-11-20" if place == "public_until" else text)
    await room.public(await save(room.office.acts, COLLECTOR, version.id, version.edit, raw, {}))
    assert (await portal.release()).items == 1
    await room.sql("UPDATE public_versions SET public_until = '2026-11-19'")
    assert (await portal.release()).items == 0


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/../b", "a//b", "", ".hidden", "a\\b", "a/\n", "A", "a/" * 120]
)
def test_a_path_out_of_the_folder_is_none(path: str, tmp_path: Path) -> None:
    with pytest.raises(Malformed):
        check_path(path)
    with pytest.raises(Malformed):
        SiteFolder(tmp_path / "site").write(path, b"")


async def test_an_agency_named_like_a_path_writes_nothing_outside(portal: Portal) -> None:
    await filled(portal)
    await portal.room.sql(
        "INSERT INTO agencies (code, name, short, case_word, active, version) VALUES ('../../x', 'x', 'x', 'x', true, 1)"
    )
    with pytest.raises(Refused, match="no agency's code"):
        await portal.release()
    assert not portal.folder.exists()


async def test_an_annual_report_is_on_the_page_of_its_agency_with_its_tables(portal: Portal) -> None:
    acts, archive = portal.room.office.acts, portal.room.office.archive
    draft = await draft_report(acts, COLLEAGUE, portal.room.office.agency, 2025, TODAY)
    draft = await save_words(acts, COLLEAGUE, draft.id, draft.edit, "全年总体情况平稳。")
    signed = await sign_report(acts, HEAD, draft.id, draft.edit, TODAY)
    async with archive.database.read() as conn:
        version = await collect_report(conn, acts, COLLECTOR, signed)
    await portal.room.public(version)
    await portal.release()
    assert portal.report() == []
    page = portal.text("item/0/1.html")
    assert "2025年行政执法统计年报" in page and "全年总体情况平稳。" in page and "<caption>表1" in page
    assert "2025年行政执法统计年报" in portal.text(f"agency/{portal.room.office.agency}/index.html")


async def test_what_a_merged_agency_made_public_stays_under_its_name_with_a_note_of_its_successor(
    portal: Portal,
) -> None:
    office = portal.room.office
    await filled(portal)
    await portal.release()
    before = portal.text("item/0/1.html")
    waiting = await propose(
        office.acts, COLLECTOR, office.agency, office.other, TODAY, "朝编发〔2026〕3号", "机构改革", TODAY
    )
    await decide(office.acts, PUBLISHER, waiting.id, waiting.version, Answer.CONFIRM, TODAY)
    await portal.release()
    assert portal.report() == []
    assert "已于 2026-11-20 并入朝阳县交通运输局" in portal.text(f"agency/{office.agency}/index.html")
    assert "已于 2026-11-20 并入朝阳县交通运输局" in portal.text("index.html")
    after = portal.text("item/0/1.html")
    assert (
        "朝阳县市场监督管理局" in after
        and before.split("<main")[1].split("<footer")[0] == (after.split("<main")[1].split("<footer")[0])
    ), "what was public says the same"


async def test_officers_of_an_agency_that_was_merged_are_not_in_the_countys_table_of_today(portal: Portal) -> None:
    office, row = portal.room.office, ("样例甲", "朝阳县市场监督管理局", "科员", "21132100", "行政处罚", "朝阳县")
    await portal.room.public(await portal.room.list(row, kind="officers", title="行政执法人员"))
    await portal.release()
    assert "样例甲" in portal.text("officers.html") and "样例甲" in portal.text("data/officers.csv")
    given = (office.agency, office.other, TODAY, "朝编发〔2026〕3号", "机构改革", TODAY)
    waiting = await propose(office.acts, COLLECTOR, *given)
    await decide(office.acts, PUBLISHER, waiting.id, waiting.version, Answer.CONFIRM, TODAY)
    await portal.release()
    assert portal.report() == []
    assert "样例甲" not in portal.text("officers.html") and not (portal.folder / "data/officers.csv").exists()
    assert "样例甲" in portal.text("item/0/1.html"), "what was public stays, under the agency's name"
