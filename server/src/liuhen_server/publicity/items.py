"""Versions of what is public, from hand to hand: collected, confirmed where it has to be, reviewed, published, withdrawn.

Each is an act of one person with its statement in the log. What was public is never edited: what was wrong is a new version.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, insert, select, update

from liuhen_protocol.publicity_events import (
    PublicityCollected,
    PublicityConfirmed,
    PublicityPublished,
    PublicityReturned,
    PublicityReviewed,
    PublicityWithdrawn,
)
from liuhen_server.acts import Act, Actor, Acts
from liuhen_server.cases.enforcing import demand_enforcing
from liuhen_server.cases.fields import day_of, one_line, reason_of
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.database import Connection
from liuhen_server.people.schema import people
from liuhen_server.publicity.content import (
    Content,
    check_content,
    digest_of_content,
    read_content,
    write_content,
)
from liuhen_server.publicity.fill import Decided, decided, decision_of_about
from liuhen_server.publicity.kinds import kind_of
from liuhen_server.publicity.masking import Choice, Found, Sort, apply, carried_over, suggest, undecided
from liuhen_server.publicity.rules import Move, State, Who, check_apart, moved
from liuhen_server.publicity.schema import public_items, public_versions
from liuhen_server.publicity.signed import KIND, as_signed, changes_what_was_signed, check_public_form, of_the_same_year

__all__ = [
    "Version",
    "collect",
    "confirm",
    "find_version",
    "give_back",
    "publish",
    "review",
    "save",
    "versions_of",
    "withdraw",
]

MOST_NAMES = 50
_OF_THE_PAST = frozenset({"decision", "inspection-result", "statistics"})
"""What an agency did is made public under its name also once it was merged: its successor's people do it."""

_WHAT = {
    "collector": Said("这一版的采集人", "who collected it"),
    "reviewer": Said("这一版的审核人", "who reviewed it"),
    "handler": Said("本案的承办人", "a handler of the case"),
    "legal-reviewer": Said("本案的法制审核人", "the legal reviewer of the case"),
    "head": Said("作出决定的负责人", "the head who made the decision"),
}


@dataclass(frozen=True, slots=True)
class Version:
    """A version with the item it is of. `raw` and `content` are JSON (`content.read_content`)."""

    id: int
    item_id: int
    agency: str
    kind: str
    about: str
    title: str
    version: int
    edit: int
    state: State
    raw: str | None
    content: str
    found: tuple[Found, ...]
    sha256: str
    collected_by: str
    collected_time: str
    confirmed_by: str | None
    confirmed_time: str | None
    confirmation: int | None
    reviewed_by: str | None
    reviewed_time: str | None
    published_by: str | None
    published_time: str | None
    published_day: str | None
    public_until: str | None
    withdrawn_by: str | None
    withdrawn_time: str | None
    withdrawn_day: str | None
    reason: int | None
    log_index: int | None

    @property
    def name(self) -> str:
        """How the item stands in the log."""
        return f"item-{self.item_id}"


def _found_of(text: str) -> tuple[Found, ...]:
    return tuple(
        Found(
            each["place"],
            each["start"],
            each["text"],
            Sort(each["sort"]),
            Said(each["zh"], each["en"]),
            each["instead"],
            None if each["choice"] is None else Choice(each["choice"]),
        )
        for each in json.loads(text)["found"]
    )


def _names_of(text: str) -> frozenset[str]:
    return frozenset(json.loads(text)["names"])


def _masked(found: Iterable[Found], names: Collection[str]) -> str:
    rows = []
    for each in found:
        row = asdict(each)
        reason = row.pop("reason")
        rows.append(row | reason)
    return json.dumps({"names": sorted(names), "found": rows}, ensure_ascii=False)


def _all() -> Select[tuple[object, ...]]:
    item = public_items.c
    return select(public_versions, item.agency, item.kind, item.about, item.title).join(
        public_items, public_items.c.id == public_versions.c.item_id
    )


def _version(row: Mapping[str, Any]) -> Version:
    values = {name: row[name] for name in Version.__dataclass_fields__ if name not in ("found", "state")}
    return Version(**values, found=_found_of(str(row["masked"])), state=State(str(row["state"])))


async def find_version(conn: Connection, version_id: int) -> Version | None:
    if not 0 < version_id < 1 << 63:
        return None
    row = (await conn.execute(_all().where(public_versions.c.id == version_id))).mappings().one_or_none()
    return None if row is None else _version(dict(row))


async def versions_of(conn: Connection, item_id: int) -> tuple[Version, ...]:
    """Every version of the item, the newest first."""
    query = _all().where(public_versions.c.item_id == item_id).order_by(public_versions.c.version.desc())
    return tuple(_version(dict(row)) for row in (await conn.execute(query)).mappings())


