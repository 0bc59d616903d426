"""Who may do what with a version of what is public, and by when: pure.

Collected, reviewed, published by three people (行政执法公示制度: 采集、审核、发布); of a decision the publisher is none of its handlers, nor
who reviewed it, nor the head who made it. Terms: 7 working days for licences and penalties, 20 for other decisions, 3 for a
withdrawal (行政处罚法 art. 48, 85).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from liuhen_server.cases.calendar import OFFICIAL, Calendar, Due
from liuhen_server.cases.said import Said, Wrong

__all__ = ["MOVES", "Move", "State", "Who", "check_apart", "moved", "publish_by", "withdraw_by"]


class State(StrEnum):
    COLLECTED = "collected"
    RETURNED = "returned"
    REVIEWED = "reviewed"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class Move(StrEnum):
    SAVE = "save"
    CONFIRM = "confirm"
    RETURN = "return"
    REVIEW = "review"
    PUBLISH = "publish"
    SUPERSEDE = "supersede"
    WITHDRAW = "withdraw"


MOVES: Mapping[tuple[State, Move], State] = MappingProxyType(
    {
        (State.COLLECTED, Move.SAVE): State.COLLECTED,
        (State.COLLECTED, Move.CONFIRM): State.COLLECTED,
        (State.COLLECTED, Move.RETURN): State.RETURNED,
        (State.COLLECTED, Move.REVIEW): State.REVIEWED,
        (State.REVIEWED, Move.RETURN): State.RETURNED,
        (State.REVIEWED, Move.PUBLISH): State.PUBLISHED,
        (State.PUBLISHED, Move.SUPERSEDE): State.SUPERSEDED,
        (State.PUBLISHED, Move.WITHDRAW): State.WITHDRAWN,
    }
)
"""The one table of what may follow what. A version that was returned, superseded or withdrawn stays so: a new one begins."""

NAMES: Mapping[State, Said] = MappingProxyType(
    {
        State.COLLECTED: Said("已采集，待审核", "collected"),
        State.RETURNED: Said("已退回", "returned"),
        State.REVIEWED: Said("已审核，待发布", "reviewed"),
        State.PUBLISHED: Said("已公示", "public"),
        State.SUPERSEDED: Said("已被新版代替", "superseded"),
        State.WITHDRAWN: Said("已撤回", "withdrawn"),
    }
)


@dataclass(frozen=True, slots=True)
class Who:
    """A person as the log names him, and the officer he is, where he is one: two accounts of one officer are one person."""

    number: str
    officer: int | None = None

    def is_(self, other: Who) -> bool:
        return self.number == other.number or (self.officer is not None and self.officer == other.officer)


def moved(state: State, move: Move) -> State:
    """Raises Wrong for a move that this state does not have."""
    after = MOVES.get((state, move))
    if after is None:
        raise Wrong(
            f"这一版{NAMES[state].zh}，不能这样处理，请刷新页面",
            f"this version is {NAMES[state].en}: that cannot be done with it now",
            "state",
        )
    return after


def check_apart(who: Who, others: Iterable[tuple[Said, Who]]) -> None:
    """Raises Wrong when `who` is one of the others, each with what he did."""
    for what, other in others:
        if who.is_(other):
            raise Wrong(
                f"您是{what.zh}，采集、审核、发布须由不同的人进行",
                f"you are {what.en}: collecting, reviewing and publishing are done by different people",
                "by",
            )


def publish_by(enforcement: str, decided: date, calendar: Calendar = OFFICIAL) -> Due:
    """The last day on which a decision is to be public."""
    return calendar.working_days_after(decided, 7 if enforcement in ("penalty", "licence") else 20)


def withdraw_by(ended: date, calendar: Calendar = OFFICIAL) -> Due:
    """The last day on which a decision that was changed, revoked or is void may still be public."""
    return calendar.working_days_after(ended, 3)
