"""scripts/bench [NAME…]"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
from pathlib import Path

NAMES = (
    "collect",
    "upload",
    "entries",
    "verify",
    "proxy",
    "memory",
    "dock-overhead",
    "eight-bays",
    "cpu-per-gb",
    "dock-idle",
    "browser-verify",
    "pages",
    "statistics",
    "publish",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="every benchmark, each beside its reference")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument(
        "--work",
        type=Path,
        help="folder for the files (default: a temporary one; needs 40 GiB free, for memory 66 GiB)",
    )
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(NAMES))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    held = True
    for name in arguments.names or NAMES:
        module = importlib.import_module(f"house.bench.{name.replace('-', '_')}")
        with tempfile.TemporaryDirectory(dir=arguments.work, prefix="liuhen-bench-") as folder:
            for result in module.run(Path(folder)):
                line = result.line()
                print(line, flush=True)
                held = held and bool(json.loads(line)["holds"])
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