async def names_kept(conn: Connection, version_id: int) -> frozenset[str]:
    """The names that the collector gave to be looked for."""
    query = select(public_versions.c.masked).where(public_versions.c.id == version_id)
    return _names_of((await conn.execute(query)).scalar_one())


async def collect(
    acts: Acts,
    person: Actor,
    agency: str,
    kind: str,
    about: str,
    content: Content,
    names: Collection[str] = (),
) -> Version:
    """A new version of the item, which is made where there is none. Raises Wrong: a version of it is in hand already, the content is
    not of the kind's shape, the decision it is about is not there, or is in force no longer.
    """
    shape = kind_of(kind)
    content = check_content(shape, content)
    about = one_line(about, "about", 64) if shape.has_about else "all"
    async with acts.of(person) as act:
        found = await _decision(act.conn, kind, about, agency)
        await _demand_current(act.conn, kind, agency)
        if kind == KIND:
            await as_signed(act.conn, agency, about, content)
        item_id = await _item(act.conn, agency, kind, about)
        earlier = await versions_of(act.conn, item_id)
        if any(each.state in (State.COLLECTED, State.REVIEWED) for each in earlier):
            raise Wrong(
                "已有一版正在办理，请先办完或退回", "a version of it is in hand already: finish or return it", "state"
            )
        if kind == KIND and earlier and earlier[0].state is State.PUBLISHED:
            raise changes_what_was_signed()
        number = earlier[0].version + 1 if earlier else 1
        who_else = frozenset(_names(names)) | (found.names if found is not None else frozenset())
        suggested = suggest(content.texts(), who_else, () if found is None else found.public)
        if earlier:
            suggested = carried_over(suggested, earlier[0].found)
        row = {"item_id": item_id, "version": number, "edit": 1, "state": State.COLLECTED.value}
        row |= _said(content, suggested, who_else) | {"collected_by": act.by, "collected_time": act.time}
        added = await act.conn.execute(insert(public_versions).values(**row))
        assert added.inserted_primary_key is not None
        await _name(act.conn, item_id, str(row["content"]))
        await act.state(PublicityCollected(f"item-{item_id}", number, agency, kind, about, act.by))
        version = await find_version(act.conn, int(added.inserted_primary_key[0]))
    assert version is not None
    return version


async def save(
    acts: Acts,
    person: Actor,
    version_id: int,
    edit: int,
    content: Content,
    choices: Mapping[str, Choice],
    names: Collection[str] = (),
) -> Version:
    """What the collector changed, and decided about what was found (by `Found.key`). What the change made appear anew is undecided.

    Raises Wrong: not the collector, not in hand, saved meanwhile, the content is not of the kind's shape, or it changes a signed report.
    """
    async with acts.of(person) as act:
        now = await _held(act.conn, version_id, edit)
        moved(now.state, Move.SAVE)
        me, others = await _who(act.conn, act.by), await _who(act.conn, now.collected_by)
        if not me.is_(others):
            raise Wrong("只有采集人能修改；有错请退回", "only who collected it edits it: return it instead", "by")
        content = check_content(kind_of(now.kind), content)
        if now.kind == KIND:
            await as_signed(act.conn, now.agency, now.about, content)
        about = await _decision(act.conn, now.kind, now.about, now.agency)
        who_else = frozenset(_names(names)) | (about.names if about is not None else frozenset())
        before = [_chosen(each, choices) for each in now.found]
        found = carried_over(suggest(content.texts(), who_else, () if about is None else about.public), before)
        row = _said(content, found, who_else) | {"edit": edit + 1, "confirmed_by": None, "confirmed_time": None}
        row["confirmation"] = None
        this = public_versions.c.id == version_id
        await act.conn.execute(update(public_versions).where(this).values(**row))
        await _name(act.conn, now.item_id, str(row["content"]))
        after = await find_version(act.conn, version_id)
    assert after is not None
    return after


async def confirm(acts: Acts, person: Actor, version_id: int, edit: int, what: str) -> None:
    """The list is confirmed by the body that has to, or its confirmation is written down: `what` says by which letter.

    Raises Wrong: it needs no confirmation, or who collected it confirms it.
    """
    text = reason_of(what, "confirmation")
    async with acts.of(person) as act:
        now = await _held(act.conn, version_id, edit)
        moved(now.state, Move.CONFIRM)
        if kind_of(now.kind).confirmed_by is None:
            raise Wrong("这类内容不需要确认", "this needs no confirmation", "state")
        check_apart(await _who(act.conn, act.by), [(_WHAT["collector"], await _who(act.conn, now.collected_by))])
        said = await act.commit_text("confirmation", now.name, text)
        await act.state(PublicityConfirmed(now.name, now.version, act.by, said.sha256))
        row = {"confirmed_by": act.by, "confirmed_time": act.time, "confirmation": said.id, "edit": edit + 1}
        await act.conn.execute(update(public_versions).where(public_versions.c.id == version_id).values(**row))


