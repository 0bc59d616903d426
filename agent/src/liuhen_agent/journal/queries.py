"""Questions to the journal: functions of a connection and values, nothing else.

The dock asks through `Journal.ask(queries.name, …)`. Another process (the wipe helper, `liuhen-agent status`) opens
`journal.read_only(path)` and calls the same functions with that connection.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence

from liuhen_agent.journal.rows import (
    Alarm,
    ClipKind,
    ClipRow,
    ClipState,
    Day,
    EnvelopeRow,
    FileRow,
    FileState,
    Progress,
    Queue,
    SessionRow,
    Stated,
    ToSend,
)
from liuhen_protocol import dsse
from liuhen_protocol.events import EVENTS, Event, RecorderDocked
from liuhen_protocol.statement import read_statement

ENVELOPE = "seq, data, hash, kind, time, log_index, refused"
SESSION = "id, bay, recorder, recorder_key, officer, profile, state, quarantined, plugged, ended"
FILE = "session, number, path, raw, size, modified, kind, important, state, sha256, failure"
CLIP = (
    "sha256, size, chunk_root, sm3, name, recorder, kind, original, role, collected_seq, spool, important, state, "
    "upload_url, receipted"
)


OF_A_STAY = ", ".join(f"'{kind}'" for kind, event in EVENTS.items() if "session" in event.__dataclass_fields__)


def unsent(db: sqlite3.Connection, limit: int = 1000) -> list[EnvelopeRow]:
    """Statements the archive has neither logged nor refused, in the order of the chain."""
    rows = db.execute(
        f"SELECT {ENVELOPE} FROM envelopes WHERE log_index IS NULL AND refused IS NULL ORDER BY seq LIMIT ?",  # noqa: S608
        (limit,),
    )
    return [EnvelopeRow(*row) for row in rows]


def unsent_count(db: sqlite3.Connection) -> int:
    """How many statements the archive has not logged yet (refused ones included: they are not logged)."""
    return int(db.execute("SELECT count(*) FROM envelopes WHERE log_index IS NULL").fetchone()[0])


def first_refused(db: sqlite3.Connection) -> EnvelopeRow | None:
    """The earliest statement the archive refused: what follows it in the chain cannot be logged before it is settled."""
    row = db.execute(
        f"SELECT {ENVELOPE} FROM envelopes WHERE refused IS NOT NULL ORDER BY seq LIMIT 1"  # noqa: S608
    ).fetchone()
    return EnvelopeRow(*row) if row else None


def last_acknowledged(db: sqlite3.Connection) -> int:
    """The highest number of this chain the archive is known to have logged, before a resumption too; -1 for none."""
    logged = db.execute("SELECT max(seq) FROM envelopes WHERE log_index IS NOT NULL").fetchone()[0]
    if logged is not None:
        return int(logged)
    resumed = note(db, RESUMED)
    return int(json.loads(resumed)["seq"]) if resumed is not None else -1


def last_sequence(db: sqlite3.Connection) -> int | None:
    """The number of the last statement this journal holds; None for an empty one."""
    found = db.execute("SELECT max(seq) FROM envelopes").fetchone()[0]
    return None if found is None else int(found)


def envelope(db: sqlite3.Connection, seq: int) -> EnvelopeRow | None:
    """The statement with that number."""
    row = db.execute(f"SELECT {ENVELOPE} FROM envelopes WHERE seq = ?", (seq,)).fetchone()  # noqa: S608
    return EnvelopeRow(*row) if row else None


def envelopes(db: sqlite3.Connection, first: int = 0) -> Iterator[EnvelopeRow]:
    """The chain from a number on, in order. Iterate only where the connection lives."""
    for row in db.execute(f"SELECT {ENVELOPE} FROM envelopes WHERE seq >= ? ORDER BY seq", (first,)):  # noqa: S608
        yield EnvelopeRow(*row)


def clip(db: sqlite3.Connection, sha256: str) -> ClipRow | None:
    """The clip with that digest."""
    row = db.execute(f"SELECT {CLIP} FROM clips WHERE sha256 = ?", (sha256,)).fetchone()  # noqa: S608
    return _clip(row) if row else None


def clips_in(db: sqlite3.Connection, state: ClipState, limit: int = 1000) -> list[ClipRow]:
    """Clips in a state; important ones first, originals before derivatives, then in the order of the chain."""
    rows = db.execute(
        f"SELECT {CLIP} FROM clips WHERE state = ? "  # noqa: S608
        "ORDER BY kind = 'derivative', important DESC, collected_seq LIMIT ?",
        (state.value, limit),
    )
    return [_clip(row) for row in rows]


def clips_to_upload(db: sqlite3.Connection, limit: int = 100) -> list[ClipRow]:
    """Clips whose promise the archive has logged and whose bytes it has not."""
    return clips_in(db, ClipState.PROMISED, limit)


def clips_awaiting_receipt(db: sqlite3.Connection, limit: int = 100) -> list[ClipRow]:
    """Clips the archive has read back, whose receipt was not fetched or does not check yet."""
    return clips_in(db, ClipState.UPLOADED, limit)


def clip_counts(db: sqlite3.Connection) -> dict[ClipState, int]:
    """How many clips are in each state."""
    counts = dict.fromkeys(ClipState, 0)
    counts.update({ClipState(row[0]): row[1] for row in db.execute("SELECT state, count(*) FROM clips GROUP BY state")})
    return counts


def derivatives(db: sqlite3.Connection, original: str) -> list[ClipRow]:
    """What was made here from a clip."""
    rows = db.execute(f"SELECT {CLIP} FROM clips WHERE original = ? ORDER BY collected_seq", (original,))  # noqa: S608
    return [_clip(row) for row in rows]


def receipt(db: sqlite3.Connection, sha256: str) -> bytes | None:
    """The receipt's own bytes (a tlog-proof), as checked when it came. Check it again before acting on it."""
    row = db.execute("SELECT receipt FROM clips WHERE sha256 = ?", (sha256,)).fetchone()
    return row[0] if row else None


