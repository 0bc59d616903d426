"""Pages of a county that lives: what each says of cases, people and recordings, and that what filled it was done by people who may."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
import pytest_asyncio
from sqlalchemy import select

from liuhen_protocol.case_events import CaseViewed
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.statement import read_statement
from liuhen_server.acts import MACHINE, acts_stated
from liuhen_server.cases.reading import events_of_cases, whole_case
from liuhen_server.cases.schema import case_acts, cases
from liuhen_server.database.schema import entries
from liuhen_server.operations.opening import opened
from liuhen_server.operations.verify import verify_archive
from liuhen_server.people.access import Allowed, Thing, decide
from liuhen_server.people.accounts import Person, list_people
from liuhen_server.people.roles import Action
from liuhen_server.web.context import CHINA
from support.sample import SOME, SampleCounty, sample_county

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one county for all of them


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def county(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SampleCounty]:
    async with sample_county(tmp_path_factory.mktemp("county"), datetime.now(CHINA).date()) as filled:
        yield filled


def row_of(page: str, what: str) -> str:
    """The words of the table's row that this stands in."""
    found = next(row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if what in row)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found)).split())


DOES = {
    "case.opened": Action.OPEN_CASES,
    "case.changed": Action.WORK_CASES,
    "case.stage": Action.WORK_CASES,
    "case.document": Action.WORK_CASES,
    "clip.linked": Action.WORK_CASES,
    "clip.unlinked": Action.WORK_CASES,
    "coverage.excused": Action.WORK_CASES,
    "list.approved": Action.APPROVE_LISTS,
    "clip.marked": Action.MARK_CLIPS,
    "clip.held": Action.SET_HOLDS,
    "case.held": Action.SET_HOLDS,
    "decision.drafted": Action.DRAFT_DECISIONS,
    "decision.made": Action.DECIDE,
    "decision.served": Action.WORK_CASES,
    "review.submitted": Action.SUBMIT_REVIEWS,
    "review.opinion": Action.GIVE_OPINIONS,
    "statistics.signed": Action.SIGN_STATISTICS,
    "supervision.opinion": Action.SUPERVISE,
    "supervision.answered": Action.ANSWER_SUPERVISION,
    "supervision.reported": Action.ANSWER_SUPERVISION,
    "supervision.received": Action.SUPERVISE,
    "template.kept": Action.KEEP_TEMPLATES,
}


async def test_the_county_moved_in_by_acts_of_people_who_may_and_its_archive_holds(county: SampleCounty) -> None:
    async with opened(county.config) as archive:
        report = await verify_archive(archive, with_bytes=True)
        async with archive.database.read() as conn:
            acted = (await conn.execute(select(acts_stated.c.log_index, acts_stated.c.kind, acts_stated.c.by))).all()
            things = {
                row.log_index: whole.thing
                for row in (await conn.execute(select(case_acts.c.log_index, case_acts.c.case_id))).all()
                if (whole := await whole_case(conn, row.case_id)) is not None
            }
            by_number: dict[str, Person] = {person.number: person for person in await list_people(conn)}
    assert report.holds, report.text()
    assert len(by_number) == county.given
    for index, kind, by in acted:
        if by != MACHINE.number and kind in DOES:
            thing = things.get(index, Thing("own-agency", by_number[by].agency))
            assert isinstance(decide(by_number[by], DOES[kind], thing), Allowed), (kind, by_number[by].name)
    assert {kind for _, kind, _ in acted} >= {*DOES, "registry.changed", "account.changed", "access.refused"}


async def test_the_days_that_start_clocks_are_the_same_for_a_list_and_for_one_case(county: SampleCounty) -> None:
    async with opened(county.config) as archive, archive.database.read() as conn:
        ids = (await conn.execute(select(cases.c.id))).scalars().all()
        of_list = await events_of_cases(conn, ids)
        wholes = [await whole_case(conn, each) for each in ids]
    assert len(ids) == len(SOME)
    assert of_list == {whole.case.id: whole.events() for whole in wholes if whole is not None}


async def test_the_list_of_cases_says_what_is_missing_and_which_term_ends_first(county: SampleCounty) -> None:
    page = await county.page("zhaolan", "/cases")
    assert "缺 3 项" in row_of(page, "52号") and "先行登记保存的处理决定" in row_of(page, "52号")
    assert "■ 逾期" in row_of(page, "52号")
    archived = row_of(page, "74号")
    assert "已归档" in archived and "剩" not in archived and "缺" not in archived


async def test_a_case_says_which_document_and_which_clip_each_act_was_about(county: SampleCounty) -> None:
    address = re.search(r'href="(/cases/\d+)">[^<]*52号', await county.page("zhaolan", "/cases"))
    assert address is not None
    acts = (await county.page("zhaolan", address[1])).partition('id="acts"')[2]
    told = html.unescape(re.sub(r"<[^>]+>", " ", acts))
    assert re.search(r"上传文书\s+调查取证\s+先行登记保存通知书\d{8}\.pdf", told)
    assert re.search(r"关联音像记录\s+调查取证\s+DSJ1355_210355\d{14}_0001\.MP4", told)


