"""One case of the sample county, in Chinese, from its initiation to its publication and withdrawal, by the pages alone and by everybody whose
hands it goes through; and the public site as it is read from a disk.

One test: each step needs the ones before it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Seeded, Visitor
from browser.walking import TODAY, Walk, living_sample, opened
from house.sample.plan import PATROL, patrols
from liuhen_server.publicity.masking import check_digit
from support.case_office import PDF
from support.verifying import run

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]  # half a day's work of ten people

ID_NUMBER = "21132419900307001" + check_digit("21132419900307001")
PHONE, WITNESS, WITNESS_PHONE, HOME = "13900001234", "张三丰", "13912345678", "样例路 12 号 3 单元 402 室"
TITLE = "样例便利店涉嫌销售超过保质期的饼干案"
PARTY = "样例便利店经营者卯某"
FACTS = (
    f"经查，当事人{PARTY}（居民身份证号 {ID_NUMBER}，住址：{HOME}，电话 {PHONE}）销售超过保质期的饼干 120 袋，"
    f"证人{WITNESS}（电话 {WITNESS_PHONE}）看见。有现场检查笔录、询问笔录和现场录像为证。"
)
PRIVATE = (ID_NUMBER, PHONE, WITNESS, WITNESS_PHONE, HOME)
REASON = "行政复议决定撤销原处罚决定"


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with living_sample(tmp_path_factory.mktemp("sample")) as seeded:
        yield seeded


@pytest.fixture
def walk(visit: Callable[..., Visitor], county: Seeded) -> Walk:
    return Walk(visit, county, "walk")


def add_paper(page: Page, what: str, day: date, hours: tuple[str, str] | None = None) -> None:
    name = f"{what.partition(':')[2]}.pdf"
    page.select_option("#what", what)
    page.fill("#dated", day.isoformat())
    if hours is not None:
        page.fill("#began", hours[0])
        page.fill("#ended", hours[1])
    page.set_input_files("#file", {"name": name, "mimeType": "application/pdf", "buffer": PDF})
    page.get_by_role("button", name="上传文书").click()
    expect(page.locator(".paper a", has_text=name)).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def go_on(page: Page, name: str) -> None:
    """To the stage of this name, which the page then says it is in."""
    try_to_go_on(page, name)
    expect(page.locator(".stage.now h3")).to_contain_text(name)


def try_to_go_on(page: Page, name: str) -> None:
    page.select_option("#after", label=name)
    page.get_by_role("button", name="推进").click()


def open_the_case(walk: Walk) -> str:
    page = walk.at("wanglei", "/cases")
    page.get_by_role("link", name="立案").first.click()
    page.select_option("#class", "penalty")
    page.fill("#title", TITLE)
    page.get_by_label("王磊").check()
    page.select_option("#kind-1", "person")
    page.fill("#party-1", PARTY)
    page.fill("#code-1", ID_NUMBER)
    page.fill("#contact-1", PHONE)
    page.get_by_role("button", name="立案", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("不得少于两人")
    page.get_by_label("李静").check()
    walk.picture(page, "opening")
    page.get_by_role("button", name="立案", exact=True).click()
    page.wait_for_url(lambda url: url.rpartition("/")[2].isdigit())
    expect(page.locator("h1")).to_contain_text(TITLE)
    walk.number = page.locator("h1 .mono").inner_text()
    walk.picture(page, "opened")
    return page.url


def investigate(walk: Walk, case: str) -> None:
    page = walk("wanglei")
    page.get_by_role("link", name="由模板生成文书").click()
    page.select_option("#template", label="行政处罚·启动·立案审批表 · 立案审批表.docx")
    page.get_by_role("button", name="由模板生成文书").click()
    expect(page.locator(".paper a")).to_have_text("立案审批表.docx")
    go_on(page, "调查取证")
    film = next(each for each in patrols(TODAY) if each.officer == "210301")
    add_paper(page, "investigation:inspection-record", film.begins.date(), (PATROL[0], "08:50"))
    walk.picture(page, "suggested")
    expect(page.get_by_text("拍摄时间与“现场检查笔录”重合").first).to_be_visible()
    proposed = page.locator("section.proposed tbody tr", has_text=f"210301{film.begins:%Y%m%d%H%M}")
    proposed.get_by_role("button", name="关联").click()
    expect(page.locator(".stage.now .footage")).to_have_count(1)

    # the other one's recording, from its own page: two clicks
    other = walk.at("lijing", "/clips?unlinked=0")
    other.locator("tbody a", has_text=f"210327{film.begins:%Y%m%d%H%M}").first.click()
    walk.picture(other, "clip")
    other.select_option("#to", value=f"{case.rpartition('/')[2]}:investigation:1.1")
    other.get_by_role("button", name="关联", exact=True).click()
    expect(other.get_by_text("已关联 1 段")).to_be_visible()

    page.goto(case)
    for kind in ("interview", "report"):
        add_paper(page, f"investigation:{kind}", TODAY)
    expect(page.get_by_text("目前齐全")).to_be_visible()
    walk.picture(page, "investigated")
    go_on(page, "审核")


def draft(walk: Walk) -> None:
    page = walk("wanglei")
    page.get_by_role("link", name="拟定处理意见").click()
    page.select_option("#kind-1", label="罚款")
    page.fill("#content-1", "罚款人民币贰万元整")
    page.fill("#amount-1", "20000")
    page.fill("#facts", FACTS)
    page.fill("#basis", "《食品安全法》第一百二十四条第一款")
    page.fill("#discretion", "情节一般，按本机关裁量基准的一般档次处理。")
    page.fill("#performance", "自收到决定书之日起十五日内到指定银行缴纳。")
    page.get_by_label("集体讨论").check()
    walk.picture(page, "draft")
    page.get_by_role("button", name="保存这一版").click()
    section = page.locator("#decision")
    expect(section).to_contain_text("须经法制审核")
    expect(section).to_contain_text("对个人罚款、没收合计 1 万元以上")
    try_to_go_on(page, "决定")
    expect(page.get_by_role("alert")).to_contain_text("法制审核")
    walk.picture(page, "refused")


def submit(page: Page, report: str, investigation: bool) -> None:
    page.fill("#report", report)
    for part in page.get_by_label(re.compile("^作为何种送审材料")).all():
        if not investigation and part.input_value() == "investigation":
            part.select_option("")
    page.get_by_role("button", name="送审", exact=True).click()


def give_opinion(page: Page, problem: str, opinion: str) -> None:
    page.get_by_role("button", name="受理审核").click()
    for row in page.locator(".opinion-form tbody tr").all():
        row.locator("select").select_option(label="符合")
    if problem:
        page.locator("select[name=check-evidence]").select_option(label="存在问题")
        page.locator("textarea[name=problem-evidence]").fill(problem)
    page.fill("#opinion", opinion)
    page.get_by_role("button", name="出具意见").click()


def review(walk: Walk, case: str) -> None:
    """Two rounds: what is missing is named, a problem is answered, the second round passes."""
    page, reviewer = walk("wanglei"), walk("demo")
    page.get_by_role("link", name="打开法制审核").click()
    expect(page.get_by_text("现在不得作出决定")).to_be_visible()
    submit(page, "事实清楚，证据充分，提请审核。", investigation=False)
    expect(page.get_by_role("alert").first).to_contain_text("缺调查取证情况的材料")
    walk.picture(page, "part-missing")
    submit(page, "事实清楚，证据充分，提请审核。", investigation=True)
    expect(page.locator(".review-round")).to_contain_text("待受理")
    walk.picture(page, "submitted")
    address = page.url

    walk.at("demo", "/todo")
    walk.picture(reviewer, "reviewers-todo")
    reviewer.goto(walk.county.url + "/reviews")
    reviewer.get_by_role("link", name=walk.number).click()
    reviewer.get_by_role("button", name="读取并核验本案音像").click()
    expect(reviewer.locator("#evidence ~ .scroll").first).not_to_contain_text("尚未读取核验")
    walk.picture(reviewer, "evidence")
    give_opinion(reviewer, "缺少饼干的进货票据，请补充。", "证据有待补充。")
    expect(reviewer.locator(".review-round")).to_contain_text("存在问题")
    walk.picture(reviewer, "problem")

    page.goto(case)
    add_paper(page, "investigation:evidence", TODAY)
    page.goto(address)
    walk.picture(page, "to-answer")
    page.get_by_label("答复").fill("已补充进货票据，见证据材料。")
    page.get_by_role("button", name="提交答复").click()
    expect(page.locator(".problems")).to_contain_text("已补充进货票据")
    submit(page, "已按审核意见补充证据，再次提请审核。", investigation=True)
    expect(page.locator(".review-round").first).to_contain_text("待受理")
    reviewer.goto(address)
    give_opinion(reviewer, "", "同意。")
    expect(reviewer.locator(".review-round").first).to_contain_text("同意")
    walk.picture(reviewer, "agreed")


def decide(walk: Walk, case: str) -> None:
    page, head = walk("wanglei"), walk.at("zhaolan", case)
    expect(head.locator("#decision").get_by_role("button", name="作出决定")).to_have_count(0)
    walk.picture(head, "head-waits")
    page.goto(case)
    for kind in ("notice", "collective"):
        add_paper(page, f"review:{kind}", TODAY)
    go_on(page, "决定")
    head.goto(case)
    walk.picture(head, "deciding")
    head.locator("#decision").get_by_role("button", name="作出决定").click()
    expect(head.locator("#decision")).to_contain_text("生效")
    walk.picture(head, "decided")


def serve_and_execute(walk: Walk, case: str) -> None:
    page = walk.at("wanglei", case)
    add_paper(page, "decision:decision", TODAY)
    go_on(page, "送达")
    add_paper(page, "service:service-receipt", TODAY)
    part = opened(page, "登记送达", "#decision")
    part.get_by_label("受送达人").fill(PARTY)
    part.get_by_role("button", name="登记送达").click()
    expect(page.locator("#decision")).to_contain_text(f"直接送达，{PARTY}")
    walk.picture(page, "served")
    part = page.locator("li", has_text="“送达”的照相")
    part.locator("summary", has_text="说明理由").click()
    part.get_by_label("理由").fill("当事人到本局签收，送达回证为证")
    part.get_by_role("button", name="登记理由").click()
    expect(page.get_by_text("目前齐全")).to_be_visible()
    go_on(page, "执行")
    add_paper(page, "execution:performance", TODAY)
    part = opened(page, "登记执行情况", "#decision")
    part.get_by_label("金额（元）").fill("20000")
    part.get_by_label("证明文书").select_option(label="performance.pdf")
    part.get_by_role("button", name="登记执行情况").click()
    expect(page.locator("#decision")).to_contain_text("已履行")
    go_on(page, "归档")


def archive(walk: Walk, case: str) -> None:
    page = walk.at("qianyu", case)
    try_to_go_on(page, "已归档")
    expect(page.get_by_role("alert")).to_contain_text("还不能归档：缺结案审批表")
    walk.picture(page, "not-archived")
    add_paper(page, "archiving:closing", TODAY)
    try_to_go_on(page, "已归档")
    expect(page.locator(".case-facts")).to_contain_text("已归档")
    walk.picture(page, "archived")


def make_public(walk: Walk) -> str:
    """Collected by the archivist, returned once, reviewed by the head, published by the publisher; nobody does two of the three."""
    page = walk.at("qianyu", "/publicity")
    walk.picture(page, "to-be-public")
    page.get_by_role("button", name=f"采集 {walk.number}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(walk.number)
    for private in (ID_NUMBER, PHONE, WITNESS, WITNESS_PHONE):
        expect(page.get_by_role("radiogroup", name=private, exact=True)).to_be_visible()
    walk.picture(page, "found-private")
    head = walk.at("zhaolan", page.url)
    head.get_by_role("button", name="审核通过").click()
    expect(head.get_by_role("alert")).to_contain_text("疑似隐私没有处理")
    for each in page.get_by_role("radio", name="遮盖").all():
        each.check()
    page.get_by_role("radiogroup", name=WITNESS, exact=True).get_by_label("保留").check()
    page.get_by_role("button", name="保存").click()
    expect(page.locator("main")).to_contain_text(f"证人{WITNESS}（电话 ***********）看见")

    # the second person sees what is not masked, and returns it
    head.goto(page.url)
    part = opened(head, "退回")
    part.get_by_label("理由").fill("证人姓名应当遮盖")
    part.get_by_role("button", name="退回").click()
    expect(head.locator(".head")).to_contain_text("已退回")
    walk.picture(head, "returned")
    page.goto(walk.county.url + "/publicity")
    page.get_by_role("button", name=f"采集 {walk.number}").click()
    for each in page.get_by_role("radio", name="遮盖").all():
        each.check()
    page.get_by_role("button", name="保存").click()
    expect(page.locator("main")).to_contain_text("证人张某某（电话 ***********）看见")
    walk.picture(page, "masked")
    address = page.url

    # whoever collected it reviews nothing of it, even with the role
    security = walk.at("anquan", "/accounts")
    security.get_by_role("link", name="qianyu").click()
    security.get_by_label("法制审核人").check()
    walk.picture(security, "rights")
    security.get_by_role("button", name="保存").first.click()
    expect(security.locator("dl.facts").first).to_contain_text("法制审核人")
    page = walk.again("qianyu", address)
    page.get_by_role("button", name="审核通过").click()
    expect(page.get_by_role("alert")).to_contain_text("采集、审核、发布须由不同的人进行")
    walk.picture(page, "not-by-the-same")

    head.goto(address)
    head.get_by_role("button", name="审核通过").click()
    expect(head.locator(".head")).to_contain_text("已审核，待发布")
    expect(head.get_by_role("button", name="发布", exact=True)).to_have_count(0)
    publisher = walk.at("baishuo", "/publicity")
    publisher.get_by_role("link", name=walk.number).first.click()
    publisher.get_by_role("button", name="发布", exact=True).click()
    expect(publisher.locator(".head")).to_contain_text("已公示")
    for private in PRIVATE:
        expect(publisher.locator("main")).not_to_contain_text(private)
    walk.picture(publisher, "public")
    return address


def publish(walk: Walk, folder: Path) -> Path:
    """The site as the command writes it; the verifier, which asks nobody, agrees with it."""
    policy, site = folder / "policy", folder / "site"
    walk.command("publish", site, "--name", "朝阳县行政执法公示")
    policy.write_text(walk.command("policy"))
    code, said, wrong = run("site", site, "--policy", policy)
    assert code == 0, said + wrong
    return site


def bytes_of(site: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of the site, and what is packed in its sheets."""
    for path in sorted(each for each in site.rglob("*") if each.is_file()):
        yield str(path), path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                yield from ((f"{path}:{name}", packed.read(name)) for name in packed.namelist())


