"""The tables of legal review, held against what the log says was submitted, found and answered: a problem taken out of an opinion is named.

Words are held against their commitments where they still lie in the archive; what was disposed of says nothing any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import RowMapping, select

from liuhen_protocol.events import Event
from liuhen_protocol.report import StepName
from liuhen_protocol.review_events import (
    REVIEW_EVENTS,
    ReviewAnswered,
    ReviewConsulted,
    ReviewExtended,
    ReviewOpinion,
    ReviewSubmitted,
    ReviewTaken,
    ReviewWithdrawn,
)
from liuhen_server.acts import commitment_of, said
from liuhen_server.cases.schema import case_documents
from liuhen_server.database import Connection
from liuhen_server.decisions.schema import drafts
from liuhen_server.operations.findings import Findings
from liuhen_server.review.checklist import opinion_digest
from liuhen_server.review.parts import parts_digest
from liuhen_server.review.schema import review_checks, review_consultations, review_parts, review_problems, reviews

__all__ = ["Reviews"]

BATCH = 500
_NOTHING_SAID = "0" * 64


class Reviews:
    """Feed the statements of `KINDS` in the order of the log, then `check`."""

    KINDS = tuple(REVIEW_EVENTS)

    def __init__(self) -> None:
        self._stated: dict[int, Event] = {}  # by index
        self._submitted: dict[str, int] = {}  # review → index
        self._ends: dict[str, tuple[int, str]] = {}  # review → index and outcome
        self._taken: dict[str, str] = {}  # review → who has it
        self._extended: dict[str, str] = {}

    def add(self, index: int, event: Event) -> None:
        self._stated[index] = event
        match event:
            case ReviewSubmitted():
                self._submitted[event.review] = index
            case ReviewOpinion():
                self._ends[event.review] = index, event.outcome
            case ReviewWithdrawn():
                self._ends[event.review] = index, "withdrawn"
            case ReviewTaken():
                self._taken[event.review] = event.by
            case ReviewExtended():
                self._extended[event.review] = event.by
            case _:
                pass

    async def check(self, conn: Connection, findings: Findings) -> int:
        """No row says anything else than the log, and none is gone. Returns how many rounds there are."""
        rows = (await conn.execute(select(reviews).order_by(reviews.c.id))).mappings().all()
        seen: set[int] = set()
        for start in range(0, len(rows), BATCH):
            seen |= await self._check_rounds(conn, rows[start : start + BATCH], findings)
        seen |= await self._check_consultations(conn, findings)
        for index in sorted(self._stated.keys() - seen):
            event = self._stated[index]
            if isinstance(event, ReviewSubmitted | ReviewOpinion | ReviewAnswered | ReviewConsulted):
                why = f"{event.review}: what the log says of it has no row any more"
                findings.add(StepName.STATEMENT, "review-row-missing", why, index=index)
        return len(rows)

    async def _check_rounds(self, conn: Connection, rows: Iterable[RowMapping], findings: Findings) -> set[int]:
        by_id = {row["id"]: row for row in rows}
        problems: dict[int, list[RowMapping]] = defaultdict(list)
        query = select(review_problems).where(review_problems.c.review_id.in_(by_id)).order_by(review_problems.c.number)
        for problem in (await conn.execute(query)).mappings():
            problems[problem["review_id"]].append(problem)
        checks: dict[int, dict[str, str]] = defaultdict(dict)
        for row in await conn.execute(select(review_checks).where(review_checks.c.review_id.in_(by_id))):
            checks[row.review_id][row.item] = row.answer
        parts: dict[int, list[tuple[str, str]]] = defaultdict(list)
        papers = (
            select(review_parts.c.review_id, review_parts.c.part, case_documents.c.sha256)
            .join(case_documents, case_documents.c.id == review_parts.c.document_id)
            .where(review_parts.c.review_id.in_(by_id))
        )
        for part in await conn.execute(papers):
            parts[part.review_id].append((part.part, part.sha256))
        digests = {
            row.id: row.sha256
            for row in await conn.execute(
                select(drafts.c.id, drafts.c.sha256).where(
                    drafts.c.id.in_({each["draft_id"] for each in by_id.values()})
                )
            )
        }
        words = await _commitments(conn, _said_in(by_id.values(), problems))
        seen: set[int] = set()
        for review_id, each in by_id.items():
            found = problems[review_id]
            seen |= {each["submitted_index"], each["opinion_index"] or -1}
            seen |= {problem["answered_index"] or -1 for problem in found}
            submitted = ReviewSubmitted(
                f"review-{review_id}",
                f"case-{each['case_id']}",
                each["round"],
                f"draft-{each['draft_id']}",
                digests.get(each["draft_id"], _NOTHING_SAID),
                parts_digest(parts[review_id]),
                each["submitted_by"],
                words.get(each["report"]),
            )
            holds = self._stated.get(each["submitted_index"]) == submitted
            holds &= self._goes_on(each)
            holds &= self._opinion_holds(each, found, checks[review_id], words)
            holds &= all(self._answer_holds(each, problem, words) for problem in found)
            if not holds:
                why = f"review-{review_id}: its rows and the log differ"
                findings.add(StepName.STATEMENT, "review-row-altered", why, index=each["submitted_index"])
        return seen

    def _goes_on(self, each: RowMapping) -> bool:
        """Who has it, who extended it, and how it ended, as the log says."""
        name = f"review-{each['id']}"
        ended = self._ends.get(name)
        return (each["passed"], each["taken_by"], each["extended_by"], each["outcome"]) == (
            each["outcome"] == "agree",
            self._taken.get(name),
            self._extended.get(name),
            None if ended is None else ended[1],
        )

    def _opinion_holds(
        self, each: RowMapping, problems: list[RowMapping], checks: Mapping[str, str], words: Mapping[int, str]
    ) -> bool:
        if each["opinion_index"] is None:
            return not problems and not checks and each["opinion_by"] is None
        named = [(problem["item"], words.get(problem["problem"], _NOTHING_SAID)) for problem in problems]
        return self._stated.get(each["opinion_index"]) == ReviewOpinion(
            f"review-{each['id']}",
            f"case-{each['case_id']}",
            f"draft-{each['draft_id']}",
            each["outcome"],
            len(problems) if len(problems) == each["stated"] else -1,
            opinion_digest(checks, named),
            each["opinion_by"],
            each["opinion_day"],
            words.get(each["opinion"]),
        )

    def _answer_holds(self, each: RowMapping, problem: RowMapping, words: Mapping[int, str]) -> bool:
        if problem["answered_index"] is None:
            return problem["answer"] is None
        return self._stated.get(problem["answered_index"]) == ReviewAnswered(
            f"review-{each['id']}",
            f"case-{each['case_id']}",
            problem["number"],
            problem["answered_by"],
            words.get(problem["answer"]),
        )

    async def _check_consultations(self, conn: Connection, findings: Findings) -> set[int]:
        seen: set[int] = set()
        rows = (await conn.execute(select(review_consultations))).mappings().all()
        words = await _commitments(conn, {each for row in rows for each in (row["question"], row["answer"]) if each})
        for row in rows:
            own = (f"consultation-{row['id']}", f"review-{row['review_id']}", f"case-{row['case_id']}", row["kind"])
            asked = ReviewConsulted(*own, "asked", row["asked_by"], words.get(row["question"]))
            seen |= {row["asked_index"], row["answered_index"] or -1}
            holds = self._stated.get(row["asked_index"]) == asked
            if row["answered_index"] is not None:
                answered = ReviewConsulted(*own, "answered", row["answered_by"], words.get(row["answer"]))
                holds &= self._stated.get(row["answered_index"]) == answered
            elif row["answer"] is not None:
                holds = False
            if not holds:
                why = f"consultation-{row['id']}: its row and the log differ"
                findings.add(StepName.STATEMENT, "review-row-altered", why, index=row["asked_index"])
        return seen


def _said_in(rows: Iterable[RowMapping], problems: Mapping[int, list[RowMapping]]) -> set[int]:
    found = {each for row in rows for each in (row["report"], row["opinion"]) if each is not None}
    for several in problems.values():
        found |= {each for row in several for each in (row["problem"], row["answer"]) if each is not None}
    return found


async def _commitments(conn: Connection, ids: set[int]) -> dict[int, str]:
    """The commitment of each text, made anew from salt and words where they are still there."""
    found: dict[int, str] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), BATCH):
        for row in await conn.execute(select(said).where(said.c.id.in_(wanted[start : start + BATCH]))):
            there = row.salt is not None and row.text is not None
            found[row.id] = commitment_of(row.salt, row.text) if there else row.sha256
    return found
