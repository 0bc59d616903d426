"""Reminders over real sockets: what mail server and group robot are given, what is never in it, and that each goes out once."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import insert, select, update

from liuhen_server.cases.classes import Stage
from liuhen_server.cases.documents import Paper, add_document
from liuhen_server.config import ConfigError, parse
from liuhen_server.deadlines import sent
from liuhen_server.deadlines.reminder import Reminder
from liuhen_server.deadlines.reminding import Message
from liuhen_server.deadlines.schema import reminder_messages
from liuhen_server.deadlines.settings import (
    Hook,
    Mail,
    Reminders,
    is_address,
    parse_reminders,
    read_secrets,
    settings_text,
)
from liuhen_server.deadlines.wording import dingtalk_sign, mail_of
from liuhen_server.doctor import examine
from liuhen_server.people.schema import people
from support.case_office import HANDLER, Office
from support.mailbox import PASSWORD, Mailbox, mailbox, robot

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # nine in the morning in China
PAGES = "https://archive.chaoyang.example:8444"
KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
SECRET = "SEC000000000000000000000"


class Killed(BaseException):
    """The process ends here."""


class Clock:
    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def secrets_file(folder: Path, password: str = PASSWORD) -> Path:
    path = folder / "reminders.toml"
    path.write_text(
        f'mail_password = "{password}"\n[webhook.all]\nkey = "{KEY}"\n[webhook.ours]\nkey = "{KEY}"\nsecret = "{SECRET}"\n',
        "utf-8",
    )
    return path


def by_mail(box: Mailbox, folder: Path, **more: object) -> Reminders:
    mail = Mail(box.host, box.port, "starttls", "liuhen@chaoyang.example", "liuhen")
    made = Reminders(PAGES, mail=mail, secrets_file=secrets_file(folder), ca_file=box.ca_file)
    return replace(made, **more)  # type: ignore[arg-type]


async def overdue_case(office: Office, email: str | None = "wanglei@chaoyang.example") -> None:
    """A case of the handler's whose keeping was to be decided long ago; its title is what nobody may see in a mail."""
    case = await office.open(title="张三诈骗案")
    async with office.archive.database.write() as conn:
        await conn.execute(
            insert(people).values(
                id=7,
                name="wanglei",
                display_name="王磊\r\nBcc: all@example.com",
                roles="handler",
                password_hash="x",
                must_change=False,
                disabled=False,
                created=1,
                agency=office.agency,
                officer=office.officers["王磊"],
                email=email,
            )
        )
    await add_document(
        office.acts, HANDLER, case.id, await office.file(), Paper(Stage.INITIATION, "filing", "2026-01-05")
    )


async def states(office: Office) -> list[tuple[str, str, int, str]]:
    query = select(reminder_messages).order_by(reminder_messages.c.recipient, reminder_messages.c.day)
    async with office.archive.database.read() as conn:
        return [(row.recipient, row.state, row.tries, row.why) for row in await conn.execute(query)]


