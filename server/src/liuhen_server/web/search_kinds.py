"""What the search page shows of each kind of document, and who sees it. A room adds a row to `KINDS`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from liuhen_server.acts import acts_stated, said
from liuhen_server.cases.classes import CLASSES, Stage
from liuhen_server.cases.indexed import CASE
from liuhen_server.cases.schema import cases
from liuhen_server.custody.evidence import ORIGINAL, clip_of
from liuhen_server.custody.indexed import MARK
from liuhen_server.custody.schema import stays
from liuhen_server.custody.stays import stay_of
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips
from liuhen_server.people.access import Somebody, visible
from liuhen_server.people.roles import Action, Scope
from liuhen_server.registry.agencies import docks_of
from liuhen_server.registry.indexed import OFFICER, RECORDER
from liuhen_server.registry.schema import officers, recorders
from liuhen_server.search.facets import Reach
from liuhen_server.search.finder import Hit
from liuhen_server.search.sources import CLIP, STAY, of_dock
from liuhen_server.web.language import Words

__all__ = ["KINDS", "Kind", "Line", "cases_reached"]

MOST_OF_A_NOTE = 160  # signs that are shown


@dataclass(frozen=True, slots=True)
class Line:
    """One found thing: where it is, what it is called, when it was (UTC text), and facts as (key of the label, value). Of
    `only_found` a fact is shown where something of it was asked for.
    """

    address: str
    title: str
    when: str | None
    facts: tuple[tuple[str, str], ...]
    only_found: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """`reach`: how far a person sees this kind; None: not at all. `lines`: by id; what is gone meanwhile is left out. Its name
    on the page is the text `search.kind.<name>`.
    """

    name: str
    reach: Callable[[Connection, Somebody], Awaitable[Reach | None]]
    lines: Callable[[Connection, Sequence[Hit], Words], Awaitable[dict[str, Line]]]


async def reach_of_recordings(conn: Connection, person: Somebody) -> Reach | None:
    """The same as the lists of clips and stays show: all, or those of the docks that are the own agency's now."""
    match visible(person, Action.SEE_EVIDENCE):
        case Scope.ALL:
            return Reach()
        case Scope.AGENCY:
            docks = await conn.execute(docks_of(person.agency))
            return Reach(frozenset(), frozenset(of_dock(row.name) for row in docks))
        case _:
            return None


async def clip_lines(conn: Connection, hits: Sequence[Hit], words: Words) -> dict[str, Line]:
    wanted = {hit.id.partition("/")[0] for hit in hits}
    rows = await conn.execute(select(clips).where(clips.c.sha256.in_(wanted), clips.c.kind == ORIGINAL))
    found: dict[str, Line] = {}
    for row in rows.mappings():
        clip = clip_of(row)
        found[f"{clip.sha256}/{clip.dock}"] = Line(
            f"/clips/{clip.dock}/{clip.sha256}",
            words.file_name(clip.name),
            clip.collected_time,
            (
                ("officer", words.plain(clip.officer) if clip.officer else words("unassigned")),
                ("recorder", words.plain(clip.recorder or "–")),
                ("dock", clip.dock),
            ),
            (("search.digest", clip.sha256),),
        )
    return found


async def stay_lines(conn: Connection, hits: Sequence[Hit], words: Words) -> dict[str, Line]:
    wanted = [int(hit.id) for hit in hits]
    found: dict[str, Line] = {}
    for row in (await conn.execute(select(stays).where(stays.c.docked_index.in_(wanted)))).mappings():
        stay = stay_of(row)
        recorder, bay = words.plain(stay.recorder or "–"), words.plain(stay.bay)
        found[str(stay.docked_index)] = Line(
            f"/stays/{stay.docked_index}",
            words("search.stay", recorder=recorder, dock=stay.dock, bay=bay),
            stay.time,
            (("officer", words.plain(stay.officer) if stay.officer else words("unassigned")),),
        )
    return found


async def reach_of_cases(_conn: Connection, person: Somebody) -> Reach | None:
    return cases_reached(person)


