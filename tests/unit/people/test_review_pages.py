"""The pages of legal review over TLS: a case from its submission to the opinion that passes, each by who may, each attack refused there."""

from __future__ import annotations

import html
import io
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import aiohttp
import pytest
import pytest_asyncio

from liuhen_protocol.digest import digest_of
from liuhen_server.acts import Acts
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.documents import Paper, add_document, receive
from liuhen_server.cases.linking import Goal, link_clips
from liuhen_server.cases.reading import Party
from liuhen_server.cases.record import New, open_case
from liuhen_server.cases.sheets import read_rows, write_csv, write_xlsx
from liuhen_server.decisions.draft import Proposal, Result
from liuhen_server.decisions.drafting import write_draft
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import opened
from liuhen_server.people.accounts import Person
from liuhen_server.people.roles import Role
from liuhen_server.publicity.kinds import KINDS
from liuhen_server.registry.officers import Officer, add_officer
from liuhen_server.review.checklist import CHECKLIST
from liuhen_server.review.criteria import DEFAULT_ROWS
from liuhen_server.review.list_sheet import as_texts, read_major_sheet, sheet_of
from liuhen_server.statistics.reports import draft_report, save_words, sign_report
from liuhen_server.web.context import CHINA
from support.case_office import PDF
from support.device import World, running_archive
from support.people import OTHERS, our_agency

from .test_people_listener import Reader
from .test_route_matrix import enter, person

pytestmark = pytest.mark.asyncio(loop_scope="module")
TODAY = datetime.now(UTC).astimezone(CHINA).date()
CLIP = os.urandom(2000)
SHA256 = digest_of(CLIP).sha256


@dataclass
class Scene:
    world: World
    readers: dict[str, Reader]
    people: dict[str, Person]
    case: int
    document: int
    colleague: int

    async def draft(self, fen: int = 2_000_000, case: int = 0) -> int:
        proposal = Proposal(
            "penalty",
            "ordinary",
            "person",
            "销售过期食品",
            "《食品安全法》",
            "一般",
            (Result("fine", "罚款", fen),),
            "15日内",
            "六个月内",
        )
        async with opened(self.world.config) as archive:
            acts = Acts(archive.database, archive.chain, utc_now, os.urandom)
            found = await write_draft(acts, self.people["handler"], case or self.case, 0, proposal, TODAY)
        return found.id

    async def page(self, who: str, path: str = "") -> str:
        status, _, body = await self.readers[who].get(path or f"/cases/{self.case}/review")
        assert status == 200, (path, status)
        return html.unescape(body.decode())

    async def post(self, who: str, step: str, **fields: str) -> tuple[int, str]:
        reader = self.readers[who]
        path = step if step.startswith("/") else f"/cases/{self.case}/review/{step}"
        status, _, text = await reader.post(path, token=reader.token, **fields)
        return status, html.unescape(text)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """The archive with its people, and no case yet."""
    async with running_archive(tmp_path_factory.mktemp("reviews")) as world, AsyncExitStack() as stack:
        async with opened(world.config) as archive, archive.database.write() as conn:
            agency = await our_agency(conn)
            await our_agency(conn, OTHERS)
            ids = [
                (await add_officer(conn, Officer(f"LN-{n}", name, agency, expires="2029-12-31"))).id
                for n, name in enumerate(("王丽", "刘洋", "吴法", "郑局"))
            ]
        people = {
            name: await person(world, name, {role}, None if role is Role.JUSTICE_SUPERVISOR else of, officer)
            for name, role, of, officer in (
                ("handler", Role.HANDLER, agency, ids[0]),
                ("second", Role.REVIEWER, agency, ids[0]),
                ("reviewer", Role.REVIEWER, agency, ids[2]),
                ("head", Role.HEAD, agency, ids[3]),
                ("justice", Role.JUSTICE_SUPERVISOR, agency, None),
                ("foreign", Role.REVIEWER, OTHERS.code, None),
                ("foreign-head", Role.HEAD, OTHERS.code, None),
            )
        }
        readers = {name: await enter(stack, world, name) for name in people}
        yield Scene(world, readers, people, case=0, document=0, colleague=ids[1])


