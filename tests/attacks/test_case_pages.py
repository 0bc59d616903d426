"""The pages of cases under attack: uploads in another's name, forged ids, another agency's case, bombs, a list nobody may approve."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import func, select

from liuhen_server.acts import MACHINE, Acts
from liuhen_server.cases.lists import draft_list
from liuhen_server.cases.reading import whole_case
from liuhen_server.cases.record import New, open_case
from liuhen_server.cases.sheets import read_rows
from liuhen_server.database.schema import entries
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import opened
from liuhen_server.people.accounts import add_person, set_password
from liuhen_server.people.passwords import PasswordWork
from liuhen_server.people.roles import Role
from liuhen_server.registry.officers import Officer, add_officer
from support.case_office import PDF
from support.device import World, running_archive
from support.people import OTHERS, our_agency
from support.sheet_files import HEADER, case_row, csv_bytes, sheet_xml, xlsx

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "一本正经 correct horse 17"


@dataclass
class Scene:
    world: World
    session: aiohttp.ClientSession
    url: str
    token: str
    ours: int
    theirs: int
    our_list: int

    async def post(self, path: str, data: object) -> int:
        async with self.session.post(self.url + path, data=data, allow_redirects=False) as response:
            await response.read()
            return response.status

    async def upload(
        self,
        case: int,
        file: bytes = PDF,
        name: str = "a.pdf",
        token: str | None = None,
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        form = aiohttp.FormData(quote_fields=False)  # as browsers write names
        if token != "":
            form.add_field("token", self.token if token is None else token, content_type="text/plain")
        for key, value in {"what": "initiation:filing", "dated": "2026-11-20", **fields}.items():
            form.add_field(key, value, content_type="text/plain")
        form.add_field("file", file, filename=name, content_type="application/pdf")
        return await self.post(f"/cases/{case}/documents", form)

    async def entries(self, kind: str) -> int:
        async with opened(self.world.config) as archive, archive.database.read() as conn:
            query = select(func.count()).select_from(entries).where(entries.c.kind == kind)
            return int((await conn.execute(query)).scalar_one())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with running_archive(tmp_path_factory.mktemp("cases")) as world, AsyncExitStack() as stack:
        async with opened(world.config) as archive:
            async with archive.database.write() as conn:
                agency, other = await our_agency(conn), await our_agency(conn, OTHERS)
                own = [(await add_officer(conn, Officer(f"LN-{n}", f"某{n}", agency))).id for n in (1, 2)]
                foreign = [(await add_officer(conn, Officer(f"LX-{n}", f"他{n}", other))).id for n in (1, 2)]
                hashed = PasswordWork().hash_now(PASSWORD)
                person = await add_person(
                    conn,
                    name="wang",
                    display_name="王",
                    roles=frozenset({Role.HANDLER}),
                    one_time_hash=hashed,
                    now=1,
                    agency=agency,
                    officer=own[0],
                )
                await set_password(conn, person.id, hashed)
            acts, day = Acts(archive.database, archive.chain, utc_now, os.urandom), date(2026, 11, 20)
            ours = await open_case(acts, MACHINE, New(agency, "penalty", "甲", tuple(own)), day)
            theirs = await open_case(acts, MACHINE, New(other, "penalty", "乙", tuple(foreign)), day)
            held = await draft_list(acts, MACHINE, agency)
        jar = aiohttp.CookieJar(unsafe=True)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(cookie_jar=jar, connector=aiohttp.TCPConnector(ssl=False))
        )
        url = f"https://127.0.0.1:{world.ports.people.port}"
        scene = Scene(world, session, url, "", ours.id, theirs.id, held.id)
        scene.token = await _token(scene, "/sign-in")
        assert await scene.post("/sign-in", {"name": "wang", "password": PASSWORD, "token": scene.token}) == 303
        scene.token = await _token(scene, "/cases")
        yield scene


async def _token(scene: Scene, path: str) -> str:
    async with scene.session.get(scene.url + path) as response:
        found = re.search(r'name="token" value="([0-9a-f]{64})"', await response.text())
    assert found is not None
    return found[1]


async def test_another_site_cannot_upload_in_somebody_s_name(scene: Scene) -> None:
    before = await scene.entries("case.document")
    for token in ("", "0" * 64, "不是", "a" * 5000):
        assert await scene.upload(scene.ours, token=token) in (400, 403)
    late = aiohttp.FormData()  # the token behind the file: nobody reads that far
    late.add_field("file", PDF, filename="a.pdf", content_type="application/pdf")
    late.add_field("token", scene.token)
    assert await scene.post(f"/cases/{scene.ours}/documents", late) == 403
    multipart = aiohttp.FormData()  # a form with a file where none is asked for
    multipart.add_field("token", scene.token, content_type="text/plain")
    assert await scene.post(f"/cases/{scene.ours}/stage", multipart) == 400
    for path in ("stage", "excuse", "unlink", "edit"):
        assert await scene.post(f"/cases/{scene.ours}/{path}", {"reason": "x"}) == 403
    assert await scene.entries("case.document") == before
    assert list(scene.world.config.incoming_folder.iterdir()) == []


async def test_another_agency_s_case_is_neither_seen_nor_changed_and_the_refusal_is_written_down(scene: Scene) -> None:
    refused = await scene.entries("access.refused")
    for path in ("", "/edit", "/documents/1"):
        async with scene.session.get(f"{scene.url}/cases/{scene.theirs}{path}") as response:
            assert response.status == 403
    assert await scene.upload(scene.theirs) == 403
    for path, fields in (
        ("/stage", {"before": "initiation", "after": "investigation"}),
        ("/excuse", {"stage": "initiation", "item": "document:filing", "reason": "x"}),
        ("/edit", {"title": "mine", "version": "1"}),
    ):
        assert await scene.post(f"/cases/{scene.theirs}{path}", {"token": scene.token, **fields}) == 403
    goal = {"token": scene.token, "to": f"{scene.theirs}:initiation:", "clip": "dock-1/" + "a" * 64}
    assert await scene.post("/link", goal) == 403
    assert await scene.entries("access.refused") > refused
    async with scene.session.get(scene.url + "/cases") as response:
        assert "乙" not in re.sub(r"<[^>]*>", "", await response.text()).split("共")[-1]


async def test_forged_ids_and_fields_are_answered_with_a_page(scene: Scene) -> None:
    for path in (
        "/cases/0",
        "/cases/99999",
        "/cases/999999999999999999",
        "/cases/1%00",
        "/cases/-1",
        "/cases/1e3",
        f"/cases/{scene.ours}/documents/999",
        "/lists/999",
        "/cases?text=%00&stage=nope&class=%27&older=x",
        "/cases?older=9999-99-99T99~1",
        "/clips?unlinked=99999999999",
        "/cases/new?class=%3Cscript%3E",
    ):
        async with scene.session.get(scene.url + path) as response:
            assert response.status in (200, 404), path
    for path, fields in (
        ("/link", {"to": "1:initiation:' OR 1=1 --", "clip": "../../etc/passwd"}),
        ("/link", {"to": "999999999999999999:initiation:", "clip": "x"}),
        ("/link", {"to": f"{scene.ours}:nope:", "clip": "dock-1/" + "a" * 64}),
        ("/link", {"to": f"{scene.ours}:initiation:", "clip": "dock-1/" + "a" * 64}),
        (f"/cases/{scene.ours}/stage", {"before": "initiation", "after": "archived"}),
        (f"/cases/{scene.ours}/stage", {"before": "\x00", "after": "￿"}),
        (f"/cases/{scene.ours}/unlink", {"link": "9" * 40, "reason": "x"}),
        (f"/cases/{scene.ours}/excuse", {"stage": "initiation", "item": "x" * 5000, "reason": "x"}),
        (f"/cases/{scene.ours}/edit", {"version": "1", "title": "x", "handler": "9" * 30}),
        ("/cases/new", {"class": "fishing", "title": "x"}),
        (
            f"/lists/{scene.our_list}",
            {"edit": "1", "item": "1", "place": "penalty:nope", "what": "x", "method": "film"},
        ),
        (
            f"/lists/{scene.our_list}",
            {"edit": "1", "item": "1", "place": "penalty:review", "what": "x", "method": "video", "only_with": "bribe"},
        ),
    ):
        status = await scene.post(path, {"token": scene.token, **fields})
        assert status in (404, 409, 422), (path, fields, status)
    assert (
        await scene.post(f"/lists/{scene.our_list}/approve", {"token": scene.token}) == 403
    )  # a handler approves none


def _bomb() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", b"<Types/>")
        packed.writestr("word/document.xml", bytes(60 << 20))
    return held.getvalue()


async def test_bombs_and_what_only_looks_like_a_document_leave_nothing_behind(scene: Scene) -> None:
    before = await scene.entries("case.document")
    for file, name in (
        (_bomb(), "a.docx"),
        (b"<html><script>alert(1)</script></html>", "a.pdf"),
        (b"", "a.pdf"),
        (b"PK\x03\x04" + os.urandom(500), "a.docx"),
        (PDF, "../../../etc/cron.d/a"),
        (PDF, "a.html"),
    ):
        assert await scene.upload(scene.ours, file, name) == 422, name
    for more in (
        {"what": "decision:decision"},
        {"what": "x"},
        {"dated": "2026-02-30"},
        {"began": "25:00", "ended": "26:00"},
    ):
        assert await scene.upload(scene.ours, fields=more) == 422, more
    assert await scene.entries("case.document") == before
    assert list(scene.world.config.incoming_folder.iterdir()) == []
    assert await scene.upload(scene.ours, name="../../立案审批表.pdf") == 303
    async with opened(scene.world.config) as archive, archive.database.read() as conn:
        whole = await whole_case(conn, scene.ours)
    assert whole is not None
    assert [each.name for each in whole.documents] == ["立案审批表.pdf"]
    assert Path(scene.world.config.store_folder, "sha256").is_dir()
    address = f"{scene.url}/cases/{scene.ours}/documents/{whole.documents[0].id}"
    async with scene.session.get(address) as response:
        assert await response.read() == PDF
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment;")
        assert "sandbox" in response.headers["Content-Security-Policy"]


async def check(scene: Scene, data: bytes, name: str) -> tuple[int, str]:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("token", scene.token, content_type="text/plain")
    form.add_field("file", data, filename=name, content_type="application/octet-stream")
    async with scene.session.post(scene.url + "/cases/import", data=form) as response:
        return response.status, await response.text()


async def test_a_hostile_sheet_is_refused_on_a_page_and_opens_nothing(scene: Scene) -> None:
    before = await scene.entries("case.opened")
    macro = xlsx(sheet_xml([HEADER]), {"xl/vbaProject.bin": b"x"})
    entity = xlsx('<!DOCTYPE x [<!ENTITY a "b">]>' + sheet_xml([HEADER, ("&a;",)]).replace("&amp;", "&"))
    for data, says in (
        (macro, "不收带宏"),
        (entity, "不允许的内容"),
        (xlsx(sheet_xml([HEADER]), {"a.bin": b"\x00" * (30 << 20)}), "解开后过大"),
        (csv_bytes([("a", "b")]), "不认识的列"),
        (b"\xff\xfe\x00\x00", "UTF-16"),
        (b"PK\x03\x04", "已损坏"),
        (b"x" * (6 << 20), "超过 5 MB"),
        (csv_bytes([HEADER, *(case_row(n) for n in range(1, 400))]), "超过 300 行"),
    ):
        status, body = await check(scene, data, "<script>alert(1)</script>.xlsx")
        assert status == 422 and says in body and "<script>alert" not in body, says
    status, body = await check(
        scene, csv_bytes([HEADER, case_row(1, "LN-1、LX-1", 案由="<script>alert(2)</script>")]), "a.csv"
    )
    assert status == 422 and "没有执法证号 LX-1" in body and "<script>alert" not in body
    assert await scene.entries("case.opened") == before


async def test_a_sheet_is_carried_out_by_its_sender_alone_and_once(scene: Scene) -> None:
    status, body = await check(
        scene, csv_bytes([HEADER, case_row(71, "LN-1、LN-2"), case_row(72, "LN-2、LN-1")], "gb18030"), "甲.csv"
    )
    found = re.search(r'action="(/cases/import/[0-9]+)"', body)
    assert status == 200 and found is not None and "可立案 2 件" in body
    before = await scene.entries("case.opened")
    assert await scene.post(found[1], {}) == 403, "another site's form"
    assert await scene.post(found[1], {"token": scene.token}) == 200
    assert await scene.entries("case.opened") == before + 2
    assert await scene.post(found[1], {"token": scene.token}) == 404
    assert await scene.post("/cases/import/999999", {"token": scene.token}) == 404


async def test_the_template_is_a_sheet_that_is_read_again(scene: Scene) -> None:
    for form in ("csv", "xlsx"):
        async with scene.session.get(f"{scene.url}/cases/template.{form}") as response:
            (row,) = read_rows(io.BytesIO(await response.read()))
        assert set(HEADER) <= set(row.cells) and "环节" not in row.cells, "only the columns that an import reads"


async def test_an_export_holds_what_its_reader_may_see_and_is_written_down_before_it_leaves(scene: Scene) -> None:
    before = await scene.entries("cases.exported")
    for form in ("csv", "xlsx"):
        async with scene.session.get(f"{scene.url}/cases/export.{form}?class=penalty") as response:
            body = await response.read()
            assert response.status == 200 and response.headers["Content-Security-Policy"].endswith("sandbox")
            assert response.headers["Content-Disposition"].startswith("attachment")
        if form == "xlsx":
            with zipfile.ZipFile(io.BytesIO(body)) as packed:
                body = packed.read("xl/worksheets/sheet1.xml")
        assert "甲".encode() in body and "乙".encode() not in body
    assert await scene.entries("cases.exported") == before + 2
