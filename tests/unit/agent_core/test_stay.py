"""A fault of the program itself at one recorder is said, and neither the dock nor the other bays end with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from liuhen_agent import stay
from liuhen_agent.bay import State
from liuhen_agent.detect import Bay, Port
from liuhen_agent.recorders import Volume
from liuhen_agent.recorders.directory import open_directory
from liuhen_agent.recorders.opening import OpenWire
from liuhen_agent.recorders.profile import Profile
from support import dock_alone


@pytest.fixture
def bays(tmp_path: Path) -> list[Bay]:
    dock_alone.enrol(tmp_path / "dock")
    found = [Bay(name, "directory", tmp_path / name) for name in ("one", "other")]
    for bay in found:
        bay.folder.mkdir()
        (bay.folder / "clip.mp4").write_bytes(bay.name.encode())
    return found


async def states(bays: list[Bay]) -> dict[str, tuple[State, str]]:
    views = await dock_alone.run_until_idle(bays[0].folder.parent / "dock", *bays)
    return {view.bay: (view.state, view.code) for view in views}


async def test_a_fault_while_a_recorder_is_read_fails_that_bay_alone(
    bays: list[Bay], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def faulty(path: Path) -> Volume:
        if path.name == "one":
            raise RuntimeError("a fault of the program")
        return await open_directory(path)

    monkeypatch.setattr(stay, "open_directory", faulty)
    assert await states(bays) == {"one": (State.FAILED, "internal-error"), "other": (State.READY, "")}


async def test_a_fault_behind_safe_to_take_leaves_it_so(bays: list[Bay], monkeypatch: pytest.MonkeyPatch) -> None:
    async def faulty(port: Port, profile: Profile, wire_of: OpenWire) -> None:
        if port.bay == "one":
            raise RuntimeError("a fault of the program")

    monkeypatch.setattr(stay, "show_ready", faulty)
    assert await states(bays) == {"one": (State.READY, ""), "other": (State.READY, "")}
