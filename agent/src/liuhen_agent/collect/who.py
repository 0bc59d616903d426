"""Whose recorder it is, from what it says itself, its volume and its files' names.

Ids of zeros mean unassigned, never an officer. Officers are read per clip: a recorder changes hands. Where a recorder
has no serial, its volume's id tells it from others, so that a replugged one is known again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from liuhen_agent.recorders import RecorderIdentity, VolumeInfo
from liuhen_agent.recorders.names import ClipName, assigned
from liuhen_protocol import events


@dataclass(frozen=True)
class Who:
    """`stated` goes into recorder.docked. `key` tells this recorder from others on this dock."""

    stated: events.RecorderIdentity
    key: str

    @property
    def serial(self) -> str:
        return self.stated.serial

    @property
    def officer(self) -> str | None:
        return self.stated.officer


def who(said: RecorderIdentity | None, volume: VolumeInfo | None, names: Iterable[ClipName], bay: str) -> Who:
    """What the recorder itself said counts first; then the one device its file names agree on; then its label."""
    said = said or RecorderIdentity()
    known = [name for name in names if name.time is not None or name.device is not None]
    label = assigned(volume.label) if volume else None
    serial = said.serial or _only(name.device for name in known) or (label if _is_serial(volume) else None)
    officer = said.officer or _only(name.officer for name in known)
    if serial:
        key = f"serial:{serial}"
    elif volume and volume.volume_id and assigned(volume.volume_id):
        key = f"volume:{volume.kind}:{volume.volume_id}:{volume.label}"
    else:
        key = f"bay:{bay}"
    stated = events.RecorderIdentity(
        serial=serial or "", officer=officer, unit=said.unit, model=said.model, firmware=said.firmware, label=label
    )
    return Who(stated, key)


def _only(values: Iterable[str | None]) -> str | None:
    """The value, if all that is said is the same."""
    found = {value for value in values if value}
    return found.pop() if len(found) == 1 else None


def _is_serial(volume: VolumeInfo | None) -> bool:
    return volume is not None and volume.kind != "directory"
