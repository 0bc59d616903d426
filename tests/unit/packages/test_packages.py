"""Promises of scripts/build-deb: the same checkout gives the same bytes, everything is inside and in its place, nothing of the building machine is."""

from __future__ import annotations

import hashlib
import json
import marshal
import os
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from house.deb.environment import Target, wanted
from house.deb.package import REPOSITORY, control, filled
from house.deb.parts import PARTS, BuildError, Part, of_unit, place_of
from liuhen_agent.detect import udev_rules

pytestmark = [pytest.mark.xdist_group("packages"), pytest.mark.timeout(600)]  # a package is built twice
PYTHON = "3.11"
ARCH = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True).stdout.strip()


def build(out: Path, *arguments: str, **environ: str) -> Path:
    """The command as an administrator runs it, without setting up again."""
    command = [sys.executable, "-m", "house.deb", *arguments, "--out", str(out)]
    given = {**os.environ, "PYTHONPATH": str(REPOSITORY / "scripts"), **environ}
    done = subprocess.run(command, env=given, capture_output=True, text=True, cwd=out.parent)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


@dataclass(frozen=True)
class Built:
    deb: Path
    root: Path
    """Where it is unpacked."""
    control: Path

    @property
    def names(self) -> list[str]:
        return sorted("/" + str(path.relative_to(self.root)) for path in self.root.rglob("*"))


