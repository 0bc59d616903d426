"""A log made for measuring: valid, signed, cosigned, as large as asked, written as the folder that an archive serves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from liuhen_protocol import chain, cosignature, merkle, tiles
from liuhen_protocol.checkpoint import Checkpoint, sign_checkpoint
from liuhen_protocol.dsse import seal
from liuhen_protocol.events import ArchiveStarted, ClipCollected, DockEnrolled, Event
from liuhen_protocol.moment import format_time
from liuhen_protocol.note import COSIGNATURE_V1, ED25519, VerifierKey
from liuhen_protocol.policy import Endpoint, Policy
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import ARCHIVE_SOURCE, Clock, Statement, Subject, place_in_chain, write_statement

ORIGIN = "bench.example/log"
START = datetime(2026, 1, 1, tzinfo=UTC)


class Writer:
    """One source that states things, a millisecond apart."""

    def __init__(self, source: str, signer: Ed25519Signer) -> None:
        self.source, self.signer = source, signer
        self.head: chain.ChainHead | None = None
        self._moment = START

    def state(self, event: Event, subject: Subject | None = None) -> bytes:
        self._moment += timedelta(milliseconds=1)
        link = chain.next_link(self.head, self.source, format_time(self._moment), Clock("ntp", 5))
        about = subject or place_in_chain(link, self.signer.public)
        entry = seal(write_statement(Statement(link, event, about)), self.signer).encode()
        self.head = chain.after(link, chain.envelope_hash(entry))
        return entry


def collected(number: int) -> tuple[ClipCollected, Subject]:
    """A clip.collected as a dock writes it: the statement of which a log has most."""
    name = f"0000127_21032720261120{number:06d}_0001.MP4"
    event = ClipCollected(
        session="3f" * 16,
        bay="1",
        recorder="0000127",
        officer="210327",
        path=f"DCIM/100MEDIA/{name}",
        raw=None,
        size=600_000_000 + number,
        chunk_root=f"{number:064x}",
        important=False,
        recorder_time="2026-11-20T18:02:11",
        modified="2026-11-20T18:07:11",
        began="2026-01-01T00:00:00.000Z",
        finished="2026-01-01T00:00:00.000Z",
    )
    return event, Subject(name, f"{number + 1:064x}")


def entries(count: int, dock: Writer, archive: Writer) -> Iterator[bytes]:
    yield archive.state(ArchiveStarted("0.1.0", ORIGIN, archive.signer.public.hex()))
    yield archive.state(DockEnrolled(dock.source, "bench", dock.signer.public.hex(), "00" * 32, None))
    for number in range(count - 2):
        yield dock.state(*collected(number))


def write_log(folder: Path, count: int) -> Path:
    """Writes checkpoint, tiles and bundles below `folder`; returns the policy file beside it."""
    log_key, witness_key = Ed25519Signer.from_seed(b"L" * 32), Ed25519Signer.from_seed(b"W" * 32)
    made = list(
        entries(
            count,
            Writer("dock-1", Ed25519Signer.from_seed(b"D" * 32)),
            Writer(ARCHIVE_SOURCE, Ed25519Signer.from_seed(b"A" * 32)),
        )
    )
    level = [merkle.leaf_hash(entry) for entry in made]
    levels = []
    root = merkle.root_of(level)
    while level:
        levels.append(level)
        full = len(level) // tiles.TILE_WIDTH
        level = [merkle.root_of(level[i * 256 : (i + 1) * 256]) for i in range(full)]
    for tile in tiles.tiles_of_size(count):
        start = tile.index * tiles.TILE_WIDTH
        if isinstance(tile.level, int):
            data = b"".join(levels[tile.level][start : start + tile.width])
        else:
            data = tiles.encode_bundle(made[start : start + tile.width])
        path = folder / tile.path()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    note = sign_checkpoint(Checkpoint(ORIGIN, count, root), log_key)
    witness = VerifierKey("w.example", COSIGNATURE_V1, witness_key.public)
    note = note.with_signatures(
        cosignature.cosign(note.text, int(START.timestamp()) + 86_400, witness.name, witness_key)
    )
    (folder / "checkpoint").write_bytes(note.encode())
    policy = Policy((Endpoint(VerifierKey(ORIGIN, ED25519, log_key.public)),), {"w": Endpoint(witness)}, {}, "w")
    policy_file = folder.parent / "policy"
    policy_file.write_text(policy.text())
    return policy_file