@pytest_asyncio.fixture(loop_scope="module")
async def scene(office: Scene) -> Scene:
    """The office with a case of one document that no other test touches."""

    async def pieces() -> AsyncIterator[bytes]:
        yield PDF

    handler = office.people["handler"]
    async with opened(office.world.config) as archive:
        acts = Acts(archive.database, archive.chain, utc_now, os.urandom)
        officers = (handler.officer or 0, office.colleague)
        # a party of its own: two fines of one party would be pointed out as a fine split in two
        party = Party("person", f"张某{os.urandom(4).hex()}")
        case = await open_case(acts, handler, New("scjg", "penalty", "过期食品", officers, parties=(party,)), TODAY)
        file = await receive(archive.store, archive.config.incoming_folder / f"paper-{case.id}", "笔录.pdf", pieces())
        document = await add_document(
            acts, handler, case.id, file, Paper(Stage.INITIATION, "filing", TODAY.isoformat())
        )
    return replace(office, case=case.id, document=document.id)


def round_of(page: str) -> str:
    return str(re.findall(r'name="review" value="(\d+)"', page)[0])


def whole(**more: str) -> dict[str, str]:
    return {f"check-{item}": "well" for item in CHECKLIST} | {"opinion": "同意"} | more


async def test_a_case_walks_through_its_review(scene: Scene) -> None:
    assert "还没有拟处理意见" in await scene.page("handler")
    draft = await scene.draft()
    page = await scene.page("handler")
    assert "未经法制审核，不得作出决定" in page and "对个人罚款、没收合计 1 万元以上" in page
    assert "笔录.pdf" in page and "打开法制审核" in await scene.page("handler", f"/cases/{scene.case}")
    given = {"draft": str(draft), "report": "建议处罚", "document": str(scene.document), "part": "investigation"}
    status, text = await scene.post("handler", "submit", **given)
    assert status == 422 and "缺证据" in text and "建议处罚" in text  # what was typed stays
    async with scene.readers["handler"].session.post(
        scene.readers["handler"].url + f"/cases/{scene.case}/review/submit",
        data=[
            ("token", scene.readers["handler"].token),
            ("draft", str(draft)),
            ("report", "建议处罚"),
            *(("document", str(scene.document)), ("part", "investigation")),
            *(("document", str(scene.document)), ("part", "evidence")),
        ],
        allow_redirects=False,
    ) as answer:
        assert answer.status == 303
    assert "过期食品" in await scene.page("reviewer", "/reviews") and "过期食品" in await scene.page(
        "justice", "/reviews?show=open"
    )
    review = round_of(await scene.page("reviewer"))
    status, text = await scene.post("second", "take", review=review)  # the handler's other account
    assert status == 422 and "承办过本案" in text
    assert (await scene.post("foreign", "take", review=review))[0] == 403
    assert (await scene.post("justice", "take", review=review))[0] == 403
    assert (await scene.post("handler", "opinion", review=review, **whole()))[0] == 403
    assert (await scene.post("reviewer", "take", review=review))[0] == 303
    assert (await scene.post("head", "extend", review=review, reason="案情复杂"))[0] == 303
    asked = {"review": review, "kind": "prereview", "question": "是否重大", "whom": ""}
    assert (await scene.post("reviewer", "consult", **asked))[0] == 303
    page = await scene.page("justice", "/reviews")
    assert "过期食品" in page
    page = await scene.page("justice")
    (which,) = re.findall(r'name="consultation" value="(\d+)"', page)
    assert (await scene.post("reviewer", "prereview", consultation=which, answer="是"))[0] == 403
    assert (await scene.post("justice", "prereview", consultation=which, answer="属于重大"))[0] == 303
    assert (await scene.post("justice", "opinion", review=review, **whole()))[0] == 403
    bad = whole(**{"check-facts": "problem", "problem-facts": "进货时间不清\n数量不清", "opinion": "存在问题"})
    status, text = await scene.post("reviewer", "opinion", review=review, **(bad | {"problem-facts": ""}))
    assert status == 422 and "存在什么问题，请写明" in text
    assert (await scene.post("reviewer", "opinion", review=review, **bad))[0] == 303
    page = await scene.page("handler")
    assert "数量不清" in page and "尚未答复，答复后才能再次送审" in page and "法制审核未通过" in page
    status, text = await scene.post("reviewer", "opinion", review=review, **whole())
    assert status == 422 and "意见不能修改" in text
    for problem in ("1", "2"):
        assert (await scene.post("handler", "answer", review=review, problem=problem, answer="已补"))[0] == 303
    assert "送审（第 2 轮）" in await scene.page("handler")


