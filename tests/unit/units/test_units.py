"""The units keep each program as closed off as promised, and systemd understands every line of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from liuhen_server.publicity.command import publish

ROOT = Path(__file__).resolve().parents[3]
SYSTEMD = ROOT / "systemd"
SERVICES = sorted(SYSTEMD.glob("*.service"))
UNITS = sorted(path for path in SYSTEMD.iterdir() if path.suffix in (".service", ".socket", ".timer"))
# systemd-analyze's exposure, 0.0 (nothing) to 10.0 (everything)
MOST = {
    "liuhen-dock.service": 1.6,
    "liuhen-proxy@.service": 0.6,
    "liuhen-wipe@.service": 1.0,
    "liuhen-scsi@.service": 1.0,
    "liuhen-kiosk.service": 1.2,
    "liuhen-archive.service": 1.5,
    "liuhen-archive-scrub.service": 1.5,
    "liuhen-archive-backup.service": 1.5,
    "liuhen-archive-publish.service": 1.5,
    "liuhen-witness.service": 1.5,
}


class Unit(dict[str, list[str]]):
    """All assignments of a unit, by name; a name may stand several times."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        for line in path.read_text("utf-8").splitlines():
            if line and line[0] not in "#[":
                name, _, value = line.partition("=")
                self.setdefault(name, []).append(value)


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_no_unit_is_more_exposed_than_promised(path: Path) -> None:
    most = MOST[path.name]
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={most * 10:.0f}", "--no-pager", path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_a_unit_that_is_more_exposed_would_be_seen(tmp_path: Path) -> None:
    """The same question about the worker without the two lines that keep it off the network."""
    weak = tmp_path / "liuhen-proxy@.service"
    weak.write_text((SYSTEMD / weak.name).read_text("utf-8").replace("PrivateNetwork=yes\nIPAddressDeny=any\n", ""))
    asked = ["systemd-analyze", "security", "--offline=true", "--threshold=6", "--no-pager", str(weak)]
    assert subprocess.run(asked, capture_output=True).returncode != 0


def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    """The programs are not installed here, so another one stands in for them; everything else is as it is."""
    for path in UNITS:
        text = re.sub(r"^ExecStart=/opt/\S+", "ExecStart=/bin/true", path.read_text("utf-8"), flags=re.MULTILINE)
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(tmp_path / path.name.replace("@.", "@1.") for path in UNITS)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("page", ["operations.md", "operations.zh-CN.md"])
def test_every_unit_is_explained_with_its_bound(page: str) -> None:
    rows = [line for line in (ROOT / "docs" / page).read_text("utf-8").splitlines() if line.startswith("| `liuhen-")]
    for path in UNITS:
        said = [row for row in rows if f"`{path.name}`" in row.split("|")[1]]
        assert len(said) == 1, path.name
        if path in SERVICES:
            assert said[0].rstrip(" |").endswith(f" {MOST[path.name]}"), path.name


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_no_unit_runs_as_root_or_gets_a_right_of_root(path: Path) -> None:
    unit = Unit(path)
    assert unit.get("DynamicUser") == ["yes"] or unit["User"][0].startswith("liuhen-")
    assert unit["CapabilityBoundingSet"] == [""] and unit["AmbientCapabilities"] == [""]
    assert unit["NoNewPrivileges"] == ["yes"]


def test_only_the_wipe_helper_may_write_a_recorder() -> None:
    """The SCSI helper could, through the node it may open: it sends nothing that its profiles do not name (test_scsi_helper)."""
    writers = [
        path.name
        for path in SERVICES
        if any(allow.startswith("block-") and "w" in allow.split()[1] for allow in Unit(path).get("DeviceAllow", []))
    ]
    assert writers == ["liuhen-wipe@.service"]
    senders = [path.name for path in SERVICES if "char-sg rw" in Unit(path).get("DeviceAllow", [])]
    assert senders == ["liuhen-scsi@.service"]
    assert Unit(SYSTEMD / senders[0])["DeviceAllow"] == ["char-sg rw"]
    for path in SERVICES:
        assert Unit(path)["DevicePolicy"] == ["closed"], path.name


