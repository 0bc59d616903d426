"""The round that reminds: what is due, whom it concerns, what was sent already; then one message after the other, each claimed first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timezone

import aiohttp
from sqlalchemy import select

from liuhen_server.cases.calendar import CHINA
from liuhen_server.database import Connection, Database
from liuhen_server.deadlines import sent
from liuhen_server.deadlines.deadline import Within
from liuhen_server.deadlines.notices import calendar_in_force
from liuhen_server.deadlines.reminding import Addressee, Message, messages_of
from liuhen_server.deadlines.sending import NotSent, post, send_mail
from liuhen_server.deadlines.settings import Hook, Reminders, read_secrets, tls_of
from liuhen_server.deadlines.sources import everything_due
from liuhen_server.deadlines.wording import mail_of, request_of
from liuhen_server.people.accounts import list_people
from liuhen_server.people.roles import Action
from liuhen_server.people.schema import people
from liuhen_server.registry.agencies import codes_of

__all__ = ["Outcome", "Reminder", "messages_today"]

HOOK = "webhook-"
_logger = logging.getLogger("liuhen.reminders")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`why` empty: it went out."""

    message: Message
    why: str


class Reminder:
    """`now` in any zone; the day and the hour are those of `zone`."""

    def __init__(
        self,
        database: Database,
        settings: Reminders,
        session: aiohttp.ClientSession,
        now: Callable[[], datetime],
        zone: timezone = CHINA,
    ) -> None:
        self._database, self._settings, self._session = database, settings, session
        self._now, self._zone = now, zone

    async def round(self) -> None:
        """For `serve`, again and again: from the hour on, what of today is not out yet."""
        if self._now().astimezone(self._zone).hour >= self._settings.hour:
            await self.send()

    async def send(self) -> list[Outcome]:
        """What of today is not out yet and is nobody else's to send at this moment. Raises ValueError (secrets that cannot be read),
        OSError (`ca_file`), DatabaseUnavailable.
        """
        day, done = self._now().astimezone(self._zone).date(), list[Outcome]()
        async with self._database.read() as conn:
            messages, addresses = await messages_today(conn, self._settings, day)
        for message in messages:
            async with self._database.write() as conn:
                if not await sent.claim(conn, message.to, day, self._now()):
                    continue
            why = await self._deliver(message, addresses.get(message.to, ""))
            async with self._database.write() as conn:
                if why:
                    await sent.failed(conn, message.to, day, self._now(), why)
                else:
                    await sent.sent(conn, message.to, day, self._now())
            (_logger.warning if why else _logger.info)("reminder of %s to %s: %s", day, message.to, why or "sent")
            done.append(Outcome(message, why))
        return done

    async def _deliver(self, message: Message, address: str) -> str:
        """Why it did not go out; empty when it did."""
        settings = self._settings
        try:
            secrets, tls = read_secrets(settings), tls_of(settings)
            if (hook := _hook_of(settings, message.to)) is not None:
                held = secrets.of(hook.name)
                if held is None or not held[0]:
                    return "no key"
                unix_ms = int(self._now().astimezone(UTC).timestamp() * 1000)
                query, body = request_of(hook, message, *held, settings.pages, unix_ms)
                await post(self._session, hook, tls, query, body)
                return ""
            if (mail := settings.mail) is None:
                return "no mail server"
            now = self._now().astimezone(self._zone)
            written = mail_of(message, address, mail.sender, settings.pages, now, numbers=settings.case_numbers)
            await send_mail(mail, secrets.password, tls, written)
        except NotSent as error:
            return str(error)
        except (OSError, ValueError) as error:
            return type(error).__name__  # the texts of these may have an address or a file in them
        return ""


async def messages_today(
    conn: Connection, settings: Reminders, day: date
) -> tuple[tuple[Message, ...], dict[str, str]]:
    """What is to go out on that day and did not, and the address of each person it goes to."""
    calendar = await calendar_in_force(conn)
    addresses = await _addresses(conn) if settings.mail is not None else {}
    last = await sent.last_days(conn)
    addressees = [
        Addressee(person.number, person)
        for person in await list_people(conn)
        if person.number in addresses and not person.disabled and person.may(Action.SEE_DEADLINES)
    ]
    addressees += [Addressee(HOOK + hook.name, agencies=await _agencies(conn, hook)) for hook in settings.hooks]
    known = _with_last(addressees, last)
    if not calendar.is_working(day) or all(each.last == day for each in known):
        return (), addresses
    due = await everything_due(conn, day, Within(calendar))
    return messages_of(due, known, day, calendar), addresses


def _with_last(addressees: Iterable[Addressee], last: dict[str, date]) -> list[Addressee]:
    return [replace(each, last=last.get(each.key)) for each in addressees]


async def _agencies(conn: Connection, hook: Hook) -> frozenset[str] | None:
    """Whose a group hears of: with its agency those that it carries on for."""
    return None if hook.agency is None else frozenset((await conn.execute(codes_of(hook.agency))).scalars())


async def _addresses(conn: Connection) -> dict[str, str]:
    query = select(people.c.id, people.c.email).where(people.c.email.is_not(None), people.c.disabled.is_(False))
    return {f"person-{row.id}": row.email for row in await conn.execute(query)}


def _hook_of(settings: Reminders, recipient: str) -> Hook | None:
    return next((hook for hook in settings.hooks if HOOK + hook.name == recipient), None)
