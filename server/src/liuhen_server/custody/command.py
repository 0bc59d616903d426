"""`liuhen-server proof` and `liuhen-server policy`: what somebody needs to verify a clip without the archive. Neither
gives out footage.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from liuhen_files import durable
from liuhen_protocol.digest import is_digest
from liuhen_server.command import DATA, Failed, answers, with_archive
from liuhen_server.custody.evidence import Clip, Evidence, Gathered, clip_of
from liuhen_server.database.schema import clips
from liuhen_server.operations.opening import Archive

OUT = click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="写入文件 / a file instead of standard output"
)


@click.command()
@DATA
@OUT
@answers
def policy(data: Path, out: Path | None) -> None:
    """核验策略。 Prints the policy (C2SP tlog-policy) by which verifiers accept this log: its key, its witnesses, their
    quorum.
    """

    async def work(archive: Archive) -> str:
        return archive.policy.text()

    _give(with_archive(data, work).encode(), out)


@click.command()
@DATA
@click.argument("sha256")
@click.option("--dock", help="采集站 / the dock, where several collected the same bytes")
@OUT
@answers
def proof(data: Path, sha256: str, dock: str | None, out: Path | None) -> None:
    """片段的证明。 Prints a clip's tlog-proofs one after the other, as `liuhen-verify clip FILE --proof` reads them."""
    if not is_digest(sha256):
        raise click.UsageError(
            f"{sha256[:80]!r}: 应为 64 位小写十六进制 SHA-256 / not a SHA-256 in 64 lower-case digits"
        )

    async def work(archive: Archive) -> Gathered:
        return await Evidence(archive.database, archive.reader).gather(
            await _find(archive, sha256, dock), for_export=True
        )

    gathered = with_archive(data, work)
    if gathered.bare or not gathered.proofs:
        raise Failed(
            "检查点尚未发布，请稍后再试 / not all of it is under a published checkpoint yet: try again in a moment"
        )
    _give(gathered.bundle(), out)


async def _find(archive: Archive, sha256: str, dock: str | None) -> Clip:
    query = clips.select().where(clips.c.sha256 == sha256)
    async with archive.database.read() as conn:
        found = [clip_of(row) for row in (await conn.execute(query)).mappings()]
    chosen = [clip for clip in found if dock in (None, clip.dock)]
    if not chosen:
        raise Failed(f"没有此片段 / no clip {sha256}" + (f" of dock {dock}" if dock else ""))
    if len(chosen) > 1:
        raise click.UsageError(
            "several docks collected these bytes; choose --dock " + ", ".join(c.dock for c in chosen)
        )
    return chosen[0]


def _give(data: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(data)
    else:
        durable.replace(out, data, 0o644)
