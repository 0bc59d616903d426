"""An agency with its officers in a real archive, and people who act in it: for everything that is done with cases."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sqlalchemy import insert, select

from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import DockEnrolled
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Statement, read_statement
from liuhen_server.acts import Acts
from liuhen_server.cases.coverage import ListRow
from liuhen_server.cases.documents import Received, receive
from liuhen_server.cases.lists import RecordingList, approve_list, draft_list, save_rows
from liuhen_server.cases.reading import Case, WholeCase, whole_case
from liuhen_server.cases.record import New, open_case
from liuhen_server.database.schema import clips, docks, entries
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import Archive
from liuhen_server.registry.agencies import Agency, add_agency
from liuhen_server.registry.officers import Officer, add_officer
from support.archive import new_archive

TODAY = date(2026, 11, 20)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@dataclass(frozen=True)
class Somebody:
    """A person who acts, by number alone."""

    id: int

    @property
    def number(self) -> str:
        return f"person-{self.id}"


HANDLER, HEAD, COLLEAGUE = Somebody(7), Somebody(4), Somebody(8)


@dataclass
class Office:
    """`officers`: ids by name. `dock` is the agency's; `other_dock` is another agency's."""

    archive: Archive
    acts: Acts
    agency: str = "scjg"
    other: str = "jtys"
    dock: str = "dock-03"
    other_dock: str = "dock-09"
    officers: dict[str, int] = field(default_factory=dict)

    async def open(self, **more: object) -> Case:
        new = New(self.agency, "penalty", "销售过期食品", (self.officers["王磊"], self.officers["李静"]))
        return await open_case(self.acts, HANDLER, New(**{**_values(new), **more}), TODAY)  # type: ignore[arg-type]

    async def whole(self, case: Case) -> WholeCase:
        async with self.archive.database.read() as conn:
            found = await whole_case(conn, case.id)
        assert found is not None
        return found

    async def approved(self, *rows: ListRow) -> RecordingList:
        draft = await draft_list(self.acts, HANDLER, self.agency)
        saved = await save_rows(self.acts, HANDLER, draft.id, draft.edit, rows)
        return await approve_list(self.acts, HEAD, saved.id, saved.edit, TODAY, TODAY)

    async def file(self, data: bytes = PDF, name: str = "笔录.pdf") -> Received:
        async def pieces() -> AsyncIterator[bytes]:
            yield data

        path = self.archive.config.incoming_folder / f"paper-{secrets.token_hex(8)}"
        return await receive(self.archive.store, path, name, pieces())

    async def clip(
        self, letter: str, dock: str = "", name: str = "0000127_210327_20261120140000_0001.MP4", **more: object
    ) -> tuple[str, str]:
        """A row as ingest writes it once the bytes are stored; nobody here reads the bytes."""
        row: dict[str, object] = {
            "sha256": letter * 64,
            "dock": dock or self.dock,
            "kind": "original",
            "size": 1_000,
            "chunk_root": letter * 64,
            "recorder": "0000127",
            "officer": "210327",
            "session": "s1",
            "name": name,
            "important": False,
            "recorder_time": "2026-11-20T14:00:00",
            "collected_time": "2026-11-20T10:00:00.000Z",
            "promised_index": 1,
            "stored_index": 2,
            "store_key": "k",
        }
        async with self.archive.database.write() as conn:
            await conn.execute(insert(clips).values(**{**row, **more}))
        return (dock or self.dock, letter * 64)

    async def stated(self, kind: str) -> list[Statement]:
        """What the log says of this kind, in its order."""
        query = select(entries.c.envelope).where(entries.c.kind == kind).order_by(entries.c.log_index)
        async with self.archive.database.read() as conn:
            return [read_statement(Envelope.parse(bytes(row)).payload) for row in (await conn.execute(query)).scalars()]


def _values(new: New) -> dict[str, object]:
    return {name: getattr(new, name) for name in New.__dataclass_fields__}


@asynccontextmanager
async def office_in(folder: Path, database_url: str) -> AsyncIterator[Office]:
    async with new_archive(folder, database_url) as archive:
        office = Office(archive, Acts(archive.database, archive.chain, utc_now, secrets.token_bytes))
        async with archive.database.write() as conn:
            await add_agency(conn, Agency(office.agency, "朝阳县市场监督管理局", "市场监管局", "朝县市监"))
            await add_agency(conn, Agency(office.other, "朝阳县交通运输局", "交通运输局", "朝县交"))
            for officer in (
                Officer("21132100", "王磊", office.agency, recorder_number="210327"),
                Officer("21132101", "李静", office.agency, classes=frozenset({"penalty", "inspection"})),
                Officer("21132102", "赵敏", office.agency, classes=frozenset({"licence"})),
                Officer("21132103", "孙强", office.agency, expires="2026-11-19"),
                Officer("21132104", "周平", office.agency, active=False),
                Officer("21132105", "钱进", office.other),
            ):
                office.officers[officer.name] = (await add_officer(conn, officer)).id
            for name, agency in ((office.dock, office.agency), (office.other_dock, office.other)):
                key = Ed25519Signer.from_seed(name.encode().ljust(32, b".")).public.hex()
                stated = await archive.chain.append(conn, DockEnrolled(name, agency, key, "00" * 32, None))
                row = {"name": name, "agency": agency, "public_key": key, "state": "enrolled"}
                await conn.execute(insert(docks).values(**row, enrolled_index=stated.index, enrolled_time=stated.time))
        yield office