def read_from_disk(walk: Walk, chromium: Browser, site: Path) -> None:
    for name, data in bytes_of(site):
        for private in PRIVATE:
            assert private.encode() not in data and private.encode("unicode_escape") not in data, (name, private)
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / "index.html").as_uri())
    page.get_by_role("searchbox", name="查找").fill("样例便利店 保质期")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("找到 1 条。")
    walk.picture(page, "site-search")
    page.locator("#results").get_by_role("link", name=walk.number).click()
    expect(page.locator("main")).to_contain_text("罚款人民币贰万元整")
    expect(page.locator("main")).to_contain_text("张某某")
    walk.picture(page, "site-decision")
    assert [url for url in asked if not url.startswith("file:")] == []
    context.close()


def withdraw(walk: Walk, case: str, public: str) -> None:
    """The decision is revoked; within three working days what was public of it goes."""
    page = walk.at("qianyu", case)
    page.select_option("#after", label="归档")
    page.fill("#reason", REASON)
    page.get_by_role("button", name="推进").click()
    expect(page.locator(".case-facts")).not_to_contain_text("已归档")
    head = walk.at("zhaolan", case)
    part = opened(head, "变更、撤销或确认无效", "#decision")
    part.get_by_label("处理").select_option(label="撤销")
    part.get_by_label("理由").fill(REASON)
    part.get_by_role("button", name="变更、撤销或确认无效").click()
    expect(head.locator("#decision")).to_contain_text(REASON)
    walk.picture(head, "revoked")
    publisher = walk.at("baishuo", "/publicity")
    expect(publisher.locator("main")).to_contain_text("须撤回的公示")
    walk.picture(publisher, "to-be-withdrawn")
    publisher.get_by_role("link", name=walk.number).first.click()
    expect(publisher).to_have_url(public)
    part = opened(publisher, "撤回")
    part.get_by_label("理由").fill(REASON)
    part.get_by_role("button", name="撤回", exact=True).click()
    expect(publisher.locator(".head")).to_contain_text("已撤回")
    expect(publisher.locator("main")).to_contain_text("罚款人民币贰万元整")
    walk.picture(publisher, "withdrawn")


