"""The world of the verifiers' vectors: a county with one clip, and the evidence of it, each part of which may be bent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from liuhen_protocol.digest import digest_of
from liuhen_protocol.events import RecorderDocked, RecorderIdentity
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.statement import Subject
from vectors.recipes.county import County
from vectors.recipes.vector import Json, octets

CLIP = b"what the recorder saw " * 100
STEPS = {"bytes": 1, "digest": 2, "statement": 3, "signature": 4, "chain": 5, "inclusion": 6, "checkpoint": 7}
STEPS |= {"cosignatures": 8, "time": 9}
DOCKED = RecorderDocked(
    "s1", "1", RecorderIdentity("0000127", "210327", None, None, None, None), "p-bc", "A", "serial", None, None, None, False
)  # fmt: skip


class World:
    """A county whose dock docked a recorder and collected one clip, which the archive stored; and the evidence of it."""

    def __init__(self) -> None:
        self.county = County().start()
        self.dock = self.county.enrol("dock-03")
        self.docked = self.county.append(self.dock.seal(DOCKED, self.county.now()))
        self.observed: bytes | None = CLIP
        self.sm3 = False
        self.collected = self.stored = -1
        self.also: list[int] = []
        self.bare: list[bytes] = []
        self.edit: Callable[[str, bytes], bytes | None] = lambda name, proof: proof

    def collect(self, data: bytes = CLIP) -> World:
        self.collected = self.county.collect(self.dock, data)
        return self

    def store(self, data: bytes = CLIP, **changes: Json) -> World:
        """The archive's clip.stored, with fields of the event changed."""
        county, digest = self.county, digest_of(data)
        subject = Subject("clip", digest.sha256)
        time = changes.pop("time", None)
        event = replace(county.stored(data, max(self.collected, 0)), **changes)
        self.stored = county.append(county.archive.seal(event, time or county.now(), subject))
        return self

    def given(self) -> dict[str, Json]:
        county = self.county
        names = {f"also-{n}": n for n in self.also}
        names |= {
            "started": 0,
            "enrolled": 1,
            "docked": self.docked,
            "collected": self.collected,
            "stored": self.stored,
        }
        proofs = [(name, self.edit(name, county.proof(index))) for name, index in names.items() if index >= 0]
        digest = None if self.observed is None else digest_of(self.observed, sm3=self.sm3)
        shown = digest and {
            "size": digest.size,
            "sha256": digest.sha256,
            "chunk_root": digest.chunk_root,
            "sm3": digest.sm3,
        }
        return {
            "observed": shown,
            "proofs": [octets(proof) for _, proof in proofs if proof is not None],
            "chain": [octets(entry) for entry in self.bare],
            "policy": county.policy().text(),
        }

    def without(self, *names: str) -> World:
        self.edit = lambda name, proof: None if name in names else proof
        return self

    def edited(self, which: str, change: Callable[[TlogProof], TlogProof]) -> World:
        self.edit = lambda name, proof: change(TlogProof.parse(proof)).encode() if name == which else proof
        return self
