"""`liuhen-agent profiles`: check, show, simulate and record recorder profiles. What it says of a profile is the profile's own data."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import sys
import termios
import time
import tty
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import click

from liuhen_agent import config
from liuhen_agent.detect import Port, UsbDevice
from liuhen_agent.plain_text import one_line
from liuhen_agent.recorders import Credential, RecorderError
from liuhen_agent.recorders.driver import ProfileDriver
from liuhen_agent.recorders.opening import open_wire
from liuhen_agent.recorders.profile import (
    Profile,
    ProfileError,
    default_folder,
    examine_profile,
    load_profiles,
    read_profile_text,
)
from liuhen_agent.recorders.profile_words import facts, in_words, proof, standing
from liuhen_agent.recorders.trace import (
    REAL,
    SIMULATED,
    RecordingWire,
    Trace,
    TraceDiffers,
    check_files,
    converse,
    parse_trace,
    replay,
)
from liuhen_agent.simulate.families import FAMILIES
from liuhen_agent.simulate.machine import Character, Machine
from liuhen_agent.simulate.machine_wire import MachineWire

MANNERS = ("well", "garbage", "silent", "partial", "endless", "locked")
SAMPLE_TIME = datetime(2026, 11, 22, 10, 0, 0)
DRIFT = timedelta(seconds=-90)


@click.group()
def profiles() -> None:
    """记录仪配置 Recorder profiles: how a family of recorders is known, spoken to, read and cleared."""


@profiles.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="供程序读取 For programs.")
@click.pass_obj
def check(data_dir: Path, files: tuple[Path, ...], as_json: bool) -> None:
    """检查配置，列出全部错误 Check FILES, or all profiles of this dock, and replay the trace beside each: every mistake with file and line."""
    chosen = list(files) or sorted(_folder(data_dir).glob("*.toml"))
    if not chosen:
        raise click.UsageError(f"{_folder(data_dir)}: 没有配置 no profile")
    found: list[dict[str, object]] = []
    names: dict[str, Path] = {}
    for path in chosen:
        profile, errors = examine(path)
        if profile is not None and profile.name in names:
            errors = [ProfileError(path.name, None, "name", f"another profile is called {profile.name!r}")]
        if profile is not None:
            names[profile.name] = path
        found += [{"file": str(path), "line": error.line, "key": error.key, "why": error.why} for error in errors]
        if not as_json:
            for error in errors:
                click.echo(one_line(str(error), 500))
            if not errors and profile is not None:
                click.echo(f"{path.name}: 正确 well: {profile.name}, {standing(profile)}, {proof(path, profile)}")
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    sys.exit(1 if found else 0)


def examine(path: Path) -> tuple[Profile | None, list[ProfileError]]:
    """A profile and what is wrong with it or with the trace beside it."""
    try:
        profile, errors = examine_profile(read_profile_text(path), path.name)
    except ProfileError as error:
        return None, [error]
    beside = path.with_suffix(".trace")
    if profile is None or not beside.exists():
        return profile, errors
    try:
        trace = parse_trace(beside.read_text("utf-8"))
        if trace.profile != profile.name:
            raise TraceDiffers(2, f"is of the profile {trace.profile!r}")
        check_files(profile, trace)
        if profile.driver not in ("none", "mtp"):
            asyncio.run(replay(profile, trace))
    except TraceDiffers as error:
        return profile, [ProfileError(beside.name, error.line, "trace", error.why)]
    except UnicodeDecodeError:
        return profile, [ProfileError(beside.name, None, "trace", "not UTF-8")]
    return profile, []


@profiles.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="供程序读取 For programs.")
@click.pass_obj
def show(data_dir: Path, name: str | None, as_json: bool) -> None:
    """列出配置，或用文字说明一个 List this dock's profiles, or say in words what the one called NAME (or a file of yours) does."""
    chosen = _load(data_dir) if name is None else (_chosen(data_dir, name),)
    if as_json:
        click.echo(json.dumps([facts(profile) for profile in chosen], ensure_ascii=False))
        return
    for profile in chosen:
        if name is None:
            click.echo(f"{profile.name:22} {profile.title_zh}  {profile.title} · {standing(profile)}")
        else:
            click.echo("\n".join(in_words(profile)))


