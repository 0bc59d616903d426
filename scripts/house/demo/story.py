"""The main job, as it happens at the end of a shift: three recorders are docked, and every clip goes the whole way."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from house.county import BIN, County, CountyError, command, environment
from house.demo.recorders import PASSWORD, RECORDERS, Recorder, bays_config, make_image, plugged
from house.demo.scene import DOCK, Scene
from house.sample.people import AGENCIES
from liuhen_agent.journal import ClipKind, ClipRow, queries, read_only
from liuhen_agent.recorders.volume import open_volume
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import ClipCollected, RecorderCleared
from liuhen_protocol.moment import parse_time
from liuhen_protocol.statement import read_statement

AGENCY = AGENCIES[0].name


@dataclass(frozen=True)
class Told:
    """What the story left: the scene for the attacks, the originals, and whether everything held."""

    folder: Path
    scene: Scene
    collected: list[ClipRow]
    holds: bool


def tell(county: County, folder: Path, console: Console) -> Told:
    console.print("[bold]留痕演示 / Liuhen: from the recorder to the verified proof[/bold]")
    console.print("证据库、见证方、采集站启动 / archive, witness and dock start", style="dim")
    county.make()
    county.start()
    county.enroll(DOCK, AGENCY)
    dock = county.dock(DOCK)
    (dock / "config.toml").write_text(bays_config())
    secret = dock / "recorders.toml"
    secret.write_text(f'[p-bc]\nrole = "USER"\nsecret = "{PASSWORD}"\n')
    secret.chmod(0o600)
    console.print("制作三台模拟记录仪（示例影像） / making three simulated recorders (sample footage)", style="dim")
    images = {recorder: make_image(recorder, folder / "recorders") for recorder in RECORDERS}

    first, *others = RECORDERS
    console.print(f"\n[bold]接入一台 / One recorder is docked: {first.serial}[/bold]")
    cleared = _dock_them(dock, [first], images)
    with console.status("备份证据库，稍后用于攻击 / the archive is backed up, for an attack later"):
        backup = _back_up(county, folder)
    names = ", ".join(recorder.serial for recorder in others)
    console.print(f"\n[bold]同时接入两台 / Two more at once: {names}[/bold]")
    cleared |= _dock_them(dock, others, images)
    return _report(county, folder, backup, cleared, console)


def _dock_them(dock: Path, recorders: Sequence[Recorder], images: Mapping[Recorder, Path]) -> dict[Recorder, bool]:
    """Plugs recorders in, lets the dock do everything, looks at their cards, pulls them. Whether each card is empty then."""
    with ExitStack() as stack:
        cards = {r: stack.enter_context(plugged(r, images[r], dock / "bays" / r.bay)) for r in recorders}
        _run_dock(dock)
        return {recorder: _files_on(card) == 0 for recorder, card in cards.items()}


def _run_dock(dock: Path) -> None:
    """The dock with its live progress in this terminal, until every bay is done."""
    result = subprocess.run(
        [str(BIN / "liuhen-agent"), "--data", str(dock), "run", "--once-idle"], env=_terminal(), timeout=600
    )
    if result.returncode:
        raise CountyError(f"liuhen-agent run left with {result.returncode}")


def _terminal() -> dict[str, str]:
    """The dock may use colour when this is a terminal."""
    return {name: value for name, value in environment().items() if name != "NO_COLOR" or "NO_COLOR" in os.environ}


def _back_up(county: County, folder: Path) -> Path:
    """Last night's backup, which one of the attacks puts back: taken cold, with the archive stopped."""
    county.stop("archive")
    shutil.copytree(county.archive, folder / "backup")
    county.start_archive()
    return folder / "backup"


def _files_on(card: Path) -> int:
    """How many files a recorder's card holds now, read as the dock reads it."""

    async def count() -> int:
        volume = await open_volume(card)
        try:
            return len((await volume.inventory()).files)
        finally:
            await volume.close()

    return asyncio.run(count())


@dataclass(frozen=True)
class Spent:
    """Seconds, over all dockings, and the bytes that were copied. `receipts`: from the last copied byte until the archive had given
    a receipt for every original; `clearing`: from there until the recorder was empty."""

    copied: int
    copying: float
    receipts: float
    clearing: float
    dockings: int

    def sentence(self) -> str:
        rate = self.copied / 1e6 / self.copying if self.copying else 0.0
        return (
            f"读取 copying {self.copying:.1f} s ({rate:.1f} MB/s) + 等待回执 waiting for receipts {self.receipts:.1f} s"
            f" + 清空 clearing {self.clearing:.1f} s, {self.dockings} 次接入合计 of {self.dockings} dockings together\n"
            "示例影像很小，速率见 scripts/bench / the sample footage is too small for a rate to mean much: scripts/bench measures"
        )


