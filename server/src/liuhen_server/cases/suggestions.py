"""Which clips may belong to which case, and why: pure, and only ever a suggestion. Nothing is linked without a person.

A clip is suggested for an activity of a case (an inspection from 14:00 to 15:30, a stage of some days) when one of the case's officers had the
recorder and the times overlap. What a clip's times are worth is part of the sum: they come from the recorder's clock, whose
offset the dock wrote down when it was read; what is left of doubt widens the clip on both sides.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt

from liuhen_server.cases.classes import Stage
from liuhen_server.cases.said import Said

__all__ = [
    "Activity",
    "Place",
    "Recording",
    "Suggestion",
    "Whose",
    "WhoseBasis",
    "doubt_of",
    "nearest",
    "recordings_of",
    "suggest",
    "whose",
]

DRIFT_PER_DAY = timedelta(seconds=3)
"""A recorder's clock is off by so much a day at most (GA/T 947.2, as its implementers quote it)."""

UNKNOWN_DOUBT = timedelta(minutes=10)
"""For a recorder whose clock the dock could not read."""

SET_DAYS_AGO = 7
"""Where nobody knows when the clock was last set."""

SPLIT_SECONDS = 5
"""Recorders cut a recording into files with hardly a pause; two files further apart are two recordings."""

NEAR_METRES, CLOSE_METRES = 1_000.0, 300.0
BESIDE_METRES = 200.0
"""How near two tracks come to each other that were filmed at one place."""

FEWEST_POINTS = 40
_EARTH_METRES = 6_371_000.0


@dataclass(frozen=True, slots=True)
class Place:
    latitude: float
    longitude: float


class WhoseBasis(StrEnum):
    RECORDER = "recorder"  # the officer's number that the recorder holds
    ASSIGNMENT = "assignment"  # the register says who had the recorder then
    CHECK_OUT = "check_out"  # the officer checked it out at the dock
    DECISION = "decision"  # two people said whose the clips of an unknown device are


@dataclass(frozen=True, slots=True)
class Whose:
    """An officer (number or certificate) had a recorder from `since` to `until` (None: still), and on what that rests."""

    officer: str
    basis: WhoseBasis
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording: its files in order (`clips`: (dock, sha256)), from `began` to `ended` by the corrected clock, give or take `doubt`."""

    clips: tuple[tuple[str, str], ...]
    recorder: str
    officer: str | None
    basis: WhoseBasis
    began: datetime
    ended: datetime
    doubt: timedelta
    place: Place | None = None
    track: tuple[Place, ...] = ()  # where it was filmed, by the recorder's own positions


@dataclass(frozen=True, slots=True)
class Activity:
    """Something the case's officers did. `exact`: begin and end are known to the minute (a record with times), not only the days
    between which a stage lasted.
    """

    case: int
    stage: Stage
    name: Said
    officers: frozenset[str]
    began: datetime
    ended: datetime
    exact: bool
    place: Place | None = None
    filmed: tuple[Place, ...] = ()  # where what is linked to the case already was filmed


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`score` from 0 to 100. `clips`: all files of the recording, to be linked together."""

    case: int
    stage: Stage
    clips: tuple[tuple[str, str], ...]
    score: int
    reasons: tuple[Said, ...]