def session(db: sqlite3.Connection, session_id: str) -> SessionRow | None:
    """One stay of a recorder."""
    row = db.execute(f"SELECT {SESSION} FROM sessions WHERE id = ?", (session_id,)).fetchone()  # noqa: S608
    return _session(row) if row else None


def open_sessions(db: sqlite3.Connection) -> list[SessionRow]:
    """Stays that have not ended, oldest first."""
    rows = db.execute(f"SELECT {SESSION} FROM sessions WHERE ended IS NULL ORDER BY plugged, id")  # noqa: S608
    return [_session(row) for row in rows]


def last_sessions(db: sqlite3.Connection, limit: int = 20) -> list[SessionRow]:
    """The latest stays, newest first."""
    rows = db.execute(f"SELECT {SESSION} FROM sessions ORDER BY plugged DESC, id LIMIT ?", (limit,))  # noqa: S608
    return [_session(row) for row in rows]


def files(db: sqlite3.Connection, session_id: str) -> list[FileRow]:
    """The inventory of a stay, in the recorder's order."""
    rows = db.execute(f"SELECT {FILE} FROM files WHERE session = ? ORDER BY number", (session_id,))  # noqa: S608
    return [_file(row) for row in rows]


def session_receipts(db: sqlite3.Connection, session_id: str) -> list[tuple[FileRow, ClipRow | None, bytes | None]]:
    """For every file of a stay: the file, its clip, and the receipt of that clip. What clearing decides on: a file
    without a receipt forbids it."""
    return [
        (
            file,
            clip(db, file.sha256) if file.sha256 else None,
            receipt(db, file.sha256) if file.sha256 else None,
        )
        for file in files(db, session_id)
    ]


def progress(db: sqlite3.Connection, session_id: str) -> Progress:
    """Counts of a stay."""
    row = db.execute(
        "SELECT count(*), coalesce(sum(f.state = 'collected'), 0), coalesce(sum(f.state = 'failed'), 0), "
        "coalesce(sum(f.state = 'collected' AND c.receipt IS NOT NULL), 0), coalesce(sum(f.size), 0), "
        "coalesce(sum(CASE WHEN f.state = 'collected' THEN c.size ELSE 0 END), 0) "
        "FROM files f LEFT JOIN clips c ON c.sha256 = f.sha256 WHERE f.session = ?",
        (session_id,),
    ).fetchone()
    return Progress(*row)


