"""An agency is merged by its page: the system administrator proposes, the security administrator confirms, and the successor's people find it."""

from __future__ import annotations

import json
import os
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import update

from liuhen_server.acts import MACHINE, Acts
from liuhen_server.cases.record import New, open_case
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import opened
from liuhen_server.people.accounts import find_person
from liuhen_server.people.changes import give_token
from liuhen_server.people.roles import Role
from liuhen_server.people.schema import people
from liuhen_server.registry.officers import Officer, add_officer
from liuhen_server.registry.schema import officers
from support.case_office import TODAY
from support.device import running_archive
from support.people import OTHERS, OURS, our_agency

from .test_route_matrix import enter, person

PAGE = f"/agencies/{OTHERS.code}"
GIVEN = {"into": OURS.code, "day": "2026-11-20", "document": "朝编发〔2026〕3号", "reason": "机构改革"}


async def test_two_administrators_merge_an_agency_and_its_open_case_is_on_the_successors_list(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world, AsyncExitStack() as stack:
        async with opened(world.config) as archive, archive.database.write() as conn:
            await our_agency(conn)
            await our_agency(conn, OTHERS)
            pair = [await add_officer(conn, Officer(f"LN-{n}", f"执法员{n}", OTHERS.code)) for n in (1, 2)]
        async with opened(world.config) as archive:
            acts = Acts(archive.database, archive.chain, utc_now, os.urandom)
            new = New(OTHERS.code, "penalty", "超限运输", tuple(each.id for each in pair))
            case = await open_case(acts, MACHINE, new, TODAY)
        readers = {}
        for name, role, agency in (
            ("zhou", Role.SYSTEM_ADMINISTRATOR, None),
            ("an", Role.SECURITY_ADMINISTRATOR, None),
            ("auditor", Role.AUDITOR, None),
            ("head", Role.HEAD, OURS.code),
            ("justice", Role.JUSTICE_SUPERVISOR, None),
            ("mover", Role.HANDLER, OTHERS.code),
        ):
            await person(world, name, {role}, agency, pair[0].id if name == "mover" else None)
            readers[name] = await enter(stack, world, name)

        async def shown(who: str, path: str) -> str:
            return (await readers[who].get(path))[2].decode()

        async def sent(who: str, path: str, **fields: str) -> int:
            return (await readers[who].post(path, token=readers[who].token, **fields))[0]

        assert case.number not in await shown("head", "/cases")
        assert await sent("zhou", f"{PAGE}/mergers", **{**GIVEN, "into": OTHERS.code}) == 422
        assert await sent("zhou", f"{PAGE}/mergers", **{**GIVEN, "day": "soon"}) == 422
        assert await sent("an", f"{PAGE}/mergers", **GIVEN) == 403
        assert await sent("zhou", f"{PAGE}/mergers", **GIVEN) == 303
        assert await sent("zhou", f"{PAGE}/mergers/1", do="confirm", version="1") == 403
        assert await sent("an", f"/agencies/{OURS.code}/mergers/1", do="confirm", version="1") == 409, "another's page"
        assert "1 件未办结案件" in await shown("an", PAGE) and "确认合并" in await shown("an", PAGE)
        assert await sent("an", f"{PAGE}/mergers/1", do="confirm", version="1") == 303
        assert await sent("an", f"{PAGE}/mergers/1", do="confirm", version="1") == 409, "once"
        assert case.number in await shown("head", "/cases") and case.number in await shown("mover", "/cases")
        assert "由承继机关续办" in await shown("head", f"/cases/{case.id}")
        assert f"已并入{OURS.name}" in await shown("zhou", "/agencies")
        assert f"已并入{OURS.name}" in await shown("justice", "/supervision")
        assert f"已并入{OURS.name}" in await shown("justice", f"/supervision/{OTHERS.code}")
        assert f"{OTHERS.code}并入{OURS.code}" in await shown("auditor", "/audit")
        assert await sent("zhou", PAGE, version="2", name="新名", short="新", case_word="朝县交", active="yes") == 422
        assert f'<option value="{OTHERS.code}"' in await shown("head", "/statistics")
        async with opened(world.config) as archive, archive.database.read() as conn:
            moved = await find_person(conn, "mover")
        assert moved is not None and moved.agency == OURS.code
        async with (
            opened(world.config) as archive,
            Acts(archive.database, archive.chain, utc_now, os.urandom).of(MACHINE) as act,
        ):
            _, token = await give_token(act, moved.id, int(utc_now().timestamp()), os.urandom)
        body = {"class": "penalty", "title": "新案", "handlers": [each.certificate for each in pair]}

        async def over_the_api() -> tuple[int, str]:
            mover, headers = readers["mover"], {"Authorization": f"Bearer {token}"}
            async with mover.session.post(mover.url + "/api/v1/cases", json=body, headers=headers) as answer:
                return answer.status, await answer.text()

        status, answer = await over_the_api()
        assert status == 201 and json.loads(answer)["agency"] == OURS.code, (
            "the successor's, by the account's own agency"
        )
        async with opened(world.config) as archive, archive.database.write() as conn:
            for table in (people, officers):  # rows that were put back behind the archive's back
                await conn.execute(update(table).where(table.c.agency == OURS.code).values(agency=OTHERS.code))
        status, answer = await over_the_api()
        assert status in (409, 422) and f"was merged into {OURS.name}" in answer, answer