async def give_back(acts: Acts, person: Actor, version_id: int, edit: int, reason: str) -> None:
    """To the collector, who begins a new version. Raises Wrong."""
    text = reason_of(reason)
    async with acts.of(person) as act:
        now = await _held(act.conn, version_id, edit)
        after = moved(now.state, Move.RETURN)
        said = await act.commit_text("return", now.name, text)
        await act.state(PublicityReturned(now.name, now.version, act.by, said.sha256))
        await _set(act.conn, now, after, reason=said.id)


async def review(acts: Acts, person: Actor, version_id: int, edit: int) -> None:
    """By another person than who collected it, once everything that was found is decided. Raises Wrong."""
    async with acts.of(person) as act:
        now = await _held(act.conn, version_id, edit)
        after = moved(now.state, Move.REVIEW)
        await _demand_current(act.conn, now.kind, now.agency)
        check_apart(await _who(act.conn, act.by), [(_WHAT["collector"], await _who(act.conn, now.collected_by))])
        if left := undecided(now.found):
            raise Wrong(
                f"还有 {left} 处疑似隐私没有处理，不能审核",
                f"{left} places that may be private are not decided: it cannot be reviewed",
                "found",
            )
        if (who := kind_of(now.kind).confirmed_by) is not None and now.confirmed_by is None:
            raise Wrong(f"须先由{who.zh}确认", f"{who.en} has to confirm it first", "confirmation")
        await act.state(PublicityReviewed(now.name, now.version, act.by))
        await _set(act.conn, now, after, reviewed_by=act.by, reviewed_time=act.time)


async def publish(acts: Acts, person: Actor, version_id: int, edit: int, today: date) -> Version:
    """By a third person; the version that was public before is superseded, an annual report that it corrects withdrawn. Raises
    Wrong: one of those who worked on it or, of a decision, on the case; the decision is in force no longer; its last day is over; it is not the report
    that was signed.
    """
    async with acts.of(person) as act:
        now = await _held(act.conn, version_id, edit)
        after = moved(now.state, Move.PUBLISH)
        await _demand_current(act.conn, now.kind, now.agency)
        about = await _decision(act.conn, now.kind, now.about, now.agency)
        assert now.reviewed_by is not None
        others = [("collector", now.collected_by), ("reviewer", now.reviewed_by)]
        apart = [(_WHAT[what], await _who(act.conn, number)) for what, number in others]
        for what, who in () if about is None else about.people():
            known = who if who.officer is not None else await _who(act.conn, who.number)
            apart.append((_WHAT[what], known))
        check_apart(await _who(act.conn, act.by), apart)
        until = _until(read_content(now.content), today)
        if now.kind == KIND:
            await check_public_form(act.conn, now.agency, now.about, now.content, now.found)
        await _supersede(act, now.item_id)
        digest = digest_of_content(now.content)
        event = PublicityPublished(
            now.name,
            now.version,
            now.agency,
            now.kind,
            digest,
            now.collected_by,
            now.reviewed_by,
            act.by,
            today.isoformat(),
            until,
        )
        stated = await act.state(event)
        await _set(
            act.conn,
            now,
            after,
            sha256=digest,
            raw=None,
            published_by=act.by,
            published_time=stated.time,
            published_day=today.isoformat(),
            public_until=until,
            log_index=stated.index,
        )
        if now.kind == KIND:
            await _withdraw_corrected(act, now, today)
        done = await find_version(act.conn, version_id)
    assert done is not None
    return done


async def withdraw(acts: Acts, person: Actor, version_id: int, edit: int, reason: str, today: date) -> None:
    """Public no longer, for a reason that is public. Raises Wrong."""
    text = reason_of(reason)
    async with acts.of(person) as act:
        now = await _held(act.conn, version_id, edit)
        await _withdraw(act, now, text, today)


# --- what the acts share


def _said(content: Content, found: tuple[Found, ...], names: Collection[str]) -> dict[str, str]:
    public = write_content(content.changed(lambda place, text: apply(place, text, found)))
    return {
        "raw": write_content(content),
        "content": public,
        "masked": _masked(found, names),
        "sha256": digest_of_content(public),
    }


def _chosen(found: Found, choices: Mapping[str, Choice]) -> Found:
    return Found(
        found.place,
        found.start,
        found.text,
        found.sort,
        found.reason,
        found.instead,
        choices.get(found.key, found.choice),
    )


