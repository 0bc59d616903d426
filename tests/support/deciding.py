"""A case brought to its decision as it is done in an agency: drafted by the handler, reviewed where it must be, decided by the head."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.documents import Paper, add_document
from liuhen_server.cases.reading import Case, Document, Party
from liuhen_server.cases.record import Changes, change_case, move_case
from liuhen_server.decisions.deciding import Given, decide
from liuhen_server.decisions.draft import Draft, Proposal, Result
from liuhen_server.decisions.drafting import write_draft
from liuhen_server.decisions.reading import Decision
from support.case_office import HANDLER, HEAD, TODAY, Office

SHOP = Party("organisation", "朝阳县大华超市", "", "张大华", "")

WARNED = Proposal(
    enforcement="penalty",
    procedure="ordinary",
    party_kind="organisation",
    facts="2026年11月2日检查时，货架上有三盒超过保质期的食品，有现场笔录和照片为证。",
    basis="《食品安全法》第三十四条第（十）项、第一百二十四条",
    discretion="初次违法，货值较小，已当场下架。",
    results=(Result("warning", "予以警告"),),
    performance="自收到决定书之日起即时改正。",
    remedies="可以在六十日内申请行政复议，或者在六个月内提起行政诉讼。",
)
"""A penalty that nothing asks a review for."""
FINED = replace(WARNED, results=(Result("fine", "罚款人民币拾万元整", 10_000_000),))
"""One that the usual criteria send to review."""
INSPECTED = replace(
    WARNED, enforcement="inspection", results=(Result("nothing-found", "未发现问题"),), performance="", remedies=""
)
LICENSED = replace(WARNED, enforcement="licence", results=(Result("granted", "准予许可"),), performance="", remedies="")


async def file(office: Office, case: Case, stage: Stage, kind: str, dated: date = TODAY) -> Document:
    """A document of the case, whatever its bytes."""
    paper = Paper(stage, kind, dated.isoformat())
    return await add_document(office.acts, HANDLER, case.id, await office.file(), paper)


async def brought_to_review(office: Office, *, notice: bool = True, **more: object) -> Case:
    """A penalty in the stage of its review, told to the party."""
    case = await office.open(**{"parties": (SHOP,), **more})
    for before, after in ((Stage.INITIATION, Stage.INVESTIGATION), (Stage.INVESTIGATION, Stage.REVIEW)):
        await move_case(office.acts, HANDLER, case.id, before, after, "", TODAY)
    if notice:
        await file(office, case, Stage.REVIEW, "notice")
    return case


async def drafted(
    acts: Acts, case: Case, proposal: Proposal = WARNED, *, version: int = 0, by: Actor = HANDLER
) -> Draft:
    return await write_draft(acts, by, case.id, version, proposal, TODAY)


async def brought_to_decision(
    office: Office, proposal: Proposal = WARNED, *, notice: bool = True, **more: object
) -> tuple[Case, Draft]:
    """A penalty in the stage of its decision, with the draft that let it in."""
    case = await brought_to_review(office, notice=notice, **more)
    draft = await drafted(office.acts, case, proposal)
    await move_case(office.acts, HANDLER, case.id, Stage.REVIEW, Stage.DECISION, "", TODAY)
    return case, draft


async def decided(office: Office, case: Case, draft: Draft, dated: date = TODAY, *, by: Actor = HEAD) -> Decision:
    return await decide(office.acts, by, case.id, Given(draft.id, "", dated), TODAY)


async def named(office: Office, case: Case, *parties: Party) -> Case:
    """The case with these parties."""
    whole = await office.whole(case)
    changes = Changes(parties=parties)
    return await change_case(office.acts, HANDLER, case.id, whole.case.version, changes, TODAY)
