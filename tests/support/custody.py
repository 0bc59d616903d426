"""A small county in memory: an archive, docks and witnesses whose statements are real, in a log that is real.

Attacks change what it holds before it is written or proved.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from liuhen_protocol import chain, merkle
from liuhen_protocol.digest import Digest, digest_of
from liuhen_protocol.dsse import Envelope, seal
from liuhen_protocol.events import (
    ArchiveStarted,
    ChainPoint,
    ClipCollected,
    ClipDerived,
    ClipStored,
    DockEnrolled,
    DockHead,
    DockRevoked,
    DockStarted,
    Event,
    KeyRotated,
    RecorderDocked,
    RecorderIdentity,
)
from liuhen_protocol.policy import Endpoint, Group, Policy
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Clock, Link, Statement, Subject, place_in_chain, write_statement
from support.memory_log import MemoryLog, Witness

ORIGIN = "archive.example/chaoyang"
CLOCK = Clock("ntp", 50)
DOCKED = RecorderDocked(
    session="s1",
    bay="1",
    recorder=RecorderIdentity("0000127", "210327", None, None, None, None),
    profile="generic",
    grade="A",
    transport="image",
    clock_reading=None,
    clock_offset_ms=None,
    battery_percent=None,
    quarantined=False,
)


@dataclass
class Speaker:
    """A source with its key and the head of its chain."""

    source: str
    signer: Ed25519Signer
    head: chain.ChainHead | None = None
    link: Link | None = None

    def seal(self, event: Event, time: str, subject: Subject | None = None, link: Link | None = None) -> bytes:
        """The envelope of the next statement; `link` overrides the place in the chain."""
        self.link = link or chain.next_link(self.head, self.source, time, CLOCK)
        subject = subject or place_in_chain(self.link, self.signer.public)
        envelope = seal(write_statement(Statement(self.link, event, subject)), self.signer).encode()
        self.head = chain.after(self.link, chain.envelope_hash(envelope))
        return envelope


@dataclass
class County:
    """`log.entries` is the log; `index_of` finds the entries of a clip by kind and SHA-256."""

    log: MemoryLog = field(default_factory=lambda: MemoryLog(ORIGIN, Ed25519Signer.from_seed(b"L" * 32)))
    archive: Speaker = field(default_factory=lambda: Speaker("archive", Ed25519Signer.from_seed(b"A" * 32)))
    docks: dict[str, Speaker] = field(default_factory=dict)
    witnesses: list[Witness] = field(
        default_factory=lambda: [Witness(f"witness.example/{name}", name.encode() * 32) for name in "abc"]
    )
    index_of: dict[tuple[str, str], int] = field(default_factory=dict)
    seconds: int = 0

    def now(self) -> str:
        self.seconds += 1
        return f"2026-11-22T{9 + self.seconds // 3600:02d}:{self.seconds // 60 % 60:02d}:{self.seconds % 60:02d}.000Z"

    def policy(self) -> Policy:
        return Policy(
            (Endpoint(self.log.vkey),),
            {w.name: Endpoint(w.vkey) for w in self.witnesses},
            {"two-of-three": Group(2, tuple(w.name for w in self.witnesses))},
            "two-of-three",
        )

    def append(self, envelope: bytes) -> int:
        self.log.entries.append(envelope)
        return len(self.log.entries) - 1

    def start(self) -> County:
        event = ArchiveStarted("0.1.0", ORIGIN, self.archive.signer.public.hex())
        self.append(self.archive.seal(event, self.now()))
        return self

    def enrol(self, name: str, *, started: bool = True) -> Speaker:
        dock = self.docks[name] = Speaker(name, Ed25519Signer.from_seed(name.encode().ljust(32, b"-")[:32]))
        event = DockEnrolled(name, "market-supervision", dock.signer.public.hex(), "00" * 32, None)
        self.index_of["dock.enrolled", name] = self.append(self.archive.seal(event, self.now()))
        if started:
            self.append(dock.seal(DockStarted("0.1.0", None), self.now()))
            self.append(dock.seal(DOCKED, self.now()))
        return dock

    def rotate(self, dock: Speaker, new: Ed25519Signer) -> int:
        old, dock.signer = dock.signer, new
        seq, envelope_hash = (dock.head.seq, dock.head.hash) if dock.head else (-1, None)
        event = KeyRotated(dock.source, old.public.hex(), new.public.hex(), seq, envelope_hash, "routine")
        return self.append(self.archive.seal(event, self.now()))

    def revoke(self, dock: Speaker) -> int:
        point = ChainPoint(dock.head.seq, dock.head.hash) if dock.head else None
        event = DockRevoked(
            dock.source, dock.signer.public.hex(), "stolen", point.seq if point else -1, point.hash if point else None
        )
        return self.append(self.archive.seal(event, self.now()))

    def collect(self, dock: Speaker, data: bytes, name: str = "0000127_210327_20261120180211_0001.MP4") -> int:
        """The dock's clip.collected of these bytes; returns its index."""
        digest = digest_of(data)
        index = self.append(dock.seal(self.collected(digest, name), self.now(), Subject(name, digest.sha256)))
        self.index_of["clip.collected", digest.sha256] = index
        return index

    def collected(self, digest: Digest, name: str) -> ClipCollected:
        return ClipCollected(
            session="s1",
            bay="1",
            recorder="0000127",
            officer="210327",
            path=f"DCIM/100MEDIA/{name}",
            raw=None,
            size=digest.size,
            chunk_root=digest.chunk_root,
            important=False,
            recorder_time="2026-11-20T18:02:11",
            modified=None,
            began="2026-11-22T09:00:00.000Z",
            finished="2026-11-22T09:00:01.000Z",
        )

    def derive(self, dock: Speaker, original: bytes, data: bytes, name: str = "proxy.mp4") -> int:
        digest = digest_of(data)
        event = ClipDerived(
            original=digest_of(original).sha256,
            role="proxy",
            media_type="video/mp4",
            recipe="remux",
            tool="ffmpeg 5.1",
            size=digest.size,
            chunk_root=digest.chunk_root,
        )
        index = self.append(dock.seal(event, self.now(), Subject(name, digest.sha256)))
        self.index_of["clip.derived", digest.sha256] = index
        return index

    def store(
        self, dock: Speaker, data: bytes, promised: int, kind: str = "original", original: str | None = None
    ) -> int:
        """The archive's clip.stored for the promise at that index; returns its index."""
        digest = digest_of(data)
        event = ClipStored(
            kind=kind,
            original=original,
            size=digest.size,
            chunk_root=digest.chunk_root,
            dock=dock.source,
            promised_index=promised,
            promised_leaf=merkle.leaf_hash(self.log.entries[promised]).hex(),
            store="local",
            read_back=self.now(),
        )
        index = self.append(self.archive.seal(event, self.now(), Subject("clip", digest.sha256)))
        self.index_of["clip.stored", digest.sha256] = index
        return index

    def head(self, dock: Speaker, clips: int = 1, waiting: int = 0) -> int:
        return self.append(dock.seal(DockHead(clips, waiting), self.now()))

    def proof(self, index: int) -> bytes:
        return self.log.proof(index, self.witnesses).encode()

    def proofs(self, clip: bytes, dock: str = "dock-03") -> bytes:
        """Everything that one needs for a clip: stored, collected, the dock's enrolment, the archive's start; then the bundle."""
        sha256 = digest_of(clip).sha256
        indexes = [
            self.index_of["clip.stored", sha256],
            self.index_of["clip.collected", sha256],
            self.index_of["dock.enrolled", dock],
            0,
        ]
        return b"".join(self.proof(index) for index in indexes)

    def chain(self, dock: str = "dock-03") -> bytes:
        """The dock's statements, one envelope a line."""
        public = self.docks[dock].signer.public
        return b"".join(entry + b"\n" for entry in self.log.entries if Envelope.parse(entry).public == public)


CLIP = b"what the recorder saw " * 1000


def county_with_a_clip(clip: bytes = CLIP) -> tuple[County, Speaker]:
    """A county in which dock-03 collected one clip, the archive stored it, and the dock said its head."""
    county = County().start()
    dock = county.enrol("dock-03")
    county.store(dock, clip, county.collect(dock, clip))
    county.head(dock)
    return county, dock
