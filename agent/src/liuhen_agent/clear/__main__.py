"""`python -m liuhen_agent.clear DATA_DIR SESSION`: the wipe helper. Prints one JSON object and leaves with 0 (cleared), 1 (not
cleared, with the reason), 2 (wrong use).
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from liuhen_agent.clear.wipe import wipe


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m liuhen_agent.clear DATA_DIR SESSION", file=sys.stderr)
        return 2
    outcome = asyncio.run(wipe(Path(arguments[0]), arguments[1]))
    print(json.dumps(asdict(outcome), ensure_ascii=False))
    return 0 if outcome.cleared else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
