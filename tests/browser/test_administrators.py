"""A day of the three administrators (三员分立) in Chinese: the first code, agencies and officers, accounts and rights, a refusal, the audit."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import expect

from browser.conftest import PASSWORD, Seeded, Visitor
from liuhen_server.operations.opening import opened
from liuhen_server.people.first import give_first_code

pytestmark = pytest.mark.xdist_group("browser")
New = Callable[..., Visitor]
HOSTILE = "<img src=x onerror=alert(1)>王丽"
PICTURES = os.environ.get("LIUHEN_PICTURES")  # a folder: what is looked at by people
CHOSEN = "走廊尽头左转第二间 blue"


async def first_code(county: Seeded) -> str:
    async with opened(county.config) as archive, archive.database.write() as conn:
        return await give_first_code(conn, int(time.time()), secrets.token_bytes)


@pytest.fixture(scope="module")
def system(county: Seeded) -> str:
    """The first administrator's code, as `init` prints it."""
    code: str = county.call(first_code(county))
    return code


def fill(visitor: Visitor, **fields: str) -> None:
    for name, value in fields.items():
        visitor.page.fill(f"#{name}", value)


def new_account(visitor: Visitor, name: str, display_name: str) -> str:
    """Made on the page; the one-time password it shows once."""
    visitor.go("/new-account")
    fill(visitor, name=name, display_name=display_name)
    visitor.page.get_by_role("button", name="建立账号").click()
    return visitor.page.locator("[data-one-time]").inner_text()


def change_password(visitor: Visitor, name: str, one_time: str) -> None:
    visitor.sign_in(name, one_time)
    fill(visitor, current=one_time, new=CHOSEN, again=CHOSEN)
    visitor.page.get_by_role("button", name="保存新密码").click()
    visitor.page.wait_for_url(lambda url: "/password" not in url)


def test_the_three_administrators_begin_a_county(county: Seeded, visit: New, system: str) -> None:
    # the first system administrator, by the code that was printed
    wang = visit()
    page = wang.page
    wang.go("/first")
    for code, says in (("aaaa-bbbb-cccc-dddd", "代码不正确"), (system, "")):
        fill(wang, code=code, name="wang", display_name="王系统", new=PASSWORD, again=PASSWORD)
        page.get_by_role("button", name="建立管理员").click()
        if says:
            expect(page.get_by_role("alert")).to_contain_text(says)
    expect(page).to_have_url(county.url + "/log")
    wang.go("/first")
    expect(page.get_by_role("heading", level=1)).to_have_text("这里没有可用的代码")

    # a dock whose agency is not known yet, until it is added
    wang.go("/agencies")
    expect(page.locator("section")).to_contain_text("dock-03")
    expect(page.locator("section")).to_contain_text("待分配")
    page.get_by_role("link", name="新增执法主体").click()
    fill(wang, code="scjg", name="朝县市监局", short="市监局", case_word="abc")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".mistake")).to_contain_text("汉字")
    expect(page.locator("#name")).to_have_value("朝县市监局")
    fill(wang, case_word="朝县市监")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("tbody")).to_contain_text("朝县市监局")
    expect(page.get_by_text("待分配")).to_have_count(0)

    # an officer with a hostile name and an expired certificate
    wang.go("/new-officer")
    fill(wang, certificate="LN-0327", name=HOSTILE, expires="2020-01-31", recorder_number="210327")
    page.get_by_label("行政检查").check()
    page.get_by_role("button", name="保存").click()
    expect(page.locator("tbody")).to_contain_text(HOSTILE)
    expect(page.locator("tbody")).to_contain_text("证件已过期")

    # accounts without rights; the security administrator is appointed, once
    for_qian = new_account(wang, "qian", "钱安全")
    for_sun, for_zhao = new_account(wang, "sun", "孙审计"), new_account(wang, "zhao", "赵承办")
    wang.go("/accounts")
    expect(page.get_by_role("status")).to_contain_text("还没有安全管理员")
    page.get_by_role("link", name="qian").click()
    page.get_by_role("button", name="指定为安全管理员").click()
    expect(page.locator("dl")).to_contain_text("安全管理员")
    wang.go("/accounts")
    page.get_by_role("link", name="zhao").click()
    expect(page.locator("main")).to_contain_text("您可以查看，不能修改")
    assert wang.page.locator("form.act").count() == 0

    # the security administrator gives rights, to others
    qian = visit()
    change_password(qian, "qian", for_qian)
    qian.go("/accounts")
    qian.page.get_by_role("link", name="sun").click()
    qian.page.get_by_label("审计员").check()
    qian.page.get_by_label("承办人").check()
    qian.page.get_by_role("button", name="保存权限").click()
    expect(qian.page.locator(".mistake")).to_contain_text("三员分立")
    qian.page.get_by_label("承办人").uncheck()
    qian.page.get_by_role("button", name="保存权限").click()
    expect(qian.page.locator("dl")).to_contain_text("审计员")
    qian.go("/accounts")
    qian.page.get_by_role("link", name="zhao").click()
    qian.page.get_by_label("承办人").check()
    qian.page.select_option("#agency", "scjg")
    qian.page.fill("#reason", "调入执法一队")
    qian.page.get_by_role("button", name="保存权限").click()
    qian.page.select_option("#officer", label=f"{HOSTILE} LN-0327")
    qian.page.get_by_role("button", name="保存权限").click()
    expect(qian.page.locator("dl")).to_contain_text("LN-0327")

    # a token for the agency's case system: shown once
    account = qian.page.url
    qian.page.get_by_role("button", name="签发接口令牌").click()
    given = qian.page.locator("[data-token]").inner_text()
    assert given.startswith("lht_")
    qian.go(account)
    expect(qian.page.locator("dl")).to_contain_text("有效至")
    expect(qian.page.locator("body")).not_to_contain_text(given)
    qian.go("/accounts")
    qian.page.get_by_role("link", name="qian").click()
    expect(qian.page.locator("main")).to_contain_text("须由另一名管理员办理")
    for path in ("/clips", "/stays", "/audit", "/new-agency"):
        qian.go(path)
        expect(qian.page.get_by_role("heading", level=1)).to_have_text("您的角色不能查看此页")

    # the handler watches his own recordings and is refused what is not his
    zhao = visit()
    change_password(zhao, "zhao", for_zhao)
    expect(zhao.page).to_have_url(county.url + "/todo")
    zhao.go(county.address("film"))
    expect(zhao.page.locator("video")).to_have_count(1)
    zhao.go("/accounts")
    expect(zhao.page.get_by_role("heading", level=1)).to_have_text("您的角色不能查看此页")
    zhao.go("/account")
    expect(zhao.page.get_by_role("alert")).to_contain_text("证件已过期")
    expect(zhao.page.locator("main")).to_contain_text("接口令牌")
    if PICTURES:
        zhao.page.screenshot(path=str(Path(PICTURES, "own-token.png")), full_page=True)
        qian.go(account)
        qian.page.screenshot(path=str(Path(PICTURES, "account-token.png")), full_page=True)
    zhao.page.get_by_role("button", name="收回接口令牌").click()
    expect(zhao.page.locator("main")).not_to_contain_text("接口令牌")

    # the auditor reads it, words and all
    sun = visit()
    change_password(sun, "sun", for_sun)
    sun.go("/audit")
    expect(sun.page.locator("tbody")).to_contain_text("以承办人身份请求“查看账号”（page /accounts），被拒绝")
    expect(sun.page.locator("tbody")).to_contain_text("调入执法一队")
    expect(sun.page.locator("tbody")).to_contain_text("收回接口令牌")
    sun.page.select_option("#kind", "access.refused")
    sun.page.wait_for_url("**kind=access.refused**")
    assert sun.page.locator("tbody tr").count() >= 4
    refused = "Failed to load resource: the server responded with a status of 403 (Forbidden)"
    assert [each.complaints for each in (zhao, sun)] == [[refused], []]
    for visitor, paths in ((wang, ("/agencies", "/officers", "/accounts", "/new-officer")), (sun, ("/audit",))):
        for width in (1366, 390):
            visitor.page.set_viewport_size({"width": width, "height": 768})
            for path in paths:
                visitor.go(path)
                assert visitor.fits(), (path, width)


