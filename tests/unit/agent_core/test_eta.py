"""The promise of the screen: once a tenth of a recorder is read, the time left is true within 20 % (or 8 s), or it is not said.

The dock here is simulated second by second: a bus shared by the bays, clips that can be sent once they are read whole, a line to the
archive, receipts a moment later. What nobody can foresee (a card that stalls, a recorder that is plugged in later) is taken from the
truth: an estimate is judged by the work that was there when it was said.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from liuhen_agent.eta import Estimator, Meter, Work

MB = 1_000_000
TICK = 0.25
Rate = Callable[[float], float]


def steadily(rate: float) -> Rate:
    return lambda at: rate


FAST = steadily(1e12)
FAST_LINE = steadily(100 * MB)


@dataclass
class Recorder:
    """`limit`: how fast it can be read at a moment, bytes per second."""

    bay: str
    clips: list[int]
    plugged: float = 0.0
    limit: Rate = FAST
    read: float = 0.0
    safe: float | None = None
    said: dict[float, int | None] = field(default_factory=dict)
    tenth: float | None = None  # when a tenth was read

    @property
    def total(self) -> int:
        return sum(self.clips)


@dataclass
class County:
    """A dock and its line. The bus is shared evenly by the bays that are read; with fewer `readers` than bays the one with the least
    left has the next turn, a clip long (collect.fairness)."""

    recorders: list[Recorder]
    bus: Rate
    line: Rate
    readers: int = 8
    jitter: float = 0.0

    def run(self) -> None:
        chance = random.Random(7)
        estimator, at, sent_all = Estimator(self.readers), 0.0, 0.0
        queue: list[list[float]] = []  # [bytes left, bay number], in order
        waiting_receipt: list[tuple[float, int]] = []
        turns: set[int] = set()
        while any(recorder.safe is None for recorder in self.recorders):
            assert at < 20_000
            there = [n for n, each in enumerate(self.recorders) if each.plugged <= at and each.safe is None]
            waiting = [n for n in there if n not in turns and self._left(n)]
            turns |= set(sorted(waiting, key=self._left)[: self.readers - len(turns)])
            reading = sorted(turns)
            speed = self.bus(at) * (1 + self.jitter * chance.uniform(-1, 1))
            for n in reading:
                recorder = self.recorders[n]
                before = recorder.read
                rest = recorder.total - before
                recorder.read += min(rest, min(speed / len(reading), recorder.limit(at)) * TICK)
                for size in finished(recorder.clips, before, recorder.read):
                    queue.append([size, n])
                    turns.discard(n)
            room = self.line(at) * (1 + self.jitter * chance.uniform(-1, 1)) * TICK
            while queue and room > 0:
                part = min(room, queue[0][0])
                queue[0][0] -= part
                room -= part
                sent_all += part
                if queue[0][0] <= 0.5:
                    waiting_receipt.append((at + 2.0, int(queue.pop(0)[1])))
            waiting_receipt = [(due, n) for due, n in waiting_receipt if due > at]
            at += TICK
            for n in there:
                recorder = self.recorders[n]
                unsent = any(job[1] == n for job in queue) or any(job[1] == n for job in waiting_receipt)
                if recorder.read >= recorder.total and not unsent:
                    recorder.safe = at
                if recorder.tenth is None and recorder.read >= recorder.total / 10:
                    recorder.tenth = at
            if at % 1 == 0:
                works = [self._work(n, queue) for n in there]
                seconds = estimator.look(at, works, int(sum(job[0] for job in queue)), int(sent_all))
                for n in there:
                    self.recorders[n].said[at] = seconds[self.recorders[n].bay]

    def _left(self, n: int) -> float:
        return self.recorders[n].total - self.recorders[n].read

    def _work(self, n: int, queue: list[list[float]]) -> Work:
        recorder = self.recorders[n]
        own = [place for place, job in enumerate(queue) if job[1] == n]
        ahead = sum(job[0] for job in queue[: own[-1] + 1]) if own else 0
        typical = recorder.total // len(recorder.clips)
        reading = recorder.read < recorder.total
        return Work(recorder.bay, reading, recorder.total, int(recorder.read), int(ahead), typical)


def finished(clips: list[int], before: float, after: float) -> Iterator[int]:
    end = 0
    for size in clips:
        end += size
        if before < end <= after + 1e-6:
            yield size


@dataclass(frozen=True)
class Told:
    """Of the seconds after the first tenth: those with an estimate that was not true, how many had one, how many there were."""

    wrong: list[tuple[float, int, float]]
    spoke: int
    seconds: int


def told(recorder: Recorder, paused: tuple[float, float] | None = None, since: float = 0.0) -> Told:
    """`paused`: when nothing moved; `since`: nothing was plugged in from then on."""
    assert recorder.safe is not None and recorder.tenth is not None
    moments = [at for at in recorder.said if max(recorder.tenth, since) <= at < recorder.safe]
    working = [at for at in moments if paused is None or not paused[0] <= at < paused[1]]
    wrong = []
    for at in working:
        said, left = recorder.said[at], recorder.safe - at
        if paused and at < paused[0]:
            left -= paused[1] - paused[0]  # nobody could know
        if said is not None and abs(said - left) > max(0.2 * left, 8):
            wrong.append((at, said, left))
    return Told(wrong, sum(recorder.said[at] is not None for at in working), len(working))


def judge(recorder: Recorder, *, paused: tuple[float, float] | None = None, least: float = 0.8) -> None:
    """Every estimate after the first tenth is true; enough of them are made."""
    found = told(recorder, paused)
    assert not found.wrong, f"bay {recorder.bay}: {len(found.wrong)} of {found.seconds}: {found.wrong[:5]}"
    assert found.spoke >= least * found.seconds, f"said only {found.spoke} of {found.seconds} seconds"


@pytest.mark.parametrize("jitter", [0.0, 0.3])
@pytest.mark.parametrize("line", [100, 30, 12], ids=["line faster", "line as fast", "line slower"])
def test_a_constant_recorder(line: int, jitter: float) -> None:
    one = Recorder("1", [300 * MB] * 20)
    County([one], steadily(30 * MB), steadily(line * MB), jitter=jitter).run()
    judge(one)


def test_one_single_big_clip_once_the_line_is_known() -> None:
    """Its bytes can only be sent when all of it is read: that is part of the time left."""
    first, big = Recorder("1", [20 * MB] * 20), Recorder("1", [3000 * MB], plugged=60)
    County([first, big], steadily(30 * MB), steadily(20 * MB)).run()
    judge(big)


def test_a_single_big_clip_says_nothing_until_the_line_is_known() -> None:
    big = Recorder("1", [3000 * MB])
    County([big], steadily(30 * MB), steadily(20 * MB)).run()
    assert all(said is None for at, said in big.said.items() if at < 100), "nothing was sent yet"
    judge(big, least=0.5)


def test_a_card_that_gets_slower() -> None:
    slow = Recorder("1", [200 * MB] * 30, limit=lambda at: 30 * MB - 10 * MB * min(at / 240, 1))
    County([slow], steadily(100 * MB), FAST_LINE, jitter=0.1).run()
    judge(slow)


def test_two_bays_share_the_bus_and_the_small_one_leaves_the_rest_to_the_big_one() -> None:
    big, small = Recorder("1", [300 * MB] * 20), Recorder("2", [100 * MB] * 10, plugged=8)
    County([big, small], steadily(30 * MB), FAST_LINE, jitter=0.1).run()
    judge(big)
    judge(small)


def test_two_bays_that_do_not_share_are_known_once_one_was_alone() -> None:
    one, two = [Recorder(bay, [300 * MB] * 20, plugged, steadily(30 * MB)) for bay, plugged in (("1", 0), ("2", 10))]
    County([one, two], steadily(200 * MB), FAST_LINE).run()
    judge(one)
    judge(two)


def test_more_bays_than_readers_wait_for_their_turn() -> None:
    recorders = [Recorder(str(n), [100 * MB] * (6 + 4 * n), plugged=n) for n in range(4)]
    County(recorders, steadily(40 * MB), FAST_LINE, readers=2).run()
    for recorder in recorders:
        judge(recorder, least=0.7)


def test_eight_at_once_behind_a_slow_line() -> None:
    recorders = [Recorder(str(n), [(70 + 10 * n) * MB] * 8, plugged=n / 2) for n in range(8)]
    County(recorders, steadily(60 * MB), steadily(25 * MB), readers=8).run()
    for recorder in recorders:
        judge(recorder, least=0.7)


def unevenly(chance: random.Random, rate: float) -> Rate:
    """Faster and slower by up to a sixth, in waves of some seconds to a minute: a bus with other traffic, a line that people share."""
    waves = [(chance.uniform(5, 60), chance.uniform(0, 6), chance.uniform(0.03, 0.08)) for _ in range(2)]
    return lambda at: (
        rate * (1 + sum(part * math.sin(at * 2 * math.pi / length + phase) for length, phase, part in waves))
    )


@pytest.mark.parametrize("seed", range(20))
def test_uneven_courses_of_recorders_with_clips_of_all_sizes(seed: int) -> None:
    """Nothing is steady but the means: up to five recorders of one model, some with a worn card, on a bus and a line that waver. One was
    there before them: a dock that never saw one alone cannot know how fast the last one will be read. Judged is what was said when
    all of them were there; that a wave comes nobody can know, so nine of ten must be true."""
    chance = random.Random(seed)
    model = chance.uniform(20, 60) * MB
    before = Recorder("before", [60 * MB] * 8, limit=unevenly(chance, model))
    recorders = [
        Recorder(
            str(n),
            [int(chance.uniform(40, 400) * MB) for _ in range(chance.randint(8, 30))],
            plugged=60 + chance.uniform(0, 10),
            limit=unevenly(chance, model * chance.choice((1.0, 1.0, 1.0, 0.6))),
        )
        for n in range(chance.randint(1, 5))
    ]
    bus, line = unevenly(chance, chance.uniform(40, 120) * MB), unevenly(chance, chance.uniform(15, 100) * MB)
    County([before, *recorders], bus, line, readers=chance.randint(2, 5), jitter=0.2).run()
    found = [told(recorder, since=75) for recorder in recorders]
    spoke = sum(each.spoke for each in found)
    assert sum(len(each.wrong) for each in found) <= spoke / 10, [each.wrong[:3] for each in found]
    assert spoke >= 0.8 * sum(each.seconds for each in found)


def test_a_slow_card_is_not_taken_for_one_that_others_hold_back() -> None:
    """It is as slow when the others have gone, and also after the fastest of them has."""
    slow, fast, other = (
        Recorder(bay, [200 * MB] * clips, 0.0, steadily(rate * MB))
        for bay, clips, rate in (("1", 15, 15), ("2", 12, 40), ("3", 18, 16))
    )
    County([slow, fast, other], steadily(90 * MB), FAST_LINE).run()
    for recorder in (slow, fast, other):
        judge(recorder)


def test_a_stall_is_said_as_nothing_and_after_it_the_estimate_is_true_again() -> None:
    card = Recorder("1", [100 * MB] * 40, limit=lambda at: 0.0 if 60 <= at < 120 else 25 * MB)
    County([card], steadily(100 * MB), FAST_LINE).run()
    judge(card, paused=(60, 120))
    assert all(said is None for at, said in card.said.items() if 72 <= at < 120), "nobody knows when it goes on"


def test_an_archive_that_does_not_answer_leaves_no_estimate_and_comes_back_with_one() -> None:
    card = Recorder("1", [100 * MB] * 40)
    County([card], steadily(30 * MB), lambda at: 0.0 if 50 <= at < 250 else 25 * MB).run()
    assert all(said is None for at, said in card.said.items() if 100 <= at < 250)
    judge(card, paused=(50, 250), least=0.7)


def test_a_bay_whose_card_stands_still_does_not_hold_the_estimate_of_another() -> None:
    good = Recorder("1", [100 * MB] * 40)
    bad = Recorder("2", [100 * MB] * 10, limit=lambda at: 0.0 if at < 200 else 25 * MB)
    County([good, bad], steadily(30 * MB), FAST_LINE).run()
    assert all(said is None for at, said in bad.said.items() if 12 <= at < 200)
    assert any(said is not None for said in good.said.values())


def test_a_receipt_that_does_not_come_is_no_countdown_that_stands_at_three_seconds() -> None:
    estimator = Estimator(2)
    waits = Work("1", False, 100 * MB, 100 * MB, 0, 10 * MB)
    said = [estimator.look(float(at), [waits], 0, 0)["1"] for at in range(60)]
    assert said[0] == 3 and said[59] is None


def test_a_meter_without_time_at_work_knows_nothing() -> None:
    meter = Meter(10.0)
    for at in range(5):
        meter.look(float(at), 0, busy=False)
    assert meter.rate is None and not meter.stalled
    meter.look(6.0, 50 * MB, busy=True)
    assert meter.rate is None, "one second is no rate"
