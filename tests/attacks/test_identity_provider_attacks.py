"""Signing in by an identity provider under attack: each forged, stale or foreign answer opens nothing, and an honest one opens an
ordinary session of the one account that was linked. The provider is a stand-in of the tests, over real sockets.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pyotp
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from sqlalchemy import delete, func, select, update
from yarl import URL

from liuhen_server.operations.opening import found
from liuhen_server.people.accounts import find_person, set_disabled
from liuhen_server.people.lockout import BY_NAME, name_key
from liuhen_server.people.provider import Provider, Unreachable, flow_of
from liuhen_server.people.roles import Role
from liuhen_server.people.schema import people, people_sessions, sign_in_attempts
from liuhen_server.people.sessions import COOKIE, form_token
from liuhen_server.serve import running
from liuhen_server.web.provider_pages import FLOW_COOKIE
from support.device import archive_config
from support.identity_provider import StandIn, by_public_key, unsigned
from support.sign_in_scene import PASSWORD, SUBJECT, Scene, scene_in

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one archive and one provider for all of them


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with scene_in(tmp_path_factory.mktemp("provider")) as scene:
        yield scene


@pytest_asyncio.fixture(loop_scope="module")
async def scene(running_scene: Scene) -> Scene:
    """An honest provider, an account linked to SUBJECT that may enter, no attempt counted, nobody signed in."""
    running_scene.provider.as_new()
    async with running_scene.archive.database.write() as conn:
        await conn.execute(delete(sign_in_attempts))
        await conn.execute(delete(people_sessions))
        restored = {"disabled": False, "totp_secret": None, "totp_step": None}
        await conn.execute(update(people).values(**restored, must_change=False, one_time_until=None))
    await running_scene.link()
    return running_scene


async def refused(scene: Scene, says: str = "未通过核对", status: int = 403) -> None:
    """Whatever the provider does now: no session, and a page that says so in words."""
    browser = scene.new_browser()
    answered, text = await browser.sign_in()
    assert (answered, says in text) == (status, True), text
    assert not browser.has_session and await scene.sessions() == 0
    assert FLOW_COOKIE not in browser.session.cookie_jar.filter_cookies(URL(browser.url)), "nothing to try again with"


async def test_linked_person_comes_in_and_has_an_ordinary_session(scene: Scene) -> None:
    browser = scene.new_browser()
    address = await browser.begin("/clips?day=2026-11-20")
    asked = parse_qs(urlsplit(address).query)
    assert set(asked) == {
        "response_type", "client_id", "redirect_uri", "scope", "state", "nonce",
        "code_challenge", "code_challenge_method", "prompt",
    }  # fmt: skip
    assert len({*asked["state"], *asked["nonce"], *asked["code_challenge"]}) == 3
    status, headers, text = await browser.get(await browser.at_provider(address))
    assert status == 200 and 'content="0; url=/clips?day=2026-11-20"' in text
    session = next(cookie for cookie in headers.getall("Set-Cookie") if cookie.startswith(COOKIE + "="))
    for attribute in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert attribute in session
    assert (await browser.get("/clips"))[0] == 200
    assert "张伟" in (await browser.get("/account"))[2]
    token = form_token(browser.cookie(COOKIE))
    assert (await browser.post("/sign-out", token=token))[0] == 303
    assert (await browser.get("/clips"))[0] == 303, "signed out like anybody"


async def test_sign_in_page_offers_the_provider_and_still_the_password(scene: Scene) -> None:
    text = (await scene.new_browser().get("/sign-in?next=/clips"))[2]
    assert (
        "用“朝县统一身份认证”登录" in text
        and 'href="/sign-in/provider?next=/clips"' in text
        and 'name="password"' in text
    )


ForgeWith = Callable[[StandIn, dict[str, Any]], str]


def _another_key(provider: StandIn, claims: dict[str, Any]) -> str:
    return provider.sign(claims, ECKey.generate_key("P-256", {"kid": provider.key.kid or ""}))


def _one_sign_changed(provider: StandIn, claims: dict[str, Any]) -> str:
    signed = provider.sign(claims)
    return signed[:-20] + ("A" if signed[-20] != "A" else "B") + signed[-19:]


def _by_the_shared_key_of_the_set(provider: StandIn, claims: dict[str, Any]) -> str:
    key = OctKey.import_key("secret secret secret secret", {"kid": "shared"})
    return jwt.encode({"alg": "HS256", "kid": "shared"}, claims, key)


def _key_of_its_own(provider: StandIn, claims: dict[str, Any]) -> str:
    """The header brings the key (`jwk`) that it should be checked with."""
    key = ECKey.generate_key("P-256")
    return jwt.encode({"alg": "ES256", "jwk": key.as_dict(private=False)}, claims, key)


@pytest.mark.parametrize(
    "forge",
    [
        _another_key,
        _one_sign_changed,
        _by_the_shared_key_of_the_set,
        _key_of_its_own,
        lambda provider, claims: by_public_key(claims, provider.key),
        lambda provider, claims: unsigned(claims),
        lambda provider, claims: unsigned(claims).replace("bm9uZ", "Tm9uZ"),
        lambda provider, claims: "not.a.token",
        lambda provider, claims: "",
        lambda provider, claims: "\ud83d" * 3 + "." * 40,
    ],
    ids=[
        "signed by another key of the same name",
        "one sign of the signature changed",
        "HS256 by a shared key in the key set",
        "a key that the token brings itself",
        "HS256 with the public key as secret",
        "alg none",
        "alg None",
        "no token at all",
        "an empty one",
        "signs that are none",
    ],
)
async def test_forged_signature_opens_nothing(scene: Scene, forge: ForgeWith) -> None:
    scene.provider.forge = lambda claims: forge(scene.provider, claims)
    await refused(scene)


async def test_public_rsa_key_as_a_shared_secret_opens_nothing(scene: Scene) -> None:
    kept = scene.provider.key
    try:
        scene.provider.key = RSAKey.generate_key(2048, {"kid": "rsa"})
        scene.provider.forge = lambda claims: by_public_key(claims, scene.provider.key)
        await refused(scene)
    finally:
        scene.provider.key = kept


def _changed(**values: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {name: value for name, value in (claims | values).items() if value is not None}


NOW = int(time.time())


@pytest.mark.parametrize(
    "change",
    [
        _changed(aud="another-client"),
        _changed(aud=["another-client"]),
        _changed(aud=None),
        _changed(aud=["liuhen", "another-client"]),
        _changed(azp="another-client"),
        _changed(aud=["liuhen", "another-client"], azp="another-client"),
        _changed(nonce="of another sign-in"),
        _changed(nonce=None),
        _changed(exp=NOW - 3600),
        _changed(exp=None),
        _changed(exp="never"),
        _changed(iat=NOW - 3600),
        _changed(iat=NOW + 3600),
        _changed(nbf=NOW + 3600),
        _changed(auth_time=NOW - 3600),
        _changed(iss="https://sso.another.example"),
        _changed(iss=None),
        _changed(sub=None),
        _changed(sub=""),
        _changed(sub=["u-1001"]),
        _changed(sub="u-1001\n"),
    ],
    ids=[
        "for another client", "for another client, as a list", "for nobody", "for two without saying who asked",
        "asked by another client", "for two, asked by the other", "nonce of another sign-in", "no nonce", "expired",
        "without expiry", "expiry that is no number", "made an hour ago", "made in the future", "not good yet",
        "proven an hour ago at a shared computer", "another issuer", "no issuer", "no subject", "empty subject",
        "a list of subjects", "a subject with a line break",
    ],
)  # fmt: skip
async def test_token_that_is_not_of_this_sign_in_opens_nothing(
    scene: Scene, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    scene.provider.change = change
    await refused(scene)


async def test_two_audiences_are_taken_when_we_are_the_one_who_asked(scene: Scene) -> None:
    scene.provider.change = _changed(aud=["liuhen", "another-client"], azp="liuhen")
    assert (await scene.new_browser().sign_in())[0] == 200


async def test_answer_of_another_provider_is_refused_before_its_code_goes_anywhere(scene: Scene) -> None:
    """The mix-up: an attacker's provider sends the browser here with an honest provider's code, or the other way round."""
    scene.provider.answer = lambda query: query | {"iss": "https://sso.another.example"}
    await refused(scene)
    assert "token" not in scene.provider.asked
    scene.provider.answer = lambda query: {name: value for name, value in query.items() if name != "iss"}
    await refused(scene)
    assert "token" not in scene.provider.asked, "a provider that names itself always does"


@pytest.mark.parametrize("name", ["issuer", "token_endpoint", "jwks_uri", "authorization_endpoint"])
async def test_discovery_document_of_another_or_without_tls_is_not_used(scene: Scene, name: str) -> None:
    """Asked with a client of its own, for the archive's has read an honest one already."""
    scene.provider.document = lambda document: document | {name: "http://127.0.0.1:1/"}
    async with aiohttp.ClientSession() as session:
        fresh = Provider(scene.provider.settings, session, lambda: int(time.time()))
        with pytest.raises(Unreachable):
            await fresh.address(flow_of("s"))


