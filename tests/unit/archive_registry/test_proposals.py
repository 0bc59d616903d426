"""What two people decide of unknown recorders and of clips in quarantine: one proposes, another confirms; both acts are entries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import true, update
from sqlalchemy.exc import IntegrityError

from liuhen_server.acts import Actor
from liuhen_server.custody.stays import Stay
from liuhen_server.registry.changes import keep_officer, versions
from liuhen_server.registry.fields import Mistakes, Outdated
from liuhen_server.registry.holdings import holdings_of
from liuhen_server.registry.officers import find_officer
from liuhen_server.registry.proposals import (
    DECISIONS,
    About,
    Decision,
    NotThisPerson,
    Outcome,
    Proposal,
    ProposalState,
    decide,
    find_proposal,
    list_proposals,
    propose,
)
from liuhen_server.registry.recorders import recorder_of_serial
from liuhen_server.registry.schema import proposals
from liuhen_server.registry.seen import in_quarantine, unknown_recorders
from support.case_office import COLLEAGUE, HANDLER, HEAD, Office, office_in
from support.recorder_register import DAY, HOSTILE, docked, what_was_said


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with office_in(tmp_path / "archive", database_url) as office:
        yield office


async def proposed(office: Office, stay: Stay, by: Actor = HANDLER, /, **more: Any) -> Proposal:
    given_ = Proposal(About.RECORDER, Outcome.ASSIGN, office.agency, None, "DSJ-A9", "本局三月购入")
    async with office.acts.of(by) as act:
        return await propose(act, stay, replace(given_, **more))


async def decided(office: Office, proposal: Proposal, by: Actor, decision: Decision) -> Proposal:
    async with office.acts.of(by) as act:
        return await decide(act, proposal.id, proposal.version, decision)


async def test_an_unknown_recorder_is_registered_by_two_people_and_both_acts_are_entries(office: Office) -> None:
    stay = await docked(office, HOSTILE)
    proposal = await proposed(office, stay, officer=office.officers["王磊"])
    async with office.archive.database.read() as conn:
        assert await recorder_of_serial(conn, HOSTILE) is None
        assert await list_proposals(conn, agency=office.agency, is_open=True) == [proposal]
        assert await list_proposals(conn, agency=office.other, is_open=True) == []
    confirmed = await decided(office, proposal, HEAD, Decision.CONFIRM)
    assert (confirmed.state, confirmed.proposed_by, confirmed.decided_by) == (
        ProposalState.CONFIRMED,
        HANDLER.number,
        HEAD.number,
    )
    async with office.archive.database.read() as conn:
        recorder = await recorder_of_serial(conn, HOSTILE)
        assert recorder is not None and (recorder.agency, recorder.model) == (office.agency, "DSJ-A9")
        (holding,) = await holdings_of(conn, recorder.id)
        assert (holding.officer, holding.until) == (office.officers["王磊"], None)
        assert await unknown_recorders(conn, true()) == []
        assert [each.by for each in await versions(conn, proposal.number)] == [HEAD.number, HANDLER.number]
    assert await what_was_said(office) == [
        (proposal.number, "proposed", 1, HANDLER.number),
        (recorder.number, "created", 1, HEAD.number),
        (holding.number, "created", 1, HEAD.number),
        (proposal.number, "confirmed", 2, HEAD.number),
    ]
    assert "三月购入" not in repr(await office.stated("registry.changed"))


async def test_who_proposed_cannot_decide_alone(office: Office) -> None:
    proposal = await proposed(office, await docked(office))
    for decision in (Decision.CONFIRM, Decision.REFUSE):
        with pytest.raises(NotThisPerson):
            await decided(office, proposal, HANDLER, decision)
    async with office.archive.database.read() as conn:
        assert await find_proposal(conn, proposal.id) == proposal
        assert await recorder_of_serial(conn, "0000127") is None
    assert len(await office.stated("registry.changed")) == 1
    for column in ("confirmed", "withdrawn"):  # and beside the act the database itself refuses it
        by = HANDLER.number if column == "confirmed" else HEAD.number
        with pytest.raises(IntegrityError):
            async with office.archive.database.write() as conn:
                row = {"state": column, "decided_by": by, "decided_time": DAY.format(1)}
                await conn.execute(update(proposals).where(proposals.c.id == proposal.id).values(**row))


async def test_a_proposal_is_withdrawn_by_who_made_it_alone_and_can_be_made_anew(office: Office) -> None:
    stay = await docked(office)
    proposal = await proposed(office, stay)
    with pytest.raises(NotThisPerson):
        await decided(office, proposal, HEAD, Decision.WITHDRAW)
    with pytest.raises(Mistakes, match="proposal_settled"):
        await proposed(office, stay, COLLEAGUE)
    assert (await decided(office, proposal, HANDLER, Decision.WITHDRAW)).state is ProposalState.WITHDRAWN
    again = await proposed(office, stay, COLLEAGUE)
    assert (await decided(office, again, HANDLER, Decision.REFUSE)).state is ProposalState.REFUSED
    assert [each[1] for each in await what_was_said(office)] == ["proposed", "withdrawn", "proposed", "refused"]


async def test_what_is_decided_is_decided(office: Office) -> None:
    proposal = await proposed(office, await docked(office), outcome=Outcome.DISMISS)
    await decided(office, proposal, HEAD, Decision.CONFIRM)
    for decision in Decision:
        for version in (1, 2):
            with pytest.raises(Outdated):
                await decided(office, replace(proposal, version=version), COLLEAGUE, decision)
    with pytest.raises(LookupError):
        await decided(office, replace(proposal, id=99), COLLEAGUE, Decision.REFUSE)
    async with office.archive.database.read() as conn:
        assert await unknown_recorders(conn, true()) == []  # put aside
        assert await recorder_of_serial(conn, "0000127") is None
    assert set(DECISIONS) == set(Decision)


async def test_of_two_who_decide_at_once_one_is_told(office: Office) -> None:
    proposal = await proposed(office, await docked(office))
    done = await asyncio.gather(
        decided(office, proposal, HEAD, Decision.CONFIRM),
        decided(office, proposal, COLLEAGUE, Decision.REFUSE),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in done) == ["Outdated", "Proposal"]


async def test_what_cannot_be_done_any_more_is_not_confirmed(office: Office) -> None:
    proposal = await proposed(office, await docked(office), officer=office.officers["王磊"])
    async with office.acts.of(HEAD) as act:
        wang = await find_officer(act.conn, office.officers["王磊"])
        assert wang is not None
        await keep_officer(act, replace(wang, active=False))
    with pytest.raises(Mistakes, match="holder"):
        await decided(office, proposal, HEAD, Decision.CONFIRM)
    async with office.archive.database.read() as conn:
        assert await recorder_of_serial(conn, "0000127") is None
        assert await find_proposal(conn, proposal.id) == proposal


async def test_clips_in_quarantine_are_given_to_an_officer_of_the_dock_s_agency(office: Office) -> None:
    stay = await docked(office, "USB-77", quarantined=True)
    plain = await docked(office, "USB-78", index=901)
    of_clips = {"kind": About.CLIPS, "officer": office.officers["李静"]}
    wrong: tuple[tuple[Stay, dict[str, object], str], ...] = (
        (plain, of_clips, "proposal_settled"),  # nothing is in quarantine there
        (stay, of_clips | {"agency": office.other, "officer": office.officers["钱进"]}, "not_seen_here"),
        (stay, of_clips | {"officer": office.officers["钱进"]}, "holder"),
        (stay, of_clips | {"officer": None}, "empty"),
        (stay, of_clips | {"agency": "nowhere"}, "agency"),
        (stay, of_clips | {"reason": " "}, "empty"),
    )
    for where, more, why in wrong:
        with pytest.raises(Mistakes, match=why):
            await proposed(office, where, **more)
    async with office.archive.database.read() as conn:
        assert await in_quarantine(conn, true()) == [stay]
    proposal = await proposed(office, stay, **of_clips)
    assert (proposal.about, proposal.seen_by) == (str(stay.docked_index), office.agency)
    await decided(office, proposal, HEAD, Decision.CONFIRM)
    async with office.archive.database.read() as conn:
        assert await in_quarantine(conn, true()) == []
        assert await recorder_of_serial(conn, "USB-77") is None  # the device itself is another question