def test_worker_and_helpers_have_no_network() -> None:
    for name in ("liuhen-proxy@.service", "liuhen-wipe@.service", "liuhen-scsi@.service"):
        unit = Unit(SYSTEMD / name)
        assert (unit["PrivateNetwork"], unit["RestrictAddressFamilies"]) == (["yes"], ["none"])


def test_the_worker_is_limited_in_time_memory_processes_and_output() -> None:
    unit = Unit(SYSTEMD / "liuhen-proxy@.service")
    assert all(unit[name][0] for name in ("RuntimeMaxSec", "MemoryMax", "TasksMax", "LimitFSIZE"))
    assert unit["MemorySwapMax"] == ["0"] and unit["LimitCORE"] == ["0"]


def test_the_public_site_is_off_until_its_folder_is_there_and_its_command_is_understood() -> None:
    unit = Unit(SYSTEMD / "liuhen-archive-publish.service")
    _, command, *words = unit["ExecStart"][0].split()
    given = dict(word.split("=") for word in unit["Environment"][0].split())
    words = [re.sub(r"\$\{(\w+)\}", lambda found: given[found[1]], word) for word in words]
    assert command == "publish"
    asked = publish.make_context(command, words).params
    assert unit["ConditionPathIsDirectory"] == [str(asked["folder"])]
    assert asked["address"] == "" and asked["folder"].is_relative_to(unit["ReadWritePaths"][0])


@pytest.mark.parametrize("path", sorted(SYSTEMD.glob("*.socket")), ids=lambda path: path.name)
def test_only_the_agent_can_reach_the_sockets(path: Path) -> None:
    unit = Unit(path)
    assert (unit["SocketUser"], unit["SocketMode"], unit["Accept"]) == (["liuhen-dock"], ["0600"], ["yes"])
    assert (SYSTEMD / f"{path.stem}@.service").exists()


def test_every_user_of_a_unit_and_of_a_folder_is_made() -> None:
    made = {
        line.split()[1]
        for path in (SYSTEMD / "sysusers.d").glob("*.conf")
        for line in path.read_text("utf-8").splitlines()
        if line.startswith("u ")
    }
    used = {
        name
        for path in SERVICES
        for key in ("User", "Group", "SupplementaryGroups")
        for name in Unit(path).get(key, [])
    }
    used |= {
        word
        for path in (SYSTEMD / "tmpfiles.d").glob("*.conf")
        for line in path.read_text("utf-8").splitlines()
        if line and line[0] != "#"
        for word in line.split()[3:5]
    }
    assert used - {"root"} <= made


def test_systemd_makes_the_users_and_folders(tmp_path: Path) -> None:
    """Into an empty root: the files are read by the programs that will read them."""
    (tmp_path / "etc").mkdir()
    for tool, folder in (("systemd-sysusers", "sysusers.d"), ("systemd-tmpfiles", "tmpfiles.d")):
        files = sorted((SYSTEMD / folder).glob("*.conf"))
        assert files and shutil.which(tool)
        command = [tool, f"--root={tmp_path}", *(["--create"] if "tmpfiles" in tool else []), *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert {"liuhen-wipe", "liuhen-scsi"} <= set(re.findall(r"(?m)^([^:]+):", (tmp_path / "etc/passwd").read_text()))
    assert (tmp_path / "var/lib/liuhen-dock/clear").stat().st_mode & 0o7777 == 0o2750
    assert (tmp_path / "etc/liuhen-dock").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_programs_lie_where_the_packages_put_them(path: Path) -> None:
    part = (
        "dock"
        if path.name.split("-")[1].split(".")[0].rstrip("@") in ("dock", "proxy", "wipe", "scsi", "kiosk")
        else path.name.split("-")[1].split(".")[0]
    )
    assert Unit(path)["ExecStart"][0].startswith(f"/opt/liuhen/{part}/bin/")
