"""`liuhen-server doctor`: what will go wrong, said before it does."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import asdict, dataclass
from datetime import timedelta

import aiohttp
from cryptography import x509

from liuhen_protocol.moment import format_time
from liuhen_server.log import signed_state
from liuhen_server.log.signed_state import SignedState
from liuhen_server.operations.opening import Archive

LEAST_FREE = 20 * 1000**3
CA_WARNING = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was looked at. `advice` says what to do when it is not well."""

    what: str
    well: bool
    found: str
    advice: str = ""

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    def line(self) -> str:
        return f"{'✓' if self.well else '✗'} {self.what}: {self.found}" + (
            "" if self.well else f"\n    → {self.advice}"
        )


async def examine(archive: Archive) -> list[Examined]:
    """Keys were read when the archive was opened, so they are well."""
    async with archive.database.read() as conn:
        state = await signed_state.read(conn)
    witnesses = await asyncio.gather(
        *(_witness(name, witness.url or "") for name, witness in archive.config.witnesses.items())
    )
    return [_space(archive), _authority(archive), _alarm(state), _backlog(state, archive), *witnesses]


def _space(archive: Archive) -> Examined:
    free = shutil.disk_usage(archive.config.store_folder).free
    found = f"{free / 1000**3:.1f} GB"
    return Examined(
        "存储空间 free space of the store", free >= LEAST_FREE, found, "add room: docks wait when it is full"
    )


def _authority(archive: Archive) -> Examined:
    certificate: x509.Certificate = archive.authority.certificate
    end = certificate.not_valid_after_utc
    well = end - archive.chain.now() > CA_WARNING
    return Examined(
        "根证书 certificate authority until", well, format_time(end), "found a new CA and enrol the docks anew"
    )


def _alarm(state: SignedState) -> Examined:
    found = "在运行 / runs" if state.alarm is None else str(state.alarm)
    advice = "restore the newest database and log folder, then: liuhen-server resume; nothing is signed until then"
    return Examined("日志 the log", state.alarm is None, found, advice)


def _backlog(state: SignedState, archive: Archive) -> Examined:
    published = archive.reader.checkpoint() is not None
    waiting = state.next_index - state.published_size
    found = f"{state.published_size} published, {waiting} waiting"
    return Examined(
        "发布 publishing", published and waiting < 10_000, found, "is `serve` running, do the witnesses answer?"
    )


async def _witness(name: str, url: str) -> Examined:
    """Any HTTP answer will do: an empty request is refused with 400 by a witness that works."""
    advice = f"see that {url} runs and can be reached from here"
    try:
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.post(f"{url}/add-checkpoint") as answer:
            return Examined(f"见证方 witness {name}", answer.status == 400, f"answers with {answer.status}", advice)
    except (aiohttp.ClientError, TimeoutError) as error:
        return Examined(f"见证方 witness {name}", False, f"no answer ({type(error).__name__})", advice)