async def test_state_of_another_browser_opens_nothing(scene: Scene) -> None:
    """Somebody else's answer, put under a victim's pointer: the victim would work in the attacker's account."""
    attacker, victim = scene.new_browser(), scene.new_browser()
    back = await attacker.at_provider(await attacker.begin())
    for began in (False, True):
        if began:
            await victim.begin()
        status, _, _ = await victim.get(back)
        assert status == 403 and not victim.has_session
    assert "token" not in scene.provider.asked, "its code goes nowhere"


async def test_code_of_another_sign_in_under_ones_own_state_opens_nothing(scene: Scene) -> None:
    """A stolen code: PKCE binds it to the browser that asked for it."""
    victim, attacker = scene.new_browser(), scene.new_browser()
    stolen = parse_qs((await victim.at_provider(await victim.begin())).partition("?")[2])["code"][0]
    back = await attacker.at_provider(await attacker.begin())
    own = parse_qs(back.partition("?")[2])["code"][0]
    status, _, _ = await attacker.get(back.replace(own, stolen))
    assert status == 403 and not attacker.has_session


async def test_replayed_answer_opens_nothing(scene: Scene) -> None:
    browser = scene.new_browser()
    address = await browser.begin()
    flow = browser.cookie(FLOW_COOKIE)
    back = await browser.at_provider(address)
    assert (await browser.get(back))[0] == 200 and await scene.sessions() == 1
    scene.provider.codes = {
        parse_qs(back.partition("?")[2])["code"][0]: dict(URL(address).query)
    }  # a careless provider
    thief = scene.new_browser()
    thief.session.cookie_jar.update_cookies({FLOW_COOKIE: flow}, URL(browser.url))
    asked = scene.provider.asked.count("token")
    assert (await thief.get(back))[0] == 403 and not thief.has_session
    assert scene.provider.asked.count("token") == asked and await scene.sessions() == 1


