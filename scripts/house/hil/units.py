"""systemd in the emulated machine: the dock's units as they run, and an archive's and a witness's, installed, founded and started there."""

from __future__ import annotations

import re
from collections.abc import Mapping

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
TIMERS = tuple(f"liuhen-archive-{what}.timer" for what in ("scrub", "backup", "publish"))
WITNESS = "hil.example/witness"
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
    """An archive and a witness on this machine, by the commands of the handbook, up to a cosigned checkpoint; then they are stopped."""
    guest, say = bench.guest, bench.say
    say(f"安装 installing: {bench.packages['witness'].name}")
    install.install_package(guest, bench.packages["witness"])
    witness = "runuser -u liuhen-witness -- liuhen-witness"
    server, own = "runuser -u liuhen-archive -- liuhen-server", "--data /var/lib/liuhen-witness"
    data = "--data /var/lib/liuhen-archive"
    key = guest.run(f"{witness} init {own} --name {WITNESS}").strip()
    named = f"--origin hil.example/liuhen --witness '{WITNESS} {key} http://127.0.0.1:8730' --quorum 1"
    command = install.install_command(guest, "install-archive", bench.packages["archive"], named)
    try:
        for again in ("", " again: upgrades, founds nothing"):
            say(f"安装并建库 install-archive{again}")
            guest.run(command)
        log_key = guest.run(f"{server} policy {data} | sed -n 's/^log \\([^ ]*\\).*/\\1/p'").strip()
        guest.run(f"{witness} log add {own} '{log_key}' && systemctl start liuhen-witness.service")
        for unit in (*SERVERS, *TIMERS):
            active = guest.run(f"systemctl is-active {unit}", allow=None).strip()
            bench.check(f"单元运行 unit runs: {unit}", active == "active", active)
        published = "test $(grep -c '^— ' /var/lib/liuhen-archive/log/checkpoint) -ge 2"
        guest.wait("a checkpoint is published with a cosignature", lambda: guest.succeeds(published), COSIGNED_SECONDS)
        bench.check("检查点已联署 checkpoint cosigned by the witness's unit", True)
        said = guest.run(f"{server} doctor {data} --json", allow=None)
        bench.check("证据库自检 the archive's doctor finds its witness", "联署 cosigns" in said, said[-300:])
    except GuestError as error:
        journals = (guest.journal(unit) for unit in SERVERS)
        raise GuestError("\n".join([str(error), *journals])) from error
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
