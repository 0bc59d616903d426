"""Statistics, supervision, hand-over and document templates by the pages, in Chinese, on the sample county: each by the people whose work it is."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Download, FilePayload, Page, expect

from browser.conftest import Seeded, Visitor
from browser.walking import TODAY, Walk, living_sample, opened
from house.sample.people import AGENCIES
from house.sample.plan import planned
from support.docx import docx, run
from support.sample import SOME

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(240)]

WORDS = {agency.code: agency.case_word for agency in AGENCIES}


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with living_sample(tmp_path_factory.mktemp("sample")) as seeded:
        yield seeded


@pytest.fixture
def walk(visit: Callable[..., Visitor], county: Seeded) -> Walk:
    return Walk(visit, county, "oversight")


def fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
    page.set_viewport_size({"width": 1366, "height": 768})


def bytes_of(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def test_a_figure_opens_its_cases_and_last_years_report_is_signed_by_another_person(walk: Walk) -> None:
    decided = next(
        paper.dated for each in planned(TODAY, WORDS, SOME) for paper in each.papers if paper.kind == "result"
    )
    page = walk.at("zhaolan", f"/statistics?year={decided.year}")
    expect(page.locator(".statistics-table").first).to_be_visible()
    walk.picture(page, "statistics")
    fits_a_phone(page)
    page.locator(".statistics-table a").first.click()
    expect(page.locator("tbody a").first).to_be_visible()
    walk.picture(page, "statistics-cases")

    # this year: drafted by the reviewer; nobody signs it before the year is over
    reviewer = walk.at("demo", "/statistics")
    reviewer.get_by_role("button", name=f"编制 {TODAY.year} 年年报").click()
    reviewer.get_by_label("本年度行政执法总体情况").fill("全年办案平稳（样例）。")
    reviewer.get_by_role("button", name="保存").click()
    expect(reviewer.get_by_label("本年度行政执法总体情况")).to_have_value("全年办案平稳（样例）。")
    walk.picture(reviewer, "report-draft")
    head = walk.at("zhaolan", reviewer.url)
    expect(head.get_by_text("年度结束后才能签发。")).to_be_visible()
    expect(head.get_by_role("button", name="签发年报")).to_have_count(0)

    # last year's is signed: it says who, and comes as the printed form
    head.goto(f"{walk.county.url}/statistics")
    head.get_by_role("link", name=str(TODAY.year - 1), exact=True).click()
    expect(head.locator("main")).to_contain_text(re.compile("赵岚于 .* 签发"))
    walk.picture(head, "report-signed")
    with head.expect_download() as download:
        head.get_by_role("link", name="下载报表（xlsx）").click()
    assert zipfile.is_zipfile(io.BytesIO(bytes_of(download.value)))


def test_an_opinion_stays_open_until_its_answer_is_taken(walk: Walk) -> None:
    justice = walk.at("sifa", "/supervision")
    fits_a_phone(justice)
    justice.get_by_role("link", name="城管执法局").click()
    form = opened(justice, "提出监督意见")
    form.get_by_label("内容").fill("渣土车辆扣押超期未处理，请说明。")
    form.get_by_role("button", name="提出监督意见").click()
    expect(justice.locator("article.opinion")).to_contain_text("待答复")

    head = walk.at("luotian", "/supervision")
    expect(head).to_have_url(re.compile("/supervision/cgzf$"))
    head.get_by_label("答复").fill("已处理。")
    head.get_by_role("button", name="答复").click()
    expect(head.locator("article.opinion")).to_contain_text("已答复，待审查")
    walk.picture(head, "opinion-answered")
    for said, button, after in (
        ("没有写明处理结果。", "退回，重新答复", "待答复"),
        ("同意。", "认可答复，办结", "已办结"),
    ):
        justice.goto(head.url)
        justice.get_by_label("内容").first.fill(said)
        justice.get_by_role("button", name=button).click()
        expect(justice.locator("article.opinion h3")).to_contain_text(after)
        if after == "待答复":
            head.reload()
            head.get_by_label("答复").fill("扣押车辆已于昨日解除，见解除决定书。")
            head.get_by_role("button", name="答复").click()
            expect(head.locator("article.opinion h3")).to_contain_text("已答复")
    expect(justice.locator("article.opinion")).to_contain_text("扣押车辆已于昨日解除")
    walk.picture(justice, "opinion-closed")
    fits_a_phone(justice)


def test_an_agency_reports_on_itself_and_writes_down_who_is_responsible(walk: Walk) -> None:
    head = walk.at("shenqi", "/supervision")
    form = opened(head, "报送自查报告")
    form.get_by_label("内容").fill("本单位尚未批准重大执法决定目录，拟于下月批准。")
    form.get_by_role("button", name="报送自查报告").click()
    expect(head.locator("section", has_text="自查报告").first).to_contain_text("待签收")
    head.get_by_label("姓名或单位").fill("沈琦")
    head.get_by_role("button", name="登记", exact=True).click()
    expect(head.get_by_role("cell", name="沈琦", exact=True)).to_be_visible()
    justice = walk.at("sifa", "/supervision/yjgl")
    opened(justice, f"{TODAY.year} · 第 1 版").get_by_role("button", name="签收").click()
    expect(justice.get_by_text("梁正已签收")).to_be_visible()
    walk.picture(justice, "self-report")
    justice.goto(f"{walk.county.url}/supervision")
    expect(justice.get_by_role("row", name="应急局")).to_contain_text(str(TODAY.year))


def test_a_handbook_is_filed_and_a_class_handed_over_each_with_its_receipt(walk: Walk) -> None:
    head = walk.at("gaoming", "/supervision")
    head.get_by_role("link", name="工作手册与移交").click()
    walk.picture(head, "handovers-none")
    head.get_by_role("button", name="将工作手册报司法行政部门备案").click()
    expect(head.get_by_role("row", name="执法工作手册")).to_contain_text("待签收")
    head.select_option("#to", label="市监局")
    head.select_option("#enforcement", label="行政许可")
    head.get_by_role("button", name="移交该类资料").click()
    expect(head.get_by_role("row", name="行政许可清单")).to_contain_text("待签收")
    expect(head.get_by_role("button", name="签收")).to_have_count(0)
    fits_a_phone(head)

    justice = walk.at("sifa", "/handovers")
    justice.get_by_role("row", name="执法工作手册").get_by_role("button", name="签收").click()
    expect(justice.get_by_role("row", name="执法工作手册")).to_contain_text("梁正签收")
    receiver = walk.at("zhaolan", "/handovers")
    receiver.get_by_role("row", name="行政许可清单").get_by_role("button", name="签收").click()
    expect(receiver.get_by_role("row", name="行政许可清单")).to_contain_text("赵岚签收")
    walk.picture(receiver, "handover-received")
    receiver.get_by_role("link", name="行政许可清单").click()
    expect(receiver.locator("main")).to_contain_text("一致")
    walk.picture(receiver, "handover-receipt")
    with receiver.expect_download() as download:
        receiver.get_by_role("link", name="下载压缩包").click()
    assert zipfile.is_zipfile(io.BytesIO(bytes_of(download.value)))


BAD: tuple[tuple[str, bytes], ...] = (
    ("这不是 DOCX 文件", b"%PDF-1.4 not a document"),
    ("模板含有宏或嵌入对象", docx(run("x"), **{"word/vbaProject.bin": b"x"})),
    ("没有这些字段：party.income", docx(run("{{party.income}}"))),
)


def test_a_template_is_brought_and_a_document_filled_from_the_case(walk: Walk) -> None:
    page = walk.at("demo", "/cases")
    page.get_by_role("link", name="文书模板").click()
    walk.picture(page, "templates")
    fits_a_phone(page)
    before = page.locator("tbody tr", has_text="询问笔录").count()
    for wrong, body in BAD:
        bring(page, body)
        expect(page.get_by_role("alert")).to_contain_text(wrong)
        expect(page.locator("#what")).to_have_value("penalty:investigation:interview")
    walk.picture(page, "template-refused")
    bring(page, docx(run("{{case.number}} 询问人 {{handlers}} 当事人 {{party."), run("name}}")))
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("tbody tr", has_text="询问笔录.docx")).to_have_count(before + 1)

    handler = walk.at("lijing", "/cases?text=58号")
    handler.get_by_role("link", name="58号").click()
    number = handler.locator("h1 .mono").inner_text()
    handler.get_by_role("link", name="由模板生成文书").click()
    walk.picture(handler, "fill")
    handler.select_option("#template", label="行政处罚·调查取证·询问笔录 · 询问笔录.docx")
    handler.get_by_role("button", name="由模板生成文书").click()
    made = handler.locator(".paper a", has_text="询问笔录.docx")
    with handler.expect_download() as download:
        made.click()
    with zipfile.ZipFile(io.BytesIO(bytes_of(download.value))) as packed:
        text = re.sub(r"<[^>]+>", "", packed.read("word/document.xml").decode())
    assert text == f"{number} 询问人 王磊（SL211300）、李静（SL211301） 当事人 样例百货店"
    assert all("422" in each for each in walk.complaints())


def bring(page: Page, body: bytes) -> None:
    file: FilePayload = {"name": "询问笔录.docx", "mimeType": "application/octet-stream", "buffer": body}
    page.select_option("#what", "penalty:investigation:interview")
    page.set_input_files("#file", file)
    page.get_by_role("button", name="上传模板").click()
    page.wait_for_load_state()
