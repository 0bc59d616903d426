"""An office with accounts for everybody in a review, and drafts that are ready to be submitted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sqlalchemy import insert, update

from liuhen_server.cases.classes import Stage
from liuhen_server.cases.documents import Paper, add_document
from liuhen_server.cases.reading import Case, Party
from liuhen_server.decisions.schema import draft_results, drafts
from liuhen_server.people.accounts import Person, add_person
from liuhen_server.people.roles import Role
from liuhen_server.registry.officers import Officer, add_officer
from liuhen_server.registry.schema import officers
from liuhen_server.review.checklist import CHECKLIST, Found, Opinion
from liuhen_server.review.criteria import Proposed, Result, kept_reasons, reasons_of
from liuhen_server.review.reading import major_rows_on
from liuhen_server.review.rounds import Submission, give_opinion, submit_review, take_review
from support.case_office import TODAY, Office, office_in

PARTY = Party("person", "张某", "210000199001010011")


@dataclass
class ReviewOffice:
    """`people` by what they are: handler, second (another account of the handler's officer), reviewer, other, head, justice, stranger."""

    office: Office
    people: dict[str, Person] = field(default_factory=dict)

    async def case(self, *, parties: tuple[Party, ...] = (PARTY,), **more: object) -> Case:
        """A case with a report of its investigation, which is under way."""
        case = await self.office.open(parties=parties, **more)
        paper = Paper(Stage.INITIATION, "filing", "2026-11-20")
        await add_document(self.office.acts, self.people["handler"], case.id, await self.office.file(), paper)
        return case

    async def draft(self, case: Case, fen: int = 2_000_000, kind: str = "fine", enforcement: str = "penalty") -> int:
        """As the room of decisions writes it: a fine of 20,000 yuan against a person needs a review by the sample rows."""
        proposed = Proposed(enforcement, "ordinary", "person", (Result(kind, fen),))
        async with self.office.archive.database.write() as conn:
            list_id, rows = await major_rows_on(conn, case.agency, TODAY)
            why = reasons_of(proposed, rows)
            version = len((await conn.execute(drafts.select().where(drafts.c.case_id == case.id))).all()) + 1
            row = {
                "case_id": case.id,
                "version": version,
                "enforcement": enforcement,
                "procedure": "ordinary",
                "party_kind": "person",
                "facts": "销售过期食品",
                "basis": "《食品安全法》第124条",
                "discretion": "情节一般",
                "performance": "",
                "remedies": "",
                "grounds": "",
                "collective": False,
                "fine_fen": fen if kind == "fine" else 0,
                "confiscated_fen": 0,
                "list_id": list_id,
                "needs_review": bool(why),
                "why": kept_reasons(why),
                "sha256": f"{case.id:032x}{version:032x}",
                "by": self.people["handler"].number,
                "time": "2026-11-20T08:00:00.000Z",
                "log_index": 1,
            }
            added = await conn.execute(insert(drafts).values(**row))
            assert added.inserted_primary_key is not None
            draft_id = int(added.inserted_primary_key[0])
            result = {"draft_id": draft_id, "place": 0, "kind": kind, "content": "罚款", "fen": fen}
            await conn.execute(insert(draft_results).values(**result))
        return draft_id

    async def submission(self, case: Case, draft_id: int) -> Submission:
        whole = await self.office.whole(case)
        paper = whole.documents[0].id
        return Submission(draft_id, "事实清楚，建议处罚", {"investigation": (paper,), "evidence": (paper,)})

    async def submitted(self, case: Case, draft_id: int, day: date = TODAY) -> int:
        given = await self.submission(case, draft_id)
        return await submit_review(self.office.acts, self.people["handler"], case.id, given, day)

    async def taken(self, case: Case, draft_id: int) -> int:
        review_id = await self.submitted(case, draft_id)
        await take_review(self.office.acts, self.people["reviewer"], case.id, review_id)
        return review_id

    async def judged(self, case: Case, draft_id: int, opinion: Opinion | None = None) -> int:
        review_id = await self.taken(case, draft_id)
        await give_opinion(self.office.acts, self.people["reviewer"], case.id, review_id, opinion or agreed(), TODAY)
        return review_id


def agreed() -> Opinion:
    return Opinion("同意", dict.fromkeys(CHECKLIST, "well"))


def objected(*problems: tuple[str, str]) -> Opinion:
    """Two problems unless others are named: facts and law."""
    found = tuple(Found(*each) for each in problems or (("facts", "进货时间不清"), ("law", "裁量过重")))
    answers = dict.fromkeys(CHECKLIST, "well") | {each.item: "problem" for each in found}
    return Opinion("存在问题", answers, found)


@asynccontextmanager
async def review_office_in(folder: Path, database_url: str) -> AsyncIterator[ReviewOffice]:
    async with office_in(folder, database_url) as office:
        found = ReviewOffice(office)
        async with office.archive.database.write() as conn:
            await conn.execute(update(officers).values(expires="2029-12-31"))
            lawyer = await add_officer(conn, Officer("21132110", "吴法", office.agency, expires="2029-12-31"))
            head = await add_officer(conn, Officer("21132111", "郑局", office.agency, expires="2029-12-31"))
            for name, role, agency, officer in (
                ("handler", Role.HANDLER, office.agency, office.officers["王磊"]),
                ("second", Role.REVIEWER, office.agency, office.officers["王磊"]),
                ("reviewer", Role.REVIEWER, office.agency, lawyer.id),
                ("other", Role.REVIEWER, office.agency, None),
                ("head", Role.HEAD, office.agency, head.id),
                ("justice", Role.JUSTICE_SUPERVISOR, None, None),
                ("stranger", Role.HANDLER, office.agency, office.officers["赵敏"]),
            ):
                found.people[name] = await add_person(
                    conn,
                    name=f"a-{name}",
                    display_name=name,
                    roles=frozenset({role}),
                    one_time_hash="x",
                    now=1,
                    agency=agency,
                    officer=officer,
                )
        yield found
