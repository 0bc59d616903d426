"""`scripts/build-deb`: which packages, for what, into which folder. Prints the path of each; exit 0, 1 (not built), 2 (wrong use)."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from house.deb.environment import MACHINES, Target
from house.deb.package import REPOSITORY, build, needed, release
from house.deb.parts import PARTS, BuildError


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/build-deb",
        description="制作安装包。 Builds .deb packages from this checkout: everything of Python inside, from wheels of the hash-pinned lock. "
        "Install one with: apt-get install ./liuhen-dock_….deb",
    )
    parser.add_argument("part", nargs="*", help=f"{' | '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--out", type=Path, default=REPOSITORY / "dist", help="存放目录 / folder for them (default: dist/)"
    )
    parser.add_argument("--arch", choices=MACHINES, help="目标架构 / of the target (default: this machine's)")
    parser.add_argument(
        "--python",
        choices=("3.11", "3.13"),
        default="3.11",
        help="目标系统的 Python / of the target: 3.11 on Debian 12 and Raspberry Pi OS bookworm, 3.13 on Debian 13 and Raspberry Pi OS trixie",
    )
    parser.add_argument(
        "--needs",
        action="store_true",
        help="只列出所需的 Debian 软件包 / only name the Debian packages they need, and make nothing",
    )
    given = parser.parse_args()
    unknown = [name for name in given.part if name not in PARTS]
    if unknown:
        parser.error(f"没有此安装包 / no such package: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    parts = [PARTS[name] for name in dict.fromkeys(given.part or PARTS)]
    if given.needs:
        print("\n".join(needed(parts)))
        return 0
    try:
        target = Target(given.arch or _own_architecture(), given.python)
        made = release()
        for part in parts:
            print(build(part, target, given.out.resolve(), made), flush=True)
    except (BuildError, OSError) as error:
        print(f"build-deb: {error}", file=sys.stderr)
        return 1
    return 0


def _own_architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
