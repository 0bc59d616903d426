"""`liuhen-agent doctor`: what is in order and what is not, one check after the other, each with what to do.

Checks only look; nothing is changed and no recorder is touched. The units behind the sockets are really asked: the wipe helper about no stay,
the SCSI helper about no disk, the media worker about a picture, which needs no copy.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from cryptography import x509

from liuhen_agent import config, machine
from liuhen_agent.clear import call
from liuhen_agent.clock import read_system_clock
from liuhen_agent.collect.spool import RESERVE
from liuhen_agent.detect import udev_rules
from liuhen_agent.identity import store
from liuhen_agent.journal import JournalDamaged, queries, read_only
from liuhen_agent.progress import size
from liuhen_agent.proxy import ProxyFailed, ProxyLimits
from liuhen_agent.proxy.hand_over import hand_over
from liuhen_agent.recorders.profile import ProfileError, load_profiles
from liuhen_agent.scsi import call as scsi
from liuhen_agent.sync.answers import Later, Refusal
from liuhen_agent.sync.archive import Archive, connector
from liuhen_protocol.moment import format_time

SYS = Path("/sys")
RULES = Path(udev_rules.FILE)
ANSWER_SECONDS = 5.0
LEAST_FREE = 16 * RESERVE
LEAST_FREE_OF_DISK = 20  # a twentieth
RENEWAL_IS_LATE = timedelta(days=20)  # of 90; the dock renews by itself when 30 are left
HELPERS = "liuhen-wipe.socket liuhen-scsi.socket liuhen-proxy.socket"
_PICTURE = b"\xff\xd8\xff\xe0"  # how a JPEG begins


@dataclass(frozen=True)
class Check:
    """One finding. `said` tells what was found and, if it is not well, what to do."""

    name: str
    well: bool
    said: str


class NotWell(Exception):
    """A check that failed, in a sentence."""


NOT_WELL = (NotWell, store.NotEnrolled, config.ConfigError, ProfileError, JournalDamaged, OSError, ValueError)


def examine(data_dir: Path) -> list[Check]:
    """All checks of a dock's folder and of the machine it runs on."""
    return [Check(name, *_safely(look, data_dir)) for name, look in CHECKS]


def _safely(look: Callable[[Path], str], data_dir: Path) -> tuple[bool, str]:
    try:
        return True, look(data_dir)
    except NOT_WELL as error:
        return False, str(error)