@profiles.command()
@click.argument("name")
@click.option(
    "--like", type=click.Choice(sorted(FAMILIES)), help="由哪个模拟器扮演 Which simulator plays the recorder."
)
@click.option("--tty", "on_tty", is_flag=True, help="作为串口 As a serial line, until Ctrl-C.")
@click.option("--manners", type=click.Choice(MANNERS), default="well", show_default=True, help="表现 How it behaves.")
@click.pass_obj
def simulate(data_dir: Path, name: str, like: str | None, on_tty: bool, manners: str) -> None:
    """与模拟记录仪对话 Talk to a simulated recorder as the profile NAME (or a file of yours) says and print what was said.

    不接触真实硬件；密码为六个零。 Nothing touches real hardware; its password is six zeros.
    """
    profile = _spoken_to(_chosen(data_dir, name))
    family = FAMILIES.get(like or profile.name)
    if family is None:
        known = ", ".join(sorted(FAMILIES))
        raise click.UsageError(f"{name}: 没有模拟器 has no simulator; --like: {known}")
    character = _character(manners)
    if on_tty:
        if family.carries != "stream":
            raise click.UsageError(f"{name}: 不经串口 is not spoken to over a line of bytes; leave out --tty")
        _serve_tty(family(character, datetime.now()))
        return
    trace, error = simulated_trace(profile, character, family)
    click.echo(trace.text(), nl=False)
    if error is not None:
        click.echo(f"错误 error: {one_line(str(error))}", err=True)
        sys.exit(1)


def simulated_trace(
    profile: Profile, character: Character | None = None, family: type[Machine] | None = None
) -> tuple[Trace, RecorderError | None]:
    """What dock and simulated recorder say, always the same; and what ended it early."""
    about = character or _character("well")
    simulated = MachineWire((family or FAMILIES[profile.name])(about, SAMPLE_TIME), lambda: SAMPLE_TIME)
    credential = Credential("USER" if "role" in _login_holes(profile) else "", Character.password)
    trace = Trace(profile.name, SIMULATED)
    wire = RecordingWire(simulated, trace)
    driver = ProfileDriver(profile, wire, ThreadPoolExecutor(1), simulated.seconds)

    async def talk() -> None:
        try:
            await converse(driver, wire, trace, _steps(profile, setting=True, disk_mode=True), credential)
        finally:
            await driver.close()

    try:
        asyncio.run(talk())
    except RecorderError as error:
        return trace, error
    return trace, None


@profiles.command()
@click.argument("profile_file", metavar="PROFILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--port", type=click.Path(path_type=Path), help="串口 Its serial line, such as /dev/ttyACM0.")
@click.option("--usb", metavar="BUS:ADDRESS", help="总线与地址 Where it is on the bus, as lsusb says, such as 1:14.")
@click.option("--disk", type=click.Path(path_type=Path), help="磁盘 Its disk, for SCSI commands, such as /dev/sdb.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="记录文件 Where to write the trace."
)
@click.option("--disk-mode", is_flag=True, help="最后切换磁盘模式 At the end, have it show its disk.")
@click.pass_obj
def record(
    data_dir: Path,
    profile_file: Path,
    port: Path | None,
    usb: str | None,
    disk: Path | None,
    out: Path,
    disk_mode: bool,
) -> None:
    """与真机对话并记录 Talk to a real recorder as PROFILE says and write down what was said; the password is masked.

    不设时钟，不写任何内容；密码取自 recorders.toml，只发送一次。 Its clock is not set and nothing is written on it. The password comes from
    recorders.toml and is sent once. An officer's name may stand in the trace: read it before you pass it on.
    """
    profile = _spoken_to(_parsed(profile_file))
    if [port, usb, disk].count(None) != 2:
        raise click.UsageError("--port、--usb、--disk 三者取一 give one of --port, --usb, --disk")
    credential = _credentials(data_dir).get(profile.name)
    steps = _steps(profile, setting=False, disk_mode=disk_mode)
    if "login" in steps and credential is None:
        raise click.UsageError(f"没有密码 no password: [{profile.name}] in recorders.toml")
    trace, ended, place = Trace(profile.name, REAL), None, _port(port, usb, disk)
    try:
        file = out.open("x", encoding="utf-8")  # before anything is said: the password may be sent only once
    except OSError as error:
        raise click.UsageError(f"{out}: 无法新建 cannot be made: {error.strerror}") from error
    with file:
        try:
            asyncio.run(_record(profile, place, trace, steps, credential or Credential("", "")))
        except RecorderError as error:
            ended = error
        finally:
            file.write(trace.text())
    click.echo(f"已记录 written: {out} ({len(trace.events)} 行 lines)")
    if ended is not None:
        click.echo(f"错误 error: {one_line(str(ended))}", err=True)
        sys.exit(1)


