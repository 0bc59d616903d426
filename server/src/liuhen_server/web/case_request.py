"""What the pages about cases share: which case is meant, the forms' fields, and who is behind a number of the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import ColumnElement, exists, false, select, true

from liuhen_server.cases.reading import WholeCase, whole_case
from liuhen_server.cases.schema import case_handlers, cases
from liuhen_server.database import Connection
from liuhen_server.people.access import Thing, visible
from liuhen_server.people.accounts import Person
from liuhen_server.people.roles import Action, Scope
from liuhen_server.people.schema import people
from liuhen_server.registry.schema import officers
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.guard import Problem, session_of

__all__ = ["CASE", "Names", "case_asked_for", "field", "fields", "names_of", "number", "reachable_cases"]

CASE = web.RequestKey("case", WholeCase)
MOST_FIELD = 4_000


async def case_asked_for(request: web.Request) -> Thing:
    """Finds the case that the address names (`request[CASE]`). Raises the problem page where there is none."""
    async with request.app[CONTEXT].database.read() as conn:
        whole = await whole_case(conn, int(request.match_info["case"]))
    if whole is None:
        raise Problem("no_such_case", 404)
    request[CASE] = whole
    return whole.thing


def reachable_cases(request: web.Request, action: Action = Action.SEE_CASES) -> ColumnElement[bool]:
    """The WHERE of a list: cases with which this person may do it."""
    person = session_of(request).person
    match visible(person, action):
        case Scope.ALL:
            return true()
        case Scope.AGENCY:
            return _of(person)
        case Scope.OWN:
            mine = select(case_handlers.c.id).where(
                case_handlers.c.case_id == cases.c.id,
                case_handlers.c.officer_id == (person.officer or 0),
                case_handlers.c.until_time.is_(None),
            )
            return _of(person) & exists(mine)
        case _:
            return false()


def _of(person: Person) -> ColumnElement[bool]:
    """One agency as long as it is one: the index of cases gives its newest at once."""
    if not person.before:
        return cases.c.agency == (person.agency or "")
    return cases.c.agency.in_(sorted(person.agencies))


async def field(request: web.Request, name: str) -> str:
    """A field of the form as text, empty where there is none. A NUL, which no database takes, is what nobody typed."""
    values = await fields(request, name)
    return values[0] if values else ""


async def fields(request: web.Request, name: str) -> list[str]:
    """Every value of a field that the form has several times."""
    posted = await request.post()
    given = posted.getall(name, [])
    return [value[:MOST_FIELD].replace("\x00", "") for value in given if isinstance(value, str)]


def number(text: str) -> int:
    """A number from 1 on; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@dataclass(frozen=True, slots=True)
class Names:
    """Who is behind the numbers: `people` by person-7, `officers` by id. Shown to people; never in the log."""

    people: dict[str, str]
    officers: dict[int, tuple[str, str]]

    def person(self, number: str) -> str:
        return self.people.get(number, number)

    def officer(self, officer_id: int) -> str:
        return self.officers.get(officer_id, (f"officer-{officer_id}", ""))[0]

    def certificate(self, officer_id: int) -> str:
        return self.officers.get(officer_id, ("", ""))[1]


async def names_of(conn: Connection, numbers: Iterable[str], officer_ids: Iterable[int]) -> Names:
    ids = {int(text[7:]) for text in numbers if text.startswith("person-") and text[7:].isdigit()}
    known = await conn.execute(select(people.c.id, people.c.display_name).where(people.c.id.in_(ids)))
    found = await conn.execute(
        select(officers.c.id, officers.c.name, officers.c.certificate).where(officers.c.id.in_(set(officer_ids)))
    )
    return Names(
        {f"person-{row.id}": row.display_name for row in known},
        {row.id: (row.name, row.certificate) for row in found},
    )
