"""systemd in the emulated machine: the dock's units as they run."""

from __future__ import annotations

import re
from collections.abc import Mapping

from house.hil.bench import Bench

# systemd-analyze's exposure, in tenths: what each unit is allowed at most (docs: issue of the units)
DOCK = {"liuhen-dock.service": 16, "liuhen-proxy@hil.service": 6, "liuhen-wipe@hil.service": 10}
DOCK_RUNS = ("liuhen-dock.service", "liuhen-proxy.socket", "liuhen-wipe.socket")


def dock(bench: Bench) -> None:
    """The dock's units run, not as root, and are as closed off in a running system as offline."""
    for unit in DOCK_RUNS:
        active = bench.guest.run(f"systemctl is-active {unit}", allow=None).strip()
        bench.check(f"单元运行 unit runs: {unit}", active == "active", active)
    _exposure(bench, DOCK)
    who = bench.guest.run("ps -o user= -p $(systemctl show -P MainPID liuhen-dock.service)", allow=None).strip()
    bench.check("采集站不以 root 运行 the dock is not root", who not in ("", "root"), who)


def _exposure(bench: Bench, most: Mapping[str, int]) -> None:
    for unit, tenths in most.items():
        said = bench.guest.run(
            f"systemd-analyze security --no-pager --threshold={tenths} {unit}; echo code=$?", allow=None
        )
        level = re.search(r"exposure level for \S+: (\S+)", said)
        holds = said.rstrip().endswith("code=0")
        bench.check(f"暴露程度 exposure of {unit} ≤ {tenths / 10}", holds, level[1] if level else said[-200:])