async def test_who_saw_a_case_and_took_its_documents_is_an_entry_once_a_quarter_of_an_hour(
    county: SampleCounty,
) -> None:
    listed = await county.page("qianyu", "/cases")
    address = re.search(r'href="(/cases/(\d+))">[^<]*74号', listed)
    assert address is not None
    before = await _views(county)
    for _ in range(3):
        page = await county.page("qianyu", address[1])
    papers = re.findall(rf'href="({address[1]}/documents/(\d+))"', page)
    for path, _ in [*papers[:2], papers[0]]:
        await county.page("qianyu", path)
    case, (first, second) = f"case-{address[2]}", (f"document-{number}" for _, number in papers[:2])
    seen = [(event.case, event.role, event.how, event.document) for event in (await _views(county))[len(before) :]]
    assert seen == [
        (case, "archivist", how, what)
        for how, what in zip(("page", "document", "document"), (None, first, second), strict=True)
    ]
    row = row_of(await county.page("shenji", "/audit?kind=case.viewed"), second)
    assert re.search(r"person-\d+ 钱玉 以档案管理员身份下载文书（document-\d+）", row), row
    assert "下载文书" not in await county.page("shenji", "/audit"), "views are many: only where they are asked for"


async def _views(county: SampleCounty) -> list[CaseViewed]:
    query = select(entries.c.envelope).where(entries.c.kind == "case.viewed").order_by(entries.c.log_index)
    async with opened(county.config) as archive, archive.database.read() as conn:
        stated = [read_statement(Envelope.parse(bytes(row)).payload) for row in (await conn.execute(query)).scalars()]
    return [statement.event for statement in stated if isinstance(statement.event, CaseViewed)]


async def test_the_list_of_officers_counts_people_and_warns_before_a_certificate_ends(county: SampleCounty) -> None:
    page = await county.page("zhaolan", "/officers")
    assert "共 5 人" in page and "清除筛选" not in page
    assert "剩 26 天到期" in row_of(page, "李静") and "到期" not in row_of(page, "王磊")
    assert "证件已过期" in row_of(page, "陈立")


async def test_a_handler_is_told_why_he_sees_no_footage_of_others(county: SampleCounty) -> None:
    listed = await county.page("wanglei", "/clips")
    address = re.search(r'href="(/clips/dock-01/[0-9a-f]{64})"><bdi>DSJ1355_', listed)
    assert address is not None
    page = await county.page("wanglei", address[1])
    assert "这段音像不是您拍摄的" in page and "三员分立" not in page


async def test_custody_names_people_and_cases_beside_their_numbers(county: SampleCounty) -> None:
    listed = await county.page("lijing", "/clips")
    address = re.search(r'href="(/clips/dock-01/[0-9a-f]{64})"><bdi>DSJ1327_', listed)
    assert address is not None
    custody = (await county.page("lijing", address[1])).partition("timeline")[2]
    assert re.search(r"person-\d+ 李静", custody)


async def test_custody_tells_of_the_numbers_that_are_missing_just_before_a_clip(county: SampleCounty) -> None:
    listed = await county.page("demo", "/clips?officer=210355")
    told = {}
    for address, name in re.findall(r'href="(/clips/dock-01/[0-9a-f]{64})"><bdi>(DSJ1355_[^<]+)<', listed):
        custody = html.unescape(re.sub(r"<[^>]+>", " ", (await county.page("demo", address)).partition("timeline")[2]))
        if "编号缺口" in custody:
            told[name] = " ".join(custody.partition("编号缺口")[2].split())
    ((name, gap),) = told.items()
    before = re.match(r"记录仪上本文件之前缺 3 个编号（上一个文件是 DSJ1355_210355\d{14}_(\d{4})(?:_IMP)?\.MP4）", gap)
    assert before is not None, gap
    assert int(name[29:33]) == int(before[1]) + 4


async def test_whoever_supervises_all_agencies_sees_which_of_them_has_a_list_in_force(county: SampleCounty) -> None:
    page = await county.page("sifa", "/lists")
    assert re.search(r"市监局 第 1 版 \d{4}-\d\d-\d\d 赵岚 第 2 版", row_of(page, "市监局"))
    assert re.search(r"应急局 第 1 版 \d{4}-\d\d-\d\d 沈琦 –", row_of(page, "应急局"))
    address = re.search(r'href="(/lists/\d+)"', page)
    assert address is not None and "现场检查" in await county.page("sifa", address[1])


async def test_the_auditor_reads_who_was_refused_what_in_words(county: SampleCounty) -> None:
    row = row_of(await county.page("shenji", "/audit"), "访问被拒绝")
    assert re.search(r"person-\d+ 曹立冬 以承办人身份请求“查看案件”（case-\d+），被拒绝", row), row


async def test_the_justice_department_sees_who_is_behind_and_asks_for_no_table(county: SampleCounty) -> None:
    page = await county.page("sifa", "/supervision")
    ahead, behind = row_of(page, 'href="/supervision/scjg"'), row_of(page, 'href="/supervision/yjgl"')
    assert ahead.count("没有") == 0 and f"● {datetime.now(CHINA).year}" in ahead, "list, statistics, report"
    assert behind.count("待完成") + behind.count("没有") == 4, "major list, item list, statistics, report"
    answered = await county.page("sifa", "/supervision/scjg")
    assert "已答复，待审查" in answered and "梁正已签收" in answered


async def test_the_major_decision_list_in_force_says_of_every_row_who_decides_about_it(county: SampleCounty) -> None:
    page = await county.page("sifa", "/major-lists")
    assert page.count("● 现行") + page.count("</span>现行") >= 4 and "宋清" in page and "赵岚" in page
