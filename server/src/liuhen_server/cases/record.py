"""What people do with a case: open it, change it, take it from stage to stage. Each is one act (acts.py): rows and statement together.

Two people may have one form open. A save carries the version it was drawn from; under an older one nothing is saved and `Outdated` says who
did what meanwhile. A step of the stages carries the stage it was drawn from in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import delete, insert, select, update

from liuhen_protocol.case_events import CaseChanged, CaseOpened, CaseStage
from liuhen_protocol.events import Event
from liuhen_protocol.statement import Subject
from liuhen_server.acts import Act, Actor, Acts
from liuhen_server.cases.classes import Stage, class_of
from liuhen_server.cases.coverage import blockers
from liuhen_server.cases.enforcing import demand_enforcing
from liuhen_server.cases.fields import one_line, parties_of
from liuhen_server.cases.handling import check_handlers
from liuhen_server.cases.indexed import keep_findable
from liuhen_server.cases.numbers import CaseNumber, next_number, parse_number
from liuhen_server.cases.reading import Act as Done
from liuhen_server.cases.reading import Case, Party, find_case, whole_case
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import case_acts, case_handlers, case_parties, case_stages, cases, recording_lists
from liuhen_server.database import Connection
from liuhen_server.decisions.gates import lacks, may_change_class, may_go
from liuhen_server.decisions.refused import attempt, demand_none
from liuhen_server.decisions.standing import standing_of
from liuhen_server.registry.agencies import find_agency
from liuhen_server.registry.officers import officer_of
from liuhen_server.registry.schema import officers

__all__ = [
    "Changes",
    "New",
    "NoSuchCase",
    "NumberTaken",
    "Outdated",
    "change_case",
    "move_case",
    "open_case",
    "open_for_work",
    "open_in",
    "wanted_number",
    "written",
]


class NoSuchCase(LookupError):
    """There is no case of this number."""


class Outdated(Exception):
    """Somebody did `since` meanwhile; nothing was saved. `case` is how it stands now."""

    def __init__(self, case: Case, since: tuple[Done, ...]) -> None:
        super().__init__(f"{case.name} has version {case.version} now")
        self.case, self.since = case, since


class NumberTaken(Wrong):
    """Another case of the agency (`case_id`) has this number, which may be written differently there (`present`)."""

    def __init__(self, number: CaseNumber, case_id: int, present: str) -> None:
        super().__init__(f"案号 {number} 已被使用", f"the number {number} is taken", "number")
        self.case_id, self.present = case_id, present


@dataclass(frozen=True, slots=True)
class New:
    """A case to be opened. `number` empty: the next one of its agency, class and year. `handlers`: ids of officers."""

    agency: str
    enforcement: str
    title: str
    handlers: tuple[int, ...]
    number: str = ""
    parties: tuple[Party, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What a form says of a case; None leaves it as it is. `enforcement`: the class that it turned out to be of."""

    title: str | None = None
    number: str | None = None
    parties: tuple[Party, ...] | None = None
    handlers: tuple[int, ...] | None = None
    enforcement: str | None = None


async def open_case(acts: Acts, person: Actor, new: New, today: date) -> Case:
    """Raises Wrong for what cannot be taken: a number that is taken, fewer than two handlers (行政处罚法 art. 42)."""
    async with acts.of(person) as act:
        return await open_in(act, new, today)


async def open_in(act: Act, new: New, today: date) -> Case:
    """Opens a case within an act that may open several, all or none. Raises as `open_case`."""
    enforcement, title = class_of(new.enforcement), one_line(new.title, "title", 200)
    parties = parties_of(new.parties)
    await demand_enforcing(act.conn, new.agency)
    handlers = await _checked_handlers(act.conn, new.agency, new.enforcement, new.handlers, today)
    number = (
        parse_number(new.number)
        if new.number.strip()
        else await wanted_number(act.conn, new.agency, new.enforcement, today.year)
    )
    await _check_free(act.conn, new.agency, number, None)
    list_id = await _list_in_force(act.conn, new.agency, today)
    time = act.time
    added = await act.conn.execute(
        insert(cases).values(
            agency=new.agency,
            enforcement=enforcement.key,
            **_number(number),
            title=title,
            stage=enforcement.first,
            list_id=list_id,
            opened_time=time,
            opened_day=today.isoformat(),
            opened_by=act.by,
            version=1,
        )
    )
    assert added.inserted_primary_key is not None
    case_id = int(added.inserted_primary_key[0])
    case = f"case-{case_id}"
    opened = CaseOpened(case, new.agency, enforcement.key, str(number), act.by)
    index = await written(act, opened, case_id, 1, "opened", enforcement.first)
    await _enter(act, case_id, enforcement.first, today, index)
    await _say(act, case_id, 1, "title", title)
    if parties:
        await _keep_parties(act, case_id, 1, parties)
    await _keep_handlers(act, case_id, 1, handlers)
    await keep_findable(act.conn, case_id)
    found = await find_case(act.conn, case_id)
    assert found is not None
    return found


