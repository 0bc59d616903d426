"""What administrators do to accounts, and the first one of them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import AccountChanged
from liuhen_protocol.statement import read_statement
from liuhen_server.acts import MACHINE, Acts, said
from liuhen_server.database.schema import entries
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import Archive
from liuhen_server.people import changes
from liuhen_server.people.accounts import API_TOKEN_DAYS, Person, find_person, person_by_id
from liuhen_server.people.changes import Rights
from liuhen_server.people.first import FIRST_CODE_S, FirstAdministrator, give_first_code, is_awaited
from liuhen_server.people.lockout import BY_NAME
from liuhen_server.people.roles import Role
from liuhen_server.people.schema import api_tokens, people_subjects
from liuhen_server.people.sign_in import MOST_SESSIONS, Locked, Session, SignIn, Wrong
from liuhen_server.registry.agencies import Agency, add_agency
from liuhen_server.registry.fields import Mistakes, Outdated
from liuhen_server.registry.officers import Officer, add_officer
from support.archive import new_archive
from support.people import OTHERS, our_agency

from .conftest import RIGHT, Clock, quick_work

HERE = "192.0.2.7"


@dataclass
class Office:
    archive: Archive
    acts: Acts
    clock: Clock
    sign_in: SignIn
    first: FirstAdministrator

    async def person(self, name: str, roles: frozenset[Role] = frozenset(), agency: str | None = None) -> Person:
        async with self.acts.of(MACHINE) as act:
            return await changes.create(
                act, name=name, display_name=name, one_time_hash="", now=self.clock.now, rights=Rights(roles, agency)
            )

    async def stated(self) -> list[AccountChanged]:
        async with self.archive.database.read() as conn:
            query = select(entries.c.envelope).where(entries.c.kind == "account.changed").order_by(entries.c.log_index)
            found = [
                read_statement(Envelope.parse(each).payload).event for each in (await conn.execute(query)).scalars()
            ]
        return [event for event in found if isinstance(event, AccountChanged)]

    async def code(self) -> str:
        async with self.archive.database.write() as conn:
            return await give_first_code(conn, self.clock.now, secrets.token_bytes)


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with new_archive(tmp_path / "archive", database_url) as archive:
        clock = Clock()
        acts = Acts(archive.database, archive.chain, utc_now, secrets.token_bytes)
        sign_in = SignIn(archive.database, quick_work, clock, secrets.token_bytes)
        yield Office(archive, acts, clock, sign_in, FirstAdministrator(acts, sign_in, quick_work, clock))


SECURITY = frozenset({Role.SECURITY_ADMINISTRATOR})


async def test_rights_are_given_with_a_reason_whose_words_stay_out_of_the_log(office: Office) -> None:
    security, person = await office.person("qian", SECURITY), await office.person("zhang")
    async with office.archive.database.write() as conn:
        agency = await our_agency(conn)
        officer = await add_officer(conn, Officer("LN-1", "张伟", agency))
    async with office.acts.of(security) as act:
        rights = Rights(frozenset({Role.HANDLER}), agency, officer.id)
        given = await changes.give_rights(act, person.id, rights, person.version, "调入执法一队")
    assert (given.roles, given.agency, given.officer) == (frozenset({Role.HANDLER}), agency, officer.id)
    last = (await office.stated())[-1]
    assert (last.person, last.by, last.what, last.roles) == (person.number, security.number, "roles", ("handler",))
    async with office.archive.database.read() as conn:
        kept = (await conn.execute(select(said).where(said.c.about == person.number))).one()
        assert (kept.text, kept.sha256, kept.by) == ("调入执法一队", last.said, security.number)


async def test_two_administrators_at_one_account_the_second_is_told(office: Office) -> None:
    person = await office.person("zhang")
    async with office.acts.of(MACHINE) as act:
        await changes.give_rights(act, person.id, Rights(frozenset({Role.AUDITOR})), person.version)
    with pytest.raises(Outdated):
        async with office.acts.of(MACHINE) as act:
            await changes.give_rights(act, person.id, Rights(), person.version)
    async with office.archive.database.read() as conn:
        now = await person_by_id(conn, person.id)
    assert now is not None and now.roles == {Role.AUDITOR}


async def test_rights_that_cannot_be_are_refused_and_leave_no_trace(office: Office) -> None:
    person = await office.person("zhang")
    async with office.archive.database.write() as conn:
        agency, other = await our_agency(conn), await our_agency(conn, OTHERS)
        await add_agency(conn, Agency("closed", "旧局", "旧局", "朝县旧", active=False))
        officer = await add_officer(conn, Officer("LN-1", "张伟", agency))
    before = await office.stated()
    for rights, field in (
        (Rights(frozenset({Role.AUDITOR, Role.HEAD}), agency), "roles"),
        (Rights(frozenset({Role.HANDLER})), "agency"),
        (Rights(frozenset({Role.HANDLER}), "closed"), "agency"),
        (Rights(frozenset({Role.HANDLER}), "nowhere"), "agency"),
        (Rights(frozenset({Role.HANDLER}), other, officer.id), "officer"),
        (Rights(frozenset({Role.HANDLER}), agency, 10**17), "officer"),
    ):
        with pytest.raises(Mistakes, match=field):
            async with office.acts.of(MACHINE) as act:
                await changes.give_rights(act, person.id, rights, person.version)
    assert await office.stated() == before


async def test_the_system_administrator_appoints_the_first_security_administrator_and_no_second(office: Office) -> None:
    system = await office.person("wang", frozenset({Role.SYSTEM_ADMINISTRATOR}))
    first, second = await office.person("qian"), await office.person("sun")
    async with office.acts.of(system) as act:
        assert (await changes.appoint(act, first.id)).roles == SECURITY
    for again in (second, system, first):
        with pytest.raises(Mistakes):
            async with office.acts.of(system) as act:
                await changes.appoint(act, again.id)


async def test_a_reset_unlocks_and_a_lost_telephone_needs_no_code(office: Office) -> None:
    person = await office.person("zhang")
    for _ in range(BY_NAME.attempts):
        await office.sign_in.enter("zhang", "wrong wrong wrong", HERE)
    assert isinstance(await office.sign_in.enter("zhang", RIGHT, HERE), Locked)
    async with office.acts.of(MACHINE) as act:
        await changes.reset(act, person.id, quick_work.hash_now(RIGHT), office.clock.now)
        await changes.end_second_factor(act, person.id)
        await changes.unlock(act, person.id)
    assert isinstance(await office.sign_in.enter("zhang", RIGHT, HERE), Session)
    assert [each.what for each in await office.stated()] == ["created", "reset", "second-factor", "unlocked"]


async def test_a_sixth_session_ends_the_oldest(office: Office) -> None:
    person = await office.person("zhang")
    async with office.acts.of(MACHINE) as act:
        await changes.reset(act, person.id, quick_work.hash_now(RIGHT), office.clock.now)
    opened = []
    for _ in range(MOST_SESSIONS + 1):
        office.clock.now += 1
        session = await office.sign_in.enter("zhang", RIGHT, HERE)
        assert isinstance(session, Session)
        opened.append(session)
    assert await office.sign_in.find(opened[0].token) is None
    assert all([await office.sign_in.find(each.token) for each in opened[1:]])
    mine = await office.sign_in.sessions_of(person.id)
    assert len(mine) == MOST_SESSIONS
    await office.sign_in.end_session(person.id + 1, mine[0].name)
    assert len(await office.sign_in.sessions_of(person.id)) == MOST_SESSIONS, "not by somebody else"
    await office.sign_in.end_session(person.id, mine[0].name)
    assert await office.sign_in.find(opened[-1].token) is None


async def redeem(office: Office, code: str, name: str = "wang") -> Session | Wrong | Locked:
    return await office.first.redeem(code, name, "王系统", RIGHT, HERE)


async def test_the_first_code_makes_one_system_administrator_once(office: Office) -> None:
    code = await office.code()
    made = await redeem(office, " " + code.upper() + " ")
    assert isinstance(made, Session) and made.person.roles == {Role.SYSTEM_ADMINISTRATOR}
    assert not made.person.must_change and await office.sign_in.find(made.token) is not None
    assert await redeem(office, code, "other") == Wrong()
    async with office.archive.database.read() as conn:
        assert not await is_awaited(conn, office.clock.now)
        assert code.encode() not in repr((await conn.execute(select(said))).all()).encode()
    assert [(each.what, each.by) for each in await office.stated()] == [("created", "machine")]


async def test_two_who_redeem_the_code_at_once_are_one_administrator(office: Office) -> None:
    code = await office.code()
    answers = await asyncio.gather(*(redeem(office, code, f"wang{n}") for n in range(3)))
    assert sorted(type(answer).__name__ for answer in answers) == ["Session", "Wrong", "Wrong"]


async def test_a_code_that_expired_was_replaced_or_is_no_longer_needed_makes_nobody(office: Office) -> None:
    old, new = await office.code(), await office.code()
    assert await redeem(office, old) == Wrong()
    office.clock.now += FIRST_CODE_S
    assert await redeem(office, new) == Wrong()
    fresh = await office.code()
    await office.person("zhao", frozenset({Role.SYSTEM_ADMINISTRATOR}))
    assert await redeem(office, fresh) == Wrong()
    async with office.archive.database.read() as conn:
        assert await find_person(conn, "wang") is None


async def test_guessing_the_code_is_locked_out_even_for_the_right_one(office: Office) -> None:
    code = await office.code()
    for n in range(BY_NAME.attempts):
        assert await office.first.redeem(f"aaaa-bbbb-cccc-ddd{n}", "wang", "王", RIGHT, f"192.0.2.{n}") == Wrong()
    assert isinstance(await redeem(office, code), Locked)
    office.clock.now += BY_NAME.window_s
    assert isinstance(await redeem(office, code), Session)


async def test_a_bad_name_leaves_the_code_good(office: Office) -> None:
    code = await office.code()
    with pytest.raises(ValueError, match="account name"):
        await redeem(office, code, "Wang Li")
    assert isinstance(await redeem(office, code), Session)


async def test_a_program_s_token_is_given_once_kept_as_a_digest_and_each_change_is_stated(office: Office) -> None:
    async with office.archive.database.write() as conn:
        agency = await our_agency(conn)
    handler = await office.person("system", frozenset({Role.HANDLER}), agency)
    async with office.acts.of(MACHINE) as act:
        _, first = await changes.give_token(act, handler.id, office.clock.now, secrets.token_bytes)
        _, second = await changes.give_token(act, handler.id, office.clock.now, secrets.token_bytes, "换新")
    assert await office.sign_in.bearer(f"Bearer {first}") is None, "the newer ended it"
    found = await office.sign_in.bearer(f"Bearer {second}")
    assert found is not None and found.id == handler.id
    async with office.archive.database.read() as conn:
        assert second not in str((await conn.execute(select(api_tokens))).all())
    office.clock.now += API_TOKEN_DAYS * 86_400
    assert await office.sign_in.bearer(f"Bearer {second}") is None, "it ends by itself"
    async with office.acts.of(MACHINE) as act:
        await changes.end_token(act, handler.id)
        await changes.end_token(act, handler.id)  # there is none any more: nothing is stated
    assert [each.what for each in await office.stated()] == ["created", "token", "token", "token-ended"]


async def test_nobody_gets_a_token_that_opens_nothing(office: Office) -> None:
    auditor = await office.person("audit", frozenset({Role.AUDITOR}))
    with pytest.raises(Mistakes):
        async with office.acts.of(MACHINE) as act:
            await changes.give_token(act, auditor.id, office.clock.now, secrets.token_bytes)
    assert [each.what for each in await office.stated()] == ["created"]


ISSUER = "https://sso.chaoxian.example"


async def _subjects(office: Office) -> list[tuple[str, str, int]]:
    async with office.archive.database.read() as conn:
        rows = (await conn.execute(select(people_subjects).order_by(people_subjects.c.person_id))).all()
    return [(row.issuer, row.subject, row.person_id) for row in rows]


async def test_provider_subject_is_linked_by_an_act_that_commits_to_it(office: Office) -> None:
    security, person = await office.person("qian", SECURITY), await office.person("zhang")
    async with office.acts.of(security) as act:
        await changes.link_subject(act, person.id, ISSUER, " u-1001 ", "本人到场核对")
    last = (await office.stated())[-1]
    assert (last.person, last.by, last.what) == (person.number, security.number, "provider")
    async with office.archive.database.read() as conn:
        kept = (await conn.execute(select(said).where(said.c.about == person.number))).one()
    assert (kept.text, kept.sha256) == (f"{ISSUER} u-1001\n本人到场核对", last.said)
    async with office.acts.of(security) as act:
        await changes.link_subject(act, person.id, ISSUER, "u-1002")
    assert await _subjects(office) == [(ISSUER, "u-1002", person.id)], "one subject an account"


async def test_subject_opens_one_account_and_is_one_visible_word(office: Office) -> None:
    first, second = await office.person("zhang"), await office.person("li")
    async with office.acts.of(MACHINE) as act:
        await changes.link_subject(act, first.id, ISSUER, "u-1001")
    stated = len(await office.stated())
    wrong = {"u-1001": "subject_taken", "": "subject", "u 1": "subject", "张伟": "subject", "x" * 256: "subject"}
    for subject, mistake in wrong.items():
        with pytest.raises(Mistakes) as refused:
            async with office.acts.of(MACHINE) as act:
                await changes.link_subject(act, second.id, ISSUER, subject)
        assert refused.value.fields == {"subject": mistake}
    assert await _subjects(office) == [(ISSUER, "u-1001", first.id)] and len(await office.stated()) == stated


async def test_ended_link_ends_the_sessions_that_may_have_come_in_by_it(office: Office) -> None:
    person = await office.person("zhang")
    async with office.acts.of(MACHINE) as act:
        await changes.link_subject(act, person.id, ISSUER, "u-1001")
        session = await office.sign_in.open_for(act.conn, person.id, HERE)
    async with office.acts.of(MACHINE) as act:
        await changes.unlink_subject(act, person.id)
        await changes.unlink_subject(act, person.id)
    assert await office.sign_in.find(session.token) is None and await _subjects(office) == []
    assert [event.what for event in await office.stated()][-2:] == ["provider", "provider-ended"]
