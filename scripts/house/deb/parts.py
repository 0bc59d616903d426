"""What each package is: the table that decides where everything in it comes from and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class BuildError(RuntimeError):
    """A package cannot be built as it must be; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """One package. `distribution` is the folder whose lock and code go in; `modules` name each command's function."""

    name: str
    title: str
    title_zh: str
    distribution: str
    commands: dict[str, str]
    """Command → "module:function"; each is linked into /usr/bin."""
    shared_commands: dict[str, str]
    """The same, for commands that other packages have too: linked through update-alternatives, so both can be installed."""
    depends: tuple[str, ...]
    recommends: tuple[str, ...]
    units: tuple[str, ...]
    """Beginnings of the names of its files below systemd/."""
    profiles: bool = False
    """Whether the recorder profiles come with it."""
    settings: tuple[str, ...] = ()
    """What it has below /etc: settings and passwords, no evidence. Purging removes it."""

    @property
    def package(self) -> str:
        return f"liuhen-{self.name}"

    @property
    def home(self) -> Path:
        """Where its virtual environment is on the target."""
        return Path("/opt/liuhen") / self.name

    @property
    def data(self) -> Path:
        """Its data; never in the package, never removed with it."""
        return Path("/var/lib") / self.package


VERIFY = {"liuhen-verify": "liuhen_verify.command:main"}

PARTS = {
    part.name: part
    for part in (
        Part(
            name="dock",
            title="dock that takes footage off recorders and proves it",
            title_zh="留痕采集站",
            distribution="agent",
            commands={"liuhen-agent": "liuhen_agent.command:main"},
            shared_commands=VERIFY,
            # dosfstools, exfatprogs: a cleared card gets a fresh file system of its own kind; libudev1, libusb: called by pyudev and pyusb
            depends=("ffmpeg", "dosfstools", "exfatprogs", "udev", "libudev1", "libusb-1.0-0", "util-linux"),
            recommends=("systemd-timesyncd | time-daemon",),
            units=("liuhen-dock", "liuhen-proxy", "liuhen-wipe", "liuhen-scsi", "liuhen-kiosk"),
            profiles=True,
            # made by tmpfiles, and by scripts/install-dock or a person (`liuhen-agent bays learn --rules`)
            settings=("/etc/liuhen-dock", "/etc/udev/rules.d/59-liuhen-bays.rules"),
        ),
        Part(
            name="archive",
            title="archive that stores, orders and proves what docks collected",
            title_zh="留痕证据库",
            distribution="server",
            commands={"liuhen-server": "liuhen_server.command:main"},
            shared_commands=VERIFY,
            # embedded into record lists (cases/record_list_pdf.py)
            depends=("fonts-noto-cjk",),
            recommends=("systemd-timesyncd | time-daemon",),
            units=("liuhen-archive",),
        ),
        Part(
            name="witness",
            title="witness that cosigns an archive's checkpoints",
            title_zh="留痕见证方",
            distribution="server",
            commands={"liuhen-witness": "liuhen_server.witness.command:main"},
            shared_commands={},
            depends=(),
            recommends=("systemd-timesyncd | time-daemon",),
            units=("liuhen-witness",),
        ),
    )
}
"""By name."""


def of_unit(name: str) -> Part:
    """The package a file below systemd/ belongs to. Raises BuildError when it is none's: nothing is left out silently."""
    bare = name.lstrip("0123456789-")
    for part in PARTS.values():
        if bare.startswith(part.units):
            return part
    raise BuildError(
        f"systemd/{name} belongs to no package: its name must begin with one of those in scripts/house/deb/parts.py"
    )


def place_of(path: Path) -> Path:
    """Where a file below systemd/ (`path` is relative to that) lies on the target. Raises BuildError for a kind that has no place."""
    if path.suffix in UNIT_SUFFIXES and len(path.parts) == 1:
        return Path("/usr/lib/systemd/system") / path.name
    if path.suffix == ".rules":
        return Path("/usr/lib/udev/rules.d") / path.name
    if path.parent.name in ("sysusers.d", "tmpfiles.d"):
        return Path("/usr/lib") / path.parent.name / path.name
    raise BuildError(
        f"systemd/{path}: neither a unit nor in sysusers.d, tmpfiles.d or rules: it has no place in a package"
    )


UNIT_SUFFIXES = {".service", ".socket", ".timer", ".path", ".target", ".slice", ".mount"}