def collected_before(db: sqlite3.Connection, recorder_key: str, raw: bytes, sha256: str) -> bool:
    """Whether these bytes were already collected from this recorder under this name: then nothing is said again."""
    found = db.execute(
        "SELECT 1 FROM files f JOIN sessions s ON s.id = f.session "
        "WHERE f.sha256 = ? AND f.raw = ? AND f.state = 'collected' AND s.recorder_key = ? LIMIT 1",
        (sha256, raw, recorder_key),
    ).fetchone()
    return found is not None


def outstanding(db: sqlite3.Connection, session_id: str) -> int:
    """How many files of a stay have no checked receipt yet; where all have one, 1 while a statement of it is not in the log."""
    row = db.execute(
        "SELECT count(*) FROM files f WHERE f.session = ? AND NOT EXISTS "
        "(SELECT 1 FROM clips c WHERE c.sha256 = f.sha256 AND c.receipt IS NOT NULL)",
        (session_id,),
    ).fetchone()
    return int(row[0]) or int(_is_unlogged(db, session_id))


def _is_unlogged(db: sqlite3.Connection, session_id: str) -> bool:
    """Looks from the newest on: a stay that waits is among the last that spoke, however much else has not been sent for days."""
    rows = db.execute(
        f"SELECT data FROM envelopes WHERE log_index IS NULL AND kind IN ({OF_A_STAY}) ORDER BY seq DESC"  # noqa: S608
    )
    return any(_session_of(_event(data)) == session_id for (data,) in rows)


def stated_of(db: sqlite3.Connection, session_id: str) -> list[Stated]:
    """Everything said of a stay, the latest first, back to the recorder.docked that began it."""
    found = []
    rows = db.execute(f"SELECT seq, data, log_index FROM envelopes WHERE kind IN ({OF_A_STAY}) ORDER BY seq DESC")  # noqa: S608
    for seq, data, log_index in rows:
        event = _event(data)
        if _session_of(event) == session_id:
            found.append(Stated(seq, event, log_index))
            if isinstance(event, RecorderDocked):
                break
    return found


def _event(data: bytes) -> Event:
    return read_statement(dsse.Envelope.parse(data).payload).event


def _session_of(event: Event) -> str | None:
    return getattr(event, "session", None)


def queue(db: sqlite3.Connection, sessions: Sequence[str] = (), sending: Sequence[str] = ()) -> Queue:
    """What waits for the archive, for screens: originals not sent whole, and of each of these stays its own part and what goes before
    its last clip (in the order of sending). `sending`: digests being sent; those that still are come back."""
    unsent = "kind = 'original' AND state IN ('spooled', 'promised')"
    clips, size = db.execute(f"SELECT count(*), coalesce(sum(size), 0) FROM clips WHERE {unsent}").fetchone()  # noqa: S608
    awaiting = db.execute("SELECT count(*) FROM clips WHERE kind = 'original' AND state = 'uploaded'").fetchone()[0]
    of_stays = {}
    for session in sessions:
        own = db.execute(
            f"SELECT sum(size), min(important), max(collected_seq), sum(size * (1 - important)) FROM clips WHERE {unsent} "  # noqa: S608
            "AND sha256 IN (SELECT sha256 FROM files WHERE session = ?)",
            (session,),
        ).fetchone()
        ahead = db.execute(
            f"SELECT coalesce(sum(size), 0) FROM clips WHERE {unsent} "  # noqa: S608
            "AND (important > ? OR (important = ? AND collected_seq <= ?))",
            (own[1], own[1], own[2]),
        ).fetchone()
        of_stays[session] = ToSend(own[0] or 0, ahead[0] if own[0] is not None else 0, own[3] or 0)
    still = [
        sha256
        for sha256 in sending
        if db.execute("SELECT 1 FROM clips WHERE sha256 = ? AND state = 'promised'", (sha256,)).fetchone()
    ]
    return Queue(clips, size, awaiting, of_stays, frozenset(still))


