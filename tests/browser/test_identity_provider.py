"""Signing in by an identity provider in a real browser, where the way there and back crosses sites: the strict cookie of the session
holds all the same. The provider is a stand-in of the tests at another host name.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from browser.conftest import Loop
from liuhen_server.acts import MACHINE, Acts
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import found, opened
from liuhen_server.people import changes
from liuhen_server.people.accounts import add_person, set_password
from liuhen_server.people.roles import Role
from liuhen_server.serve import running
from support.device import archive_config
from support.identity_provider import StandIn, standing_in
from support.people import our_agency

pytestmark = pytest.mark.xdist_group("browser")


async def _live(ready: Future[tuple[str, StandIn]], stop: asyncio.Event, folder: Path) -> None:
    async with standing_in(folder / "sso", "localhost") as provider:
        config = replace(archive_config(folder / "archive"), provider=provider.settings)
        await found(config)
        async with running(config) as ports:
            async with opened(config) as archive:
                async with archive.database.write() as conn:
                    person = await add_person(
                        conn,
                        name="zhang",
                        display_name="张伟",
                        roles=frozenset({Role.REVIEWER}),
                        one_time_hash="",
                        now=int(time.time()),
                        agency=await our_agency(conn),
                    )
                    await set_password(conn, person.id, "")
                async with Acts(archive.database, archive.chain, utc_now, os.urandom).of(MACHINE) as act:
                    await changes.link_subject(act, person.id, provider.address, provider.subject)
            url = f"https://127.0.0.1:{ports.people.port}"
            provider.back = url + "/sign-in/provider/return"
            ready.set_result((url, provider))
            await stop.wait()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, StandIn]]:
    loop, ready, stop = Loop(), Future[tuple[str, StandIn]](), asyncio.Event()
    life = asyncio.run_coroutine_threadsafe(_live(ready, stop, tmp_path_factory.mktemp("sso")), loop.loop)
    yield ready.result(60)
    loop.loop.call_soon_threadsafe(stop.set)
    life.result(60)
    loop.close()


def test_person_comes_in_by_the_provider_and_leads_on_to_what_was_asked_for(
    scene: tuple[str, StandIn], chromium: Browser
) -> None:
    url, provider = scene
    context = chromium.new_context(ignore_https_errors=True, viewport={"width": 1366, "height": 768})
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(url + "/clips?day=2026-11-20")
    page.get_by_role("link", name="用“朝县统一身份认证”登录").click()
    expect(page).to_have_url(url + "/clips?day=2026-11-20")
    expect(page.get_by_role("link", name="张伟")).to_be_visible()
    assert provider.asked.count("authorize") == 1 and complaints == []
    page.get_by_role("button", name="退出").click()
    provider.subject = "u-9999"
    page.get_by_role("link", name="用“朝县统一身份认证”登录").click()
    expect(page.get_by_role("heading")).to_contain_text("还没有账号与您的统一身份关联")
    expect(page.locator("main code")).to_have_text("u-9999")
    page.goto(url + "/clips")
    expect(page).to_have_url(url + "/sign-in?next=/clips")
    context.close()