async def test_a_mail_says_how_many_and_where_and_nothing_else(
    office: Office, tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    await overdue_case(office)
    async with mailbox(tmp_path / "mail") as box:
        reminder = Reminder(office.archive.database, by_mail(box, tmp_path), session, lambda: MONDAY)
        await reminder.round()
        await reminder.round()
    (mail,) = box.mails
    assert box.to == [["wanglei@chaoyang.example"]] and mail["To"] == "wanglei@chaoyang.example"
    assert mail["Subject"] == "留痕待办：逾期 1 项，今日到期 0 项，三个工作日内到期 0 项"
    text = box.text(mail)
    assert f"{PAGES}/todo" in text and "1 overdue" in text
    for secret in ("张三", "诈骗", "朝县市监", "王磊", PASSWORD):
        assert secret not in text and secret not in str(mail["Subject"])
    assert mail["Bcc"] is None and mail["Auto-Submitted"] == "auto-generated"
    assert await states(office) == [("person-7", "sent", 1, "")]


async def test_case_numbers_stand_in_it_only_where_the_configuration_says_so(
    office: Office, tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    await overdue_case(office)
    async with mailbox(tmp_path / "mail") as box:
        settings = by_mail(box, tmp_path, case_numbers=True)
        await Reminder(office.archive.database, settings, session, lambda: MONDAY).send()
    text = box.text(box.mails[0])
    assert "朝县市监罚〔2026〕1号  作出处罚决定  2026-04-05" in text and "张三" not in text


async def test_nothing_goes_out_before_the_hour_on_a_day_off_or_to_who_gave_no_address(
    office: Office, tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    await overdue_case(office, email=None)
    clock = Clock()
    async with mailbox(tmp_path / "mail") as box:
        reminder = Reminder(office.archive.database, by_mail(box, tmp_path), session, clock)
        await reminder.round()
        async with office.archive.database.write() as conn:
            await conn.execute(update(people).values(email="wanglei@chaoyang.example"))
        for moment in (MONDAY - timedelta(hours=2), MONDAY - timedelta(days=1)):
            clock.now = moment
            await reminder.round()
        async with office.archive.database.write() as conn:
            await conn.execute(update(people).values(disabled=True))
        clock.now = MONDAY
        await reminder.round()
    assert box.mails == [] and await states(office) == []


async def test_two_processes_at_once_send_one_mail(
    office: Office, tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    await overdue_case(office)
    async with mailbox(tmp_path / "mail") as box:
        one, other = (
            Reminder(office.archive.database, by_mail(box, tmp_path), session, lambda: MONDAY) for _ in range(2)
        )
        async with office.archive.database.write() as conn:
            assert await sent.claim(conn, "person-7", date(2026, 11, 23), MONDAY)
        assert await one.send() == [] and await other.send() == []
    assert box.mails == []


async def test_a_process_that_ended_between_sending_and_writing_so_repeats_once_at_the_most(
    office: Office, tmp_path: Path, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    await overdue_case(office)
    clock = Clock()

    async def killed(*_: object) -> None:
        raise Killed

    async with mailbox(tmp_path / "mail") as box:
        reminder = Reminder(office.archive.database, by_mail(box, tmp_path), session, clock)
        monkeypatch.setattr(sent, "sent", killed)
        for _ in range(4):
            with contextlib.suppress(Killed):
                await reminder.send()
            clock.now += sent.CLAIMED
    assert len(box.mails) == 2, "the one that went out, and one repetition"
    assert box.mails[0]["Message-ID"] == box.mails[1]["Message-ID"], "mail programs show it once"
    assert await states(office) == [("person-7", "given-up", 2, "ended while sending, twice")]


async def test_a_failure_is_tried_again_later_and_shown_by_doctor(
    office: Office, tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    await overdue_case(office)
    clock = Clock()
    async with mailbox(tmp_path / "mail") as box:
        box.refuse = f"451 try later {PASSWORD}"
        settings = by_mail(box, tmp_path)
        reminder = Reminder(office.archive.database, settings, session, clock)
        (outcome,) = await reminder.send()
        assert outcome.why == "SMTPDataError 451"
        assert await reminder.send() == [], "not at once"
        archive = replace(office.archive, config=replace(office.archive.config, reminders=settings))
        found = [each for each in await examine(archive, tmp_path) if each.what.startswith("提醒")]
        assert [each.well for each in found] == [False] and "person-7" in found[0].found
        assert PASSWORD not in found[0].line()
        box.refuse = ""
        clock.now += timedelta(minutes=5)
        assert [each.why for each in await reminder.send()] == [""]
        found = [each for each in await examine(archive, tmp_path) if each.what.startswith("提醒")]
        assert [each.well for each in found] == [True]
    assert len(box.mails) == 1
    assert await states(office) == [("person-7", "sent", 2, "")]


async def test_a_server_without_tls_an_unknown_authority_and_a_wrong_password_get_no_mail(
    office: Office, tmp_path: Path, session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    await overdue_case(office)
    clock, whys = Clock(), list[str]()
    async with mailbox(tmp_path / "plain", with_tls=False) as plain, mailbox(tmp_path / "mail") as box:
        for settings in (
            by_mail(plain, tmp_path),
            by_mail(box, tmp_path, ca_file=None),
            by_mail(box, tmp_path, secrets_file=secrets_file(tmp_path / "mail", "wrong")),
        ):
            whys += [each.why for each in await Reminder(office.archive.database, settings, session, clock).send()]
            clock.now += timedelta(hours=1)
        assert plain.mails == [] and box.mails == []
    assert whys == ["SMTPNotSupportedError", "SSLCertVerificationError", "SMTPAuthenticationError 535"]
    assert PASSWORD not in caplog.text and "wrong" not in caplog.text


async def test_tls_from_the_first_byte_on(office: Office, tmp_path: Path, session: aiohttp.ClientSession) -> None:
    await overdue_case(office)
    async with mailbox(tmp_path / "mail", at_once=True) as box:
        mail = Mail(box.host, box.port, "tls", "liuhen@chaoyang.example")
        settings = by_mail(box, tmp_path, mail=mail)
        (outcome,) = await Reminder(office.archive.database, settings, session, lambda: MONDAY).send()
    assert outcome.why == "" and len(box.mails) == 1


async def test_groups_are_told_in_the_shapes_of_their_robots(
    office: Office, tmp_path: Path, session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    await overdue_case(office, email=None)
    async with robot(tmp_path / "robot") as wecom, robot(tmp_path / "robot") as dingtalk:
        hooks = (Hook("all", "wecom", wecom.url), Hook("ours", "dingtalk", dingtalk.url, "scjg"))
        settings = Reminders(PAGES, hooks=hooks, secrets_file=secrets_file(tmp_path), ca_file=wecom.ca_file)
        done = await Reminder(office.archive.database, settings, session, lambda: MONDAY).send()
    assert [each.why for each in done] == ["", ""]
    ((query, body),) = wecom.asked
    assert query == {"key": KEY}
    assert body["msgtype"] == "text" and f"{PAGES}/todo" in body["text"]["content"] and set(body) == {"msgtype", "text"}
    ((query, body),) = dingtalk.asked
    stamp = str(int(MONDAY.timestamp() * 1000))
    expected = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    assert query == {"access_token": KEY, "timestamp": stamp, "sign": base64.b64encode(expected).decode()}
    assert "张三" not in str(body) and "罚" not in str(body) and "逾期 2 项" in body["text"]["content"]
    assert KEY not in caplog.text and SECRET not in caplog.text


@pytest.mark.parametrize(
    ("status", "answer", "why"),
    [
        (302, "", "HTTP 302"),
        (307, "", "HTTP 307"),
        (500, "", "HTTP 500"),
        (200, '{"errcode": 310000, "errmsg": "sign not match"}', "errcode 310000"),
        (200, "<html>", "no errcode"),
    ],
)
async def test_a_robot_that_says_no_or_sends_elsewhere_was_not_told(
    office: Office, tmp_path: Path, session: aiohttp.ClientSession, status: int, answer: str, why: str
) -> None:
    await overdue_case(office, email=None)
    async with robot(tmp_path / "robot") as held:
        held.status, held.answer = status, answer
        settings = Reminders(
            PAGES,
            hooks=(Hook("all", "wecom", held.url),),
            secrets_file=secrets_file(tmp_path),
            ca_file=held.ca_file,
        )
        (outcome,) = await Reminder(office.archive.database, settings, session, lambda: MONDAY).send()
    assert outcome.why == why and held.elsewhere == 0 and KEY not in outcome.why


def test_a_signature_is_what_openssl_computes() -> None:
    stamped = f"1577262236757\n{SECRET}".encode()
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", SECRET, "-binary"], input=stamped, capture_output=True, check=True
    )
    assert dingtalk_sign(SECRET, 1577262236757) == base64.b64encode(made.stdout).decode()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@",
        "@b.cn",
        "a@b.cn\r\nBcc: c@d.cn",
        "a@b.cn\n",
        "a b@c.cn",
        "<a@b.cn>",
        "a@b.cn, c@d.cn",
        "王@例.cn",
        "a@b..cn",
        "a" * 250 + "@b.cn",
        "a@b.cn\x00",
    ],
)
def test_what_could_break_a_header_is_no_address(address: str) -> None:
    assert not is_address(address)
    with pytest.raises(ValueError, match="not an e-mail address"):
        mail_of(Message("person-7", date(2026, 11, 23), 1, 0, 0), address, "l@x.cn", PAGES, MONDAY, numbers=False)


SETTINGS = f"""
origin = "archive.example/log"
[reminders]
pages = "{PAGES}"
hour = 9
case_numbers = true
ca_file = "/etc/ssl/county.pem"
[reminders.mail]
host = "mail.chaoyang.example"
sender = "liuhen@chaoyang.example"
user = "liuhen"
[[reminders.webhook]]
name = "justice"
kind = "wecom"
url = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
[[reminders.webhook]]
name = "ours"
kind = "dingtalk"
url = "https://oapi.dingtalk.com/robot/send"
agency = "scjg"
"""


def test_settings_are_read_and_written_back_as_they_are(tmp_path: Path) -> None:
    config = parse(SETTINGS, tmp_path)
    assert config.reminders is not None and config.reminders.hour == 9 and len(config.reminders.hooks) == 2
    assert parse(config.text(), tmp_path) == config
    assert KEY not in config.text()
    assert len(settings_text(config.reminders, repr)) > 5


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "http://qyapi.weixin.qq.com/cgi-bin/webhook/send"),
        (
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
            f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}",
        ),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "https://user:pass@qyapi.weixin.qq.com/send"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "file:///etc/passwd"),
        ('kind = "wecom"', 'kind = "slack"'),
        (PAGES, "http://archive.example"),
        (PAGES, f"{PAGES}/todo"),
        ("hour = 9", "hour = 24"),
        ("hour = 9", 'password = "x"'),
        ('host = "mail', 'tls = "none"\nhost = "mail'),
        ('sender = "liuhen@', 'sender = "liuhen\\\\r\\\\nBcc: x@'),
        ('name = "ours"', 'name = "justice"'),
    ],
)
def test_settings_that_would_leak_or_lead_elsewhere_are_refused(tmp_path: Path, was: str, becomes: str) -> None:
    assert was in SETTINGS
    with pytest.raises(ConfigError):
        parse(SETTINGS.replace(was, becomes, 1), tmp_path)


def test_what_systemd_hands_over_goes_before_the_file_and_secrets_are_never_shown(tmp_path: Path) -> None:
    handed = tmp_path / "handed"
    handed.mkdir()
    (handed / "reminders.toml").write_text('mail_password = "of systemd"\n', "utf-8")
    settings = Reminders(PAGES, secrets_file=secrets_file(tmp_path))
    assert read_secrets(settings, {}).password == PASSWORD
    assert read_secrets(settings, {"CREDENTIALS_DIRECTORY": os.fspath(handed)}).password == "of systemd"
    assert PASSWORD not in repr(read_secrets(settings, {})) and KEY not in str(read_secrets(settings, {}))
    (tmp_path / "reminders.toml").write_text(f"mail_password = {PASSWORD}", "utf-8")
    with pytest.raises(ValueError, match="not TOML") as error:
        read_secrets(settings, {})
    assert PASSWORD not in str(error.value) and error.value.__cause__ is None
    assert read_secrets(replace(settings, secrets_file=tmp_path / "none"), {}).password == ""


def test_a_table_that_is_none_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="write \\[\\[reminders"):
        parse_reminders({"pages": PAGES, "webhook": {}})