@pytest.fixture(scope="module")
def dock(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("dock")
    deb = build(folder / "out", "dock")
    subprocess.run(["dpkg-deb", "-x", str(deb), str(folder / "root")], check=True)
    subprocess.run(["dpkg-deb", "-e", str(deb), str(folder / "control")], check=True)
    return Built(deb, folder / "root", folder / "control")


def ours(dock: Built, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the package, run where it was unpacked."""
    home = dock.root / "opt/liuhen/dock/bin"
    return subprocess.run(
        [str(home / "python"), "-I", str(home / command), *arguments], capture_output=True, text=True, cwd=dock.root
    )


def test_the_same_checkout_gives_the_same_bytes(dock: Built, tmp_path: Path) -> None:
    scratch = tmp_path / "another folder for temporary files"
    scratch.mkdir()
    old = os.umask(0o077)
    try:
        again = build(tmp_path / "out", "dock", TMPDIR=str(scratch), TZ="Asia/Shanghai", LC_ALL="C")
    finally:
        os.umask(old)
    assert again.name == dock.deb.name
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(dock.deb.read_bytes()).digest()


def test_its_commands_run_with_nothing_but_what_is_inside(dock: Built) -> None:
    assert ours(dock, "liuhen-agent", "--version").stdout.startswith("liuhen-agent, version ")
    assert ours(dock, "liuhen-verify", "--help").returncode == 0
    told = "import json, sys, liuhen_agent.dock, pytsk3\nfiles = [getattr(m, '__file__', None) for m in sys.modules.values()]\n"
    told += "print(json.dumps([sys.path, [file for file in files if file]]))"
    python = dock.root / "opt/liuhen/dock/bin/python"
    found = subprocess.run([str(python), "-I", "-c", told], capture_output=True, text=True, cwd=dock.root, check=True)
    paths, files = json.loads(found.stdout)
    for name in [*paths, *files]:
        assert name.startswith((f"{dock.root}/", "/usr/lib/python3")), name
    for other in ("liuhen_server", "sqlalchemy", "pip"):
        assert subprocess.run([str(python), "-I", "-c", f"import {other}"], capture_output=True).returncode == 1


def test_a_package_for_a_raspberry_pi_is_built_here_and_holds_programs_for_it_alone(tmp_path: Path) -> None:
    """What cannot be had here: it is not run on one. Where there is no Python 3.13, its byte code is made at installation."""
    deb = build(tmp_path / "out", "dock", "--arch", "arm64", "--python", "3.13")
    subprocess.run(["dpkg-deb", "-R", str(deb), str(tmp_path / "root")], check=True)
    libraries = [path for path in _files(tmp_path / "root") if path.read_bytes()[:4] == b"\x7fELF"]
    assert len(libraries) > 10
    machines = {int.from_bytes(path.read_bytes()[18:20], "little") for path in libraries}
    assert machines == {183}, "EM_AARCH64"
    assert not [path.name for path in libraries if "cpython-" in path.name and "cpython-313-aarch64" not in path.name]
    if not list((tmp_path / "root").rglob("*.pyc")):
        assert "python -m compileall" in (tmp_path / "root/DEBIAN/postinst").read_text()
        assert "__pycache__" in (tmp_path / "root/DEBIAN/prerm").read_text()
    assert (tmp_path / "root/opt/liuhen/dock/bin/python3.13").readlink() == Path("/usr/bin/python3.13")


def test_recorder_profiles_are_where_the_agent_looks_for_them(dock: Built) -> None:
    there = {path.name for path in (dock.root / "usr/share/liuhen/firmware_profiles").iterdir()}
    assert {path.name for path in (REPOSITORY / "firmware_profiles").glob("*.toml")} <= there
    told = "from liuhen_agent.recorders.profile import default_folder; print(default_folder())"
    python = dock.root / "opt/liuhen/dock/bin/python"
    found = subprocess.run([str(python), "-I", "-c", told], capture_output=True, text=True, check=True).stdout.strip()
    assert found == "/usr/share/liuhen/firmware_profiles"


def test_no_file_lies_outside_the_promised_folders(dock: Built) -> None:
    promised = re.compile(
        r"/opt/liuhen/dock/.+|/usr/bin/liuhen-agent|/usr/lib/systemd/system/liuhen-[^/]+|/usr/lib/(sysusers|tmpfiles)\.d/liuhen-[^/]+\.conf"
        r"|/usr/lib/udev/rules\.d/\d\d-liuhen-[^/]+\.rules|/usr/share/doc/liuhen-dock/[^/]+|/usr/share/liuhen/firmware_profiles/.+"
    )
    files = [name for name in dock.names if not (dock.root / name[1:]).is_dir()]
    assert [name for name in files if not promised.fullmatch(name)] == []
    assert not [name for name in dock.names if name.startswith(("/var", "/etc", "/home", "/root", "/tmp"))]
    # both of dock and archive bring it: it is linked by update-alternatives
    assert "/usr/bin/liuhen-verify" not in files


def test_every_unit_of_the_checkout_is_in_a_package(dock: Built) -> None:
    folder = REPOSITORY / "systemd"
    for path in (path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.suffix != ".md"):
        part, place = of_unit(path.name), place_of(path)
        if part.name == "dock":
            assert (dock.root / place.relative_to("/")).read_bytes() == (folder / path).read_bytes()


def test_nothing_names_the_machine_it_was_built_on(dock: Built) -> None:
    places = [str(REPOSITORY).encode() + b"/", b"/build-deb-", str(dock.deb.parent).encode()]
    for path in _files(dock.root):
        data = path.read_bytes()
        assert not [place for place in places if place in data], path
    assert not list(dock.root.rglob("direct_url.json"))


def test_everything_is_byte_compiled_and_names_files_where_they_will_lie(dock: Built) -> None:
    site = dock.root / f"opt/liuhen/dock/lib/python{PYTHON}/site-packages"
    sources = list((site / "liuhen_agent").rglob("*.py"))
    assert sources
    for path in sources:
        compiled = path.parent / "__pycache__" / f"{path.stem}.cpython-{PYTHON.replace('.', '')}.pyc"
        data = compiled.read_bytes()
        assert data[4:8] == b"\x01\0\0\0"  # by hash, unchecked: no file's time matters
        if sys.version_info[:2] == (3, 11):
            code = marshal.loads(data[16:])
            assert isinstance(code, types.CodeType)
            assert code.co_filename == "/" + str(path.relative_to(dock.root))


def test_nobody_but_root_may_change_what_is_installed(dock: Built) -> None:
    listing = subprocess.run(["dpkg-deb", "-c", str(dock.deb)], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        mode, owner = line.split()[:2]
        assert owner == "root/root", line
        assert mode in ("drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x", "lrwxrwxrwx"), line
        if mode == "-rwxr-xr-x":
            assert " ./opt/liuhen/dock/bin/" in line


def test_maintainer_scripts_are_scripts_a_shell_accepts(dock: Built) -> None:
    for name in ("postinst", "prerm", "postrm"):
        script = dock.control / name
        assert script.stat().st_mode & 0o111
        assert subprocess.run(["sh", "-n", str(script)]).returncode == 0
        assert not re.search(r"@[A-Z_]+@", script.read_text())


@pytest.mark.parametrize("part", PARTS.values(), ids=lambda part: part.name)
def test_removing_and_purging_never_touch_data(part: Part) -> None:
    """Data is evidence: no maintainer script has a command that deletes below its folder, except folders with nothing in them."""
    units = {Path("/usr/lib/systemd/system") / f"{part.units[0]}.service": "[Unit]\n\n[Install]\n"}
    only_empty = f"find {part.data} -depth -type d -empty -delete"
    for source in (REPOSITORY / "scripts/house/deb/maintainer").glob("*.sh"):
        for line in filled(source.read_text(), part, units, compiled=False).splitlines():
            command = line.strip()
            if not re.search(r"\b(rm|rmdir|unlink|find|userdel|deluser|shred)\b", command) or command.startswith(
                "echo"
            ):
                continue
            assert (
                command.startswith((f"find {part.home} ", only_empty)) or command == f"rm -rf {' '.join(part.settings)}"
            ), line
    assert all(path.startswith("/etc/") for path in part.settings)


@pytest.mark.parametrize("part", PARTS.values(), ids=lambda part: part.name)
def test_a_package_wants_exactly_the_python_its_wheels_are_for(part: Part) -> None:
    text = control(part, Target("arm64", "3.13"), "1", 1)
    assert "python3 (>= 3.13), python3 (<< 3.14)" in text
    assert "Architecture: arm64" in text
    assert not re.search(r"gcc|-dev\b|build-essential", text)


def test_requirements_of_another_python_are_chosen_for_that_python() -> None:
    pins = 'a==1 ; python_full_version < "3.13" \\\n    --hash=sha256:aa\nb==2 \\\n    --hash=sha256:bb \\\n    --hash=sha256:bc\n'
    assert wanted(pins, Target("amd64", "3.11")) == "a==1 --hash=sha256:aa\nb==2 --hash=sha256:bb --hash=sha256:bc\n"
    assert wanted(pins, Target("amd64", "3.13")) == "b==2 --hash=sha256:bb --hash=sha256:bc\n"


def test_a_requirement_without_a_hash_is_refused() -> None:
    with pytest.raises(BuildError, match="no hash"):
        wanted("a==1\n", Target("amd64", "3.11"))


def test_a_system_file_that_no_package_would_carry_is_refused() -> None:
    with pytest.raises(BuildError, match="belongs to no package"):
        of_unit("something.service")
    with pytest.raises(BuildError, match="no place"):
        place_of(Path("liuhen-dock.conf"))


def test_an_unknown_package_is_wrong_use(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "house.deb", "docks", "--out", str(tmp_path)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(REPOSITORY / "scripts")}, capture_output=True, text=True
    )
    assert done.returncode == 2 and "docks" in done.stderr


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())


@pytest.mark.parametrize(
    ("script", "arguments", "said"),
    [
        ("install-dock", ["--archive", "http://a.example"], "https://"),
        ("install-dock", ["--code", "secret"], "unknown: --code"),
        ("install-dock", ["--config", "/nowhere/config.toml"], "no such file"),
        ("install-archive", ["--data", "/srv/liuhen"], "/var/lib/liuhen-archive"),
        ("install-dock", ["--deb", "/nowhere/liuhen-dock.deb"], "no such file"),
        ("install-dock", ["--deb", "/etc/hostname"], "is no package"),
        ("install-archive", [], "--origin"),
    ],
)
def test_wrong_use_of_an_install_script_changes_nothing(script: str, arguments: list[str], said: str) -> None:
    """No package list is fetched, nothing is built or installed before the arguments are right."""
    done = subprocess.run(
        [str(REPOSITORY / "scripts" / script), *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2 and said in done.stderr
    assert "==" not in done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a machine whose apt-get, and what asks who one is, are ours: nothing is installed. `apt` says what it answers."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (
        ("id", "echo ${US:-0}"),
        ("apt-get", 'case $1 in update) exit ${UPDATE:-0} ;; install) echo "$*" >&2; exit ${INSTALL:-0} ;; esac'),
        ("dpkg-query", "exit 1"),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    yield {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}


@pytest.fixture
def empty_package(tmp_path: Path) -> Path:
    (tmp_path / "tree/DEBIAN").mkdir(parents=True)
    control_file = "Package: liuhen-dock\nVersion: 1\nArchitecture: all\nMaintainer: Liuhen\nDescription: nothing\n"
    (tmp_path / "tree/DEBIAN/control").write_text(control_file)
    deb = tmp_path / "liuhen-dock_1_all.deb"
    command = ["dpkg-deb", "--root-owner-group", "--build", str(tmp_path / "tree"), str(deb)]
    subprocess.run(command, check=True, capture_output=True)
    return deb


def installing(deb: Path, machine: dict[str, str], script: str = "install-dock") -> subprocess.CompletedProcess[str]:
    command = [str(REPOSITORY / "scripts" / script), "--deb", str(deb), "--origin", "a.example/log"]
    if script == "install-dock":
        del command[3:]
    return subprocess.run(command, env=machine, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_installing_without_network_goes_on_with_what_is_there_and_says_how_to_get_the_rest(
    machine: dict[str, str], empty_package: Path, tmp_path: Path
) -> None:
    done = installing(empty_package, {**machine, "UPDATE": "100", "INSTALL": "100"})
    assert done.returncode == 1
    assert "package lists not reachable" in done.stderr and "scripts/build-deb dock --needs" in done.stderr
    assert re.search(r"install .*DPkg::Lock::Timeout=\d+ .*liuhen-dock_1_all\.deb systemd-timesyncd", done.stderr)
    assert {path.name for path in tmp_path.iterdir()} == {"programs", "tree", empty_package.name}, "nothing is left"


def test_installing_as_anybody_but_root_is_wrong_use(machine: dict[str, str], empty_package: Path) -> None:
    done = installing(empty_package, {**machine, "US": "1000"})
    assert done.returncode == 2 and "run this as root" in done.stderr and "==" not in done.stderr


def test_a_package_of_another_part_is_wrong_use(machine: dict[str, str], empty_package: Path) -> None:
    done = installing(empty_package, machine, "install-archive")
    assert done.returncode == 2 and "is liuhen-dock, not liuhen-archive" in done.stderr and "==" not in done.stderr


def test_setting_up_as_anybody_without_sudo_says_what_root_is_to_install(tmp_path: Path) -> None:
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    (tmp_path / "id").write_text("#!/usr/bin/bash\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    command = [str(REPOSITORY / "scripts/setup"), "build"]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 1 and re.search(r"As root, then again: apt-get install \S+ git\b", done.stderr)


ALONE = ["unshare", "--mount", "bash", "-euc"]
"""With folders of the system that are seen nowhere else."""
CAN_BE_ALONE = subprocess.run([*ALONE, "mount -t tmpfs tmpfs /mnt"], capture_output=True).returncode == 0
ENROLLED = """\
mount -t tmpfs tmpfs /var/lib; mount -t tmpfs tmpfs /etc/udev; mkdir -p /run/udev; mount -t tmpfs tmpfs /run/udev
mkdir /var/lib/liuhen-dock; cd /var/lib/liuhen-dock
echo '{"archive_url": "https://a.example:8443"}' >identity.json
echo 'wipe_socket = "/run/liuhen/wipe.sock"' >config.toml
again() { "$0" --deb "$1" --config "$2" </dev/null >&2 || echo "left with $?"; }
again "$1" "$2"; cat config.toml
again "$1" "$3"; cat config.toml /etc/udev/rules.d/59-liuhen-bays.rules; cp config.toml before
again "$1" "$3"; cmp config.toml before
"""


@pytest.mark.skipif(not CAN_BE_ALONE, reason="needs root and a mount namespace of its own")
def test_install_dock_takes_bays_from_a_file_tells_udev_and_changes_nothing_when_run_again(
    machine: dict[str, str], empty_package: Path, tmp_path: Path
) -> None:
    """The dock is enrolled, its user is root, and neither systemd nor udev runs; the agent is the real one."""
    programs = tmp_path / "programs"
    (programs / "runuser").write_text('#!/bin/bash\nshift 3\nexec "$@"\n')
    (programs / "install").write_text(
        '#!/bin/bash\nargs=("$@"); for at in "${!args[@]}"; do [ "${args[at]}" != liuhen-dock ] || args[at]=root; done\nexec /usr/bin/install "${args[@]}"\n'
    )
    for name in ("runuser", "install"):
        (programs / name).chmod(0o755)
    (programs / "liuhen-agent").symlink_to(Path(sys.executable).parent / "liuhen-agent")
    bad, good = tmp_path / "bad.toml", tmp_path / "good.toml"
    bad.write_text("[[bay]]\nname = 1\n")
    good.write_text('[[bay]]\nname = "1"\nbackend = "udev"\nports = ["pci0000:00/0000:00:14.0/usb2/1"]\n')
    command = [*ALONE, ENROLLED, str(REPOSITORY / "scripts/install-dock"), str(empty_package), str(bad), str(good)]
    done = subprocess.run(command, env=machine, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    kept = 'wipe_socket = "/run/liuhen/wipe.sock"\n'
    first, second, third = done.stdout.split("left with ")[1:]
    assert first == f"2\n{kept}", "no configuration that the dock would not read"
    assert second.startswith(f"1\n{kept}{good.read_text()}"), "with the units beside it"
    assert 'ENV{LIUHEN_BAY}="1"' in second
    assert third == "1\n" and f"has bays already, not used: {good}" in done.stderr


def test_install_dock_puts_the_rules_where_the_doctor_looks_for_them() -> None:
    text = (REPOSITORY / "scripts/install-dock").read_text()
    assert f"RULES={udev_rules.FILE} " in text
    assert udev_rules.FILE in PARTS["dock"].settings


@pytest.mark.parametrize("script", ["install-dock", "install-archive", "try-packages", "build-deb"])
def test_shell_scripts_are_scripts_a_shell_accepts(script: str) -> None:
    assert subprocess.run(["bash", "-n", str(REPOSITORY / "scripts" / script)]).returncode == 0
    for part in ("install.sh", "trial.sh"):
        assert subprocess.run(["bash", "-n", str(REPOSITORY / "scripts/house/deb" / part)]).returncode == 0


def test_what_a_package_needs_can_be_had_beforehand() -> None:
    """For a machine without network: their names alone."""
    done = subprocess.run(
        [sys.executable, "-m", "house.deb", "dock", "--needs"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"ffmpeg", "python3", "libusb-1.0-0", "systemd"} <= set(done.stdout.split())
    assert not re.search(r"[()|<>=]", done.stdout)