async def test_lists_are_drafted_by_one_and_approved_by_another_on_their_pages(scene: Scene) -> None:
    async def lists() -> set[str]:
        return set(re.findall(r'href="(/major-lists/\d+)"', await scene.page("foreign", "/major-lists")))

    before = await lists()
    assert (await scene.post("handler", "/major-lists/draft"))[0] == 403
    assert (await scene.post("foreign", "/major-lists/draft"))[0] == 303
    (path,) = await lists() - before
    row = {"item": "1", "enforcement": "penalty", "what": "罚款", "kinds": "罚款；吊销许可证件", "least": "10,000.5"}
    row |= {"procedure": "", "party_kind": "", "source": "", "remark": ""}
    status, text = await scene.post("foreign", path, edit="1", **(row | {"kinds": "罚站"}))
    assert status == 422 and "没有这种决定：罚站" in text
    status, text = await scene.post("foreign", path, edit="1", **(row | {"least": "很多"}))
    assert status == 422 and "金额应为元" in text
    assert (await scene.post("foreign", path, edit="1", **row))[0] == 303
    assert (await scene.post("foreign-head", path, edit="1", **row))[0] == 409
    assert (await scene.post("foreign", path + "/approve", edit="2", from_day=TODAY.isoformat()))[0] == 403
    assert (await scene.post("foreign-head", path + "/approve", edit="2", from_day=TODAY.isoformat()))[0] == 303
    assert "10,000.50" in await scene.page("justice", path)
    assert "现行" in await scene.page("foreign", "/major-lists")
    version = len(await lists())
    assert f"目录第 {version} 版" in await scene.page("foreign", "/review-chart")


async def test_the_flow_chart_is_drawn_for_every_class_with_its_words(scene: Scene) -> None:
    for enforcement in ("licence", "penalty", "coercion", "levy", "inspection"):
        page = await scene.page("head", f"/review-chart?class={enforcement}")
        assert 'role="img"' in page and "<desc" in page and "法制审核" in page
    status, headers, body = await scene.readers["justice"].get("/review-chart?class=penalty&form=svg")
    assert status == 200 and headers["Content-Type"].startswith("image/svg+xml") and b"<svg" in body


async def test_the_reviewers_page_warns_and_keeps_their_qualification(scene: Scene) -> None:
    page = await scene.page("head", "/reviewers")
    assert "人数符合要求" in page and "未登记" in page
    reviewer = str(scene.people["reviewer"].id)
    given = {"person": reviewer, "version": "0", "first_day": "2024-05-01", "qualification": "A2024", "remark": ""}
    assert (await scene.post("reviewer", "/reviewers", **given))[0] == 403
    assert (await scene.post("head", "/reviewers", **given))[0] == 303
    assert (await scene.post("head", "/reviewers", **given))[0] == 409
    assert "已取得法律职业资格" in await scene.page("justice", "/reviewers?agency=scjg")


async def test_the_reviewer_sees_the_evidence_with_its_verification_on_the_same_page(scene: Scene) -> None:
    world = scene.world
    dock = await world.dock()
    async with dock.connected():
        await dock.send(dock.collected(CLIP))
        await dock.upload(CLIP)
        assert await dock.receipt(SHA256)
    async with opened(world.config) as archive:
        acts = Acts(archive.database, archive.chain, utc_now, os.urandom)
        goal = Goal(scene.case, Stage.INITIATION)
        await link_clips(acts, scene.people["handler"], goal, [("dock-1", SHA256)], "hand")
    await scene.draft()
    assert "尚未读取核验" in await scene.page("reviewer")
    assert (await scene.post("foreign", "verify"))[0] == 403
    assert (await scene.post("reviewer", "verify"))[0] == 303
    page = await scene.page("reviewer")
    # nobody cosigns here, so the chain cannot be decided: the page says as much, with the verifier's step
    assert SHA256 in page and "待定" in page and "第 5 步，采集站链条" in page and "不成立" not in page
    stored = world.config.store_folder / "sha256" / SHA256[:2] / SHA256[2:4] / SHA256
    stored.chmod(0o600)
    stored.write_bytes(b"x" + CLIP[1:])
    page = await scene.page("reviewer")
    assert "不成立" in page and "第 1 步" in page


