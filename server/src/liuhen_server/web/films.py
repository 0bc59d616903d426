"""Which files of a clip a browser can play: the proxy first, since it is there at once, and the original on demand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from sqlalchemy import select

from liuhen_server.custody.evidence import Clip, clip_of
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips

__all__ = ["ORIGINAL", "PROXY", "Film", "films_of"]

PROXY, ORIGINAL = "proxy", "original"

_BY_ENDING = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/mp4",
    ".webm": "video/webm",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
}
_PLAYED = frozenset(_BY_ENDING.values())


@dataclass(frozen=True, slots=True)
class Film:
    """`which` is proxy or original; `file` what is played. The media type comes from a fixed list, never from the dock's
    word alone.
    """

    which: str
    file: Clip
    media_type: str


async def films_of(conn: Connection, clip: Clip) -> list[Film]:
    """The newest stored proxy, then the original where its name says that a browser may play it."""
    films: list[Film] = []
    if clip.disposed_index is not None:
        return films
    query = select(clips).where(
        clips.c.original == clip.sha256,
        clips.c.dock == clip.dock,
        clips.c.role == "proxy",
        clips.c.stored_index.is_not(None),
    )
    for row in (await conn.execute(query.order_by(clips.c.promised_index.desc()))).mappings():
        if row["media_type"] in _PLAYED:
            films.append(Film(PROXY, clip_of(row), row["media_type"]))
            break
    by_name = _BY_ENDING.get(PurePosixPath(clip.name).suffix.lower())
    if clip.stored_index is not None and by_name is not None:
        films.append(Film(ORIGINAL, clip, by_name))
    return films
