"""What is submitted to a legal review (送审材料), and what of it is missing.

What the archive holds already counts by itself: the draft's own facts and discretion, the clips of the case, the certificates in the
register. The rest is chosen from the case's documents.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from liuhen_server.cases.said import Said

__all__ = ["PARTS", "Material", "Part", "kinds_for", "missing_parts", "parts_digest"]


@dataclass(frozen=True, slots=True)
class Part:
    """`kinds`: documents that usually are this part, offered first. `by_itself`: what of the archive is this part without a document."""

    key: str
    name: Said
    kinds: tuple[str, ...]
    by_itself: Said | None = None


PARTS: Mapping[str, Part] = MappingProxyType(
    {
        each.key: each
        for each in (
            Part(
                "facts",
                Said("案件事实", "facts"),
                ("source", "filing", "application", "acceptance", "approval", "announcement", "task"),
                Said("拟处理意见写明的事实", "the facts in the draft"),
            ),
            Part(
                "evidence",
                Said("证据", "evidence"),
                ("inspection-record", "interview", "evidence", "keeping", "seizure", "sampling", "survey", "valuation"),
                Said("已关联的音像记录", "the clips of the case"),
            ),
            Part(
                "officers",
                Said("执法人员资格", "officers' qualification"),
                (),
                Said("登记册中有效的执法证", "certificates that are good in the register"),
            ),
            Part(
                "investigation",
                Said("调查取证和听证情况", "investigation and hearing"),
                ("report", "examination", "hearing-record", "hearing-notice", "notice", "statement", "reminder"),
            ),
            Part(
                "discretion",
                Said("行使裁量权的说明", "discretion"),
                (),
                Said("拟处理意见写明的裁量", "the discretion in the draft"),
            ),
        )
    }
)
"""The report itself and the draft are not among them: the one is written with the submission, the other is what is submitted."""


@dataclass(frozen=True, slots=True)
class Material:
    """What is there. `chosen`: kinds of the documents chosen, by part; `documents`: kinds of all documents of the case; `clips`: how many
    belong to it; `uncertified`: names of handlers without a certificate that is good today.
    """

    report: str
    facts: str
    discretion: str
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    clips: int = 0
    uncertified: tuple[str, ...] = ()


def missing_parts(given: Material) -> tuple[Said, ...]:
    """A sentence for everything that is missing; none: it can be submitted."""
    found = []
    if not given.report.strip():
        found.append(Said("缺送审报告", "the report is missing"))
    if not given.facts.strip() and not given.chosen.get("facts"):
        found.append(Said("缺案件事实：拟处理意见没有写，也没有选材料", "the facts are missing"))
    if not given.clips and not given.chosen.get("evidence"):
        found.append(
            Said(
                "缺证据：没有关联音像记录，也没有选材料",
                "evidence is missing: no clip is linked and no document chosen",
            )
        )
    if given.uncertified and not given.chosen.get("officers"):
        names = "、".join(given.uncertified)
        found.append(
            Said(
                f"缺执法人员资格：{names} 的执法证在登记册中没有有效期或已过期，请选证明材料",
                f"qualification is missing: no certificate in force is registered for {names}; choose a document",
            )
        )
    if not given.chosen.get("investigation"):
        found.append(Said("缺调查取证情况的材料", "nothing of the investigation is chosen"))
    elif "hearing-record" in given.documents and "hearing-record" not in given.chosen["investigation"]:
        found.append(Said("缺听证笔录：本案举行过听证", "the record of the hearing is missing: there was one"))
    if not given.discretion.strip() and not given.chosen.get("discretion"):
        found.append(Said("缺裁量说明：拟处理意见没有写，也没有选材料", "nothing is said of the discretion"))
    return tuple(found)


def kinds_for(kind: str) -> str:
    """The part that a document of this kind is offered for first; evidence for what no part names."""
    return next((each.key for each in PARTS.values() if kind in each.kinds), "evidence")


def parts_digest(parts: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over the list of what was submitted as JSON: part and the document's own SHA-256, sorted, no spaces."""
    text = json.dumps(sorted(list(each) for each in parts), separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