async def test_splitting_a_fine_to_stay_below_a_criterion_is_pointed_out_where_it_is_decided(scene: Scene) -> None:
    found = []
    async with opened(scene.world.config) as archive:
        acts = Acts(archive.database, archive.chain, utc_now, os.urandom)
        for name in ("李某", "李某", "赵某"):
            officers = tuple(each for each in (scene.people["handler"].officer, scene.colleague) if each is not None)
            new = New("scjg", "penalty", "无照经营", officers, parties=(Party("person", name),))
            found.append((await open_case(acts, scene.people["handler"], new, TODAY)).id)
    for case in found:
        await scene.draft(600_000, case)
    for path in (f"/cases/{found[0]}", f"/cases/{found[1]}/review"):
        page = await scene.page("head", path)
        assert "可能拆分处理" in page and "合计 12,000 元" in page
    assert "可能拆分处理" not in await scene.page("head", f"/cases/{found[2]}")


async def test_a_sheet_is_read_into_the_form_and_saves_nothing_until_it_is_saved(scene: Scene) -> None:
    await scene.post("reviewer", "/major-lists/draft")
    path = re.findall(r'href="(/major-lists/\d+)"', await scene.page("reviewer", "/major-lists"))[-1]
    before = await scene.page("reviewer", path)
    status, _, sheet = await scene.readers["reviewer"].get(path + "/sheet.xlsx")
    assert status == 200 and read_major_sheet(io.BytesIO(sheet)) == DEFAULT_ROWS
    assert (await upload(scene, "handler", path + "/sheet", sheet))[0] == 403
    changed = io.BytesIO()
    write_xlsx("目录", sheet_of([replace(DEFAULT_ROWS[0], what="对个人罚款二万元以上")]), changed)
    status, text = await upload(scene, "reviewer", path + "/sheet", changed.getvalue())
    assert status == 200 and "对个人罚款二万元以上" in text and "尚未保存" in text
    status, text = await upload(scene, "reviewer", path + "/sheet", b"a,b\n1,2\n")
    assert status == 422 and "不认识的列：a、b" in text
    assert await scene.page("reviewer", path) == before


async def test_a_public_table_goes_out_as_a_sheet_and_is_replaced_whole_or_not_at_all(scene: Scene) -> None:
    columns = KINDS["supervision-list"].columns
    more = {"kind": "supervision-list", "title": "监管事项目录清单"}
    table = b"".join(write_csv([columns, ("1", "食品经营", "", "", "", "", "")]))
    status, text = await upload(scene, "handler", "/publicity/new", table, **more)
    assert status == 303, text
    path = re.findall(r'href="(/publicity/\d+)"', await scene.page("handler", "/publicity"))[0]
    status, _, sheet = await scene.readers["handler"].get(path + "/table.xlsx")
    assert status == 200
    assert [row.cells for row in read_rows(io.BytesIO(sheet))][1][:2] == ("1", "食品经营")
    replaced = b"".join(write_csv([tuple(reversed(columns)), tuple(reversed(("1", "药品经营", *[""] * 5)))]))
    assert (await upload(scene, "reviewer", path + "/table", replaced, edit="1"))[0] == 403
    assert (await upload(scene, "handler", path + "/table", replaced, edit="9"))[0] == 409
    for bad in (b"", b"a,b\n1,2\n", "序号\n".encode()):
        assert (await upload(scene, "handler", path + "/table", bad, edit="1"))[0] == 422
    assert "食品经营" in await scene.page("handler", path)
    assert (await upload(scene, "handler", path + "/table", replaced, edit="1"))[0] == 303
    page = await scene.page("handler", path)
    assert "药品经营" in page and "食品经营" not in page


async def test_a_sheet_that_the_form_could_not_save_is_not_read_into_it(scene: Scene) -> None:
    await scene.post("reviewer", "/major-lists/draft")
    path = re.findall(r'href="(/major-lists/\d+)"', await scene.page("reviewer", "/major-lists"))[-1]
    long = [replace(DEFAULT_ROWS[0], item=str(n), what="罚" * 400, source="据" * 400) for n in range(100)]
    for rows, expected in ((long, 422), (long[:60], 200)):
        sheet = io.BytesIO()
        write_xlsx("目录", sheet_of(rows), sheet)
        status, text = await upload(scene, "reviewer", path + "/sheet", sheet.getvalue())
        assert status == expected and ("全部文字比一次能保存的多" in text) is (expected == 422)
    names = ("item", "enforcement", "what", "kinds", "procedure", "party_kind", "least", "source", "remark")
    columns = {name: [as_texts(row)[name] for row in long[:60]] for name in names}
    reader = scene.readers["reviewer"]
    form = [("token", reader.token), ("edit", "999"), *((name, each) for name in names for each in columns[name])]
    async with reader.session.post(reader.url + path, data=form, allow_redirects=False) as answer:
        assert answer.status == 409, "it is not too large; that it would be of an older form is another matter"


