"""`liuhen-server doctor`: what will go wrong, said before it does."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
from cryptography import x509

from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.moment import format_time
from liuhen_protocol.note import Note
from liuhen_protocol.witnessing import AddCheckpoint
from liuhen_server.deadlines import sent
from liuhen_server.deadlines.settings import read_secrets, tls_of
from liuhen_server.log import signed_state
from liuhen_server.log.signed_state import SignedState
from liuhen_server.operations.backup_format import complete_backups, moment_of
from liuhen_server.operations.opening import Archive

LEAST_FREE = 20 * 1000**3
OLDEST_BACKUP = timedelta(days=2)
CA_WARNING = timedelta(days=365)
MOST_ANSWER = 64 * 1024
TROUBLES_SINCE = timedelta(days=14)


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


async def examine(archive: Archive, backups: Path) -> list[Examined]:
    """Keys were read when the archive was opened, so they are well. `backups`: the folder that `liuhen-server backup` writes to."""
    async with archive.database.read() as conn:
        state = await signed_state.read(conn)
    witnesses = await asyncio.gather(
        *(_witness(archive, name, witness.url or "") for name, witness in archive.config.witnesses.items())
    )
    backed_up = _backups(archive.config.folder, backups, archive.chain.now())
    reminded = await _reminders(archive)
    return [
        _space(archive),
        _authority(archive),
        _alarm(state),
        _backlog(state, archive),
        backed_up,
        *reminded,
        *witnesses,
    ]


async def _reminders(archive: Archive) -> list[Examined]:
    """Whether reminders go out, where the archive is told to send any: keys are there, and nobody's newest failed."""
    what, settings = "提醒 reminders", archive.config.reminders
    if settings is None:
        return []
    try:
        secrets = read_secrets(settings)
        tls_of(settings)
    except (OSError, ValueError) as error:
        return [
            Examined(what, False, f"{type(error).__name__}", "[reminders] 的密码文件或 ca_file its secrets or ca_file")
        ]
    without = [hook.name for hook in settings.hooks if not (secrets.of(hook.name) or ("",))[0]]
    if settings.mail is not None and settings.mail.user is not None and not secrets.password:
        without.append("mail_password")
    if without:
        advice = "以 systemd 凭据 reminders.toml 或 secrets_file 提供 hand them over as the credential reminders.toml, or as secrets_file"
        return [Examined(what, False, f"缺少密钥 no secret for {', '.join(without)}", advice)]
    async with archive.database.read() as conn:
        found = await sent.troubles(conn, archive.chain.now().date() - TROUBLES_SINCE)
    told = "; ".join(f"{each.recipient} {each.day} {each.why} (×{each.tries})" for each in found[:5])
    advice = "邮件服务器、群机器人是否可用 see the mail server and the group robots; then: liuhen-server remind"
    return [Examined(what, not found, told or "正常 go out", advice)]


def _space(archive: Archive) -> Examined:
    free = shutil.disk_usage(archive.config.store_folder).free
    advice = "腾出空间：写满之后采集站只能等待 add room: docks wait when it is full"
    return Examined("存储空间 free space of the store", free >= LEAST_FREE, _gigabytes(free), advice)


def _gigabytes(count: int) -> str:
    return f"{count / 1000**3:.1f} GB"


def _authority(archive: Archive) -> Examined:
    certificate: x509.Certificate = archive.authority.certificate
    end = certificate.not_valid_after_utc
    well = end - archive.chain.now() > CA_WARNING
    advice = "到期之前换新根证书并重新登记所有采集站 before then: a new authority, and every dock enrolled anew"
    return Examined("根证书 certificate authority until", well, format_time(end), advice)


def _alarm(state: SignedState) -> Examined:
    found = "在运行 / runs" if state.alarm is None else str(state.alarm)
    advice = (
        "恢复最新的数据库和 log/，再 liuhen-server resume；此前不签署任何内容 restore the newest database and log folder, then: liuhen-server"
        " resume; nothing is signed until then"
    )
    return Examined("日志 the log", state.alarm is None, found, advice)


def _backlog(state: SignedState, archive: Archive) -> Examined:
    published = archive.reader.checkpoint() is not None
    waiting = state.next_index - state.published_size
    found = f"已发布 published {state.published_size}, 待发布 waiting {waiting}"
    advice = "`serve` 是否在运行，见证方是否应答 is `serve` running, do the witnesses answer?"
    return Examined("发布 publishing", published and waiting < 10_000, found, advice)


def device_of(path: Path) -> int:
    return path.stat().st_dev


def _backups(data: Path, folder: Path, now: datetime, device: Callable[[Path], int] = device_of) -> Examined:
    """Whether the disk for backups is there, is another one, and had a backup in the last two days."""
    what, elsewhere = "备份 backups", "，或以 --backups 指明 or name its folder with --backups"
    try:
        if not folder.is_dir():
            advice = f"把备份盘挂载到此处 mount the disk for backups there{elsewhere}"
            return Examined(what, False, f"没有目录 no folder {folder}", advice)
        if device(folder) in (device(data), device(Path("/"))):
            found = f"{folder} 与证据库或系统在同一磁盘 is on the disk of the archive or of the system"
            advice = f"备份盘是否已挂载 is the disk for backups mounted?{elsewhere}"
            return Examined(what, False, found, advice)
        done, free = complete_backups(folder), shutil.disk_usage(folder).free
        newest = moment_of(done[-1]) if done else None
    except (OSError, ValueError) as error:
        advice = "以证据库用户运行本命令；磁盘是否损坏 run this as the archive's user; is the disk well?"
        return Examined(what, False, f"{folder} 不可读 cannot be read: {error}", advice)
    if newest is None:
        return Examined(what, False, f"{folder} 还没有备份 has no backup yet", f"liuhen-server backup --to {folder}")
    found = f"最近 newest {format_time(newest)}, 剩余 free {_gigabytes(free)}"
    if now - newest > OLDEST_BACKUP:
        advice = "此后为何没有备份 why was there none since? systemctl status liuhen-archive-backup.timer; journalctl -u liuhen-archive-backup"
        return Examined(what, False, found, advice)
    advice = "腾出空间或减少保留份数 make room, or keep fewer (--keep)"
    return Examined(what, free >= LEAST_FREE, found, advice)


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
        advice = f"它是否在运行、从本机能否访问 see that it runs and can be reached from here: {url}"
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
            return False, found, "本库是旧副本 the archive was rolled back: restore the newest database and log folder"
        case 422:
            found = "已联署另一段历史 has cosigned another history of this log"
            return (
                False,
                found,
                "本库是旧副本或被改动 the archive was rolled back or altered: restore the newest database and log folder",
            )
        case 404:
            return (
                False,
                "不认识此日志 does not know this log",
                "在见证方登记本日志 at the witness: liuhen-witness log add (with the log key)",
            )
        case 403:
            return (
                False,
                "登记的是另一公钥 knows this log by another key",
                "与见证方核对日志公钥 compare the log key with the witness's people",
            )
        case _:
            return False, f"应答 answers with {status}", "这是见证方的网址吗 is this the address of a witness?"