async def change_case(acts: Acts, person: Actor, case_id: int, version: int, changes: Changes, today: date) -> Case:
    """Saves what the form drawn from `version` says. Raises Wrong, Outdated, NoSuchCase. What is as it was is not stated.

    A case of another class than was thought keeps its stages, documents and number; its draft and review do not count any more.
    """
    async with attempt(acts, person) as act:
        case = await open_for_work(act.conn, case_id)
        if case.version != version:
            raise Outdated(case, await _since(act.conn, case_id, version))
        now = await whole_case(act.conn, case_id)
        assert now is not None
        changed = case.version + 1
        done = 0
        enforcement = case.enforcement
        if changes.enforcement is not None and changes.enforcement != case.enforcement:
            enforcement = class_of(changes.enforcement).key
            demand_none(may_change_class(await standing_of(act.conn, case), enforcement), "class", case.name)
            if changes.handlers is None:
                await _checked_handlers(act.conn, case.agency, enforcement, sorted(now.officers), today)
            await act.conn.execute(update(cases).where(cases.c.id == case_id).values(enforcement=enforcement))
            await _say(act, case_id, changed, "class", enforcement)
            done += 1
        if changes.title is not None and (title := one_line(changes.title, "title", 200)) != case.title:
            await act.conn.execute(update(cases).where(cases.c.id == case_id).values(title=title))
            await _say(act, case_id, changed, "title", title)
            done += 1
        if changes.number is not None and str(number := parse_number(changes.number)) != case.number:
            await _check_free(act.conn, case.agency, number, case_id)
            await act.conn.execute(update(cases).where(cases.c.id == case_id).values(**_number(number)))
            await _say(act, case_id, changed, "number", str(number))
            done += 1
        if changes.parties is not None and (parties := parties_of(changes.parties)) != now.parties:
            await _keep_parties(act, case_id, changed, parties)
            done += 1
        if changes.handlers is not None and (
            frozenset(changes.handlers) != now.officers or enforcement != case.enforcement
        ):
            staying = now.officers if enforcement == case.enforcement else frozenset[int]()
            handlers = await _checked_handlers(act.conn, case.agency, enforcement, changes.handlers, today, staying)
            if handlers != now.officers:
                await _keep_handlers(act, case_id, changed, handlers)
                done += 1
        if done:
            await act.conn.execute(update(cases).where(cases.c.id == case_id).values(version=changed))
            await keep_findable(act.conn, case_id)
        found = await find_case(act.conn, case_id)
    assert found is not None
    return found