async def test_a_sheet_is_not_read_into_a_list_that_was_approved(scene: Scene) -> None:
    await scene.post("foreign", "/major-lists/draft")
    path = re.findall(r'href="(/major-lists/\d+)"', await scene.page("foreign", "/major-lists"))[-1]
    _, _, sheet = await scene.readers["foreign"].get(path + "/sheet.xlsx")
    await scene.post("foreign-head", path + "/approve", edit="1", from_day=TODAY.isoformat())
    status, text = await upload(scene, "foreign", path + "/sheet", sheet)
    assert status == 409 and "尚未保存" not in text


async def test_a_row_of_a_public_sheet_that_cannot_be_taken_is_named_as_the_spreadsheet_numbers_it(
    scene: Scene,
) -> None:
    columns = KINDS["supervision-list"].columns
    rows = [
        ("1", "食品\u3000经营", "第一行\n第二行", "", "", "", ""),
        ("2", "药\u200b品", *[""] * 5),
        ("3", "长" * 4001, *[""] * 5),
    ]
    more = {"kind": "supervision-list", "title": "监管事项目录清单"}
    status, text = await upload(scene, "handler", "/publicity/new", b"".join(write_csv([columns, *rows])), **more)
    assert status == 422 and "第 3 行：“监管事项”含有不可见的字符" in text and "第 4 行：“监管事项”文字过长" in text
    assert "第 2 行" not in text and "0.0" not in text


async def test_a_crafted_form_changes_no_figure_of_a_report_that_was_signed(scene: Scene) -> None:
    async with opened(scene.world.config) as archive:
        acts, year = Acts(archive.database, archive.chain, utc_now, os.urandom), TODAY.year - 1
        draft = await draft_report(acts, scene.people["reviewer"], "scjg", year, TODAY)
        worded = await save_words(acts, scene.people["reviewer"], draft.id, draft.edit, "全年总体情况平稳。")
        report = await sign_report(acts, scene.people["head"], draft.id, worded.edit, TODAY)
    reader = scene.readers["handler"]
    status, headers, _ = await reader.post(f"/statistics/reports/{report.id}/publicity", token=reader.token)
    assert status == 303
    path = headers["Location"]
    page = await scene.page("handler", path)
    assert 'name="at-' not in page
    for place, value in (("at-0.0.1", "999"), ("at-title", "年报"), ("at-text", "全年无行政处罚。")):
        status, text = await scene.post("handler", path, edit="1", **{place: value})
        assert status == 422 and "统计年报按签发的内容公示" in text
    assert (await scene.post("handler", path, edit="1"))[0] == 303, "what is private in it is decided as in any other"
    status, _ = await scene.post("reviewer", path + "/return", edit="2", reason="测试完毕")
    assert status == 303
    assert f'action="{path}/correct"' not in await scene.page("handler", path)


async def test_an_upload_of_many_or_of_large_fields_is_not_kept_in_memory(scene: Scene) -> None:
    many = {f"f{n}": "x" for n in range(13)}
    large = {"kind": "service-guide", "text": "x" * (200 << 10)}
    for given in (many, large):
        assert (await upload(scene, "handler", "/publicity/new", b"", **given))[0] == 413
    reader, form = scene.readers["handler"], aiohttp.FormData(quote_fields=False)
    form.add_field("token", reader.token, content_type="text/plain")
    for _ in range(2):
        form.add_field("file", b"x" * 1000, filename="表.xlsx", content_type="application/octet-stream")
    async with reader.session.post(reader.url + "/publicity/new", data=form, allow_redirects=False) as answer:
        assert answer.status == 413
    whole = {"kind": "service-guide", "text": "办" * 20_000, "title": ""}
    status, text = await upload(scene, "handler", "/publicity/new", b"", **whole)
    assert status == 422 and "此项必须填写" in text, "a guide at its longest comes through; what it lacks is said"


async def upload(scene: Scene, who: str, path: str, data: bytes, **fields: str) -> tuple[int, str]:
    reader, form = scene.readers[who], aiohttp.FormData(quote_fields=False)
    for name, value in ({"token": reader.token} | fields).items():
        form.add_field(name, value, content_type="text/plain")
    form.add_field("file", data, filename="表.xlsx", content_type="application/octet-stream")
    async with reader.session.post(reader.url + path, data=form, allow_redirects=False) as answer:
        return answer.status, html.unescape(await answer.text())