def day(db: sqlite3.Connection, since: str) -> Day:
    """Originals stated from that moment on (UTC, as statements write it). Times in a chain never go back, so the first statement of the
    day is found by halving."""
    low, high = db.execute("SELECT coalesce(min(seq), 0), coalesce(max(seq), -1) + 1 FROM envelopes").fetchone()
    while low < high:
        middle = (low + high) // 2
        if db.execute("SELECT time >= ? FROM envelopes WHERE seq = ?", (since, middle)).fetchone()[0]:
            high = middle
        else:
            low = middle + 1
    row = db.execute(
        "SELECT count(*), coalesce(sum(size), 0), coalesce(sum(receipt IS NOT NULL), 0) FROM clips "
        "WHERE collected_seq >= ? AND kind = 'original'",
        (low,),
    ).fetchone()
    return Day(*row)


def receipted_before(db: sqlite3.Connection, time: str, limit: int = 100) -> list[ClipRow]:
    """Clips whose spool copy may go: their receipt was checked before that time; the oldest first."""
    rows = db.execute(
        f"SELECT {CLIP} FROM clips WHERE state = 'receipted' AND receipted < ? ORDER BY receipted, collected_seq LIMIT ?",  # noqa: S608
        (time, limit),
    )
    return [_clip(row) for row in rows]


def without_proxy(db: sqlite3.Connection, limit: int = 10) -> list[ClipRow]:
    """Originals still in the spool of which no proxy was made, and for which it was not given up (`NO_PROXY`)."""
    rows = db.execute(
        f"SELECT {CLIP} FROM clips c WHERE kind = 'original' AND state <> 'released' AND size > 0 "  # noqa: S608
        "AND NOT EXISTS (SELECT 1 FROM clips d WHERE d.original = c.sha256 AND d.role = 'proxy') "
        "AND NOT EXISTS (SELECT 1 FROM notes n WHERE n.name = ? || c.sha256) "
        "ORDER BY important DESC, collected_seq LIMIT ?",
        (NO_PROXY, limit),
    )
    return [_clip(row) for row in rows]


def alarms(db: sqlite3.Connection) -> list[Alarm]:
    """Alarms that stand, oldest first."""
    return [Alarm(*row) for row in db.execute("SELECT code, detail, since FROM alarms ORDER BY since, code")]


def note(db: sqlite3.Connection, name: str) -> bytes | None:
    """A small value kept between runs, such as `CHECKPOINT`."""
    row = db.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def notes(db: sqlite3.Connection, prefix: str) -> list[str]:
    """Names of the notes that begin so."""
    return [row[0] for row in db.execute("SELECT name FROM notes WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))]


CHECKPOINT = "checkpoint"  # note: the last checkpoint seen from the archive's log, as its signed note's bytes
TRACK_SOUGHT = "track-sought:"  # note, with a clip's digest behind it: its track's digest, or why there is none
NO_PROXY = "no-proxy:"  # note, with a clip's digest behind it: why there is none and will be none
RESUMED = "resumed"  # note: where the archive's head was when this journal began (JSON of seq, hash, time)


def _clip(row: tuple[object, ...]) -> ClipRow:
    values = dict(zip(CLIP.split(", "), row, strict=True))
    values["kind"] = ClipKind(str(values["kind"]))
    values["state"] = ClipState(str(values["state"]))
    values["important"] = bool(values["important"])
    return ClipRow(**values)  # type: ignore[arg-type]


def _session(row: tuple[object, ...]) -> SessionRow:
    values = dict(zip(SESSION.split(", "), row, strict=True))
    values["quarantined"] = bool(values["quarantined"])
    return SessionRow(**values)  # type: ignore[arg-type]


def _file(row: tuple[object, ...]) -> FileRow:
    values = dict(zip(FILE.split(", "), row, strict=True))
    values["important"] = bool(values["important"])
    values["state"] = FileState(str(values["state"]))
    return FileRow(**values)  # type: ignore[arg-type]
