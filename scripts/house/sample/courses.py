"""How a case of each class goes when nothing is wrong: its stages, documents and recordings, in days after it was opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from liuhen_server.cases.classes import Stage


@dataclass(frozen=True)
class Paper:
    """A document of a kind. `hours` (14:00, 15:20): of an activity, at the case's own place."""

    kind: str
    after: int
    hours: tuple[str, str] | None = None


@dataclass(frozen=True)
class Film:
    """A recording for a row of the list, that begins at `clock`; `files`: into how many the recorder cut it."""

    item: str
    after: int
    clock: str
    minutes: int
    files: int = 1
    picture: bool = False


@dataclass(frozen=True)
class Step:
    """A stage, which the case enters so many days after it was opened."""

    stage: Stage
    after: int
    papers: Sequence[Paper]
    films: Sequence[Film] = ()


COURSES: Mapping[str, Sequence[Step]] = {
    "penalty": (
        Step(Stage.INITIATION, 0, (Paper("source", 0), Paper("filing", 1))),
        Step(
            Stage.INVESTIGATION,
            1,
            (
                Paper("inspection-record", 2, ("09:30", "10:40")),
                Paper("interview", 6, ("14:00", "14:50")),
                Paper("evidence", 8),
                Paper("report", 20),
            ),
            (Film("1.1", 2, "09:27", 24, files=2), Film("1.3", 6, "14:01", 47)),
        ),
        Step(Stage.REVIEW, 21, (Paper("legal-opinion", 24), Paper("notice", 26), Paper("statement", 29))),
        Step(Stage.DECISION, 32, (Paper("decision", 34),)),
        Step(
            Stage.SERVICE,
            34,
            (Paper("service-receipt", 37), Paper("publication", 40)),
            (Film("1.5", 37, "10:12", 0, picture=True),),
        ),
        Step(Stage.EXECUTION, 41, (Paper("performance", 50),)),
        Step(Stage.ARCHIVING, 52, (Paper("closing", 54), Paper("index", 55))),
        Step(Stage.ARCHIVED, 56, ()),
    ),
    "coercion": (
        Step(Stage.INITIATION, 0, (Paper("approval", 0),)),
        Step(Stage.INVESTIGATION, 1, (Paper("evidence", 2), Paper("interview", 3, ("15:00", "15:40")))),
        Step(Stage.REVIEW, 4, (Paper("legal-opinion", 5), Paper("reminder", 5))),
        Step(Stage.DECISION, 6, (Paper("decision", 7), Paper("seizure", 7))),
        Step(
            Stage.SERVICE,
            7,
            (Paper("service-receipt", 8), Paper("publication", 16)),
            (Film("2.2", 8, "09:05", 0, picture=True),),
        ),
        Step(
            Stage.EXECUTION,
            9,
            (Paper("scene-record", 10, ("08:40", "10:10")), Paper("goods-list", 10), Paper("release", 30)),
            (Film("2.1", 10, "08:36", 92, files=3),),
        ),
        Step(Stage.ARCHIVING, 32, (Paper("closing", 33), Paper("index", 33))),
        Step(Stage.ARCHIVED, 35, ()),
    ),
    "licence": (
        Step(Stage.INITIATION, 0, (Paper("application", 0), Paper("acceptance", 3))),
        Step(
            Stage.INVESTIGATION,
            3,
            (Paper("inspection-record", 7, ("10:00", "10:50")), Paper("examination", 12)),
            (Film("3.1", 7, "09:58", 41),),
        ),
        Step(Stage.REVIEW, 13, (Paper("legal-opinion", 15),)),
        Step(Stage.DECISION, 16, (Paper("decision", 18),)),
        Step(Stage.SERVICE, 18, (Paper("service-receipt", 22), Paper("publication", 24))),
        Step(Stage.ARCHIVING, 26, (Paper("closing", 27), Paper("index", 27))),
        Step(Stage.ARCHIVED, 29, ()),
    ),
    "levy": (
        Step(Stage.INITIATION, 0, (Paper("announcement", 0),)),
        Step(
            Stage.INVESTIGATION,
            3,
            (Paper("survey", 6, ("09:00", "11:30")), Paper("valuation", 16)),
            (Film("4.1", 6, "08:55", 64, files=2),),
        ),
        Step(Stage.REVIEW, 18, (Paper("legal-opinion", 22), Paper("collective", 25))),
        Step(Stage.DECISION, 26, (Paper("decision", 28),)),
        Step(
            Stage.SERVICE,
            28,
            (Paper("service-receipt", 31), Paper("publication", 40)),
            (Film("4.2", 31, "14:20", 0, picture=True),),
        ),
        Step(Stage.EXECUTION, 41, (Paper("compensation", 50),)),
        Step(Stage.ARCHIVING, 52, (Paper("closing", 53), Paper("index", 53))),
        Step(Stage.ARCHIVED, 55, ()),
    ),
    "inspection": (
        Step(Stage.INITIATION, 0, (Paper("task", 0),)),
        Step(
            Stage.INVESTIGATION,
            1,
            (Paper("inspection-record", 2, ("13:30", "14:25")), Paper("sampling", 2)),
            (Film("5.1", 2, "13:28", 52, files=2), Film("5.2", 2, "13:55", 0, picture=True)),
        ),
        Step(Stage.DECISION, 4, (Paper("result", 6), Paper("rectification", 6))),
        Step(Stage.SERVICE, 7, (Paper("service-receipt", 8), Paper("recheck", 22), Paper("publication", 24))),
        Step(Stage.ARCHIVING, 26, (Paper("index", 27),)),
        Step(Stage.ARCHIVED, 29, ()),
    ),
}
"""The usual course of each class. A case of the sample follows it to the day that is handed in, and departs from it where `cases` says so."""
