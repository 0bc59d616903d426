"""`liuhen-server doctor`: what will go wrong, said before it does."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import asdict, dataclass
from datetime import timedelta

import aiohttp
from cryptography import x509

from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.moment import format_time
from liuhen_protocol.note import Note
from liuhen_protocol.witnessing import AddCheckpoint
from liuhen_server.log import signed_state
from liuhen_server.log.signed_state import SignedState
from liuhen_server.operations.opening import Archive

LEAST_FREE = 20 * 1000**3
CA_WARNING = timedelta(days=365)
MOST_ANSWER = 64 * 1024


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
        *(_witness(archive, name, witness.url or "") for name, witness in archive.config.witnesses.items())
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


async def _witness(archive: Archive, name: str, url: str) -> Examined:
    """Shows the witness the published checkpoint once more, as continuing itself. That changes nothing: a witness that stands there
    cosigns the same again, any other says how far it is."""
    what = f"见证方 witness {name}"
    published = archive.reader.checkpoint()
    size = 0 if published is None else Checkpoint.parse(Note.parse(published).text).size
    request = b"" if published is None else AddCheckpoint(size, (), published).encode()
    try:
        timeout = aiohttp.ClientTimeout(total=5)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(f"{url}/add-checkpoint", data=request, allow_redirects=False) as answer,
        ):
            status, body = answer.status, await answer.content.read(MOST_ANSWER)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        advice = f"see that {url} runs and can be reached from here"
        return Examined(what, False, f"没有应答 no answer ({type(error).__name__})", advice)
    async with archive.database.read() as conn:
        signed = (await signed_state.read(conn)).signed_size
    return Examined(what, *judged(status, body.decode("ascii", "replace").strip(), published is not None, size, signed))


def judged(status: int, body: str, published: bool, size: int, signed: int) -> tuple[bool, str, str]:
    """What a witness's answer to the published checkpoint means: well or not, in words, and what to do. `size`: of that checkpoint;
    `signed`: how many entries this archive has signed by now."""
    match status:
        case 400 if not published:
            return True, "应答；日志尚未发布 answers; nothing is published that it could cosign", ""
        case 200:
            return True, f"联署 cosigns, at {size} entries", ""
        case 409 if body.isdigit() and int(body) <= signed:
            return True, f"联署 cosigns, stands at {body} entries", ""
        case 409 if body.isdigit():
            found = f"已联署 has cosigned {body} 条 entries, 本库只签过 this archive has signed only {signed}"
            return False, found, "the archive was rolled back: restore the newest database and log folder"
        case 422:
            found = "已联署另一段历史 has cosigned another history of this log"
            return False, found, "the archive was rolled back or altered: restore the newest database and log folder"
        case 404:
            return (
                False,
                "不认识此日志 does not know this log",
                "at the witness: liuhen-witness log add (with the log key)",
            )
        case 403:
            return (
                False,
                "登记的是另一公钥 knows this log by another key",
                "compare the log key with the witness's people",
            )
        case _:
            return False, f"应答 answers with {status}", "is this the address of a witness?"
