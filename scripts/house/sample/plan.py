"""What there is in the sample county on a day: the cases with their days, documents and recordings. Pure: the same for the same day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile

from house.sample.cases import CASES, SampleCase
from house.sample.courses import COURSES, Film, Paper, Step
from house.sample.people import OFFICERS
from liuhen_server.cases.calendar import OFFICIAL
from liuhen_server.cases.classes import CLASSES, Stage
from liuhen_server.cases.clocks import Clock, clocks_of, document_event, stage_event
from liuhen_server.cases.coverage import document_item

PATROL = ("08:30", 18)
"""When the recording begins that belongs to no case, and for how many minutes it goes on."""


@dataclass(frozen=True)
class DatedPaper:
    stage: Stage
    kind: str
    dated: date
    hours: tuple[str, str] | None
    place: str


def recorder_of(number: str) -> str:
    """The serial of an officer's recorder, whose number it holds: seven characters, as recorders have."""
    return f"DSJ{number[1]}{number[3:]}"


@dataclass(frozen=True)
class MadeFilm:
    """A recording as one officer's recorder has it: local time. `item` empty: it belongs to no case."""

    officer: str
    begins: datetime
    minutes: int
    files: int
    picture: bool
    item: str = ""
    stage: Stage | None = None
    linked: bool = False

    @property
    def recorder(self) -> str:
        return recorder_of(self.officer)

    def part_begins(self, part: int) -> datetime:
        return self.begins + timedelta(minutes=self.minutes) * part / self.files


@dataclass(frozen=True)
class PlannedCase:
    """`stages`: when the case came into each, in order; the last one is where it is now."""

    case: SampleCase
    number: str
    stages: Sequence[tuple[Stage, date]]
    papers: Sequence[DatedPaper]
    films: Sequence[MadeFilm]
    excuses: Sequence[tuple[Stage, str, str]]

    @property
    def stage(self) -> Stage:
        return self.stages[-1][0]

    @property
    def opened(self) -> date:
        return self.stages[0][1]

    def clocks(self, day: date) -> Sequence[Clock]:
        """As the case's page shows them on that day."""
        events: dict[str, date] = {}
        for name, when in (
            *((stage_event(stage), entered) for stage, entered in self.stages),
            *((document_event(paper.kind), paper.dated) for paper in self.papers),
        ):
            events[name] = min(events.get(name, when), when)
        return clocks_of(self.case.enforcement, events, day)


def planned(day: date, case_words: Mapping[str, str], cases: Sequence[SampleCase] = CASES) -> tuple[PlannedCase, ...]:
    """The cases as they stand on that day. `case_words`: what the numbers of each agency begin with."""
    return tuple(_planned(case, day, case_words[case.agency]) for case in cases)


def patrols(day: date) -> tuple[MadeFilm, ...]:
    """What the officers who carry a recorder filmed on their way on the last working day, for no case."""
    clock, minutes = PATROL
    on_duty = (each.number for each in OFFICERS if each.active and each.days > 0 and each.number is not None)
    begins = _at(working_day(day - timedelta(days=1)), clock)
    return tuple(MadeFilm(number, begins, minutes, 1, False) for number in on_duty)


def working_day(day: date) -> date:
    """This day, or the last working day before it: on days off nobody opens cases."""
    while not OFFICIAL.is_working(day):
        day -= timedelta(days=1)
    return day


def _planned(case: SampleCase, day: date, word: str) -> PlannedCase:
    def on(after: int) -> date:
        return working_day(day - timedelta(days=case.opened - after))

    steps = tuple(_come_to(case))
    course: list[tuple[Stage, Paper | Film]] = []
    for step in steps:
        course += [(step.stage, paper) for paper in step.papers]
        course += [(step.stage, film) for film in step.films]
    happened = [each for each in (*course, *case.more) if _is_there(case, each[1]) and each[1].after <= case.opened]
    number = f"{word}{CLASSES[case.enforcement].word}〔{on(0).year}〕{case.serial}号"
    return PlannedCase(
        case=case,
        number=number,
        stages=tuple((step.stage, on(step.after)) for step in steps),
        papers=tuple(
            DatedPaper(stage, each.kind, on(each.after), each.hours, case.place if each.hours else "")
            for stage, each in happened
            if isinstance(each, Paper)
        ),
        films=tuple(_film(case, stage, each, on(each.after)) for stage, each in happened if isinstance(each, Film)),
        excuses=tuple(_excuse(steps, *excused) for excused in case.excused),
    )


def _come_to(case: SampleCase) -> Iterator[Step]:
    """The stages that the case came to: not those of days that lie ahead, nor any after the one in which it stays."""
    for step in takewhile(lambda step: step.after <= case.opened, COURSES[case.enforcement]):
        yield step
        if step.stage is case.until:
            return


def _is_there(case: SampleCase, each: Paper | Film) -> bool:
    if isinstance(each, Paper):
        return each.kind not in case.without
    return each.item not in case.without or each.item in case.loose


def _film(case: SampleCase, stage: Stage, film: Film, on: date) -> MadeFilm:
    officer = next(each.number for each in OFFICERS if each.name == case.handlers[0])
    assert officer is not None, f"{case.handlers[0]} has a recorder"
    return MadeFilm(
        officer,
        _at(on, film.clock),
        film.minutes,
        film.files,
        film.picture,
        film.item,
        stage,
        film.item not in case.loose,
    )


def _excuse(steps: Sequence[Step], what: str, reason: str) -> tuple[Stage, str, str]:
    for step in steps:
        if any(paper.kind == what for paper in step.papers):
            return step.stage, document_item(what), reason
        if any(film.item == what for film in step.films):
            return step.stage, what, reason
    raise ValueError(f"{what} belongs to no stage that the case came to")


def _at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock))
