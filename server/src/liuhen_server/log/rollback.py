"""Whether the database, the log folder and what was published are of one time: nothing more is signed otherwise."""

from __future__ import annotations

from liuhen_protocol.errors import Malformed
from liuhen_protocol.note import Note
from liuhen_server.log.reading import LogReader
from liuhen_server.log.signed_state import LogStopped, SignedState


def check_not_rolled_back(state: SignedState, reader: LogReader) -> None:
    """The database, the files and what was published must be of one time. Raises LogStopped."""
    if state.next_index != state.entries_end:
        raise LogStopped(
            "entry-added" if state.entries_end > state.next_index else "entry-missing",
            f"the log gave {state.next_index} indexes, the database ends at {state.entries_end}: entries were added or removed",
        )
    if state.next_index < state.signed_size:
        raise LogStopped(
            "database-rolled-back",
            f"{state.signed_size} entries are signed and only {state.next_index} are in the database: restore the newest",
        )
    try:
        published = reader.published()
    except Malformed as error:
        raise LogStopped("other-checkpoint", f"log/checkpoint was altered: {error}") from error
    size, text = (0, b"") if published is None else (published[0].size, published[0].text())
    if size > state.signed_size or (size == state.signed_size and size and text != Note.parse(state.signed_note).text):
        raise LogStopped(
            "database-rolled-back",
            f"log/checkpoint speaks of {size} entries, the database has signed {state.signed_size} or others: "
            "the database is older than the log. Restore the newest",
        )
    if size < state.published_size:
        raise LogStopped(
            "files-rolled-back",
            f"log/checkpoint speaks of {size} entries, {state.published_size} were published: "
            "the log folder is older than the database. Restore the newest",
        )