async def move_case(
    acts: Acts, person: Actor, case_id: int, before: Stage, after: Stage, reason: str, today: date
) -> Case:
    """From the stage the form was drawn in to the next. Raises Wrong: the class's table has no such step, a reason is asked
    for, or the case cannot be archived since something is missing; NotDecided (which is stated: decision.refused): the step would lead
    around the decision; Outdated: it is in another stage; NoSuchCase.
    """
    async with attempt(acts, person) as act:
        whole = await whole_case(act.conn, case_id)
        if whole is None:
            raise NoSuchCase(case_id)
        case = whole.case
        if case.stage is not before:
            raise Outdated(case, await _since(act.conn, case_id, 0))
        case.rules.check_step(before, after, reason)
        if before is Stage.ARCHIVED:  # what is taken up again would be open, and nobody works under the old name
            await demand_enforcing(act.conn, case.agency)
        standing = await standing_of(act.conn, case)
        draft = None if standing.draft is None else f"draft-{standing.draft.id}"
        demand_none(may_go(standing, after), "stage", case.name, draft)
        missing = [need.sentence for need in blockers(whole.needs())] + [each.said for each in lacks(standing)]
        if after is Stage.ARCHIVED and missing:
            zh = "；".join(each.zh for each in missing[:5])
            en = "; ".join(each.en for each in missing[:5])
            more = "" if len(missing) <= 5 else f" … {len(missing)}"
            raise Wrong(f"还不能归档：{zh}{more}", f"it cannot be archived yet: {en}{more}", "stage")
        said = (await act.commit_text("reason", case.name, reason.strip())) if reason.strip() else None
        event = CaseStage(case.name, before.value, after.value, act.by, said.sha256 if said else None)
        index = await written(
            act, event, case_id, case.version, "stage", after, about=before, said_id=said.id if said else None
        )
        time = act.time
        leaving = (case_stages.c.case_id == case_id) & case_stages.c.left_time.is_(None)
        await act.conn.execute(update(case_stages).where(leaving).values(left_time=time))
        await _enter(act, case_id, after, today, index)
        archived = time if after is Stage.ARCHIVED else None
        await act.conn.execute(update(cases).where(cases.c.id == case_id).values(stage=after, archived_time=archived))
        found = await find_case(act.conn, case_id)
    assert found is not None
    return found


async def numbers_of_both(conn: Connection, agency: str, into: str) -> tuple[str, ...]:
    """Numbers of open cases of the one that a case of the other has too."""
    theirs = select(cases.c.number_key).where(cases.c.agency == into)
    query = select(cases.c.number).where(
        cases.c.agency == agency, cases.c.stage != Stage.ARCHIVED, cases.c.number_key.in_(theirs)
    )
    return tuple((await conn.execute(query.order_by(cases.c.number))).scalars())


async def open_cases_of(conn: Connection, agency: str) -> tuple[int, ...]:
    query = select(cases.c.id).where(cases.c.agency == agency, cases.c.stage != Stage.ARCHIVED)
    return tuple((await conn.execute(query.order_by(cases.c.id))).scalars())


async def hand_to_successor(act: Act, case_ids: Sequence[int], into: str) -> None:
    """Open cases of an agency that is merged go on under its successor; number, list and everything that was done stay."""
    for case_id in case_ids:
        changed = update(cases).where(cases.c.id == case_id).values(agency=into, version=cases.c.version + 1)
        version = (await act.conn.execute(changed.returning(cases.c.version))).scalar_one()
        await _say(act, case_id, version, "agency", into)
        await keep_findable(act.conn, case_id)


async def wanted_number(conn: Connection, agency_code: str, enforcement: str, year: int) -> CaseNumber:
    """The number that the next case of this agency, class and year would get."""
    agency = await find_agency(conn, agency_code)
    if agency is None:
        raise Wrong("没有这个执法主体", "no such agency", "agency")
    rules = class_of(enforcement)
    first = next_number(agency.case_word, rules.word, year, ())
    query = select(cases.c.serial).where(
        cases.c.agency == agency_code,
        cases.c.word.in_((first.word, first.word + "字")),
        cases.c.year == year,
    )
    last = (await conn.execute(query.order_by(cases.c.serial.desc()).limit(1))).scalar()
    return next_number(agency.case_word, rules.word, year, () if last is None else (last,))


async def open_for_work(conn: Connection, case_id: int) -> Case:
    """The case, to be worked on in this act. Raises NoSuchCase, and Wrong for one that is archived."""
    case = await find_case(conn, case_id)
    if case is None:
        raise NoSuchCase(case_id)
    if case.stage is Stage.ARCHIVED:
        raise Wrong(
            "案卷已归档。要改动，请先退回“归档”环节并说明理由",
            "the file is archived; to change it, take it back to archiving and say why",
            "stage",
        )
    return case


async def written(
    act: Act,
    event: Event,
    case_id: int,
    version: int,
    what: str,
    stage: str,
    *,
    about: str = "",
    said_id: int | None = None,
    subject: Subject | None = None,
) -> int:
    """States it and puts it into the case's own list of acts. Returns its place in the log."""
    stated = await act.state(event, subject)
    await act.conn.execute(
        insert(case_acts).values(
            log_index=stated.index,
            case_id=case_id,
            version=version,
            what=what,
            stage=stage,
            about=about,
            said_id=said_id,
            by=act.by,
            time=stated.time,
        )
    )
    return stated.index


