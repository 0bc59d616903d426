"""Clips whose recorder names nobody are suggested to the cases of who had it, by the register or by what two people said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import insert

from liuhen_protocol.moment import format_time, parse_time
from liuhen_protocol.track import Point, write_track
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.finding import suggestions_for
from liuhen_server.cases.linking import Goal, link_clips
from liuhen_server.cases.reading import Case
from liuhen_server.custody.schema import stays
from liuhen_server.custody.stays import find_stay
from liuhen_server.custody.tracks import Tracks
from liuhen_server.registry.changes import keep_officer, keep_recorder
from liuhen_server.registry.holdings import Holding, hand_out
from liuhen_server.registry.officers import find_officer
from liuhen_server.registry.proposals import About, Decision, Outcome, Proposal, decide, propose
from liuhen_server.registry.recorders import Recorder
from liuhen_server.web.context import CHINA
from support.case_office import HANDLER, HEAD, Office


async def reasons(office: Office, case: Case) -> list[str]:
    async with office.archive.database.read() as conn:
        found = await suggestions_for(conn, await office.whole(case), CHINA)
    return [each.suggestion.reasons[0].zh for each in found]


async def test_a_clip_is_suggested_to_the_case_of_who_had_its_recorder_then(office: Office) -> None:
    case = await office.open()
    opened = parse_time(case.opened_time)
    made = opened - timedelta(hours=1)
    local = made.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M:%S")
    await office.clip("a", officer=None, recorder_time=local, collected_time=case.opened_time)
    assert await reasons(office, case) == []
    async with office.acts.of(HEAD) as act:
        recorder = await keep_recorder(act, Recorder("0000127", office.agency))
        before, after = format_time(made - timedelta(hours=3)), format_time(made - timedelta(hours=2))
        await hand_out(act, recorder, Holding(0, office.officers["李静"], before, after))
        await hand_out(
            act, recorder, Holding(0, office.officers["赵敏"], after, format_time(made - timedelta(hours=1)))
        )
    assert await reasons(office, case) == []  # it was given back before, and then another had it
    async with office.acts.of(HEAD) as act:
        since = format_time(made - timedelta(hours=1))
        await hand_out(act, recorder, Holding(0, office.officers["李静"], since))
    assert await reasons(office, case) == ["当时领用该记录仪的 21132101 是本案承办人"]


async def test_a_clip_is_not_suggested_to_the_case_of_who_got_its_number_only_later(office: Office) -> None:
    async def numbered(name: str, number: str | None) -> str:
        async with office.acts.of(HEAD) as act:
            officer = await find_officer(act.conn, office.officers[name])
            assert officer is not None
            await keep_officer(act, replace(officer, recorder_number=number))
            return act.time

    await numbered("王磊", None)
    before = await numbered("赵敏", "210327")
    case = await office.open()
    await numbered("赵敏", None)
    after = await numbered("王磊", "210327")
    local = (parse_time(before) - timedelta(hours=1)).astimezone(CHINA).strftime("%Y-%m-%dT%H:%M:%S")
    await office.clip("a", officer="210327", recorder_time=local, collected_time=before)
    assert await reasons(office, case) == []
    await office.clip("b", officer="210327", recorder_time=local, collected_time=after)
    assert await reasons(office, case) == ["记录仪中的证号 210327 是本案承办人"]


async def test_a_clip_is_suggested_to_the_case_of_who_checked_its_recorder_out_until_it_was_docked_again(
    office: Office,
) -> None:
    case = await office.open()
    opened = parse_time(case.opened_time)

    def hours_before(hours: float) -> str:
        return format_time(opened - timedelta(hours=hours))

    for letter, hours in (("a", 3.0), ("b", 1.0)):  # made while it was out, and after it had come back
        local = parse_time(hours_before(hours)).astimezone(CHINA).strftime("%Y-%m-%dT%H:%M:%S")
        times = {"recorder_time": local, "collected_time": case.opened_time}
        await office.clip(letter, office.dock, f"{letter}.MP4", officer=None, promised_index=ord(letter), **times)
    row: dict[str, object] = {"dock": office.dock, "bay": "1", "recorder": "0000127", "quarantined": False}
    row |= {"premature": False, "files": 0}
    row |= dict.fromkeys(("seq", "total_bytes", "failed", "missing", "deleted", "problems", "cleared"), 0)
    async with office.archive.database.write() as conn:
        for index, hours in ((940, 9.0), (941, 2.0)):
            values = {"docked_index": index, "session": f"s{index}", "time": hours_before(hours)}
            await conn.execute(insert(stays).values(row | values))
    async with office.acts.of(HEAD) as act:
        recorder = await keep_recorder(act, Recorder("0000127", office.agency))
        await hand_out(act, recorder, Holding(0, office.officers["李静"], hours_before(8), stay=940))
    async with office.archive.database.read() as conn:
        found = await suggestions_for(conn, await office.whole(case), CHINA)
    assert [(each.names, each.suggestion.reasons[0].zh) for each in found] == [
        (("a.MP4",), "当时在采集站领用该记录仪的 21132101 是本案承办人")
    ]


async def test_clips_of_an_unknown_device_are_suggested_once_two_people_said_whose_they_are(office: Office) -> None:
    case = await office.open()
    local = (parse_time(case.opened_time) - timedelta(hours=1)).astimezone(CHINA).strftime("%Y-%m-%dT%H:%M:%S")
    times = {"recorder_time": local, "collected_time": case.opened_time}
    row: dict[str, object] = {"recorder": "USB-77", "session": "s9", "officer": None, "promised_index": 950}
    await office.clip("b", office.dock, "0001.MP4", **row, **times)
    numbers = ("total_bytes", "failed", "missing", "deleted", "problems", "cleared")
    async with office.archive.database.write() as conn:
        await conn.execute(
            insert(stays).values(
                docked_index=940,
                dock=office.dock,
                seq=9,
                session="s9",
                time=case.opened_time,
                bay="1",
                recorder="USB-77",
                quarantined=True,
                premature=False,
                files=1,
                **dict.fromkeys(numbers, 0),
            )
        )
        stay = await find_stay(conn, 940)
    assert stay is not None
    given = Proposal(About.CLIPS, Outcome.ASSIGN, office.agency, office.officers["王磊"], "", "王磊的备用手机拍摄")
    async with office.acts.of(HANDLER) as act:
        proposal = await propose(act, stay, given)
    assert await reasons(office, case) == []  # one person's word
    async with office.acts.of(HEAD) as act:
        await decide(act, proposal.id, proposal.version, Decision.CONFIRM)
    assert await reasons(office, case) == ["经两人确认，该未登记设备的记录由本案承办人 21132100 拍摄"]


async def _filmed_at(office: Office, letter: str, latitude_e7: int) -> None:
    """The track of a clip, in the store and in the database, as ingest leaves it."""
    data = write_track([Point(0, latitude_e7, 1_204_510_250), Point(1000, latitude_e7 + 1000, 1_204_510_250)])
    digest, store = sha256(data).hexdigest(), office.archive.store
    store.path_of(digest).parent.mkdir(parents=True, exist_ok=True)
    store.path_of(digest).write_bytes(data)
    row: dict[str, object] = {"kind": "derivative", "original": letter * 64, "role": "track", "media_type": "text/csv"}
    row |= {"sha256": digest, "size": len(data), "promised_index": 5}
    await office.clip("0", office.dock, "0001.track.csv", **row)


async def test_a_clip_filmed_beside_what_is_linked_already_says_so(office: Office) -> None:
    case = await office.open()
    local = (parse_time(case.opened_time) - timedelta(hours=1)).astimezone(CHINA).strftime("%Y-%m-%dT%H:%M:%S")
    times: dict[str, str] = {"recorder_time": local, "collected_time": case.opened_time, "officer": "21132101"}
    linked = await office.clip("a", office.dock, "a.MP4", **times)
    for letter in "bc":
        await office.clip(letter, office.dock, f"{letter}.MP4", promised_index=10 + ord(letter), **times)
    await link_clips(office.acts, HANDLER, Goal(case.id, Stage.INITIATION), [linked], "hand")
    tracks = Tracks(office.archive.store)

    async def places() -> dict[str, list[str]]:
        async with office.archive.database.read() as conn:
            found = await suggestions_for(conn, await office.whole(case), CHINA, tracks)
        return {
            each.names[0]: [reason.zh for reason in each.suggestion.reasons if "轨迹" in reason.zh] for each in found
        }

    await _filmed_at(office, "b", 415_772_000)
    assert await places() == {"b.MP4": [], "c.MP4": []}, "what is linked says nothing of where it was made"
    await _filmed_at(office, "a", 415_782_000)
    await _filmed_at(office, "c", 425_782_000)
    near = ["拍摄轨迹距已关联本案的音像约 100 米（200 米以内）"]
    assert await places() == {"b.MP4": near, "c.MP4": []}