async def _record(profile: Profile, port: Port, trace: Trace, steps: list[str], credential: Credential) -> None:
    thread = ThreadPoolExecutor(1)
    wire = RecordingWire(await asyncio.get_running_loop().run_in_executor(thread, open_wire, port, profile), trace)
    driver = ProfileDriver(profile, wire, thread)
    try:
        await converse(driver, wire, trace, steps, credential)
    finally:
        await driver.close()


def _port(tty_node: Path | None, usb: str | None, disk: Path | None) -> Port:
    found: UsbDevice | None = None
    if usb is not None:
        try:
            bus, address = (int(part) for part in usb.split(":"))
        except ValueError:
            raise click.UsageError(f"{usb}: 应为 must be BUS:ADDRESS") from None
        found = _on_the_bus(bus, address)
    return Port("record", "image", Path(), "record", tty=tty_node, disk=disk, usb=found)


def _on_the_bus(bus: int, address: int) -> UsbDevice:
    import usb.core  # only here: everything else of this command needs no libusb

    try:
        device = usb.core.find(bus=bus, address=address)
    except usb.core.NoBackendError:
        raise click.UsageError("缺少 libusb is missing: apt-get install libusb-1.0-0") from None
    if device is None:
        raise click.UsageError(f"{bus}:{address}: 没有设备 no device there")
    return UsbDevice("", device.idVendor, device.idProduct, "", "", "", bus, address, ())


def _steps(profile: Profile, *, setting: bool, disk_mode: bool) -> list[str]:
    """A whole conversation, as far as the profile has the commands."""
    has = profile.protocol.commands
    steps = ["probe", *(["login"] if "login" in has else []), "info"]
    steps += [name for name in ("time_get", "battery", "storage") if name in has]
    if setting and "time_set" in has:
        steps.append(f"time_set {SAMPLE_TIME.isoformat()}")
        steps += ["time_get"] if "time_get" in has else []
    return steps + (["disk_mode"] if disk_mode else [])


def _login_holes(profile: Profile) -> str:
    login = profile.protocol.commands.get("login")
    return " ".join([*login.send, login.payload]) if login else ""


def _character(manners: str) -> Character:
    return Character(
        clock_offset=DRIFT,
        garbage=manners == "garbage",
        silent=manners == "silent",
        partial=manners == "partial",
        endless=manners == "endless",
        lock_after=0 if manners == "locked" else 3,
    )


def _serve_tty(machine: Machine) -> None:
    """A pseudo-terminal with the recorder behind it, until it leaves for disk mode or Ctrl-C."""
    master, slave = os.openpty()
    tty.setraw(slave)
    click.echo(f"串口 serial line: {os.ttyname(slave)}")
    try:
        with contextlib.suppress(KeyboardInterrupt, termios.error):
            while True:
                select.select([master], [], [])
                step = machine.step(os.read(master, 4096), datetime.now())
                if step.delay:
                    time.sleep(step.delay)
                for piece in step.pieces:
                    os.write(master, piece)
                if step.leaves is not None:
                    click.echo("进入磁盘模式，离开串口 disk mode: it leaves the line")
                    time.sleep(0.2)
                    return
    finally:
        os.close(slave)
        os.close(master)


def _folder(data_dir: Path) -> Path:
    """The folder of this dock's profiles; those that came with the program where there is no dock."""
    try:
        return config.load(data_dir).profiles if data_dir.is_dir() else default_folder()
    except config.ConfigError as error:
        raise click.UsageError(str(error)) from error


def _credentials(data_dir: Path) -> dict[str, Credential]:
    try:
        return config.load_credentials(config.load(data_dir).credentials)
    except config.ConfigError as error:
        raise click.UsageError(str(error)) from error


def _load(data_dir: Path) -> tuple[Profile, ...]:
    try:
        return load_profiles(_folder(data_dir))
    except ProfileError as error:
        raise click.UsageError(str(error)) from error


def _chosen(data_dir: Path, name: str) -> Profile:
    """A file of somebody's own, else one of this dock's profiles."""
    if name.endswith(".toml"):
        return _parsed(Path(name))
    for profile in _load(data_dir):
        if profile.name == name:
            return profile
    raise click.UsageError(f"没有名为 {name} 的配置 no profile is called {name}")


def _spoken_to(profile: Profile) -> Profile:
    if profile.driver in ("none", "mtp"):
        raise click.UsageError(f"{profile.name}: 无须通信 is not spoken to: there is nothing to simulate or record")
    return profile


def _parsed(path: Path) -> Profile:
    try:
        profile, errors = examine_profile(read_profile_text(path), path.name)
    except ProfileError as error:
        raise click.UsageError(str(error)) from error
    if profile is None:
        raise click.UsageError("\n".join(str(error) for error in errors))
    return profile