def gone_from_disk(walk: Walk, chromium: Browser, site: Path) -> None:
    """The site says that it was withdrawn, when and why, and nothing of what it said."""
    assert all("饼干".encode() not in data for _, data in bytes_of(site))
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    page = context.new_page()
    page.goto((site / "index.html").as_uri())
    page.get_by_role("searchbox", name="查找").fill("样例便利店")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("没有找到")
    page.get_by_role("link", name="撤回").first.click()
    page.get_by_role("link", name=walk.number).click()
    expect(page.get_by_role("status")).to_contain_text(REASON)
    walk.picture(page, "site-withdrawn")
    context.close()


def overseen(walk: Walk, case: str) -> None:
    """The auditor reads who was refused; the justice department draws cases and finds this one."""
    auditor = walk.at("shenji", "/audit")
    row = auditor.get_by_role("row", name="王磊").filter(has_text="决定被拒绝")
    expect(row.first).to_contain_text("未经法制审核")
    walk.picture(auditor, "audit")
    justice = walk.at("sifa", "/supervision")
    walk.picture(justice, "supervision")
    justice.get_by_role("link", name="市监局", exact=True).click()
    walk.picture(justice, "supervision-agency")
    justice.get_by_role("link", name="第 1 号抽查").click()
    justice.get_by_role("button", name="抽取").click()
    expect(justice.get_by_text("抽取结果核对无误")).to_be_visible()
    expect(justice.locator(".head")).to_contain_text(re.compile(r"从 (\d+) 件中抽取 \1 件"))
    walk.picture(justice, "drawn")
    justice.get_by_role("link", name=walk.number).click()
    expect(justice.locator("h1")).to_contain_text(TITLE)
    expect(justice.locator("#decision")).to_contain_text("撤销")
    expect(justice.get_by_role("button", name="推进")).to_have_count(0)


def announce_a_check(walk: Walk) -> None:
    """Of all cases of the agency, before anybody knows by which seed they will be drawn."""
    justice = walk.at("sifa", "/supervision/scjg")
    justice.get_by_label("抽取件数").fill("200")
    justice.get_by_role("button", name="公布抽查范围").click()
    expect(justice.locator("h1")).to_have_text("第 1 号抽查")


def test_one_case_goes_through_everybodys_hands(walk: Walk, chromium: Browser, tmp_path: Path) -> None:
    case = open_the_case(walk)
    announce_a_check(walk)
    investigate(walk, case)
    draft(walk)
    review(walk, case)
    decide(walk, case)
    serve_and_execute(walk, case)
    archive(walk, case)
    public = make_public(walk)
    read_from_disk(walk, chromium, publish(walk, tmp_path))
    withdraw(walk, case, public)
    gone_from_disk(walk, chromium, publish(walk, tmp_path))
    overseen(walk, case)
    assert all("422" in each for each in walk.complaints()), (
        "refusals are said with their own status, and nothing else is wrong"
    )