async def test_subject_that_nobody_linked_gets_no_account_and_is_told_its_name(scene: Scene) -> None:
    scene.provider.subject = "u-9999"
    scene.provider.change = _changed(email="zhang@chaoxian.example", preferred_username="zhang", name="张伟")
    async with scene.archive.database.read() as conn:
        before = (await conn.execute(select(func.count()).select_from(people))).scalar_one()
    await refused(scene, "u-9999")
    async with scene.archive.database.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(people))).scalar_one() == before


async def test_subject_of_another_issuer_is_somebody_else(scene: Scene) -> None:
    await scene.link(issuer="https://sso.another.example")
    await refused(scene, "还没有账号与您的统一身份关联")


async def test_provider_gives_no_right(scene: Scene) -> None:
    scene.provider.change = _changed(roles=["system_administrator"], groups=["auditor"], agency="jtys")
    browser = scene.new_browser()
    assert (await browser.sign_in())[0] == 200
    assert (await browser.get("/accounts"))[0] == 403
    async with scene.archive.database.read() as conn:
        person = await find_person(conn, "zhang")
    assert person is not None and person.roles == {Role.REVIEWER} and person.agency == "scjg"


async def test_disabled_account_stays_shut(scene: Scene) -> None:
    async with scene.archive.database.write() as conn:
        await set_disabled(conn, scene.person.id, True)
    await refused(scene, "您的账号现在不能登录")


