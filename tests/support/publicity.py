"""A decision that was made, and the three people who make it public, in a real archive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import insert, text

from liuhen_server.database import Connection
from liuhen_server.decisions.schema import decision_ends, decisions, draft_results, drafts
from liuhen_server.people.schema import people
from liuhen_server.publicity.content import Content, Sheet
from liuhen_server.publicity.fill import content_of_decision, decided
from liuhen_server.publicity.items import Version, collect, publish, review, save, withdraw
from liuhen_server.publicity.kinds import KINDS
from liuhen_server.publicity.masking import Choice
from support.case_office import TODAY, Office, Somebody, office_in

COLLECTOR, REVIEWER, PUBLISHER = Somebody(21), Somebody(22), Somebody(23)
DECIDER, LAWYER, HANDLER_ACCOUNT, SECOND_ACCOUNT = Somebody(24), Somebody(25), Somebody(26), Somebody(27)


@dataclass
class Publicity:
    """`second` is another account of the officer that the collector is."""

    office: Office

    async def decision(self, number: str = "朝县市监罚〔2026〕1号", facts: str = "销售过期食品", **more: str) -> int:
        """A decision that was made, as the rows say it; what makes one is not this room's."""
        case = await self.office.open()
        async with self.office.archive.database.write() as conn:
            return await made_decision(conn, case.id, self.office.agency, number, facts, **more)

    async def collected(self, decision: int, by: Somebody = COLLECTOR, names: tuple[str, ...] = ()) -> Version:
        async with self.office.archive.database.read() as conn:
            found = await decided(conn, decision)
            assert found is not None
            content = await content_of_decision(conn, found)
        return await collect(self.office.acts, by, self.office.agency, found.kind, found.about, content, names)

    async def masked(self, version: Version, by: Somebody = COLLECTOR) -> Version:
        """Everything that was found is masked."""
        from liuhen_server.publicity.content import read_content

        choices = {each.key: Choice.MASK for each in version.found}
        content = read_content(version.raw or "")
        return await save(self.office.acts, by, version.id, version.edit, content, choices)

    async def public(self, version: Version, today: date = TODAY) -> Version:
        await review(self.office.acts, REVIEWER, version.id, version.edit)
        return await publish(self.office.acts, PUBLISHER, version.id, version.edit + 1, today)

    async def list(
        self, *rows: tuple[str, ...], kind: str = "supervision-list", title: str = "监管事项目录清单"
    ) -> Version:
        content = Content(kind, title, {}, (Sheet("", KINDS[kind].columns, rows),))
        version = await collect(self.office.acts, COLLECTOR, self.office.agency, kind, "", content)
        return await self.masked(version)

    async def withdrawn(self, version: Version, reason: str = "决定被撤销", today: date = TODAY) -> None:
        await withdraw(self.office.acts, PUBLISHER, version.id, version.edit, reason, today)

    async def sql(self, statement: str) -> None:
        """As whoever has the database's own rights would."""
        async with self.office.archive.database.write() as conn:
            await conn.execute(text(statement))


async def made_decision(
    conn: Connection,
    case_id: int,
    agency: str,
    number: str,
    facts: str = "销售过期食品",
    dated: str = "2026-11-18",
    **more: str,
) -> int:
    row = {"case_id": case_id, "version": 1, "enforcement": "penalty", "procedure": "ordinary", "party_kind": "person"}
    row |= {
        "facts": facts,
        "basis": "《食品安全法》第一百二十四条",
        "discretion": "从轻",
        "grounds": "",
        "collective": False,
    }
    row |= {"fine_fen": 350_000, "confiscated_fen": 0, "needs_review": False, "why": "[]", "sha256": "00" * 32}
    row |= {"by": "person-7", "time": "2026-11-18T00:00:00.000Z", "log_index": 0, "performance": "", "remedies": ""}
    added = await conn.execute(insert(drafts).values(**row))
    assert added.inserted_primary_key is not None
    draft = int(added.inserted_primary_key[0])
    result = {"draft_id": draft, "place": 0, "kind": "fine", "content": "罚款 3500 元", "fen": 350_000}
    await conn.execute(insert(draft_results).values(**result))
    made = {"case_id": case_id, "agency": agency, "enforcement": "penalty", "draft_id": draft, "needs_review": False}
    made |= {"number": number, "number_key": number, "kind": "fine", "fine_fen": 350_000, "confiscated_fen": 0}
    made |= {"dated": dated, "decided_by": DECIDER.number, "decided_time": "2026-11-18T00:00:00.000Z", "log_index": 0}
    added = await conn.execute(insert(decisions).values(**made | more))
    assert added.inserted_primary_key is not None
    return int(added.inserted_primary_key[0])


async def ended_decision(conn: Connection, decision_id: int, day: str = "2026-11-19") -> None:
    row = {"decision_id": decision_id, "how": "revoked", "day": day, "reason": 1, "by": DECIDER.number}
    await conn.execute(insert(decision_ends).values(**row, time="2026-11-19T00:00:00.000Z", log_index=0))


@asynccontextmanager
async def publicity_in(folder: Path, database_url: str) -> AsyncIterator[Publicity]:
    async with office_in(folder, database_url) as office:
        accounts = {
            COLLECTOR: "赵敏",
            REVIEWER: None,
            PUBLISHER: None,
            DECIDER: None,
            LAWYER: None,
            HANDLER_ACCOUNT: "王磊",
            SECOND_ACCOUNT: "赵敏",
        }
        rows = [
            {
                "id": who.id,
                "name": f"account{who.id}",
                "display_name": f"账号{who.id}",
                "roles": "publisher",
                "password_hash": "-",
                "must_change": False,
                "disabled": False,
                "created": 0,
                "agency": office.agency,
                "officer": None if officer is None else office.officers[officer],
            }
            for who, officer in accounts.items()
        ]
        async with office.archive.database.write() as conn:
            await conn.execute(insert(people), rows)
        yield Publicity(office)
