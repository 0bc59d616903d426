"""Run by test_archive_backup_kill.py: takes or restores a backup and dies at one step.

python archive_backup_child.py backup FOLDER TO | restore FROM FOLDER    STEP before|after NTH [PATTERN]
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from faults.killpoint import KillPoint, install
from liuhen_server import config
from liuhen_server.operations.backup import take
from liuhen_server.operations.opening import opened
from liuhen_server.operations.restore import restore


async def main(what: str, first: Path, second: Path) -> None:
    if what == "restore":
        await restore(first, second)
        return
    async with opened(config.load(first)) as archive:
        await take(archive, second, with_keys=True, most=1)


if __name__ == "__main__":
    kind, one, two, step, side, number, *pattern = sys.argv[1:]
    install(KillPoint(step, side == "after", int(number), "".join(pattern)))
    asyncio.run(main(kind, Path(one), Path(two)))