async def test_account_with_an_expired_one_time_password_stays_shut(scene: Scene) -> None:
    async with scene.archive.database.write() as conn:
        await conn.execute(update(people).values(must_change=True, one_time_until=NOW - 10))
    await refused(scene, "您的账号现在不能登录")


async def test_account_with_a_one_time_password_has_to_change_it_first(scene: Scene) -> None:
    async with scene.archive.database.write() as conn:
        await conn.execute(update(people).values(must_change=True, one_time_until=NOW + 3600))
    browser = scene.new_browser()
    assert 'url=/password"' in (await browser.sign_in())[1]
    status, headers, _ = await browser.get("/clips")
    assert (status, headers["Location"]) == (303, "/password")


async def test_locked_account_waits_here_too(scene: Scene) -> None:
    async with scene.archive.database.write() as conn:
        rows = [{"subject": name_key("zhang"), "at": int(time.time())} for _ in range(BY_NAME.attempts)]
        await conn.execute(sign_in_attempts.insert(), rows)
    await refused(scene, "尝试次数过多", 429)


async def test_what_did_not_hold_counts_by_address_and_what_held_does_not(scene: Scene) -> None:
    async def counted() -> int:
        async with scene.archive.database.read() as conn:
            return int((await conn.execute(select(func.count()).select_from(sign_in_attempts))).scalar_one())

    assert (await scene.new_browser().sign_in())[0] == 200 and await counted() == 0
    scene.provider.forge = unsigned
    await scene.new_browser().sign_in()
    assert await counted() == 1


async def test_second_factor_is_still_asked_for(scene: Scene) -> None:
    secret = pyotp.random_base32()
    async with scene.archive.database.write() as conn:
        await conn.execute(update(people).values(totp_secret=secret))
    browser = scene.new_browser()
    status, text = await browser.sign_in()
    assert status == 200 and not browser.has_session and await scene.sessions() == 0
    token = re.search(r'name="token" value="([0-9a-f]{64})"', text)
    assert token is not None
    assert (await browser.post("/sign-in/provider/code", token="0" * 64, code="000000"))[0] == 403
    right = pyotp.TOTP(secret).now()
    wrong = f"{(int(right) + 500_000) % 1_000_000:06d}"
    status, text = await browser.post("/sign-in/provider/code", token=token[1], code=wrong)
    assert status == 403 and not browser.has_session and "数字不正确" in text
    assert (await browser.post("/sign-in/provider/code", token=token[1], code=right))[0] == 200
    assert (await browser.get("/clips"))[0] == 200
    assert (await browser.post("/sign-in/provider/code", token=token[1], code=right))[0] == 403, "taken once"


async def test_code_without_an_answer_of_the_provider_opens_nothing(scene: Scene) -> None:
    secret = pyotp.random_base32()
    async with scene.archive.database.write() as conn:
        await conn.execute(update(people).values(totp_secret=secret))
    browser = scene.new_browser()
    await browser.begin()
    token = re.search(r'name="token" value="([0-9a-f]{64})"', (await browser.get("/sign-in"))[2])
    assert token is not None
    code = pyotp.TOTP(secret).now()
    assert (await browser.post("/sign-in/provider/code", token=token[1], code=code))[0] == 403
    assert not browser.has_session


