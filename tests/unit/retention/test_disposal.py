"""Two people dispose of what is over its term, of nothing else; the tombstone comes before the first byte goes, and stays provable."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

from liuhen_protocol.digest import digest_of
from liuhen_protocol.disposals import check_disposal
from liuhen_protocol.errors import Refused
from liuhen_protocol.proof import split_proofs
from liuhen_protocol.report import StepName, Verdict
from liuhen_protocol.verify_clip import read_evidence, verify_clip
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.documents import Paper, add_document, receive
from liuhen_server.cases.linking import Goal, link_clips, unlink_clip
from liuhen_server.cases.reading import whole_case
from liuhen_server.cases.said import Wrong
from liuhen_server.custody.evidence import Evidence
from liuhen_server.custody.timeline import timeline
from liuhen_server.database.schema import entries, log_state, sequencer_state
from liuhen_server.ingest import promises
from liuhen_server.ingest.receipts import Receipts
from liuhen_server.log.signed_state import LogStopped
from liuhen_server.operations.scrub import scrub_store
from liuhen_server.operations.verify import verify_archive
from liuhen_server.people.accounts import add_person
from liuhen_server.people.roles import Role
from liuhen_server.retention.disposal import DISPOSED, TAKEN_OFF, disposal_of, dispose_of_late, draw, rows_of, withdraw
from liuhen_server.retention.holds import hold_case, hold_clip, release
from liuhen_server.retention.terms import Ground
from liuhen_server.web.context import CHINA
from liuhen_server.web.films import films_of
from liuhen_verify.command import main as verify_command
from support.case_office import Somebody
from support.footage import AGENCY, ARCHIVIST, HANDLER, HEAD, Cabinet

ONE, TWO, THREE = b"first " * 1000, b"second " * 1000, b"third " * 1000
PROXY = b"proxy of the first " * 300


async def kinds(cabinet: Cabinet) -> list[str]:
    async with cabinet.archive.database.read() as conn:
        found = (await conn.execute(select(entries.c.kind).order_by(entries.c.log_index))).scalars()
        return [kind for kind in found if kind.startswith(("disposal.", "clip.disposed"))]


def lies(cabinet: Cabinet, data: bytes) -> bool:
    return cabinet.archive.store.size(digest_of(data).sha256) is not None


async def holds_together(cabinet: Cabinet) -> None:
    await cabinet.published()
    report = await verify_archive(cabinet.archive, with_bytes=True)
    assert report.holds, report.text()
    report = await scrub_store(cabinet.archive, lambda *_: None)
    assert report.holds, report.text()


async def test_what_is_over_its_term_goes_by_two_people_after_its_tombstone_was_published(cabinet: Cabinet) -> None:
    clip = await cabinet.clip(ONE)
    await cabinet.clip(PROXY, original=ONE)
    with pytest.raises(Wrong, match="no clip whose term has ended"):
        await cabinet.drawn()
    cabinet.clock.days_pass(180)
    with pytest.raises(Wrong, match="no clip whose term has ended"):
        await cabinet.drawn()
    cabinet.clock.days_pass(1)
    later = await cabinet.clip(TWO)
    drawn = await cabinet.drawn()
    async with cabinet.archive.database.read() as conn:
        (row,) = await rows_of(conn, drawn.id)
    assert (row.sha256, row.term, row.why, row.state) == (clip.sha256, "2026-07-04", "unlinked", "listed")
    with pytest.raises(Wrong, match="waits to be approved"):
        await draw(cabinet.acts, HEAD, AGENCY, cabinet.today, CHINA)
    with pytest.raises(Wrong, match="another person does"):
        await cabinet.approved(drawn, ARCHIVIST)
    assert await kinds(cabinet) == ["disposal.drawn"]
    approved = await cabinet.approved(drawn)
    assert (approved.state, approved.ended_by) == ("approved", "person-4")
    assert await kinds(cabinet) == ["disposal.drawn", "disposal.approved", "clip.disposed", "clip.disposed"]
    gone = await cabinet.again(clip.dock, clip.sha256)
    async with cabinet.archive.database.read() as conn:
        assert await films_of(conn, gone) == [], "from the tombstone on nobody is shown it"
        assert [entry.index for entry in await timeline(conn, gone)][-3:] == [
            drawn.drawn_index,
            approved.ended_index,
            gone.disposed_index,
        ]
    assert await cabinet.removal.sweep() == 0, "the tombstone is not published yet"
    assert lies(cabinet, ONE) and lies(cabinet, PROXY)
    await cabinet.published()
    assert await cabinet.removal.sweep() == 2
    assert not lies(cabinet, ONE) and not lies(cabinet, PROXY) and lies(cabinet, TWO)
    assert cabinet.archive.store.leaves(clip.sha256) is None
    assert cabinet.archive.store.leaves(later.sha256) is not None
    assert await cabinet.removal.sweep() == 0
    async with cabinet.archive.database.read() as conn:
        found = await disposal_of(conn, clip.dock, clip.sha256)
    assert found is not None and (found.list, found.freed) == (approved, len(ONE)) and found.removed_time is not None
    await holds_together(cabinet)
    with pytest.raises(Wrong, match="approved or withdrawn meanwhile"):
        await cabinet.approved(drawn)


async def test_what_was_linked_or_held_after_the_drawing_is_taken_off_within_the_act(cabinet: Cabinet) -> None:
    linked, held, left = [await cabinet.clip(data) for data in (ONE, TWO, THREE)]
    cabinet.clock.days_pass(200)
    drawn = await cabinet.drawn()
    await cabinet.linked(linked, await cabinet.case())
    await hold_clip(cabinet.acts, HANDLER, held.dock, held.sha256, Ground.COMPLAINT, None, "有人投诉", cabinet.today)
    await cabinet.approved(drawn)
    async with cabinet.archive.database.read() as conn:
        rows = {row.sha256: (row.state, row.off_why) for row in await rows_of(conn, drawn.id)}
    assert rows == {
        linked.sha256: (TAKEN_OFF, "open_case"),
        held.sha256: (TAKEN_OFF, "held"),
        left.sha256: (DISPOSED, None),
    }
    await cabinet.published()
    assert await cabinet.removal.sweep() == 1
    assert [lies(cabinet, data) for data in (ONE, TWO, THREE)] == [True, True, False]
    await holds_together(cabinet)


async def test_a_list_of_which_nothing_is_left_is_not_approved_and_says_nothing(cabinet: Cabinet) -> None:
    clip = await cabinet.clip(ONE)
    case = await cabinet.case()
    cabinet.clock.days_pass(200)
    drawn = await cabinet.drawn()
    await hold_case(cabinet.acts, HANDLER, case.id, Ground.LITIGATION, None, "已起诉", cabinet.today)
    await cabinet.linked(clip, case)
    with pytest.raises(Wrong, match="withdraw it"):
        await cabinet.approved(drawn)
    assert await kinds(cabinet) == ["disposal.drawn"]
    ended = await withdraw(cabinet.acts, HEAD, drawn.id, drawn.version, "已关联案件")
    assert ended.state == "withdrawn"
    with pytest.raises(Wrong, match="meanwhile"):
        await withdraw(cabinet.acts, HEAD, drawn.id, drawn.version, "再撤一次")
    with pytest.raises(Wrong, match="no clip whose term"):
        await cabinet.drawn()
    await holds_together(cabinet)


async def test_two_accounts_of_one_officer_are_one_person(cabinet: Cabinet) -> None:
    await cabinet.clip(ONE)
    people = []
    async with cabinet.archive.database.write() as conn:
        for name, officer in (("wang", 0), ("wang-2", 0), ("li", 1)):
            roles = frozenset({Role.ARCHIVIST})
            added = await add_person(
                conn,
                name=name,
                display_name=name,
                roles=roles,
                one_time_hash="h",
                now=1,
                agency=AGENCY,
                officer=cabinet.handlers[officer],
            )
            people.append(Somebody(added.id))
    cabinet.clock.days_pass(200)
    drawn = await draw(cabinet.acts, people[0], AGENCY, cabinet.today, CHINA)
    with pytest.raises(Wrong, match="another person does"):
        await cabinet.approved(drawn, people[1])
    assert (await cabinet.approved(drawn, people[2])).state == "approved"


async def test_a_docks_clock_that_was_years_behind_ends_no_term(cabinet: Cabinet) -> None:
    clip = await cabinet.clip(ONE)
    async with cabinet.archive.database.write() as conn:
        await conn.exec_driver_sql("UPDATE clips SET collected_time = '1980-01-01T00:00:00.000Z'")
    cabinet.clock.days_pass(100)
    with pytest.raises(Wrong, match="no clip whose term"):
        await cabinet.drawn()
    assert lies(cabinet, ONE) and (await cabinet.again(clip.dock, clip.sha256)).disposed_index is None


async def test_a_film_that_comes_after_its_original_was_disposed_of_follows_it_by_the_same_list(
    cabinet: Cabinet,
) -> None:
    clip = await cabinet.clip(ONE)
    cabinet.clock.days_pass(181)
    disposed = await cabinet.disposed()

    async def late() -> int:
        return await dispose_of_late(cabinet.archive.database, cabinet.archive.chain, cabinet.today, CHINA)

    assert await late() == 0
    film = await cabinet.clip(PROXY, original=ONE)
    kept = await cabinet.clip(TWO, "dock-09", original=ONE)
    assert await late() == 1 and await late() == 0
    async with cabinet.archive.database.read() as conn:
        of_film = await disposal_of(conn, film.dock, film.sha256)
        assert (
            of_film is not None and of_film.list == disposed and await disposal_of(conn, kept.dock, kept.sha256) is None
        )
    assert (await kinds(cabinet))[-1] == "clip.disposed"
    await cabinet.published()
    assert await cabinet.removal.sweep() == 2
    assert not lies(cabinet, ONE) and not lies(cabinet, PROXY) and lies(cabinet, TWO)
    assert (await cabinet.again(clip.dock, film.sha256)).disposed_index == of_film.log_index
    await holds_together(cabinet)


async def test_a_late_film_stays_while_its_original_s_bytes_are_held(cabinet: Cabinet) -> None:
    await cabinet.clip(ONE)
    cabinet.clock.days_pass(181)
    await cabinet.disposed()
    again = await cabinet.clip(ONE, "dock-09")
    held = await hold_clip(cabinet.acts, HANDLER, again.dock, again.sha256, Ground.OTHER, None, "待查", cabinet.today)
    film = await cabinet.clip(PROXY, original=ONE)

    async def late() -> int:
        return await dispose_of_late(cabinet.archive.database, cabinet.archive.chain, cabinet.today, CHINA)

    assert await late() == 0
    await release(cabinet.acts, HEAD, held.id, "查清")
    cabinet.clock.days_pass(181)
    assert await late() == 1
    assert (await cabinet.again(film.dock, film.sha256)).disposed_index is not None
    await holds_together(cabinet)


async def test_looking_for_late_films_asks_as_often_for_many_as_for_one_and_reads_not_every_clip(
    cabinet: Cabinet,
) -> None:
    await cabinet.clip(ONE)
    cabinet.clock.days_pass(181)
    await cabinet.disposed()
    again = await cabinet.clip(ONE, "dock-09")
    await hold_clip(cabinet.acts, HANDLER, again.dock, again.sha256, Ground.OTHER, None, "待查", cabinet.today)
    database, asked = cabinet.archive.database, list[tuple[str, tuple[Any, ...]]]()

    def ask(conn: object, cursor: object, statement: str, parameters: tuple[Any, ...], *_: object) -> None:
        asked.append((statement, parameters))

    async def round_of(films: int) -> int:
        for number in range(films):
            await cabinet.clip(b"film %d of more" % number * 100, original=ONE)
        event.listen(database.engine.sync_engine, "before_cursor_execute", ask)
        asked.clear()
        assert await dispose_of_late(database, cabinet.archive.chain, cabinet.today, CHINA) == 0
        event.remove(database.engine.sync_engine, "before_cursor_execute", ask)
        return len(asked)

    assert await round_of(1) == await round_of(5)
    if database.is_sqlite:
        (late,) = [each for each in asked if "JOIN disposals" in each[0]]
        async with database.read() as conn:
            plan = [str(row) for row in await conn.exec_driver_sql("EXPLAIN QUERY PLAN " + late[0], late[1])]
        assert not [row for row in plan if "SCAN clips" in row], plan


async def test_a_database_that_is_not_what_the_log_wrote_stops_the_log_when_a_late_film_is_to_go(
    cabinet: Cabinet,
) -> None:
    await cabinet.clip(ONE)
    cabinet.clock.days_pass(181)
    await cabinet.disposed()
    await cabinet.clip(PROXY, original=ONE)
    async with cabinet.archive.database.write() as conn:
        await conn.execute(update(log_state).values(next_index=log_state.c.next_index - 1))
    with pytest.raises(LogStopped):
        await dispose_of_late(cabinet.archive.database, cabinet.archive.chain, cabinet.today, CHINA)
    async with cabinet.archive.database.read() as conn:
        assert (await conn.execute(select(sequencer_state.c.alarm_code))).scalar_one() == "entry-added"


async def test_bytes_that_another_dock_brought_too_stay_until_that_clip_is_disposed_of(cabinet: Cabinet) -> None:
    await cabinet.clip(ONE)
    cabinet.clock.days_pass(100)
    await cabinet.clip(ONE, "dock-09")
    cabinet.clock.days_pass(100)
    await cabinet.disposed()
    await cabinet.published()
    assert await cabinet.removal.sweep() == 1
    assert lies(cabinet, ONE)
    async with cabinet.archive.database.read() as conn:
        first = await disposal_of(conn, "dock-03", digest_of(ONE).sha256)
    assert first is not None and first.freed == 0
    await holds_together(cabinet)
    cabinet.clock.days_pass(100)
    await cabinet.disposed()
    await cabinet.published()
    assert await cabinet.removal.sweep() == 1
    assert not lies(cabinet, ONE)
    await holds_together(cabinet)


async def test_bytes_that_are_a_cases_document_too_stay(cabinet: Cabinet, tmp_path: Path) -> None:
    paper = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
    await cabinet.clip(paper)
    case = await cabinet.case()

    async def pieces() -> AsyncIterator[bytes]:
        yield paper

    store = cabinet.archive.store
    taken = await receive(store, cabinet.archive.config.incoming_folder / "paper-1", "a.pdf", pieces())
    what = Paper(Stage.INITIATION, "filing", "2026-01-05")
    await add_document(cabinet.acts, HANDLER, case.id, taken, what)
    cabinet.clock.days_pass(200)
    await cabinet.disposed()
    await cabinet.published()
    assert await cabinet.removal.sweep() == 1
    assert lies(cabinet, paper)
    await holds_together(cabinet)
    store.remove(taken.sha256)
    with pytest.raises(Wrong, match="sent again"):
        await add_document(cabinet.acts, HANDLER, case.id, taken, what)


async def test_a_dock_still_gets_its_receipt_and_another_dock_may_bring_the_same_bytes_anew(cabinet: Cabinet) -> None:
    clip = await cabinet.clip(ONE)
    cabinet.clock.days_pass(200)
    await cabinet.disposed()
    await cabinet.published()
    assert await cabinet.removal.sweep() == 1
    receipts = Receipts(cabinet.archive.database, cabinet.archive.reader, 1)
    assert (await receipts.answer(clip.dock, clip.sha256)).status == 200
    async with cabinet.archive.database.read() as conn:
        known = await promises.find(conn, clip.sha256, clip.dock)
    with pytest.raises(Refused, match="already-stored"):
        promises.check(known, clip.dock, clip.sha256, len(ONE))
    anew = await cabinet.clip(ONE, "dock-09")
    assert lies(cabinet, ONE) and anew.disposed_index is None
    assert (await cabinet.again(clip.dock, clip.sha256)).disposed_index is not None
    assert await cabinet.removal.sweep() == 0
    await holds_together(cabinet)
    with pytest.raises(Wrong, match="disposed of"):
        await link_clips(
            cabinet.acts,
            HANDLER,
            Goal((await cabinet.case()).id, Stage.INITIATION),
            [(clip.dock, clip.sha256)],
            "hand",
        )
    with pytest.raises(Wrong, match="disposed of"):
        await hold_clip(cabinet.acts, HANDLER, clip.dock, clip.sha256, Ground.OTHER, None, "晚了", cabinet.today)


async def test_an_upload_of_the_same_bytes_under_way_keeps_them(cabinet: Cabinet) -> None:
    clip = await cabinet.clip(ONE)
    cabinet.clock.days_pass(200)
    await cabinet.disposed()
    await cabinet.published()
    await cabinet.dock("dock-09")
    row = f"'u', 'dock-09', '{clip.sha256}', 1, 1, %s, 'x', 'y'"
    columns = "id, dock, sha256, length, durable, finished, created_time, expires_time"
    async with cabinet.archive.database.write() as conn:
        await conn.exec_driver_sql(f"INSERT INTO uploads ({columns}) VALUES ({row % 'false'})")
    assert await cabinet.removal.sweep() == 0 and lies(cabinet, ONE)
    async with cabinet.archive.database.write() as conn:
        await conn.exec_driver_sql("UPDATE uploads SET finished = true")
    assert await cabinet.removal.sweep() == 1 and not lies(cabinet, ONE)


async def test_the_proof_of_a_disposal_stands_alone(cabinet: Cabinet) -> None:
    clip = await cabinet.clip(ONE)
    cabinet.clock.days_pass(200)
    await cabinet.disposed()
    await cabinet.published()
    await cabinet.removal.sweep()
    a = cabinet.archive
    gathered = await Evidence(a.database, a.reader).gather(await cabinet.again(clip.dock, clip.sha256), for_export=True)
    proofs = split_proofs(gathered.bundle())
    key = a.chain.signer.public
    told = check_disposal(proofs, sha256=clip.sha256, dock=clip.dock, policy=a.policy, archive_key=key)
    assert (told.first, told.second, told.term) == ("person-9", "person-4", "2026-07-04")
    report = verify_clip(read_evidence(None, proofs), a.policy)
    (step,) = [step for step in report.steps if step.name is StepName.BYTES]
    assert (step.verdict, step.code) == (Verdict.UNDECIDED, "disposed")
    assert all(step.verdict is not Verdict.BROKEN for step in report.steps)
    whoever_has_the_bytes = verify_clip(read_evidence(digest_of(ONE), proofs), a.policy)
    assert whoever_has_the_bytes.steps[0].verdict is Verdict.HOLDS
    for missing, code in (("disposal.drawn", "unknown-list"), ("disposal.approved", "not-approved")):
        fewer = [proof for proof in proofs if _kind(proof) != missing]
        with pytest.raises(Refused, match=code):
            check_disposal(fewer, sha256=clip.sha256, dock=clip.dock, policy=a.policy, archive_key=key)
        assert code in {step.code for step in verify_clip(read_evidence(None, fewer), a.policy).steps}
    with pytest.raises(Refused, match="no-tombstone"):
        check_disposal(proofs, sha256="f" * 64, dock=clip.dock, policy=a.policy, archive_key=key)
    with pytest.raises(Refused, match="other-key"):
        check_disposal(proofs, sha256=clip.sha256, dock=clip.dock, policy=a.policy, archive_key=bytes(32))


@pytest.mark.parametrize("left_out", ["", "disposal.approved", "archive.started"])
async def test_whoever_has_the_proofs_verifies_the_disposal_without_the_archive(
    cabinet: Cabinet, left_out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = await cabinet.clip(ONE)
    cabinet.clock.days_pass(200)
    await cabinet.disposed()
    await cabinet.published()
    a = cabinet.archive
    again = await cabinet.again(clip.dock, clip.sha256)
    gathered = await Evidence(a.database, a.reader).gather(again, for_export=True)
    kept = [proof for proof in split_proofs(gathered.bundle()) if _kind(proof) != left_out]
    proofs, policy = tmp_path / "proofs", tmp_path / "policy"
    proofs.write_bytes(b"".join(kept))
    policy.write_text(a.policy.text())
    code = await asyncio.to_thread(
        verify_command, ["disposal", clip.sha256, "--proof", str(proofs), "--policy", str(policy), "--json"]
    )
    answer = json.loads(capsys.readouterr().out)
    if left_out:
        assert (code, answer["verdict"], answer["disposal"]) == (1, "undecided", None)
        return
    assert code == 0
    assert (answer["disposal"]["first"], answer["disposal"]["second"]) == ("person-9", "person-4")
    other = ["disposal", "f" * 64, "--proof", str(proofs), "--policy", str(policy)]
    assert await asyncio.to_thread(verify_command, other) == 1
    assert "没有这个文件的处置声明" in capsys.readouterr().out


def _kind(proof: bytes) -> str:
    (logged,) = read_evidence(None, [proof]).logged
    return logged.statement.kind


async def test_a_released_hold_lets_go_and_one_on_a_case_reaches_what_has_left_it(cabinet: Cabinet) -> None:
    one, two = await cabinet.clip(ONE), await cabinet.clip(TWO)
    hold = await hold_clip(cabinet.acts, HANDLER, one.dock, one.sha256, Ground.OTHER, None, "待查", cabinet.today)
    case = await cabinet.case()
    await cabinet.linked(two, case)
    kept = await hold_case(cabinet.acts, HANDLER, case.id, Ground.COMPLAINT, None, "信访", cabinet.today)
    whole = await _unlinked(cabinet, case.id)
    assert whole == 1
    cabinet.clock.days_pass(400)
    with pytest.raises(Wrong, match="no clip whose term"):
        await cabinet.drawn()
    await release(cabinet.acts, HEAD, hold.id, "查清")
    await release(cabinet.acts, HEAD, kept.id, "办结")
    with pytest.raises(Wrong, match="released already"):
        await release(cabinet.acts, HEAD, kept.id, "再来")
    await cabinet.disposed()
    assert (await kinds(cabinet)).count("clip.disposed") == 2
    await holds_together(cabinet)


async def _unlinked(cabinet: Cabinet, case_id: int) -> int:
    async with cabinet.archive.database.read() as conn:
        whole = await whole_case(conn, case_id)
    assert whole is not None
    for link in whole.links:
        await unlink_clip(cabinet.acts, HANDLER, case_id, link.id, "关联有误")
    return len(whole.links)