def spent(chain: Sequence[bytes], clips: Sequence[ClipRow]) -> Spent:
    """Read from what the dock stated and when each receipt was checked; no stop-watch of the demonstration's own."""
    checked = {clip.sha256: parse_time(clip.receipted) for clip in clips if clip.receipted}
    dockings: dict[str, list[tuple[ClipCollected, str]]] = {}
    cleared: dict[str, datetime] = {}
    for entry in chain:
        said = read_statement(Envelope.parse(entry).payload)
        if isinstance(said.event, ClipCollected):
            dockings.setdefault(said.event.session, []).append((said.event, said.subject.sha256))
        elif isinstance(said.event, RecorderCleared):
            cleared[said.event.session] = parse_time(said.link.time)
    copying = receipts = clearing = timedelta()
    for session, collected in dockings.items():
        last_byte = max(parse_time(event.finished) for event, _ in collected)
        last_receipt = max([last_byte, *(checked[digest] for _, digest in collected if digest in checked)])
        copying += last_byte - min(parse_time(event.began) for event, _ in collected)
        receipts += last_receipt - last_byte
        clearing += cleared.get(session, last_receipt) - last_receipt
    size = sum(event.size for collected in dockings.values() for event, _ in collected)
    return Spent(size, copying.total_seconds(), receipts.total_seconds(), clearing.total_seconds(), len(dockings))


def _report(county: County, folder: Path, backup: Path, cleared: Mapping[Recorder, bool], console: Console) -> Told:
    dock, copies, policy = county.dock(DOCK), folder / "copies", folder / "policy"
    copies.mkdir()
    command("liuhen-server", "policy", "--data", county.archive, "--out", policy)
    with read_only(dock / "journal.db") as journal:
        states = queries.clip_counts(journal)
        sessions = queries.last_sessions(journal)
        said = [row.data for row in queries.envelopes(journal)]
    scene = Scene(county, backup, copies, policy)
    originals, proxies = scene.clips(ClipKind.ORIGINAL), scene.clips(ClipKind.DERIVATIVE)
    receipted = sum(count for state, count in states.items() if state.value in ("receipted", "released"))
    console.print()
    with console.status("核验证据库 / the archive is verified") as status:
        verified = command("liuhen-server", "verify", "--data", county.archive, "--json", allow=(0, 1))
        status.update("核验日志 / the log is verified, by the verifier alone")
        log = command("liuhen-verify", "log", county.archive / "log", "--policy", policy, "--json", allow=(0, 1))
        status.update("重读存储 / every stored file is read again")
        scrubbed = command("liuhen-server", "scrub", "--data", county.archive, "--json", allow=(0, 1))
        clips_hold = []
        for number, clip in enumerate(originals, start=1):
            status.update(f"核验片段的证明 / proofs of clips are checked: {number} / {len(originals)}, {clip.name}")
            clips_hold.append(_clip_holds(scene, clip))
    size = sum(clip.size for clip in originals)
    every = sum(states.values())

    table = Table(title="报告 / Report", show_header=False, title_justify="left")
    table.add_column(overflow="fold", no_wrap=True)
    table.add_column(overflow="fold")

    def row(what: str, how: str, holds: bool) -> None:
        table.add_row(("[green]●[/green] " if holds else "[red]■[/red] ") + what, how)

    row(
        "片段 clips",
        f"{len(originals)} 段原始文件 originals, {len(proxies)} 段预览 proxies, {size / 1e6:.1f} MB",
        bool(originals and proxies),
    )
    row("用时 time", spent(said, originals).sentence(), True)
    row(
        "链条 chain",
        f"{DOCK}: {len(said)} 条声明相接 statements, linked; {len(sessions)} 次接入 dockings",
        len(sessions) >= len(RECORDERS),
    )
    row("检查点 checkpoint", _checkpoint(county), log.returncode == 0)
    row("回执 receipts", f"{receipted} / {every} 经采集站核验 checked by the dock", receipted == every)
    for recorder, done in cleared.items():
        row(f"已清空 cleared, {recorder.serial}", f"{recorder.title}", done)
    row(
        "核验片段 clips verified",
        f"{sum(clips_hold)} / {len(clips_hold)} 九个步骤全部成立 hold in all nine steps",
        all(clips_hold),
    )
    row("核验日志 log verified", f"{json.loads(log.stdout).get('entries')} 条 entries", log.returncode == 0)
    row(
        "核验证据库 archive verified",
        "数据库、分块、检查点、链条 database, tiles, checkpoint, chains",
        verified.returncode == 0,
    )
    row(
        "重读存储 store re-read",
        f"{json.loads(scrubbed.stdout)['checked']['clips']} 个文件 files",
        scrubbed.returncode == 0,
    )
    console.print(table)
    holds = all(
        [originals, proxies, receipted == every, all(cleared.values()), all(clips_hold)]
        + [result.returncode == 0 for result in (verified, log, scrubbed)]
    )
    return Told(folder, scene, originals, holds)


def _clip_holds(scene: Scene, clip: ClipRow) -> bool:
    file = scene.dock / "spool" / clip.sha256
    proof = scene.proof(clip)
    return (
        command("liuhen-verify", "clip", file, "--proof", proof, "--policy", scene.policy, allow=(0, 1)).returncode == 0
    )


def _checkpoint(county: County) -> str:
    note = (county.archive / "log" / "checkpoint").read_text()
    origin, size, root = note.split("\n")[:3]
    cosigned = note.count("\n— ") - 1
    return f"{origin}: {size} 条 entries, 根 root {root[:12]}…, {cosigned} 方联署 cosigned"
