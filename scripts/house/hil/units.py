"""systemd in the emulated machine: the dock's units as they run, and the archive's and a witness's, installed, founded and started there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from house.hil import install
from house.hil.bench import Bench
from house.hil.guest import GuestError

# systemd-analyze's exposure, in tenths: what each unit is allowed at most (docs: issue of the units)
DOCK = {
    "liuhen-dock.service": 16,
    "liuhen-proxy@hil.service": 6,
    "liuhen-wipe@hil.service": 10,
    "liuhen-scsi@hil.service": 10,
}
DOCK_RUNS = ("liuhen-dock.service", "liuhen-proxy.socket", "liuhen-wipe.socket", "liuhen-scsi.socket")
SERVERS = {"liuhen-archive.service": 15, "liuhen-witness.service": 15}
WITNESS = "hil.example/witness"
START_SECONDS = 300.0
COSIGNED_SECONDS = 180.0


def dock(bench: Bench) -> None:
    """The dock's units run, not as root, and are as closed off in a running system as offline."""
    for unit in DOCK_RUNS:
        active = bench.guest.run(f"systemctl is-active {unit}", allow=None).strip()
        bench.check(f"单元运行 unit runs: {unit}", active == "active", active)
    _exposure(bench, DOCK)
    who = bench.guest.run("ps -o user= -p $(systemctl show -P MainPID liuhen-dock.service)", allow=None).strip()
    bench.check("采集站不以 root 运行 the dock is not root", who not in ("", "root"), who)


def archive(bench: Bench) -> None:
    """Archive and witness on one machine, from their packages to a cosigned checkpoint; then they are stopped."""
    guest = bench.guest
    for part in ("witness", "archive"):
        bench.say(f"安装 installing: {bench.packages[part].name}")
        install.install_package(guest, bench.packages[part])
    witness = "runuser -u liuhen-witness -- liuhen-witness"
    server = "runuser -u liuhen-archive -- liuhen-server"
    data, own = "--data /var/lib/liuhen-archive", "--data /var/lib/liuhen-witness"
    key = guest.run(f"{witness} init {own} --name {WITNESS}").strip()
    log_key = guest.run(
        f"{server} init {data} --origin hil.example/liuhen --witness '{WITNESS} {key} http://127.0.0.1:8730' --quorum 1 --json"
        """ | python3 -c 'import json, sys; print(json.load(sys.stdin)["log_key"])'"""
    ).strip()
    guest.run(f"{witness} log add {own} '{log_key}'")
    try:
        guest.run("systemctl start --no-block liuhen-witness.service liuhen-archive.service")
        for unit in SERVERS:
            guest.wait(f"{unit} is active", partial(guest.succeeds, f"systemctl is-active -q {unit}"), START_SECONDS)
            bench.check(f"单元运行 unit runs: {unit}", True, "active")
        published = "test $(grep -c '^— ' /var/lib/liuhen-archive/log/checkpoint) -ge 2"
        guest.wait("a checkpoint is published with a cosignature", lambda: guest.succeeds(published), COSIGNED_SECONDS)
        bench.check("检查点已联署 checkpoint cosigned by the witness's unit", True)
    except GuestError as error:
        raise GuestError(
            f"{error}\n{guest.journal('liuhen-archive.service')}\n{guest.journal('liuhen-witness.service')}"
        ) from error
    _exposure(bench, SERVERS)
    guest.run("systemctl stop liuhen-archive.service liuhen-witness.service")
    verified = guest.succeeds(f"{server} verify {data} --json")
    bench.check("核验虚拟机中的证据库 the guest's archive verified", verified)


def _exposure(bench: Bench, most: Mapping[str, int]) -> None:
    for unit, tenths in most.items():
        said = bench.guest.run(
            f"systemd-analyze security --no-pager --threshold={tenths} {unit}; echo code=$?", allow=None
        )
        level = re.search(r"exposure level for \S+: (\S+)", said)
        holds = said.rstrip().endswith("code=0")
        bench.check(f"暴露程度 exposure of {unit} ≤ {tenths / 10}", holds, level[1] if level else said[-200:])