def _names(given: Collection[str]) -> list[str]:
    if len(given) > MOST_NAMES:
        raise Wrong(f"姓名最多 {MOST_NAMES} 个", f"at most {MOST_NAMES} names", "names")
    return [one_line(each, "names", 64) for each in given if each.strip()]


def _until(content: Content, today: date) -> str | None:
    given = content.fields.get("public_until", "")
    if not given:
        return None
    day = day_of(given, "public_until")
    if day < today:
        raise Wrong("公示截止期已过", "its last day of publicity is over", "public_until")
    return day.isoformat()


async def _demand_current(conn: Connection, kind: str, agency: str) -> None:
    """Raises Wrong for what is said of the present of an agency that was merged."""
    if kind not in _OF_THE_PAST:
        await demand_enforcing(conn, agency)


async def _decision(conn: Connection, kind: str, about: str, agency: str) -> Decided | None:
    """Of a decision or a result of an inspection that the archive knows; None for anything else. Raises Wrong."""
    if kind not in ("decision", "inspection-result"):
        return None
    number = decision_of_about(about)
    found = None if number is None else await decided(conn, number)
    if found is None or found.agency != agency or found.kind != kind:
        raise Wrong("没有这个决定，不能公示", "no such decision: nothing can be made public of it", "about")
    if found.ended is not None:
        raise Wrong(
            "该决定已变更、撤销或确认无效，不能公示",
            "the decision was changed, revoked or is void: it is not made public",
            "about",
        )
    return found


async def _item(conn: Connection, agency: str, kind: str, about: str) -> int:
    this = (public_items.c.agency == agency) & (public_items.c.kind == kind) & (public_items.c.about == about)
    known = (await conn.execute(select(public_items.c.id).where(this))).scalar()
    if known is not None:
        return int(known)
    row = {"agency": agency, "kind": kind, "about": about, "title": ""}
    added = await conn.execute(insert(public_items).values(**row))
    assert added.inserted_primary_key is not None
    return int(added.inserted_primary_key[0])


async def _name(conn: Connection, item_id: int, content: str) -> None:
    """For the archive's own lists; what is public is named by its content."""
    title = read_content(content).title
    await conn.execute(update(public_items).where(public_items.c.id == item_id).values(title=title))


async def _held(conn: Connection, version_id: int, edit: int) -> Version:
    now = await find_version(conn, version_id)
    if now is None:
        raise Wrong("没有这一版", "no such version", "version")
    if now.edit != edit:
        raise Wrong(
            "这一版在您打开页面之后有改动，请核对后再办理",
            "this version was changed since the page was drawn; look at it again",
            "edit",
        )
    return now


async def _withdraw(act: Act, now: Version, reason: str, today: date) -> None:
    after = moved(now.state, Move.WITHDRAW)
    said = await act.commit_text("withdrawal", now.name, reason)
    stated = await act.state(PublicityWithdrawn(now.name, now.version, act.by, today.isoformat(), said.sha256))
    await _set(
        act.conn,
        now,
        after,
        withdrawn_by=act.by,
        withdrawn_time=stated.time,
        withdrawn_day=today.isoformat(),
        reason=said.id,
    )


async def _withdraw_corrected(act: Act, now: Version, today: date) -> None:
    """Of a year one report is public: those that this one corrects are items of their own, and are withdrawn with the reason."""
    reports = await of_the_same_year(act.conn, now.agency, now.about)
    item = public_items.c
    of_them = (item.agency == now.agency) & (item.kind == KIND) & item.about.in_([each.name for each in reports])
    query = _all().where(of_them, item.id != now.item_id, public_versions.c.state == State.PUBLISHED.value)
    reason = f"已由{read_content(now.content).title}代替"
    for row in (await act.conn.execute(query)).mappings().all():
        await _withdraw(act, _version(dict(row)), reason, today)


async def _set(conn: Connection, now: Version, after: State, **values: object) -> None:
    this = public_versions.c.id == now.id
    await conn.execute(update(public_versions).where(this).values(state=after.value, edit=now.edit + 1, **values))


async def _supersede(act: Act, item_id: int) -> None:
    this = (public_versions.c.item_id == item_id) & (public_versions.c.state == State.PUBLISHED.value)
    changed = {"state": State.SUPERSEDED.value, "edit": public_versions.c.edit + 1}
    await act.conn.execute(update(public_versions).where(this).values(**changed))


async def _who(conn: Connection, number: str) -> Who:
    kind, _, digits = number.partition("-")
    if kind != "person" or not digits.isdigit():
        return Who(number)
    officer = (await conn.execute(select(people.c.officer).where(people.c.id == int(digits)))).scalar()
    return Who(number, officer)
