"""Bringing a reminder to a mail server or a group robot. Nothing that went wrong is told with a key, a password or an address in it.

Mail goes out by the standard library's `smtplib` in a thread: a county sends some dozen messages a morning, one after the other, and
it takes TLS, timeouts and logins as they have to be; an asynchronous client would be one more library for no gain.
"""

from __future__ import annotations

import asyncio
import json
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage

import aiohttp

from liuhen_server.deadlines.settings import Hook, Mail

__all__ = ["NotSent", "post", "send_mail"]

TIMEOUT_S = 20.0
MOST_ANSWER = 16 * 1024


class NotSent(Exception):
    """It did not go out, or the other side says so. The text may be shown to everybody: which kind of failure, no more."""


async def send_mail(mail: Mail, password: str, tls: ssl.SSLContext, message: EmailMessage) -> None:
    """Raises NotSent."""
    try:
        await asyncio.to_thread(_send, mail, password, tls, message)
    except smtplib.SMTPResponseException as error:
        raise NotSent(f"{type(error).__name__} {error.smtp_code}") from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise NotSent(type(error).__name__) from None


def _send(mail: Mail, password: str, tls: ssl.SSLContext, message: EmailMessage) -> None:
    if mail.tls == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT_S, context=tls)
    else:
        client = smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT_S)
    with client:
        if mail.tls != "tls":
            client.starttls(context=tls)  # raises where the server has none: nothing is said in the clear
        if mail.user is not None:
            client.login(mail.user, password)
        client.send_message(message)


async def post(
    session: aiohttp.ClientSession,
    hook: Hook,
    tls: ssl.SSLContext,
    query: Mapping[str, str],
    body: Mapping[str, object],
) -> None:
    """To the address of the configuration alone: a redirect is a failure. Raises NotSent."""
    try:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        asked = session.post(hook.url, params=query, json=body, ssl=tls, timeout=timeout, allow_redirects=False)
        async with asked as answer:
            status, text = answer.status, await answer.content.read(MOST_ANSWER)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise NotSent(type(error).__name__) from None
    if status != 200:
        raise NotSent(f"HTTP {status}")
    try:
        code = json.loads(text)["errcode"]
    except (ValueError, KeyError, TypeError):
        raise NotSent("no errcode") from None
    if code != 0:
        raise NotSent(f"errcode {code if isinstance(code, int) else '?'}")