def cases_reached(person: Somebody) -> Reach | None:
    """The same as the list of cases shows."""
    match visible(person, Action.SEE_CASES):
        case Scope.ALL:
            return Reach()
        case Scope.AGENCY:
            return Reach(frozenset({person.agency, *person.before} if person.agency else ()))
        case Scope.OWN:
            return Reach(frozenset(), frozenset({f"officer-{person.officer}"} if person.officer else ()))
        case _:
            return None


async def case_lines(conn: Connection, hits: Sequence[Hit], words: Words) -> dict[str, Line]:
    ids = [int(hit.id) for hit in hits]
    found: dict[str, Line] = {}
    for row in await conn.execute(select(cases).where(cases.c.id.in_(ids))):
        stage = CLASSES[row.enforcement].stage_name(Stage(row.stage))
        facts = (("case.title", words.plain(row.title)), ("case.stage", words.said(stage)))
        found[str(row.id)] = Line(f"/cases/{row.id}", row.number, row.opened_time, facts)
    return found


async def reach_of_recorders(_conn: Connection, person: Somebody) -> Reach | None:
    """The same as the register shows."""
    match visible(person, Action.SEE_REGISTRY):
        case Scope.ALL:
            return Reach()
        case Scope.AGENCY:
            return Reach(frozenset({person.agency, *person.before} if person.agency else ()))
        case _:
            return None


async def recorder_lines(conn: Connection, hits: Sequence[Hit], words: Words) -> dict[str, Line]:
    ids = [int(hit.id) for hit in hits]
    found: dict[str, Line] = {}
    for row in await conn.execute(select(recorders).where(recorders.c.id.in_(ids))):
        facts = (("recorder.model", words.plain(row.model or "–")), ("state", words(f"recorder.state.{row.state}")))
        found[str(row.id)] = Line(f"/recorders/{row.id}", words.plain(row.serial or "–"), None, facts)
    return found


async def officer_lines(conn: Connection, hits: Sequence[Hit], words: Words) -> dict[str, Line]:
    ids = [int(hit.id) for hit in hits]
    found: dict[str, Line] = {}
    for row in await conn.execute(select(officers).where(officers.c.id.in_(ids))):
        facts = [("officer.certificate", row.certificate)]
        facts += [("officer.recorder_number", row.recorder_number)] if row.recorder_number else []
        found[str(row.id)] = Line(f"/officers/{row.id}", words.plain(row.name), None, tuple(facts))
    return found


async def mark_lines(conn: Connection, hits: Sequence[Hit], words: Words) -> dict[str, Line]:
    """Led to at the clip that was marked, which is that of the promise its number names."""
    query = (
        select(acts_stated.c.log_index, said.c.about)
        .join(said, said.c.id == acts_stated.c.said_id)
        .where(acts_stated.c.log_index.in_([int(hit.id) for hit in hits]))
    )
    numbers = {row.log_index: int(row.about.removeprefix("clip-")) for row in await conn.execute(query)}
    rows = await conn.execute(select(clips).where(clips.c.promised_index.in_(numbers.values())))
    of = {row["promised_index"]: clip_of(row) for row in rows.mappings() if row["kind"] == ORIGINAL}
    found: dict[str, Line] = {}
    for hit in hits:
        clip = of.get(numbers.get(int(hit.id), -1))
        if clip is not None:
            address = f"/clips/{clip.dock}/{clip.sha256}#marks"
            facts = (("search.words", words.plain(" ".join(hit.text.split())[:MOST_OF_A_NOTE])),)
            found[hit.id] = Line(address, words.file_name(clip.name), hit.when, facts)
    return found


KINDS = (
    Kind(CASE, reach_of_cases, case_lines),
    Kind(CLIP, reach_of_recordings, clip_lines),
    Kind(STAY, reach_of_recordings, stay_lines),
    Kind(RECORDER, reach_of_recorders, recorder_lines),
    Kind(OFFICER, reach_of_recorders, officer_lines),
    Kind(MARK, reach_of_recordings, mark_lines),
)
"""In the order in which they are shown."""
