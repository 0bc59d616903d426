"""`liuhen-agent doctor`: what is in order and what is not, one check after the other, each with what to do.

Checks only look; nothing is changed and no recorder is touched.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from liuhen_agent import config
from liuhen_agent.clock import read_system_clock
from liuhen_agent.collect.spool import RESERVE
from liuhen_agent.identity import store
from liuhen_agent.journal import JournalDamaged, queries, read_only
from liuhen_agent.progress import size
from liuhen_agent.recorders.profile import ProfileError, load_profiles


@dataclass(frozen=True)
class Check:
    """One finding. `said` tells what was found and, if it is not well, what to do."""

    name: str
    well: bool
    said: str


def examine(data_dir: Path) -> list[Check]:
    """All checks of a dock's folder."""
    return [Check(name, *_safely(look, data_dir)) for name, look in CHECKS]


def _safely(look: Callable[[Path], str], data_dir: Path) -> tuple[bool, str]:
    try:
        return True, look(data_dir)
    except NOT_WELL as error:
        return False, str(error)


class NotWell(Exception):
    """A check that failed, in a sentence."""


NOT_WELL = (NotWell, store.NotEnrolled, config.ConfigError, ProfileError, JournalDamaged, OSError, ValueError)


def _folder(data_dir: Path) -> str:
    if not data_dir.is_dir():
        raise NotWell(f"{data_dir} is no folder; `liuhen-agent enroll` makes it")
    if not os.access(data_dir, os.W_OK):
        raise NotWell(f"{data_dir} cannot be written by this user")
    free = shutil.disk_usage(data_dir).free
    if free < 16 * RESERVE:
        raise NotWell(f"only {size(free)} free in {data_dir}: make room, or lower spool_days")
    return f"{data_dir}, {size(free)} free"


def _identity(data_dir: Path) -> str:
    identity = store.load(data_dir)
    policy = store.load_policy(data_dir)
    return (
        f"dock {identity.dock} of {identity.agency}, archive {identity.archive_url}, {len(policy.witnesses)} witnesses"
    )


def _certificate(data_dir: Path) -> str:
    store.load(data_dir)
    found = x509.load_pem_x509_certificate(store.Paths(data_dir).client.read_bytes())
    left = found.not_valid_after_utc - datetime.now(UTC)
    if left.total_seconds() <= 0:
        raise NotWell(f"the certificate ended on {found.not_valid_after_utc:%Y-%m-%d}: enrol again with a new code")
    return f"valid for {left.days} more days"


def _keys(data_dir: Path) -> str:
    for path in (store.Paths(data_dir).signing_key, store.Paths(data_dir).client):
        if path.stat().st_mode & 0o077:
            raise NotWell(f"others can read {path}: chmod 600 {path}")
    return "readable by this user alone"


def _configuration(data_dir: Path) -> str:
    found = config.load(data_dir)
    config.load_credentials(found.credentials)
    if not found.bays:
        raise NotWell(f"{data_dir / config.FILE} names no [[bay]]")
    missing = [bay.name for bay in found.bays if not bay.folder.is_dir()]
    if missing:
        raise NotWell(f"no folder for bay {', '.join(missing)}")
    return f"{len(found.bays)} bays, {len(load_profiles(found.profiles))} recorder profiles"


def _journal(data_dir: Path) -> str:
    with read_only(data_dir / "journal.db") as db:
        said = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            raise NotWell(f"the journal is damaged: {said}")
        alarms = queries.alarms(db)
        if alarms:
            raise NotWell("; ".join(f"{alarm.since} {alarm.code}: {alarm.detail}" for alarm in alarms))
        counts = queries.clip_counts(db)
        return f"{sum(counts.values())} clips, {queries.unsent_count(db)} statements not in the log yet, no alarm"


def _tools(data_dir: Path) -> str:
    missing = [tool for tool in ("ffmpeg", "ffprobe") if shutil.which(tool) is None]
    if missing:
        raise NotWell(f"{', '.join(missing)} not found: apt install ffmpeg (without it no proxies are made)")
    return "ffmpeg and ffprobe found"


def _clock(data_dir: Path) -> str:
    reading = read_system_clock()
    if reading.clock.source != "ntp":
        raise NotWell("time synchronisation has not set this machine's clock; statements say so (timedatectl)")
    return f"{reading.time:%Y-%m-%d %H:%M:%S} UTC, set by the network, at most {reading.clock.uncertainty_ms} ms off"


CHECKS: tuple[tuple[str, Callable[[Path], str]], ...] = (
    ("文件夹 folder", _folder),
    ("登记 enrolment", _identity),
    ("证书 certificate", _certificate),
    ("密钥 keys", _keys),
    ("配置 configuration", _configuration),
    ("日志 journal", _journal),
    ("工具 tools", _tools),
    ("时钟 clock", _clock),
)


def lines(checks: list[Check]) -> Iterator[str]:
    """The findings for people."""
    for check in checks:
        yield f"{'✓' if check.well else '✗'} {check.name}: {check.said}"
