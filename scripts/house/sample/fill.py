"""Brings the sample county into a running archive: every row by an act of somebody who may do it, every recording by a dock that enrolled."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta, timezone
from io import BytesIO
from pathlib import Path

from house.sample import lists, papers, people, recordings, sheets
from house.sample.cases import CASES, SampleCase
from house.sample.decided import opinion_of, proposal_of
from house.sample.oversight import bring_major_lists, bring_oversight
from house.sample.plan import DatedPaper, MadeFilm, PlannedCase, patrols, planned
from house.sample.publicity import bring_publicity
from house.sample.recorders import bring_recorders
from house.sample.recordings import CardFile, card_files
from liuhen_server.acts import MACHINE, Acts
from liuhen_server.cases.case_sheet import read_sheet
from liuhen_server.cases.classes import CLASSES, Stage, kind_of
from liuhen_server.cases.documents import Paper, Received, add_document, receive
from liuhen_server.cases.exchange import draft_import, state_export
from liuhen_server.cases.fields import moment_of
from liuhen_server.cases.linking import Goal, link_clips, unlink_clip
from liuhen_server.cases.lists import approve_list, draft_list, excuse, save_rows
from liuhen_server.cases.reading import Case, Document, whole_case
from liuhen_server.cases.record import Changes, New, change_case, move_case, open_case
from liuhen_server.cases.sheets import read_rows, write_csv
from liuhen_server.config import Config
from liuhen_server.custody.evidence import find_clip
from liuhen_server.custody.marks import MOMENT, NOTE, mark
from liuhen_server.decisions.deciding import Given, decide
from liuhen_server.decisions.drafting import write_draft
from liuhen_server.decisions.gates import DECISION_DOCUMENTS
from liuhen_server.decisions.reading import decisions_of, newest_draft
from liuhen_server.decisions.serving import Performed, Served, execute, serve
from liuhen_server.operations.opening import Archive, opened
from liuhen_server.people import changes
from liuhen_server.people.accounts import Person
from liuhen_server.people.passwords import PasswordWork, new_one_time_password
from liuhen_server.people.refusals import Refusals
from liuhen_server.people.roles import Action
from liuhen_server.registry.agencies import every_agency
from liuhen_server.registry.changes import keep_agency, keep_officer
from liuhen_server.retention.holds import hold_case, hold_clip
from liuhen_server.retention.terms import Ground
from liuhen_server.review.rounds import Submission, give_opinion, submit_review, take_review

ZONE = timezone(timedelta(hours=8))
IN_FORCE_SINCE = timedelta(days=200)
AT_ONCE = 16  # files on their way into the store
_CARRIED_OUT = {"performance": "performed", "compensation": "performed", "scene-record": "forced"}
_INQUIRY = frozenset({"report", "examination", "inspection-record", "interview", "evidence", "survey"})


@dataclass(frozen=True)
class GivenAccount:
    """An account that was made, with the password that opens it once and is kept nowhere."""

    account: people.Account
    one_time_password: str


async def fill(
    config: Config, devices_url: str, folder: Path, day: date, cases: Sequence[SampleCase] = CASES
) -> list[GivenAccount]:
    """Fills the archive of `config`, which is served at `devices_url`, as it may be on that day. The docks' keys go to `folder`.

    Returns the accounts in the order of `people.ACCOUNTS`.
    """
    async with opened(config) as archive:
        county = _County(archive, folder, day)
        given = await county.bring_people()
        plan = planned(day, {each.code: each.case_word for each in people.AGENCIES}, cases)
        await county.bring_lists()
        await bring_major_lists(county.acts, county.persons, day - IN_FORCE_SINCE)
        await county.bring_recordings(devices_url, plan)
        await bring_recorders(archive, county.acts, county.persons, county.officers)
        await county.bring_papers(plan)
        for each in sorted(plan, key=lambda each: each.opened):
            await county.bring_case(each)
        await county.bring_the_rest(plan)
        await bring_publicity(archive, county.acts, county.persons, day)
        await bring_oversight(county.acts, county.persons, day)
        return given


@dataclass
class _County:
    """The archive as it fills: who is in it, and which clips a recording became."""

    archive: Archive
    folder: Path
    day: date
    officers: dict[str, int] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)
    clips: dict[MadeFilm, list[tuple[str, str]]] = field(default_factory=dict)
    received: dict[tuple[str, DatedPaper], Received] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.acts = Acts(self.archive.database, self.archive.chain, self.archive.chain.now, secrets.token_bytes)

    async def bring_people(self) -> list[GivenAccount]:
        """Agencies that are not there yet, officers, accounts."""
        async with self.archive.database.read() as conn:
            there = {agency.code for agency in await every_agency(conn)}
        for agency in people.AGENCIES:
            if agency.code not in there:
                async with self.acts.of(MACHINE) as act:
                    await keep_agency(act, agency)
        for place, serving in enumerate(people.OFFICERS):
            async with self.acts.of(MACHINE) as act:
                self.officers[serving.name] = (await keep_officer(act, serving.officer(self.day, place))).id
        passwords = [new_one_time_password(secrets.token_bytes) for _ in people.ACCOUNTS]
        work = PasswordWork()
        hashes = await asyncio.gather(*(work.hash(password) for password in passwords))
        for account, hashed in zip(people.ACCOUNTS, hashes, strict=True):
            officer = None if account.officer is None else self.officers[account.officer]
            async with self.acts.of(MACHINE) as act:
                self.persons[account.name] = await changes.create(
                    act,
                    name=account.name,
                    display_name=account.display_name,
                    one_time_hash=hashed,
                    now=int(act_time(self.archive)),
                    rights=changes.Rights(account.roles, account.agency, officer),
                )
        return [GivenAccount(*each) for each in zip(people.ACCOUNTS, passwords, strict=True)]

    async def bring_lists(self) -> None:
        """Each agency's recording list: drafted by a handler, put in force by the head; one has a draft of its next one."""
        since = self.day - IN_FORCE_SINCE
        for agency in lists.CLASSES_OF:
            handler, head = self.persons[people.HANDLERS[agency]], self.persons[people.HEADS[agency]]
            draft = await draft_list(self.acts, handler, agency)
            saved = await save_rows(self.acts, handler, draft.id, draft.edit, lists.rows_of(agency))
            await approve_list(self.acts, head, saved.id, saved.edit, since, since)
        await draft_list(self.acts, self.persons[people.HANDLERS[people.MARKET]], people.MARKET)

    async def bring_recordings(self, url: str, plan: Sequence[PlannedCase]) -> None:
        made = await asyncio.to_thread(recordings.footage, self.folder)
        films = [*(film for each in plan for film in each.films), *patrols(self.day)]
        serving = {each.number: each.agency for each in people.OFFICERS}
        await asyncio.gather(
            *(
                self._hand_in(url, agency, [film for film in films if serving[film.officer] == agency], made)
                for agency in people.DOCKS
            )
        )

    async def _hand_in(self, url: str, agency: str, films: Sequence[MadeFilm], made: recordings.Footage) -> None:
        name = people.DOCKS[agency]
        async with self.archive.database.write() as conn:
            code = await self.archive.registry.new_code(conn, name, agency)
        cards: dict[str, Sequence[CardFile]] = {}
        for serial in sorted({film.recorder for film in films}):
            of_recorder = [film for film in films if film.recorder == serial]
            waits = agency == people.CITY and not cards
            cards[serial] = card_files(of_recorder, made, gap=agency == people.MARKET, waits=waits)
        async with recordings.enrolled(name, code, url, self.folder / name) as dock:
            await recordings.hand_in(dock, cards, stick=agency == people.TRANSPORT)
        for file in (file for files in cards.values() for file in files):
            self.clips.setdefault(file.film, []).append((name, file.digest.sha256))

    async def bring_case(self, plan: PlannedCase) -> None:
        """Opened on its day and taken from stage to stage; what each stage has is brought while the case is in it."""
        case, handler = plan.case, self._handler(plan)
        officers = tuple(self.officers[name] for name in case.handlers)
        new = New(case.agency, case.enforcement, case.title, officers, plan.number, (case.party,))
        opened_case = await open_case(self.acts, handler, new, plan.opened)
        for number, (stage, entered) in enumerate(plan.stages):
            if number:
                before = plan.stages[number - 1][0]
                if stage is Stage.DECISION:
                    await self._draft_and_review(plan, opened_case, entered)
                mover = self.persons[people.ARCHIVISTS[case.agency]] if stage is Stage.ARCHIVED else handler
                await move_case(self.acts, mover, opened_case.id, before, stage, "", entered)
            for paper in plan.papers:
                if paper.stage is stage:
                    if paper.kind in DECISION_DOCUMENTS:
                        await self._decide(plan, opened_case, paper.dated)
                    document = await self._add(handler, opened_case, paper)
                    await self._carry_out(plan, opened_case, document)
            for film in plan.films:
                if film.stage is stage and film.linked:
                    await self._link(handler, opened_case, film)
            for where, item, reason in plan.excuses:
                if where is stage:
                    await excuse(self.acts, handler, opened_case.id, stage, item, reason)
        if plan.stage is Stage.REVIEW:
            await self._draft_and_review(plan, opened_case, self.day)
        self.cases[plan.number] = opened_case

    async def _draft_and_review(self, plan: PlannedCase, case: Case, until: date) -> None:
        """The handler's draft, and its review where it needs one or where an opinion lies in the file. Where none lies there yet the
        reviewer has the round and has not said anything.
        """
        handler, came = self._handler(plan), plan.stages[-1][1]
        for stage, entered in plan.stages:
            if stage in (Stage.REVIEW, Stage.INVESTIGATION):
                came = entered
        draft = await write_draft(self.acts, handler, case.id, 0, proposal_of(plan.case), min(came, until))
        said = next((each.dated for each in plan.papers if each.kind == "legal-opinion"), None)
        if not draft.needs_review and said is None:
            return
        async with self.archive.database.read() as conn:
            whole = await whole_case(conn, case.id)
        assert whole is not None
        inquiry = [each.id for each in whole.documents if each.kind in _INQUIRY and each.current]
        if not inquiry:
            return
        given = Submission(
            draft.id,
            "案件事实清楚，证据充分，提请审核（样例）",
            {"investigation": tuple(inquiry), "evidence": tuple(inquiry)},
        )
        review = await submit_review(self.acts, handler, case.id, given, min(came, until))
        reviewer = self.persons[people.REVIEWERS[plan.case.agency]]
        await take_review(self.acts, reviewer, case.id, review)
        if said is not None:
            await give_opinion(self.acts, reviewer, case.id, review, opinion_of(plan.case), said)

    async def _decide(self, plan: PlannedCase, case: Case, day: date) -> None:
        async with self.archive.database.read() as conn:
            draft, whole = await newest_draft(conn, case.id), await whole_case(conn, case.id)
        assert draft is not None and whole is not None
        record = next((each.id for each in whole.documents if each.kind == "collective"), None)
        head = self.persons[people.HEADS[plan.case.agency]]
        await decide(self.acts, head, case.id, Given(draft.id, "", day, record), day)

    async def _carry_out(self, plan: PlannedCase, case: Case, document: Document) -> None:
        """What the documents of service and execution say."""
        if document.kind not in ("service-receipt", *_CARRIED_OUT):
            return
        handler, day = self._handler(plan), date.fromisoformat(document.dated)
        async with self.archive.database.read() as conn:
            (decision,) = await decisions_of(conn, case.id)
        if document.kind == "service-receipt":
            receiver = plan.case.party.representative or plan.case.party.name
            await serve(self.acts, handler, case.id, decision.id, Served("direct", receiver, day, document.id), day)
        else:
            fen = decision.fine_fen + decision.confiscated_fen
            done = Performed(_CARRIED_OUT[document.kind], day, fen, document.id)
            await execute(self.acts, handler, case.id, decision.id, done, day)

    def _handler(self, plan: PlannedCase) -> Person:
        """Whoever of the handlers has an account; where none has, the head works on the case."""
        for name in plan.case.handlers:
            for account in people.ACCOUNTS:
                if account.officer == name:
                    return self.persons[account.name]
        return self.persons[people.HEADS[plan.case.agency]]

    async def bring_papers(self, plan: Sequence[PlannedCase]) -> None:
        """The files of all documents into the store, several at once; each becomes a document in an act of its own."""
        wanted = [(each, paper) for each in plan for paper in each.papers]
        for at in range(0, len(wanted), AT_ONCE):
            await asyncio.gather(*(self._receive(each, paper) for each, paper in wanted[at : at + AT_ONCE]))

    async def _receive(self, plan: PlannedCase, paper: DatedPaper) -> None:
        name = kind_of(CLASSES[plan.case.enforcement], paper.stage, paper.kind).name.zh
        file = f"{name}{paper.dated:%Y%m%d}.pdf"
        data = papers.pdf(name, plan.number, plan.case.title, f"日期：{paper.dated}", "样例文书，非真实案件材料")
        path = self.archive.config.incoming_folder / f"paper-{secrets.token_hex(8)}"
        self.received[plan.number, paper] = await receive(self.archive.store, path, file, _whole(data))

    async def _add(self, person: Person, case: Case, paper: DatedPaper, replaces: int | None = None) -> Document:
        began, ended = [moment_of(paper.dated, clock, ZONE, "began") for clock in paper.hours or ()] or (None, None)
        said = Paper(paper.stage, paper.kind, paper.dated.isoformat(), replaces, began, ended, paper.place)
        return await add_document(self.acts, person, case.id, self.received[case.number, paper], said)

    async def _link(self, person: Person, case: Case, film: MadeFilm) -> None:
        assert film.stage is not None
        clips = self.clips[film]
        how = "bulk" if len(clips) > 1 else "hand"
        await link_clips(self.acts, person, Goal(case.id, film.stage, film.item), clips, how)

    async def bring_the_rest(self, plan: Sequence[PlannedCase]) -> None:
        """What makes the histories: marks, a document replaced, a link undone, a title changed, holds, a refusal."""
        for each in plan:
            if each.case.note:
                await self._mark(each)
        await self._amend(next(each for each in plan if each.stage is Stage.REVIEW and each.films))
        await self._hold(next(each for each in plan if each.stage is Stage.REVIEW))
        refusals = Refusals(self.acts, lambda: int(act_time(self.archive)))
        other = self.cases[plan[0].number]
        await refusals.record(self.persons[people.HANDLERS[people.CITY]], Action.SEE_CASES, other.name)
        await self._programs_and_sheets()

    async def _programs_and_sheets(self) -> None:
        """A token for the market regulators' own case system; a sheet that was checked and waits for its sender's yes; a sheet taken away."""
        security, head = self.persons["anquan"], self.persons[people.HEADS[people.MARKET]]
        async with self.acts.of(security) as act:
            now, reason = int(act_time(self.archive)), "与本局办案系统对接（样例）"
            await changes.give_token(act, head.id, now, secrets.token_bytes, reason)
        sender = self.persons[people.HANDLERS[people.TRANSPORT]]
        sheet = read_sheet(read_rows(BytesIO(b"".join(write_csv(sheets.rows())))))
        draft, mistakes = await draft_import(self.acts, sender, people.TRANSPORT, sheets.NAME, sheet, self.day)
        assert draft is not None, mistakes
        await state_export(self.acts, head, head.role_names, "xlsx", len(self.cases), "state=open")

    async def _hold(self, plan: PlannedCase) -> None:
        """One that has no end, on a case, and one that ends, on a recording of no case."""
        head = self.persons[people.HEADS[plan.case.agency]]
        reason = "当事人已就同一事实提起行政诉讼（样例）"
        await hold_case(self.acts, head, self.cases[plan.number].id, Ground.LITIGATION, None, reason, self.day)
        patrol = next(film for film in self.clips if not film.item)
        dock, sha256 = self.clips[patrol][0]
        agency = next(code for code, name in people.DOCKS.items() if name == dock)
        until = self.day + timedelta(days=90)
        of_dock = self.persons[people.HEADS[agency]]
        await hold_clip(self.acts, of_dock, dock, sha256, Ground.COMPLAINT, until, "群众投诉正在核查（样例）", self.day)

    async def _mark(self, plan: PlannedCase) -> None:
        reviewer = self.persons["demo"]
        dock, sha256 = self.clips[plan.films[0]][0]
        async with self.archive.database.read() as conn:
            clip = await find_clip(conn, dock, sha256)
        assert clip is not None
        await mark(self.acts, reviewer, clip, 2_000, MOMENT, plan.case.note)
        await mark(self.acts, reviewer, clip, None, NOTE, "画面清楚，声音清楚（样例）")

    async def _amend(self, plan: PlannedCase) -> None:
        case, handler = self.cases[plan.number], self._handler(plan)
        async with self.archive.database.read() as conn:
            whole = await whole_case(conn, case.id)
        assert whole is not None
        paper = next(each for each in plan.papers if each.stage is Stage.INVESTIGATION)
        older = next(each for each in whole.documents if each.kind == paper.kind)
        await self._add(handler, case, paper, replaces=older.id)
        link = whole.links[-1]
        await unlink_clip(self.acts, handler, case.id, link.id, "误关联：画面为另一处现场")
        await link_clips(self.acts, handler, Goal(case.id, link.stage, link.item), [(link.dock, link.sha256)], "hand")
        title = Changes(title=case.title.removesuffix("案") + "一案")
        await change_case(self.acts, handler, case.id, whole.case.version, title, self.day)


def act_time(archive: Archive) -> float:
    """Now, in Unix seconds."""
    return archive.chain.now().timestamp()


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data
