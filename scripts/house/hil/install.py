"""The dock comes into the guest as an administrator brings it: `scripts/install-dock` with the package and one enrolment code, then its bays,
then the same command again, after which its unit runs."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from house.county import County
from house.hil import bays
from house.hil.bench import DATA, DOCK
from house.hil.guest import Guest, GuestError, Say
from house.hil.usb import Ports

HOST = "10.0.2.2"  # by which a guest of QEMU's user network reaches this machine's loopback
AGENCY = "朝阳县市场监督管理局（示例）"
UNIT = "liuhen-dock.service"
PASSWORDS = "".join(f'[{profile}]\nrole = "USER"\nsecret = "000000"\n\n' for profile in ("p-bc", "p-bc-bulk", "p-a1"))
REPOSITORY = Path(__file__).resolve().parents[3]
CHECKOUT = "/var/tmp/checkout"
SCRIPTS = ("scripts/install-dock", "scripts/install-archive", "scripts/house/deb/install.sh")
LEARN_SECONDS = 300.0
START_SECONDS = 300.0


def build_packages(parts: tuple[str, ...], folder: Path) -> dict[str, Path]:
    """The packages of this checkout, for the guest's Python. Raises GuestError with the last lines when one cannot be built."""
    command = [sys.executable, "-m", "house.deb", *parts, "--out", str(folder), "--arch", "amd64", "--python", "3.11"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise GuestError(f"the packages could not be built:\n{(done.stdout + done.stderr)[-3000:]}")
    return {part: next(folder.glob(f"liuhen-{part}_*.deb")) for part in parts}


def install_package(guest: Guest, package: Path) -> None:
    """As `apt-get install ./package.deb` does it; nothing is fetched, so what the package needs must be in the image."""
    guest.put(package, f"/var/tmp/{package.name}")
    guest.run(
        f"cd /var/tmp && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends ./{package.name}"
    )


def bring_scripts(guest: Guest) -> None:
    """The install scripts as a checkout has them, for a machine without network: what the packages need is in its image."""
    guest.run(f"mkdir -p {CHECKOUT}/scripts/house/deb && : > /etc/apt/sources.list")
    for script in SCRIPTS:
        guest.put(REPOSITORY / script, f"{CHECKOUT}/{script}")


def install_command(guest: Guest, script: str, package: Path, arguments: str) -> str:
    """The command by which an administrator installs this package; brings the package."""
    guest.put(package, f"/var/tmp/{package.name}")
    return f"bash {CHECKOUT}/scripts/{script} --deb /var/tmp/{package.name} {arguments}"


def install_dock(guest: Guest, package: Path, county: County, ports: Ports, blank: Path, say: Say) -> None:
    """From nothing to a running unit. `blank`: the image of an empty stick, for learning the bays. Raises GuestError."""
    bring_scripts(guest)
    install = install_command(guest, "install-dock", package, f"--archive https://{HOST}:{county.devices_port}")
    say(f"安装并登记 install-dock, with one code: {package.name}")
    guest.run(install, given=county.add_dock(DOCK, AGENCY) + "\n", allow=(1,))  # its bays are left undone
    name_bays(guest, ports, blank, say)
    make_proxies(guest, False)
    guest.run("install -m 0600 /dev/stdin /etc/liuhen-dock/recorders.toml", given=PASSWORDS)
    say("再次运行 install-dock again: the rules of its bays, and it starts")
    guest.run(install)


def name_bays(guest: Guest, ports: Ports, blank: Path, say: Say) -> None:
    """The bays of the emulated machine: single connectors are learnt by plugging something into each, as an administrator does it; those
    behind hubs and the gadget's, which are not there yet, are written."""
    learn = f"liuhen-agent --data {DATA} bays learn --count {len(bays.SINGLE)} --timeout {LEARN_SECONDS:.0f} --json"
    guest.run(f"systemd-run -q --unit=learn --uid=liuhen-dock --setenv=PYTHONUNBUFFERED=1 {learn}")
    for bay in bays.SINGLE:
        _heard(guest, f"{bay.name} 号槽位", f"`bays learn` asks for bay {bay.name}")
        ports.plug_disk(bay.port, blank, "BLANK")
        _heard(guest, f'"bay": "{bay.name}"', f"`bays learn` has learnt bay {bay.name}")
        ports.pull(bay.port)
        say(f"学会槽位 bay learnt: {bay.name}")
    guest.run(f"cat >> {DATA}/config.toml", given=bays.config([*bays.BEHIND_HUBS, bays.VENDOR]))


def _heard(guest: Guest, text: str, what: str) -> None:
    heard = f"journalctl -q -o cat -u learn | grep -qF {shlex.quote(text)}"
    try:
        guest.wait(what, lambda: guest.succeeds(heard), LEARN_SECONDS)
    except GuestError as error:
        raise GuestError(f"{error}\n{guest.journal('learn')}") from error


def make_proxies(guest: Guest, wanted: bool) -> None:
    """Playable copies or none, from the next start on. ffmpeg costs most of a minute a clip here: only one scene wants them."""
    config, key = f"{DATA}/config.toml", f"proxies = {str(wanted).lower()}"
    guest.run(f"sed -i -e '1i {key}' -e '/^proxies = /d' {config} && grep -q '^{key}$' {config}")


def start_dock(guest: Guest) -> None:
    """Restart the unit and wait until it says that it is ready. Raises GuestError with its journal when it is not."""
    guest.run(f"systemctl restart --no-block {UNIT}")
    try:
        guest.wait(f"{UNIT} is active", lambda: guest.succeeds(f"systemctl is-active -q {UNIT}"), START_SECONDS)
    except GuestError as error:
        raise GuestError(f"{error}\n{guest.journal(UNIT)}") from error
