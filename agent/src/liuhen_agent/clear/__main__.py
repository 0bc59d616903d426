"""`python -m liuhen_agent.clear DATA_DIR SESSION`: the wipe helper. Prints one JSON object and leaves with 0 (cleared), 1 (not
cleared, with the reason), 2 (wrong use).

With `-` as SESSION the id comes as one line on standard input: so it is started by its unit (liuhen-wipe@.service), where standard input and
output are the socket on which the agent asks. An agent that is gone when the answer is ready changes nothing of what was done.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from liuhen_agent.clear.wipe import wipe

LONGEST_ID = 200


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m liuhen_agent.clear DATA_DIR SESSION", file=sys.stderr)
        return 2
    session = arguments[1]
    if session == "-":
        session = sys.stdin.buffer.readline(LONGEST_ID).decode("utf-8", "replace").removesuffix("\n")
    outcome = asyncio.run(wipe(Path(arguments[0]), session))
    try:
        print(json.dumps(asdict(outcome), ensure_ascii=False), flush=True)
    except ConnectionError:
        print(f"stay {session}: nobody waits for the answer any more; cleared: {outcome.cleared}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else the interpreter tries once more at its end
    return 0 if outcome.cleared else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
