"""What the pages are given by `serve`: other rooms' parts, the clock and randomness."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timezone
from pathlib import Path

from aiohttp import web

from liuhen_protocol.policy import Policy
from liuhen_server.acts import Acts
from liuhen_server.cases.calendar import CHINA
from liuhen_server.custody.evidence import Evidence
from liuhen_server.custody.tracks import Tracks
from liuhen_server.database import Database
from liuhen_server.log.archive_chain import ArchiveChain, utc_now
from liuhen_server.log.reading import LogReader
from liuhen_server.people.passwords import PasswordWork
from liuhen_server.people.provider import Provider
from liuhen_server.store.interface import Store

__all__ = ["ACTS", "CHINA", "CONTEXT", "TRACKS", "PeopleContext"]


@dataclass(frozen=True)
class PeopleContext:
    """One per process. `policy` is what this archive gives to docks and verifiers; `zone` is the agency's."""

    database: Database
    store: Store
    log: LogReader
    chain: ArchiveChain
    policy: Policy
    zone: timezone = CHINA
    now: Callable[[], datetime] = utc_now
    random_bytes: Callable[[int], bytes] = secrets.token_bytes
    passwords: PasswordWork = field(default_factory=PasswordWork)
    incoming: Path | None = None  # where documents arrive, on the store's file system; None: none are taken
    provider: Provider | None = None  # people may sign in by it

    def unix_now(self) -> int:
        return int(self.now().astimezone(UTC).timestamp())

    def today(self) -> date:
        """The day it is for the agency."""
        return self.now().astimezone(self.zone).date()

    def evidence(self) -> Evidence:
        return Evidence(self.database, self.log)


ACTS: web.AppKey[Acts] = web.AppKey("acts", Acts)
CONTEXT: web.AppKey[PeopleContext] = web.AppKey("people_context", PeopleContext)
TRACKS: web.AppKey[Tracks] = web.AppKey("tracks", Tracks)
