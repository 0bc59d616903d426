"""`liuhen-server backup` and `liuhen-server restore`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from liuhen_server.command import DATA, JSON, answers, show, with_archive
from liuhen_server.operations.backup import Progress, Taken, take
from liuhen_server.operations.backup_format import SUMS
from liuhen_server.operations.restore import restore as restored


@click.command()
@DATA
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    envvar="LIUHEN_BACKUP",
    help="备份目录，须已存在 / the folder of backups, which must be there (or LIUHEN_BACKUP)",
)
@click.option(
    "--with-keys", is_flag=True, help="连同密钥 / the keys too: who reads the backup can then speak as the archive"
)
@click.option("--keep", type=click.IntRange(1), help="保留份数 / how many backups to keep; without it, all")
@JSON
@answers
def backup(data: Path, to: Path, with_keys: bool, keep: int | None, as_json: bool) -> None:
    """备份，可在运行中进行。 Copies the archive while it runs: database, log, settings, every clip that is not there yet. The earlier
    backups stay whole whatever happens.
    """
    if not to.is_dir():
        raise click.UsageError(f"{to} 不存在，磁盘是否已挂载? / there is no folder {to}: is the disk mounted?")
    taken = with_archive(
        data, lambda archive: take(archive, to, with_keys=with_keys, most=keep, progress=_progress(as_json))
    )
    about = taken.about
    values: dict[str, object] = {
        "backup": str(taken.folder),
        "entries": about.entries,
        "signed": about.signed,
        "published": about.published,
        "clips": about.clips,
        "bytes": about.clip_bytes,
        "fresh": taken.fresh,
        "missing": list(about.missing),
        "removed": list(taken.removed),
        "keys": about.keys,
    }
    show(as_json, values, _said(taken))
    if about.missing:
        sys.exit(1)


@click.command()
@click.argument("source", metavar="FROM", type=click.Path(exists=True, file_okay=False, path_type=Path))
@DATA
@click.option(
    "--keys",
    "keys_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="离线密钥副本所在目录（内有 keys/ 和 ca/） / the folder with the offline copy of keys/ and ca/",
)
@click.option(
    "--database",
    envvar="LIUHEN_DATABASE",
    help="空的 PostgreSQL 数据库 / an empty database, for a backup of PostgreSQL",
)
@JSON
@answers
def restore(source: Path, data: Path, keys_folder: Path | None, database: str | None, as_json: bool) -> None:
    """从备份恢复到新目录。 Restores one backup into a new folder, checks every byte and everything it proves; its log stays stopped until
    `liuhen-server resume`.
    """
    done = asyncio.run(restored(source, data, keys_folder=keys_folder, database=database, progress=_progress(as_json)))
    about, report = done.about, done.report
    values: dict[str, object] = {"data": str(data), "taken": about.taken, "signed": about.signed, **report.as_json()}
    text = (
        f"{report.text()}\n"
        f"备份时间 / taken: {about.taken}, 已签 / signed: {about.signed}\n"
        "日志已停止，不会自行继续。备份总是旧的：见证方和采集站可能见过更新的内容。\n"
        "The log is stopped and does not go on by itself. A backup is old: witnesses and docks may have seen more.\n"
        f"  1. liuhen-server serve --data {data}\n"
        f"  2. liuhen-server resume --data {data}   # 全部核验，再问见证方 / verifies everything, then the witnesses are asked\n"
        f"  3. liuhen-server doctor --data {data}   # behind-witness: 见证方所见更多，见 operations / a witness has seen more, see operations"
    )
    show(as_json, values, text)
    if not report.holds:
        sys.exit(1)


def _said(taken: Taken) -> str:
    about = taken.about
    lines = [
        f"备份完成 / backup: {taken.folder}",
        f"  条目 entries {about.entries}, 已签 signed {about.signed}, 已发布 published {about.published}, "
        f"片段 clips {about.clips} ({about.clip_bytes} 字节 bytes), 新增 new {taken.fresh}",
        f"  核对 / check: cd {taken.folder} && sha256sum -c --quiet {SUMS}",
    ]
    if not about.keys:
        lines.append("  不含密钥：另存 keys/ 和 ca/ / without keys: keep keys/ and ca/ elsewhere")
    if taken.removed:
        lines.append(f"  已删除的旧备份 / old ones removed: {', '.join(taken.removed)}")
    for sha256 in about.missing:
        lines.append(f"✗ 库中缺失或损坏 / missing or damaged in the archive: {sha256}; run liuhen-server scrub")
    return "\n".join(lines)


def _progress(as_json: bool) -> Progress:
    def tell(done: int, total: int) -> None:
        if not as_json and sys.stderr.isatty():
            click.echo(f"\r{done}/{total}", nl=False, err=True)

    return tell
