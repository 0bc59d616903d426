"""Writing a draft (拟处理意见): whether it needs a review is answered as it is written, by the list in force that day, and never again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy import insert, select, update

from liuhen_protocol.decision_events import DecisionDrafted
from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.record import open_for_work, written
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import case_documents
from liuhen_server.decisions.draft import Draft, Proposal, text_of
from liuhen_server.decisions.filling import checked
from liuhen_server.decisions.gates import may_draft
from liuhen_server.decisions.reading import draft_of, newest_draft
from liuhen_server.decisions.schema import draft_results, drafts
from liuhen_server.decisions.standing import party_kinds_of, standing_of
from liuhen_server.review.criteria import grounds_of, kept_reasons, reasons_of
from liuhen_server.review.reading import major_rows_on

__all__ = ["OutdatedDraft", "write_draft"]


class OutdatedDraft(Exception):
    """Somebody wrote a draft meanwhile: `newest` is it. Nothing was saved."""

    def __init__(self, newest: Draft | None) -> None:
        super().__init__("no draft" if newest is None else f"{newest.name} is version {newest.version}")
        self.newest = newest


async def write_draft(acts: Acts, person: Actor, case_id: int, version: int, proposal: Proposal, today: date) -> Draft:
    """`version`: of the draft that the form was drawn from, 0 for none. Raises Wrong for what cannot be taken or while a review is
    under way, OutdatedDraft, NoSuchCase.
    """
    async with acts.of(person) as act:
        case = await open_for_work(act.conn, case_id)
        newest = await newest_draft(act.conn, case_id)
        if version != (0 if newest is None else newest.version):
            raise OutdatedDraft(newest)
        if proposal.enforcement != case.enforcement:
            raise Wrong(
                "案件的执法类别已变更，请重新打开页面填写",
                "the case is of another class now; open the page again",
                "enforcement",
            )
        if refused := may_draft(await standing_of(act.conn, case)):
            raise Wrong(refused.said.zh, refused.said.en, refused.key)
        proposal = checked(proposal, await party_kinds_of(act.conn, case_id))
        kinds = select(case_documents.c.kind).where(
            case_documents.c.case_id == case_id, case_documents.c.current.is_(True)
        )
        held = frozenset((await act.conn.execute(kinds)).scalars())
        proposal = replace(proposal, grounds=grounds_of(proposal.grounds, held))
        list_id, rows = await major_rows_on(act.conn, case.agency, today)
        why = reasons_of(proposal.proposed, rows)
        row = {
            "case_id": case_id,
            "version": version + 1,
            "enforcement": proposal.enforcement,
            "procedure": proposal.procedure,
            "party_kind": proposal.party_kind,
            "facts": proposal.facts,
            "basis": proposal.basis,
            "discretion": proposal.discretion,
            "performance": proposal.performance,
            "remedies": proposal.remedies,
            "grounds": " ".join(sorted(proposal.grounds)),
            "collective": proposal.collective,
            "fine_fen": proposal.fine_fen,
            "confiscated_fen": proposal.confiscated_fen,
            "list_id": list_id,
            "needs_review": bool(why),
            "why": kept_reasons(why),
            "by": act.by,
            "time": act.time,
        }
        said = await act.commit_text("draft", case.name, text_of(case.name, version + 1, proposal, list_id, why))
        added = await act.conn.execute(insert(drafts).values(**row, sha256=said.sha256, log_index=0))
        assert added.inserted_primary_key is not None
        draft_id = int(added.inserted_primary_key[0])
        for place, each in enumerate(proposal.results):
            values = {"kind": each.kind, "content": each.content, "fen": each.fen, "until_day": each.until_day}
            await act.conn.execute(insert(draft_results).values(draft_id=draft_id, place=place, **values))
        event = DecisionDrafted(case.name, f"draft-{draft_id}", version + 1, bool(why), act.by, said.sha256)
        about = str(version + 1)
        index = await written(act, event, case_id, case.version, "drafted", case.stage, about=about, said_id=said.id)
        await act.conn.execute(update(drafts).where(drafts.c.id == draft_id).values(log_index=index))
        found = await draft_of(act.conn, draft_id)
    assert found is not None
    return found