def doubt_of(offset_known: bool, since_set: timedelta | None) -> timedelta:
    """How far a recorder's time may still be off once the offset that the dock read is taken away. The offset was read at the
    end of the duty: a clip's own moment lies up to `since_set` before it.
    """
    if not offset_known:
        return UNKNOWN_DOUBT
    days = SET_DAYS_AGO if since_set is None else max(1, -(-since_set // timedelta(days=1)))
    return min(UNKNOWN_DOUBT, DRIFT_PER_DAY * days)


def whose(recording: Recording, officers: Collection[str], others: Iterable[Whose]) -> Recording:
    """The recording with the officer of the case that it is most surely of. Where the recorder itself names one of them, it is
    that one; else who had it for all of the time it was made, what the clock's doubt leaves open going either way.
    """
    if recording.officer in officers:
        return recording
    for each in others:
        until = recording.ended if each.until is None else each.until
        before, after = each.since - recording.began, recording.ended - until
        if each.officer in officers and max(before, after) <= recording.doubt:
            return replace(recording, officer=each.officer, basis=each.basis)
    return recording


def recordings_of(files: Iterable[Recording]) -> tuple[Recording, ...]:
    """Puts the files of one recording together: same recorder and officer, each beginning where the one before ended."""
    found: list[Recording] = []
    for file in sorted(files, key=lambda each: (each.recorder, each.officer or "", each.began, each.clips)):
        last = found[-1] if found else None
        if last is not None and _goes_on(last, file):
            found[-1] = _joined(last, file)
        else:
            found.append(file)
    return tuple(sorted(found, key=lambda each: (each.began, each.recorder, each.clips)))


def suggest(recordings: Iterable[Recording], activities: Sequence[Activity]) -> tuple[Suggestion, ...]:
    """The best reason for each recording and case, the likeliest first."""
    best: dict[tuple[tuple[tuple[str, str], ...], int], Suggestion] = {}
    for recording in recordings:
        for activity in activities:
            found = _judged(recording, activity)
            key = (recording.clips, activity.case)
            if found is not None and (key not in best or best[key].score < found.score):
                best[key] = found
    return tuple(sorted(best.values(), key=lambda each: (-each.score, each.case, each.clips)))


def _goes_on(before: Recording, after: Recording) -> bool:
    if (before.recorder, before.officer, before.basis) != (after.recorder, after.officer, after.basis):
        return False
    if after.began <= before.began:  # two files of one moment are two recordings, however short
        return False
    return abs((after.began - before.ended).total_seconds()) <= SPLIT_SECONDS


def _joined(first: Recording, second: Recording) -> Recording:
    return Recording(
        first.clips + second.clips,
        first.recorder,
        first.officer,
        first.basis,
        first.began,
        max(first.ended, second.ended),
        max(first.doubt, second.doubt),
        first.place or second.place,
        first.track + second.track,
    )


def _judged(recording: Recording, activity: Activity) -> Suggestion | None:
    """Whose recorder it was and when must both fit; the place only adds, for it is rarely there."""
    whose = _whose(recording, activity.officers)
    when = _when(recording, activity)
    if whose is None or when is None:
        return None
    where = _where(recording.place, activity.place) or _beside(recording.track, activity.filmed)
    parts = [whose, when, *([where] if where is not None else [])]
    score = sum(points for points, _ in parts)
    if score < FEWEST_POINTS:
        return None
    reasons = tuple(said for _, said in parts) + _together(recording)
    return Suggestion(activity.case, activity.stage, recording.clips, min(100, score), reasons)


def _whose(recording: Recording, officers: Collection[str]) -> tuple[int, Said] | None:
    if recording.officer is None or recording.officer not in officers:
        return None
    if recording.basis is WhoseBasis.RECORDER:
        return 40, Said(
            f"记录仪中的证号 {recording.officer} 是本案承办人",
            f"the recorder names officer {recording.officer}, a handler of this case",
        )
    if recording.basis is WhoseBasis.DECISION:
        return 30, Said(
            f"经两人确认，该未登记设备的记录由本案承办人 {recording.officer} 拍摄",
            f"two people said that officer {recording.officer}, a handler of this case, made what this unknown device held",
        )
    if recording.basis is WhoseBasis.CHECK_OUT:
        return 30, Said(
            f"当时在采集站领用该记录仪的 {recording.officer} 是本案承办人",
            f"officer {recording.officer}, a handler of this case, had checked this recorder out at the dock",
        )
    return 30, Said(
        f"当时领用该记录仪的 {recording.officer} 是本案承办人",
        f"officer {recording.officer}, a handler of this case, had this recorder then",
    )


def _when(recording: Recording, activity: Activity) -> tuple[int, Said] | None:
    overlap = min(recording.ended, activity.ended) - max(recording.began, activity.began)
    widened = overlap + recording.doubt * 2
    if overlap >= timedelta(0):
        if activity.exact:
            return 45, Said(
                f"拍摄时间与“{activity.name.zh}”重合 {_minutes(overlap)} 分钟",
                f"it overlaps “{activity.name.en}” by {_minutes(overlap)} min",
            )
        return 15, Said(f"拍摄于“{activity.name.zh}”期间", f"it was made during “{activity.name.en}”")
    if activity.exact and widened >= timedelta(0):
        doubt = int(recording.doubt.total_seconds())
        return 25, Said(
            f"与“{activity.name.zh}”相差 {_seconds(-overlap)} 秒，在记录仪时钟误差（±{doubt} 秒）之内",
            f"{_seconds(-overlap)} s from “{activity.name.en}”, within the doubt of the recorder's clock (±{doubt} s)",
        )
    return None


def _where(one: Place | None, other: Place | None) -> tuple[int, Said] | None:
    if one is None or other is None:
        return None
    metres = distance(one, other)
    if metres > NEAR_METRES:
        return -20, Said(f"拍摄地点相距 {metres / 1000:.1f} 公里", f"made {metres / 1000:.1f} km from there")
    return (15 if metres <= CLOSE_METRES else 8), Said(
        f"拍摄地点相距约 {metres:.0f} 米", f"made about {metres:.0f} m from there"
    )


def _beside(track: Sequence[Place], filmed: Sequence[Place]) -> tuple[int, Said] | None:
    """Only for it: a case is worked on in many places."""
    metres = nearest(track, filmed, BESIDE_METRES)
    if metres is None:
        return None
    return 10, Said(
        f"拍摄轨迹距已关联本案的音像约 {metres:.0f} 米（{BESIDE_METRES:.0f} 米以内）",
        f"filmed about {metres:.0f} m from what is linked to this case already (within {BESIDE_METRES:.0f} m)",
    )


def nearest(some: Sequence[Place], others: Sequence[Place], within: float) -> float | None:
    """Metres between the two places of them that are nearest to each other; None where they are farther than `within` metres."""
    degrees = within / (_EARTH_METRES * radians(1)) * 1.01
    ordered = sorted(others, key=lambda each: each.latitude)
    latitudes = [each.latitude for each in ordered]
    least: float | None = None
    for one in some:
        first = bisect_left(latitudes, one.latitude - degrees)
        for other in ordered[first : bisect_right(latitudes, one.latitude + degrees)]:
            metres = distance(one, other)
            if metres <= within and (least is None or metres < least):
                least = metres
    return least


def _together(recording: Recording) -> tuple[Said, ...]:
    count = len(recording.clips)
    if count == 1:
        return ()
    return (Said(f"同一次拍摄的 {count} 个分段一并关联", f"the {count} files of one recording are linked together"),)


def distance(one: Place, other: Place) -> float:
    """Metres along the earth's surface (haversine)."""
    first, second = radians(one.latitude), radians(other.latitude)
    up, along = second - first, radians(other.longitude - one.longitude)
    half = sin(up / 2) ** 2 + cos(first) * cos(second) * sin(along / 2) ** 2
    return 2 * _EARTH_METRES * asin(min(1.0, sqrt(half)))


def _minutes(span: timedelta) -> int:
    return max(1, round(span.total_seconds() / 60))


def _seconds(span: timedelta) -> int:
    return max(1, round(span.total_seconds()))
