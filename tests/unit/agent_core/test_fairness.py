"""Whose file is read next: important clips first, everything that is free is used, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuhen_agent.bay import State
from liuhen_agent.collect.fairness import OVERDUE, Limits, Queue, Turn, choose
from liuhen_agent.collect.turns import Turns, bus_of
from liuhen_agent.detect import Bay, Port, UsbDevice
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.journal import queries, read_only
from liuhen_agent.recorders import directory
from liuhen_protocol import dsse
from liuhen_protocol.events import ClipCollected
from liuhen_protocol.statement import read_statement
from support import dock_alone

GIB = 1 << 30
LARGEST = 4 * GIB


@dataclass
class Recorder:
    """A recorder with files still to be read: (size, important), in the order in which the dock reads one recorder."""

    name: str
    bus: str
    files: deque[tuple[int, bool]]


@dataclass
class Bench:
    """Bays that ask for their next file as soon as the last is read."""

    bays: list[Recorder]
    limits: Limits
    queue: Queue = field(init=False)
    begun: list[Turn] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        self.queue = Queue(self.limits)
        for bay in self.bays:
            self.ask(bay)

    def ask(self, bay: Recorder) -> None:
        if bay.files:
            size, important = bay.files[0]
            left = sum(size for size, _ in bay.files)
            self.queue = self.queue.ask(Turn(self.number, bay.name, bay.bus, important, size, left))
            self.number += 1

    def begin_all(self) -> None:
        while True:
            before = self.queue
            self.queue, turn = self.queue.begin()
            if turn is None:
                return
            self.begun.append(turn)
            self.check_order(before, turn)

    def check_order(self, before: Queue, turn: Turn) -> None:
        busy = Counter(one.bus for one in before.reading)
        assert busy.total() < self.limits.readers and busy[turn.bus] < self.limits.bus_readers
        could = [one for one in before.waiting if busy[one.bus] < self.limits.bus_readers]
        assert turn.important or not any(one.important for one in could), "an important clip was passed by another"

    def end(self, turn: Turn) -> None:
        self.queue = self.queue.leave(turn.number)
        bay = next(bay for bay in self.bays if bay.name == turn.bay)
        bay.files.popleft()
        self.ask(bay)


FILES = st.lists(st.tuples(st.integers(0, LARGEST), st.booleans()), min_size=1, max_size=12)


def in_reading_order(files: list[tuple[int, bool]]) -> deque[tuple[int, bool]]:
    return deque(sorted(files, key=lambda file: not file[1]))


@st.composite
def benches(draw: st.DrawFn) -> Bench:
    count = draw(st.integers(1, 8))
    bays = [Recorder(f"{n}", draw(st.sampled_from("AB")), in_reading_order(draw(FILES))) for n in range(count)]
    return Bench(bays, Limits(draw(st.integers(1, 4)), draw(st.integers(1, 3))))


@settings(max_examples=150, deadline=None)
@given(benches(), st.data())
def test_everything_is_read_once_within_the_limits_and_important_clips_first(bench: Bench, data: st.DataObject) -> None:
    wanted = Counter((bay.name, *file) for bay in bench.bays for file in bay.files)
    while True:
        bench.begin_all()
        reading = bench.queue.reading
        busy = Counter(turn.bus for turn in reading)
        for turn in bench.queue.waiting:  # nothing idle while somebody could use it
            assert len(reading) == bench.limits.readers or busy[turn.bus] == bench.limits.bus_readers
        if not reading:
            break
        bench.end(data.draw(st.sampled_from(reading)))
    assert not bench.queue.waiting
    assert Counter((turn.bay, turn.size, turn.important) for turn in bench.begun) == wanted


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.integers(2, 7), st.randoms(use_true_random=False))
def test_a_large_recorder_is_not_passed_for_ever_by_small_ones_that_keep_coming(
    readers: int, others: int, chance: object
) -> None:
    """On one controller, without important clips: behind OVERDUE bytes of others comes its turn, one file of each at the latest."""
    large = Recorder("large", "A", deque([(GIB, False)] * 64))
    small = [Recorder(f"{n}", "A", deque([(GIB, False)])) for n in range(others)]
    bench = Bench([large, *small], Limits(readers, readers))
    for _ in range(300):
        bench.begin_all()
        assert max((turn.passed for turn in bench.queue.waiting), default=0) <= OVERDUE + (others + 1) * LARGEST
        turn = chance.choice(bench.queue.reading)  # type: ignore[attr-defined]
        if turn.bay != "large":
            next(bay for bay in small if bay.name == turn.bay).files.append(
                (GIB, False)
            )  # another one is docked at once
        bench.end(turn)
        if not large.files:
            break
    assert sum(turn.bay == "large" for turn in bench.begun) >= 300 // (others + 1 + OVERDUE // GIB) - 1


def test_two_clips_do_not_wait_for_a_card_of_64_gb() -> None:
    cards = [Recorder(f"card{n}", "A", deque([(4 * GIB, False)] * 16)) for n in range(4)]
    bench = Bench(cards, Limits(2, 2))
    bench.begin_all()
    bench.bays.append(Recorder("small", "A", deque([(GIB // 10, False)] * 2)))
    bench.ask(bench.bays[-1])
    bench.end(bench.queue.reading[0])
    bench.begin_all()
    assert bench.begun[-1].bay == "small", "it waits for one file that was being read, not for a card"
    bench.end(bench.begun[-1])
    bench.begin_all()
    assert bench.begun[-1].bay == "small"


def test_an_idle_controller_is_used_before_a_busy_one() -> None:
    first = Turn(0, "1", "A", False, 1, 1)
    waiting = [Turn(1, "2", "A", False, 1, 1), Turn(2, "3", "B", False, 9, 99)]
    assert choose(waiting, [first], Limits(2, 2)) == waiting[1]
    assert choose(waiting[:1], [first], Limits(2, 1)) is None


def test_what_is_overdue_comes_before_what_is_short() -> None:
    long, short = Turn(0, "1", "A", False, 1, 1 << 36, OVERDUE), Turn(1, "2", "A", False, 1, 1)
    assert choose([short, long], [], Limits()) == long
    assert choose([short, replace(long, passed=OVERDUE - 1)], [], Limits()) == short
    first = choose([replace(short, important=True), long], [], Limits())
    assert first is not None and first.bay == "2"


async def test_whoever_is_cancelled_while_waiting_or_reading_gives_the_turn_back() -> None:
    turns, reading = Turns(Limits(1, 1)), asyncio.Event()

    async def read(name: str, *, forever: bool) -> str:
        async with turns.reading(name, "A", important=False, size=1, left=1):
            if forever:
                reading.set()
                await asyncio.Event().wait()
            return name

    first = asyncio.create_task(read("first", forever=True))
    await reading.wait()
    second, third = (
        asyncio.create_task(read("second", forever=False)),
        asyncio.create_task(read("third", forever=False)),
    )
    await asyncio.sleep(0)
    second.cancel()
    first.cancel()
    assert await asyncio.wait_for(third, 10) == "third"
    await asyncio.gather(first, second, return_exceptions=True)
    assert turns._queue.waiting == turns._queue.reading == ()


def test_recorders_on_one_controller_share_it_and_others_share_nothing(tmp_path: Path) -> None:
    def port(path: str) -> Port:
        return Port("1", "udev", tmp_path, "x", usb=UsbDevice(path, 1, 2, "", "", "", 1, 2, ()))

    assert bus_of(port("pci0/0000:00:14.0/usb2/1.4")) == bus_of(port("pci0/0000:00:14.0/usb2/3"))
    assert bus_of(port("pci0/0000:00:14.0/usb2/1.4")) != bus_of(port("pci0/0000:00:14.0/usb3/1.4"))
    assert bus_of(Port("1", "image", tmp_path, "x")) != bus_of(Port("2", "image", tmp_path, "x"))


async def test_a_dock_reads_two_clips_and_an_important_one_before_the_rest_of_a_large_recorder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One reader for all. The first file of the large recorder is held until the others wait for their turns."""
    made: list[Turns] = []
    make, readinto = Turns.__init__, directory.FileStream.readinto

    def remembered(turns: Turns, limits: Limits) -> None:
        make(turns, limits)
        made.append(turns)

    def held(stream: directory.FileStream, buffer: memoryview) -> int:
        end = time.monotonic() + 20
        while not waited and len({turn.bay for turn in made[0]._queue.waiting} | {"large"}) < 3:
            assert time.monotonic() < end
            time.sleep(0.002)
        waited.append(True)
        return readinto(stream, buffer)

    waited: list[bool] = []
    monkeypatch.setattr(Turns, "__init__", remembered)
    monkeypatch.setattr(directory.FileStream, "readinto", held)
    contents = {
        "large": {f"L{n}.mp4": b"large" * 1000 for n in range(6)},
        "small": {"S0.mp4": b"s", "S1.mp4": b"s"},
        "important": {f"DSJ7A01_01234520261122143059_{n:04d}_IMP.MP4": b"important" * 9000 for n in range(2)},
    }
    for bay, files in contents.items():
        (tmp_path / bay).mkdir()
        for number, (name, content) in enumerate(files.items()):
            (tmp_path / bay / name).write_bytes(content + b"%d" % number)
    (tmp_path / "small").rename(tmp_path / "small-later")
    (tmp_path / "important").rename(tmp_path / "important-later")
    dock_alone.enrol(tmp_path / "dock")
    bays = [Bay(bay, "directory", tmp_path / bay) for bay in contents]
    config = dock_alone.config(tmp_path / "dock", *bays, readers=1)
    dock = Dock(tmp_path / "dock", config, Wishes(watch=dock_alone.QUICK, sync=dock_alone.Obliging))
    working = asyncio.create_task(dock.run())
    try:
        async with asyncio.timeout(40):
            while not made or not made[0]._queue.reading:
                await asyncio.sleep(0.01)
            (tmp_path / "small-later").rename(tmp_path / "small")
            (tmp_path / "important-later").rename(tmp_path / "important")
            while not all(view.state is State.READY for view in dock._board.views()):
                assert not working.done()
                await asyncio.sleep(0.01)
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    with read_only(dock_alone.journal_of(tmp_path / "dock")) as db:
        said = [read_statement(dsse.Envelope.parse(row.data).payload).event for row in queries.envelopes(db)]
    order = [event.bay for event in said if isinstance(event, ClipCollected)]
    assert order == ["large", "important", "important", "small", "small", *["large"] * 5]