def test_two_administrators_at_one_officer_and_nothing_typed_is_lost(county: Seeded, visit: New, system: str) -> None:
    first, second = visit(), visit()
    for visitor in (first, second):
        visitor.sign_in("wang", PASSWORD)
        visitor.go("/officers")
        visitor.page.get_by_role("link", name="LN-0327").click()
    first.page.fill("#post", "执法二队")
    first.page.get_by_role("button", name="保存").click()
    first.page.wait_for_url("**/officers")
    second.page.fill("#area", "朝阳县城区")
    second.page.get_by_role("button", name="保存").click()
    expect(second.page.get_by_role("status")).to_contain_text("他人已保存过")
    expect(second.page.locator("#area")).to_have_value("朝阳县城区")
    expect(second.page.locator(".timeline")).to_contain_text("执法二队")
    second.page.get_by_role("button", name="保存").click()
    second.page.wait_for_url("**/officers")


def test_a_second_factor_is_set_up_asked_for_and_ended(county: Seeded, visit: New, system: str) -> None:
    visitor = visit()
    page = visitor.page
    visitor.sign_in("wang", PASSWORD)
    visitor.go("/account")
    page.get_by_role("button", name="启用两步验证").click()
    secret = page.locator("[data-secret]").inner_text()
    expect(page.locator(".picture svg")).to_have_count(1)
    page.fill("#code", "000000")
    page.get_by_role("button", name="确认启用").click()
    expect(page.get_by_role("alert")).to_contain_text("数字不正确")
    now = int(time.time())
    page.fill("#code", pyotp.TOTP(secret).at(now - 30))
    page.get_by_role("button", name="确认启用").click()
    expect(page.get_by_role("button", name="停用")).to_be_visible()
    page.get_by_role("button", name="退出").first.click()
    visitor.sign_in("wang", PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text("账号或密码不正确")
    page.fill("#name", "wang")
    page.fill("#password", PASSWORD)
    page.fill("#code", pyotp.TOTP(secret).at(now))
    page.click("form.panel button")
    page.wait_for_url("**/log")
    visitor.go("/account")
    page.fill("#code", pyotp.TOTP(secret).at(now + 30))
    page.get_by_role("button", name="停用").click()
    expect(page.get_by_role("button", name="启用两步验证")).to_be_visible()
    assert not [each for each in visitor.complaints if "status of" not in each]
