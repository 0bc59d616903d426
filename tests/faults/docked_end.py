"""A recorder with two clips, and what must hold of a dock and its archive when all of it is done, whatever happened on the way.

Every file of the recorder is collected and said once, stored once, receipted; its proxy is made and stated once; dock and log
agree entry by entry; the recorder is empty, and was not touched before every receipt for it was kept.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytsk3

from liuhen_agent.identity import store
from liuhen_agent.journal import ClipKind, ClipRow, ClipState, EnvelopeRow, queries, read_only
from liuhen_agent.simulate.footage import CardFile
from liuhen_agent.simulate.images import build_image
from liuhen_agent.sync.trust import Trust, check
from liuhen_protocol import chain, dsse
from liuhen_protocol.chain import ChainHead
from liuhen_protocol.events import (
    ClipCollected,
    ClipStored,
    DockStarted,
    RecorderCleared,
    RecorderDocked,
    RecorderUndocked,
)
from liuhen_protocol.statement import Statement, read_statement

FILM = "DCIM/100MEDIA/DSJ7A01_01234520261122143059_0001.MP4"
IMPORTANT = "DCIM/100MEDIA/DSJ7A01_01234520261122143559_0002_IMP.MP4"


@dataclass(frozen=True)
class Recorder:
    """The image of a recorder's card, and what lies on it. The film gets a proxy; the important clip plays nowhere."""

    image: Path
    files: dict[str, bytes]

    @classmethod
    def make(cls, folder: Path, film: bytes) -> Recorder:
        files = {FILM: film, IMPORTANT: b"important" * 9000}
        sources = []
        for number, (path, content) in enumerate(files.items()):
            source = folder / str(number)
            source.write_bytes(content)
            sources.append(CardFile(path, source, datetime(2026, 11, 22, 14, 30)))
        return cls(build_image(folder / "card.img", sources, kind="exfat"), files)

    @property
    def digests(self) -> set[str]:
        return {hashlib.sha256(content).hexdigest() for content in self.files.values()}


def files_on(image: Path) -> set[str]:
    """What a card holds, read by another program's library."""
    system = pytsk3.FS_Info(pytsk3.Img_Info(str(image)))

    def below(folder: object, path: str) -> Iterator[str]:
        for entry in folder:  # type: ignore[attr-defined]
            name = entry.info.name.name.decode()
            deleted = entry.info.name.flags != pytsk3.TSK_FS_NAME_FLAG_ALLOC
            if deleted or name.startswith((".", "$")) or name.endswith("(Volume Label Entry)"):
                continue
            if entry.info.name.type == pytsk3.TSK_FS_NAME_TYPE_DIR:
                yield from below(entry.as_directory(), f"{path}{name}/")
            elif entry.info.name.type == pytsk3.TSK_FS_NAME_TYPE_REG:
                yield path + name

    return set(below(system.open_dir("/"), ""))


def check_nothing_was_cleared_too_early(data_dir: Path, recorder: Recorder, card: Path) -> None:
    """Either everything still lies on the card, or the journal has a receipt that holds for each of it."""
    if files_on(card) == recorder.files.keys():
        return
    with read_only(data_dir / "journal.db") as db:
        assert receipted(db, data_dir).keys() >= recorder.digests


def receipted(db: sqlite3.Connection, data_dir: Path) -> dict[str, int]:
    """Digest and index of every clip with a receipt, each checked again."""
    trust = Trust(store.load_policy(data_dir), store.load(data_dir).archive_key, store.load(data_dir).dock)
    found = {}
    for clip in queries.clips_in(db, ClipState.RECEIPTED):
        receipt = queries.receipt(db, clip.sha256)
        assert receipt is not None
        found[clip.sha256] = check(receipt, clip, trust).proof.index
    return found


def check_end(data_dir: Path, archive: Path, recorder: Recorder, card: Path, *, proxies: bool, lives: int) -> None:
    """`lives`: how often this dock began with an empty journal. Each of them says what it collected."""
    with read_only(data_dir / "journal.db") as db:
        rows = list(queries.envelopes(db))
        counts = queries.clip_counts(db)
        clips = queries.clips_in(db, ClipState.RECEIPTED)
        proved = receipted(db, data_dir)
        assert queries.alarms(db) == []
        assert queries.unsent_count(db) == 0
        assert queries.open_sessions(db) == []
        assert queries.note(db, queries.CHECKPOINT) is not None
    assert sum(counts.values()) == len(clips), f"clips without receipt: {counts}"
    assert {clip.sha256 for clip in clips if clip.kind is ClipKind.ORIGINAL} == recorder.digests
    made_from = [clip.original for clip in clips if clip.kind is ClipKind.DERIVATIVE]
    assert made_from == ([hashlib.sha256(recorder.files[FILM]).hexdigest()] if proxies else [])
    check_spool(data_dir, clips)
    check_statements(rows, recorder, proved, store.load(data_dir).head)
    assert [row.kind for row in rows].count("clip.derived") == len(made_from)
    check_archive(archive, store.load(data_dir).dock, rows, clips, recorder, lives)
    assert files_on(card) == set()


