"""What a reminder says: how many things are due and where they stand, nothing else. Only a mail to the person himself may name his
cases' numbers, where the configuration says so: mailboxes and group chats are other people's machines.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from liuhen_server.deadlines.reminding import Message
from liuhen_server.deadlines.settings import Hook, is_address

__all__ = ["mail_of", "request_of", "sentence"]

MOST_NAMED = 30


def sentence(message: Message) -> str:
    """Chinese and English, the one after the other."""
    zh = f"留痕待办：逾期 {message.overdue} 项，今日到期 {message.last_day} 项，三个工作日内到期 {message.soon} 项"
    en = f"Liuhen: {message.overdue} overdue, {message.last_day} due today, {message.soon} within three working days"
    return f"{zh}。\n{en}."


def mail_of(message: Message, to: str, sender: str, pages: str, now: datetime, *, numbers: bool) -> EmailMessage:
    """Raises ValueError for an address that is none: nothing that somebody typed stands in a header but that. A message that is sent
    twice has one Message-ID, by which mail programs show it once.
    """
    if not is_address(to) or not is_address(sender):
        raise ValueError("not an e-mail address")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address("留痕", addr_spec=sender)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = sentence(message).partition("。")[0]
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<reminder.{message.day:%Y%m%d}.{message.to}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    named = [
        f"{_plain(each.name)}  {each.rule.name.zh}  {each.due}"
        for each in message.own
        if each.about.startswith(("case-", "review-", "decision-"))
    ]
    lines = [sentence(message), "", f"{pages}/todo", ""]
    if numbers and named:
        lines += [*named[:MOST_NAMED], ""] + ([f"… {len(named)}", ""] if len(named) > MOST_NAMED else [])
    mail.set_content("\n".join(lines), cte="base64")
    return mail


def _plain(name: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in name)[:80]


def request_of(
    hook: Hook, message: Message, key: str, secret: str, pages: str, unix_ms: int
) -> tuple[Mapping[str, str], Mapping[str, object]]:
    """The query and the JSON body for the robot, in the shape that it takes."""
    text = f"{sentence(message)}\n{pages}/todo"
    body: dict[str, object] = {"msgtype": "text", "text": {"content": text}}
    if hook.kind == "wecom":
        return {"key": key}, body
    query = {"access_token": key}
    if secret:
        query |= {"timestamp": str(unix_ms), "sign": dingtalk_sign(secret, unix_ms)}
    return query, body | {"at": {"isAtAll": False}}


def dingtalk_sign(secret: str, unix_ms: int) -> str:
    """HMAC-SHA-256 under the secret over the time, a line feed and the secret; base64 (a query escapes it)."""
    digest = hmac.new(secret.encode(), f"{unix_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
