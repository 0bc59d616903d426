"""`liuhen-agent` on a machine whose kernel says what a test wants of its clock: `python told_by_kernel.py vouched|not-vouched ARGUMENTS…`

Whether a time service runs belongs to the machine that runs the tests; what a dock makes of it must hold on every machine. The kernel's
answer is the stand-in, all behind it is real.
"""

from __future__ import annotations

import sys

from liuhen_agent import clock
from liuhen_agent.command import main

ANSWERS = {"vouched": clock.Kernel(True, 50_000), "not-vouched": clock.Kernel(False, 16_000_000)}

if __name__ == "__main__":
    answer = ANSWERS[sys.argv.pop(1)]
    clock._ask_kernel = lambda: answer
    main()