def check_spool(data_dir: Path, clips: list[ClipRow]) -> None:
    """Every clip has its copy, and nothing else lies there."""
    for clip in clips:
        assert hashlib.sha256((data_dir / clip.spool).read_bytes()).hexdigest() == clip.sha256, clip.name
    kept = {data_dir / clip.spool for clip in clips}
    lying = {path for folder in ("spool", "proxies", "quarantine") for path in (data_dir / folder).rglob("*")}
    assert {path for path in lying if path.is_file()} == kept
    assert not list((data_dir / "clear").glob("*.plan"))


def check_statements(
    rows: list[EnvelopeRow], recorder: Recorder, proved: dict[str, int], behind: ChainHead | None
) -> None:
    """The chain links, goes on where the archive had it, and says everything once."""
    statements = read_chain(behind, [row.data for row in rows])
    events = [statement.event for statement in statements]
    started = events[0]
    assert isinstance(started, DockStarted)
    assert (started.resumed and started.resumed.after_seq) == (behind and behind.seq)
    assert Counter(event.path for event in events if isinstance(event, ClipCollected)) == Counter(recorder.files.keys())
    docked = Counter(event.session for event in events if isinstance(event, RecorderDocked))
    assert docked == Counter(event.session for event in events if isinstance(event, RecorderUndocked))
    assert set(docked.values()) == {1}
    [cleared] = [event for event in events if isinstance(event, RecorderCleared)]
    assert {receipt.sha256: receipt.index for receipt in cleared.receipts} == {
        sha256: proved[sha256] for sha256 in recorder.digests
    }


def check_archive(
    archive: Path, dock: str, rows: list[EnvelopeRow], clips: list[ClipRow], recorder: Recorder, lives: int
) -> None:
    """The log has the dock's chain without a gap and as the dock has it; every clip is stored once, with its bytes."""
    with closing(sqlite3.connect(f"{(archive / 'archive.db').as_uri()}?mode=ro", uri=True)) as db:
        logged = db.execute(
            "SELECT seq, log_index, envelope FROM entries WHERE source = ? ORDER BY seq", (dock,)
        ).fetchall()
        stated = db.execute("SELECT envelope FROM entries WHERE kind = 'clip.stored'").fetchall()
        promised = db.execute("SELECT sha256 FROM clips WHERE dock = ?", (dock,)).fetchall()
    assert [seq for seq, _, _ in logged] == list(range(len(logged)))
    assert [tuple(row) for row in logged[rows[0].seq :]] == [(row.seq, row.log_index, row.data) for row in rows]
    said = [statement.event for statement in read_chain(None, [envelope for _, _, envelope in logged])]
    collected = Counter(event.path for event in said if isinstance(event, ClipCollected))
    assert collected == Counter(dict.fromkeys(recorder.files, lives))
    stored = Counter(
        statement.subject.sha256
        for statement in (read_statement(dsse.Envelope.parse(envelope).payload) for (envelope,) in stated)
        if isinstance(statement.event, ClipStored) and statement.event.dock == dock
    )
    assert stored == Counter(clip.sha256 for clip in clips)
    assert {sha256 for (sha256,) in promised} == stored.keys()
    for clip in clips:
        lies = archive / "store" / "sha256" / clip.sha256[:2] / clip.sha256[2:4] / clip.sha256
        assert hashlib.sha256(lies.read_bytes()).hexdigest() == clip.sha256
    assert not list((archive / "incoming").iterdir()), "an upload is left over"


def read_chain(head: ChainHead | None, envelopes: list[bytes]) -> list[Statement]:
    """The statements, every link and signature checked."""
    found = []
    for data in envelopes:
        envelope = dsse.Envelope.parse(data)
        envelope.check_signature()
        statement = read_statement(envelope.payload)
        chain.check_link(head, statement.link)
        head = chain.after(statement.link, chain.envelope_hash(data))
        found.append(statement)
    return found
