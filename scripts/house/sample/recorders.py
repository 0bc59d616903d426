"""The register of the sample county's recorders: nearly all are in it, one is broken, one lost, one waits for a second person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from house.sample import people
from house.sample.plan import recorder_of
from liuhen_protocol.moment import format_time
from liuhen_server.acts import Acts
from liuhen_server.custody.stays import StayReader
from liuhen_server.operations.opening import Archive
from liuhen_server.people.accounts import Person
from liuhen_server.registry.changes import keep_recorder
from liuhen_server.registry.faults import report_fault
from liuhen_server.registry.holdings import Holding, hand_out
from liuhen_server.registry.proposals import About, Outcome, Proposal, propose
from liuhen_server.registry.recorders import Recorder, State
from liuhen_server.registry.seen import last_seen

MODEL = "DSJ-样例"
UNKNOWN, BROKEN, SPARE = "彭清明", "吴涛", "韩小满"
"""Officers: whose recorder nobody registered, whose has a fault, whose is in nobody's hands."""

LOST, HANDED_OUT = "DSJ4900", "DSJ1900"
"""Two more: of the city's, and one that an officer of the market's had for ten days."""


async def bring_recorders(
    archive: Archive, acts: Acts, persons: Mapping[str, Person], officers: Mapping[str, int]
) -> None:
    """`persons` by the name of the account, `officers`: ids by name. The docks have sent everything already."""
    for each in people.OFFICERS:
        if each.number is None or each.name == UNKNOWN:
            continue
        state = State.SPARE if each.name == SPARE else State.IN_USE
        async with acts.of(persons[people.ARCHIVISTS[each.agency]]) as act:
            kept = await keep_recorder(act, Recorder(recorder_of(each.number), each.agency, MODEL, state))
        if each.name == BROKEN:
            async with acts.of(persons[people.HANDLERS[each.agency]]) as act:
                await report_fault(act, kept.id, "镜头进水起雾，画面不清（样例）")
    async with acts.of(persons[people.ARCHIVISTS[people.CITY]]) as act:
        lost = await keep_recorder(act, Recorder(LOST, people.CITY, MODEL))
        await keep_recorder(act, replace(lost, state=State.LOST))
    async with acts.of(persons[people.ARCHIVISTS[people.MARKET]]) as act:
        lent = await keep_recorder(act, Recorder(HANDED_OUT, people.MARKET, MODEL, State.SPARE))
        now = archive.chain.now()
        since, until = (format_time(now - timedelta(days=days)) for days in (20, 10))
        await hand_out(act, lent, Holding(lent.id, officers["张晓露"], since, until))
    await _propose(archive, acts, persons, officers)


async def _propose(archive: Archive, acts: Acts, persons: Mapping[str, Person], officers: Mapping[str, int]) -> None:
    [number] = [each.number for each in people.OFFICERS if each.name == UNKNOWN]
    assert number is not None
    await StayReader(archive.database).catch_up()
    async with acts.of(persons[people.ARCHIVISTS[people.CITY]]) as act:
        stay = (await last_seen(act.conn, [recorder_of(number)]))[recorder_of(number)]
        reason = "新购记录仪，随车配发（样例）"
        given = Proposal(About.RECORDER, Outcome.ASSIGN, people.CITY, officers[UNKNOWN], MODEL, reason)
        await propose(act, stay, given)