async def _since(conn: Connection, case_id: int, version: int) -> tuple[Done, ...]:
    """What was done after that version, the newest first."""
    query = select(case_acts).where(case_acts.c.case_id == case_id, case_acts.c.version > version)
    rows = (await conn.execute(query.order_by(case_acts.c.log_index.desc()).limit(10))).mappings()
    return tuple(Done(**{name: row[name] for name in Done.__dataclass_fields__}) for row in rows)


async def _enter(act: Act, case_id: int, stage: Stage, today: date, index: int) -> None:
    row = {"case_id": case_id, "stage": stage, "entered_time": act.time, "entered_day": today.isoformat()}
    await act.conn.execute(insert(case_stages).values(**row, by=act.by, log_index=index))


async def _say(act: Act, case_id: int, version: int, what: str, text: str) -> None:
    """Keeps the words and states that they stand there now."""
    said = await act.commit_text(what, f"case-{case_id}", text)
    event = CaseChanged(f"case-{case_id}", what, act.by, said.sha256)
    await written(act, event, case_id, version, what, "", said_id=said.id)


async def _keep_parties(act: Act, case_id: int, version: int, parties: Sequence[Party]) -> None:
    await act.conn.execute(delete(case_parties).where(case_parties.c.case_id == case_id))
    if parties:
        rows = [asdict(party) | {"case_id": case_id, "place": place} for place, party in enumerate(parties)]
        await act.conn.execute(insert(case_parties), rows)
    text = json.dumps([asdict(party) for party in parties], ensure_ascii=False, sort_keys=True)
    await _say(act, case_id, version, "parties", text)


async def _keep_handlers(act: Act, case_id: int, version: int, handlers: frozenset[int]) -> None:
    now = (case_handlers.c.case_id == case_id) & case_handlers.c.until_time.is_(None)
    before = set((await act.conn.execute(select(case_handlers.c.officer_id).where(now))).scalars())
    time = act.time
    if gone := before - handlers:
        leaving = now & case_handlers.c.officer_id.in_(gone)
        await act.conn.execute(update(case_handlers).where(leaving).values(until_time=time))
    for officer in sorted(handlers - before):
        await act.conn.execute(insert(case_handlers).values(case_id=case_id, officer_id=officer, since_time=time))
    await _say(act, case_id, version, "handlers", " ".join(f"officer-{officer}" for officer in sorted(handlers)))


async def _checked_handlers(
    conn: Connection,
    agency: str,
    enforcement: str,
    given: Sequence[int],
    today: date,
    staying: frozenset[int] = frozenset(),
) -> frozenset[int]:
    """As `check_handlers`, of what the register says. Raises Wrong."""
    wanted = frozenset(given)
    query = select(officers).where(officers.c.id.in_(wanted))
    rows = (await conn.execute(query)).mappings()
    known = {row["id"]: officer_of(row) for row in rows}
    check_handlers(known, agency, enforcement, wanted, today, staying)
    return wanted


async def _check_free(conn: Connection, agency: str, number: CaseNumber, own: int | None) -> None:
    query = select(cases.c.id, cases.c.number).where(cases.c.agency == agency, cases.c.number_key == number.key)
    other = (await conn.execute(query)).one_or_none()
    if other is not None and other.id != own:
        raise NumberTaken(number, other.id, other.number)


async def _list_in_force(conn: Connection, agency: str, day: date) -> int | None:
    """The recording list that binds a case opened on this day."""
    query = select(recording_lists.c.id).where(
        recording_lists.c.agency == agency, recording_lists.c.from_day <= day.isoformat()
    )
    newest = query.order_by(recording_lists.c.from_day.desc(), recording_lists.c.version.desc()).limit(1)
    return (await conn.execute(newest)).scalar()


def _number(number: CaseNumber) -> dict[str, object]:
    return {
        "number": str(number),
        "number_key": number.key,
        "word": number.word,
        "year": number.year,
        "serial": number.serial,
    }
