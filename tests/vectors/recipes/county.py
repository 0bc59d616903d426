"""A small county for vectors: an archive, a dock and three witnesses in memory. The vectors' own, so that they stay what they are."""

from __future__ import annotations

from collections.abc import Iterable

from liuhen_protocol import chain, merkle
from liuhen_protocol.checkpoint import Checkpoint, sign_checkpoint
from liuhen_protocol.cosignature import cosign
from liuhen_protocol.digest import Digest, digest_of
from liuhen_protocol.dsse import seal
from liuhen_protocol.events import (
    ArchiveStarted,
    ChainPoint,
    ClipCollected,
    ClipDerived,
    ClipStored,
    DockEnrolled,
    DockRevoked,
    DockStarted,
    Event,
    KeyRotated,
)
from liuhen_protocol.note import COSIGNATURE_V1, ED25519, VerifierKey
from liuhen_protocol.policy import Endpoint, Group, Policy
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Clock, Link, Statement, Subject, place_in_chain, write_statement

ORIGIN = "archive.example/county"
CLOCK = Clock("ntp", 50)
CLIP_NAME = "0000127_210327_20261120180211_0001.MP4"
TIME = 1795341600  # 2026-11-22T10:00:00Z


def test_key(whose: str) -> Ed25519Signer:
    """A TEST KEY: its private part stands here for everybody to read."""
    return Ed25519Signer.from_seed(f"TEST KEY: {whose}".encode().ljust(32, b"!")[:32])


test_key.__test__ = False  # type: ignore[attr-defined]  # a key for tests, no test


class Speaker:
    """A source with its key and the head of its chain."""

    def __init__(self, source: str, signer: Ed25519Signer) -> None:
        self.source, self.signer = source, signer
        self.head: chain.ChainHead | None = None

    def seal(self, event: Event, time: str, subject: Subject | None = None, link: Link | None = None) -> bytes:
        """The envelope of the next statement; `link` overrides the place in the chain."""
        link = link or chain.next_link(self.head, self.source, time, CLOCK)
        subject = subject or place_in_chain(link, self.signer.public)
        envelope = seal(write_statement(Statement(link, event, subject)), self.signer).encode()
        self.head = chain.after(link, chain.envelope_hash(envelope))
        return envelope


class Log:
    """`entries` may be changed freely: whatever is asked afterwards is computed from them."""

    def __init__(self) -> None:
        self.origin, self.signer = ORIGIN, test_key("the log")
        self.entries: list[bytes] = []

    def node(self, level: int, index: int) -> bytes:
        return merkle.root_of(map(merkle.leaf_hash, self.entries[index << level : (index + 1) << level]))

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.origin, len(self.entries), merkle.tree_root(len(self.entries), self.node))


class County:
    """Times advance by a second with each statement."""

    def __init__(self) -> None:
        self.log = Log()
        self.archive = Speaker("archive", test_key("the archive"))
        self.witnesses = {f"witness.example/{name}": test_key(f"witness {name}") for name in "abc"}
        self.seconds = 0

    def now(self) -> str:
        self.seconds += 1
        return f"2026-11-22T09:00:{self.seconds:02d}.000Z"

    def policy(self) -> Policy:
        witnesses = {
            name: Endpoint(VerifierKey(name, COSIGNATURE_V1, signer.public)) for name, signer in self.witnesses.items()
        }
        log = Endpoint(VerifierKey(self.log.origin, ED25519, self.log.signer.public))
        return Policy((log,), witnesses, {"two-of-three": Group(2, tuple(witnesses))}, "two-of-three")

    def append(self, envelope: bytes) -> int:
        self.log.entries.append(envelope)
        return len(self.log.entries) - 1

    def start(self) -> County:
        event = ArchiveStarted("0.1.0", ORIGIN, self.archive.signer.public.hex())
        self.append(self.archive.seal(event, self.now()))
        return self

    def enrol(self, name: str) -> Speaker:
        dock = Speaker(name, test_key(name))
        event = DockEnrolled(name, "market-supervision", dock.signer.public.hex(), "00" * 32, None)
        self.append(self.archive.seal(event, self.now()))
        self.append(dock.seal(DockStarted("0.1.0", None), self.now()))
        return dock

    def rotate(self, dock: Speaker, new: Ed25519Signer) -> int:
        old, dock.signer = dock.signer, new
        assert dock.head is not None
        event = KeyRotated(dock.source, old.public.hex(), new.public.hex(), dock.head.seq, dock.head.hash, "routine")
        return self.append(self.archive.seal(event, self.now()))

    def revoke(self, dock: Speaker) -> int:
        assert dock.head is not None
        point = ChainPoint(dock.head.seq, dock.head.hash)
        event = DockRevoked(dock.source, dock.signer.public.hex(), "stolen", point.seq, point.hash)
        return self.append(self.archive.seal(event, self.now()))

    def collected(self, digest: Digest) -> ClipCollected:
        return ClipCollected(
            session="s1",
            bay="1",
            recorder="0000127",
            officer="210327",
            path=f"DCIM/100MEDIA/{CLIP_NAME}",
            raw=None,
            size=digest.size,
            chunk_root=digest.chunk_root,
            important=False,
            recorder_time="2026-11-20T18:02:11",
            modified=None,
            began="2026-11-22T09:00:00.000Z",
            finished="2026-11-22T09:00:01.000Z",
        )

    def collect(self, dock: Speaker, data: bytes) -> int:
        """The dock's clip.collected of these bytes; its index."""
        digest = digest_of(data)
        return self.append(dock.seal(self.collected(digest), self.now(), Subject(CLIP_NAME, digest.sha256)))

    def derive(self, dock: Speaker, original: bytes, data: bytes) -> int:
        digest = digest_of(data)
        event = ClipDerived(
            digest_of(original).sha256, "proxy", "video/mp4", "remux", "ffmpeg 5.1", digest.size, digest.chunk_root
        )
        return self.append(dock.seal(event, self.now(), Subject("proxy.mp4", digest.sha256)))

    def stored(self, data: bytes, promised: int) -> ClipStored:
        """What the archive honestly states when it stored the promised bytes."""
        digest = digest_of(data)
        leaf = merkle.leaf_hash(self.log.entries[promised]).hex()
        return ClipStored(
            "original", None, digest.size, digest.chunk_root, "dock-03", promised, leaf, "local", self.now()
        )

    def store(self, data: bytes, promised: int) -> int:
        event = self.stored(data, promised)
        return self.append(self.archive.seal(event, self.now(), Subject("clip", digest_of(data).sha256)))

    def note(self, cosigned_by: Iterable[str] | None = None) -> bytes:
        """The checkpoint, cosigned by all or by the witnesses of these names."""
        signed = sign_checkpoint(self.log.checkpoint(), self.log.signer)
        names = self.witnesses if cosigned_by is None else cosigned_by
        return signed.with_signatures(
            *(cosign(signed.text, TIME, name, self.witnesses[name]) for name in names)
        ).encode()

    def proof(self, index: int) -> bytes:
        hashes = tuple(merkle.inclusion_proof(index, len(self.log.entries), self.log.node))
        return TlogProof(index, hashes, self.note(), self.log.entries[index]).encode()


ONE_WITNESS = ("witness.example/a",)