@pytest.mark.parametrize(
    "away", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", '/"><script>']
)
async def test_sign_in_never_leads_to_another_site(scene: Scene, away: str) -> None:
    browser = scene.new_browser()
    address = await browser.begin(str(URL.build(path="x", query={"next": away}).raw_query_string).removeprefix("next="))
    assert address.startswith(scene.provider.address + "/authorize?")
    _, text = (await browser.get(await browser.at_provider(address)))[1:]
    assert "evil" not in text and "<script>" not in text.replace('<script type="module"', "")
    assert '<a class="button primary" href="/' in text


async def test_changed_cookie_of_the_way_back_never_leads_to_another_site(scene: Scene) -> None:
    browser = scene.new_browser()
    address = await browser.begin()
    secret = browser.cookie(FLOW_COOKIE).partition(".")[0]
    browser.session.cookie_jar.update_cookies(
        {FLOW_COOKIE: f"{secret}.https%3A%2F%2Fevil.example%2F"}, URL(browser.url)
    )
    status, _, text = await browser.get(await browser.at_provider(address))
    assert status == 200 and "evil" not in text and 'url=/"' in text


async def test_person_who_cancels_at_the_provider_is_told_so(scene: Scene) -> None:
    scene.provider.answer = lambda query: {"error": "access_denied", "state": query["state"]}
    await refused(scene, "登录没有完成")
    assert (await scene.new_browser().get("/sign-in/provider/return"))[0] == 403


async def test_provider_that_is_away_is_a_clear_page_and_the_password_still_opens(scene: Scene) -> None:
    browser = scene.new_browser()
    address = await browser.begin()
    back = await browser.at_provider(address)
    scene.provider.away = True
    status, _, text = await browser.get(back)
    assert status == 503 and "统一身份认证暂时无法使用" in text and not browser.has_session
    token = re.search(r'name="token" value="([0-9a-f]{64})"', text)
    assert token is not None
    assert (await browser.post("/sign-in", token=token[1], name="zhang", password=PASSWORD))[0] == 303


async def test_provider_that_changes_its_key_is_followed_and_not_asked_without_end(scene: Scene) -> None:
    async with aiohttp.ClientSession() as session:
        clock = [int(time.time())]
        fresh = Provider(scene.provider.settings, session, lambda: clock[0])
        browser, kept = scene.new_browser(), scene.provider.key

        async def named() -> str:
            flow = flow_of(os.urandom(8).hex())
            query = parse_qs((await browser.at_provider(await fresh.address(flow))).partition("?")[2])
            return await fresh.subject(flow, query["code"][0], query["iss"][0])

        try:
            assert await named() == SUBJECT
            scene.provider.key = RSAKey.generate_key(2048, {"kid": "second"})
            with pytest.raises(Exception, match="key"):
                await named()
            asked = scene.provider.asked.count("keys")
            with pytest.raises(Exception, match="key"):
                await named()
            assert scene.provider.asked.count("keys") == asked, "not again within the minute"
            clock[0] += 61
            assert await named() == SUBJECT
        finally:
            scene.provider.key = kept


async def test_archive_without_a_provider_has_no_such_pages(tmp_path_factory: pytest.TempPathFactory) -> None:
    config = archive_config(tmp_path_factory.mktemp("without") / "archive")
    await found(config)
    async with running(config) as ports, aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session:
        for path in ("/sign-in/provider", "/sign-in/provider/return?code=x&state=y"):
            async with session.get(f"https://127.0.0.1:{ports.people.port}{path}", allow_redirects=False) as answer:
                assert answer.status == 404