def _folder(data_dir: Path) -> str:
    if not data_dir.is_dir():
        raise NotWell(
            f"{data_dir} 不是目录，由 `liuhen-agent enroll` 建立 is no folder; `liuhen-agent enroll` makes it"
        )
    if not os.access(data_dir, os.W_OK):
        raise NotWell(
            f"{data_dir}: 当前用户不能写入，以采集站的用户或 root 运行 cannot be written by this user; run this as the dock's user or root"
        )
    disk = shutil.disk_usage(data_dir)
    if disk.free < max(LEAST_FREE, disk.total // LEAST_FREE_OF_DISK):
        raise NotWell(
            f"{data_dir}: 存储卡将满，仅余 the card is nearly full, only {size(disk.free)} free of {size(disk.total)}。"
            "检查证据库是否可达，腾出空间，或调低 spool_days Is the archive reachable? Make room, or lower spool_days"
        )
    return f"{data_dir}, 可用 free {size(disk.free)}"


def _identity(data_dir: Path) -> str:
    identity = store.load(data_dir)
    policy = store.load_policy(data_dir)
    return f"{identity.dock} ({identity.agency}) → {identity.archive_url}, 见证方 witnesses: {len(policy.witnesses)}"


def _certificate(data_dir: Path) -> str:
    store.load(data_dir)
    found = x509.load_pem_x509_certificate(store.Paths(data_dir).client.read_bytes())
    left = found.not_valid_after_utc - datetime.now(UTC)
    until = f"{found.not_valid_after_utc:%Y-%m-%d}"
    if left <= timedelta():
        raise NotWell(
            f"证书已于 {until} 到期，用新登记码重新登记 the certificate ended on {until}: enrol again with a new code, in this folder"
        )
    if left < RENEWAL_IS_LATE:
        raise NotWell(
            f"证书将于 {until} 到期而未能续期：查看证据库是否可达、报警 certificate 的说明 the certificate ends on {until} and was not"
            " renewed: see whether the archive can be reached, and the alarm `certificate`"
        )
    return f"有效至 valid until {until}, {left.days} 天 days"


def _archive(data_dir: Path) -> str:
    identity = store.load(data_dir)
    context = store.client_context(data_dir)

    async def ask() -> str:
        async with aiohttp.ClientSession(connector=connector(context), cookie_jar=aiohttp.DummyCookieJar()) as session:
            head = await Archive(session, identity.archive_url, identity.dock).head()
        return (
            "尚无本站声明 nothing of this dock yet"
            if head is None
            else f"本站声明至 this dock's chain up to {head.seq}"
        )

    try:
        return f"{identity.archive_url}: {asyncio.run(asyncio.wait_for(ask(), ANSWER_SECONDS))}"
    except (TimeoutError, Later) as error:
        why = getattr(error, "why", f"no answer within {ANSWER_SECONDS:g} s")
        raise NotWell(
            f"证据库不可达，检查网线、地址和证据库是否运行；影像继续采集并保存在本机 the archive {identity.archive_url} cannot be reached ({why}): look at"
            " cable, address, and whether it runs. Footage is collected and kept here meanwhile"
        ) from error
    except Refusal as error:
        raise NotWell(
            f"证据库拒绝本站，询问其管理员本站是否被吊销 the archive refuses this dock ({error}): ask its administrator whether it was revoked"
        ) from error


def _keys(data_dir: Path) -> str:
    for path in (store.Paths(data_dir).signing_key, store.Paths(data_dir).client):
        if path.stat().st_mode & 0o077:
            raise NotWell(f"他人可读 others can read {path}: chmod 600 {path}")
    return "仅本用户可读 readable by this user alone"


def _configuration(data_dir: Path) -> str:
    found = config.load(data_dir)
    config.load_credentials(found.credentials)
    if not found.bays:
        raise NotWell(
            f"{data_dir / config.FILE}: 没有槽位 no [[bay]]。`liuhen-agent bays learn` 学习 USB 端口 learns the USB ports"
        )
    return f"槽位 bays: {len(found.bays)}, 记录仪配置 recorder profiles: {len(load_profiles(found.profiles))}"


def _bays(data_dir: Path) -> str:
    """The ports of USB bays exist on this machine, hubs included, and udev knows them as bays; the folders of the others are there."""
    bays = config.load(data_dir).bays
    away = [f"{bay.name} ({port})" for bay in bays for port in bay.ports if not machine.port_is_there(SYS, port)]
    away += [f"{bay.name} ({bay.folder})" for bay in bays if not bay.ports and not bay.folder.is_dir()]
    if away:
        raise NotWell(
            f"找不到槽位的端口或目录：集线器是否通电、是否换过接口？换过则重新学习 no such port or folder: {', '.join(away)}. Has the hub power? Was it"
            " moved to another socket? Then `liuhen-agent bays learn` again"
        )
    if any(bay.ports for bay in bays) and _rules() != udev_rules.bay_rules(bays):
        raise NotWell(
            f"udev 规则缺失或不是现有槽位的，采集站打不开记录仪的磁盘 the udev rules are missing or of other bays, so the dock cannot open a recorder's"
            f" disk: liuhen-agent bays learn --rules > {RULES}; udevadm control --reload && udevadm trigger"
        )
    return "端口与目录均在 every port and folder is there"


def _rules() -> str:
    try:
        return RULES.read_text("utf-8")
    except FileNotFoundError:
        return ""


def _journal(data_dir: Path) -> str:
    with read_only(data_dir / "journal.db") as db:
        said = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            raise NotWell(f"日志损坏，保留该目录并联系管理员 the journal is damaged: {said}. Keep the folder as it is")
        alarms = queries.alarms(db)
        if alarms:
            raise NotWell("; ".join(f"{alarm.since} {alarm.code}: {alarm.detail}" for alarm in alarms))
        counts = queries.clip_counts(db)
        return f"片段 clips: {sum(counts.values())}, 待上链 not in the log yet: {queries.unsent_count(db)}, 无报警 no alarm"


def _tools(data_dir: Path) -> str:
    missing = [tool for tool in ("ffmpeg", "ffprobe") if shutil.which(tool) is None]
    if missing:
        raise NotWell(
            f"没有 {', '.join(missing)}，无法制作预览，原始影像不受影响 not found: apt install"
            " ffmpeg (without it no proxies are made; originals are not concerned)"
        )
    return "ffmpeg, ffprobe"


def _helpers(data_dir: Path) -> str:
    """What runs beside the agent answers."""
    found = config.load(data_dir)
    said = []
    try:
        if found.wipe_socket is not None:
            asyncio.run(asyncio.wait_for(call.greet(found.wipe_socket), 4 * ANSWER_SECONDS))
            said.append("清空程序 wipe helper")
        if found.scsi_socket is not None:
            scsi.greet(found.scsi_socket)
            said.append("SCSI 指令程序 SCSI helper")
        if found.proxy_socket is not None:
            asyncio.run(_ask_worker(found.proxy_socket))
            said.append("预览制作 media worker")
    except PermissionError as error:
        raise NotWell(f"以采集站的用户或 root 运行本命令 run this as the dock's user or root: {error}") from error
    except (OSError, TimeoutError, ValueError, ProxyFailed) as error:
        raise NotWell(
            f"单元不应答 a unit does not answer: {error or 'no answer'}。systemctl status {HELPERS}; systemctl enable --now {HELPERS}"
        ) from error
    if unused := [
        f'{key} = "{path}"' for key, path in config.SOCKETS.items() if path.is_socket() and not getattr(found, key)
    ]:
        raise NotWell(
            f"配置未用到已有的单元，加入后重启采集站 units are there that the configuration does not name; add to {data_dir / config.FILE}, above the"
            f" first [[bay]], and restart the dock: {', '.join(unused)}"
        )
    return f"应答 answer: {', '.join(said)}" if said else "由采集站自己运行 run by the dock itself"


async def _ask_worker(socket: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="liuhen-doctor-") as folder:
        picture = Path(folder) / "picture"
        picture.write_bytes(_PICTURE)
        limits = ProxyLimits(hang_seconds=ANSWER_SECONDS, total_seconds=4 * ANSWER_SECONDS)
        await hand_over(socket, picture, Path(folder) / "made", limits, lambda fraction: None)


def _clock(data_dir: Path) -> str:
    reading = read_system_clock()
    if reading.clock.source != "ntp":
        raise NotWell(
            "时钟未经网络校准，每条声明都会写明，且不给记录仪校时：timedatectl set-ntp true，检查时间服务器 time synchronisation has not set this"
            " machine's clock; every statement says so, and no recorder's clock is set: timedatectl set-ntp true, look at the time server"
        )
    return f"{format_time(reading.time)}, 网络校准 set by the network, ± {reading.clock.uncertainty_ms} ms"


def _power(data_dir: Path) -> str:
    found = machine.look_at_power(SYS)
    if found is machine.Power.WEAK or found is machine.Power.WAS_WEAK:
        when = "现在 now" if found is machine.Power.WEAK else "开机以来曾经 at least once since the start"
        raise NotWell(
            f"供电不足（{when}）：换用原装电源，记录仪接带电源的集线器 the power supply is too weak ({when}): use the maker's own, and a hub"
            " with its own supply for the recorders"
        )
    return "正常 good" if found is machine.Power.GOOD else "本机不报告 this machine does not say"


CHECKS: tuple[tuple[str, Callable[[Path], str]], ...] = (
    ("文件夹 folder", _folder),
    ("登记 enrolment", _identity),
    ("证书 certificate", _certificate),
    ("证据库 archive", _archive),
    ("密钥 keys", _keys),
    ("配置 configuration", _configuration),
    ("槽位 bays", _bays),
    ("日志 journal", _journal),
    ("工具 tools", _tools),
    ("单元 units", _helpers),
    ("时钟 clock", _clock),
    ("供电 power", _power),
)


def lines(checks: list[Check]) -> Iterator[str]:
    """The findings for people."""
    for check in checks:
        yield f"{'✓' if check.well else '✗'} {check.name}: {check.said}"
