"""Which simulated recorder stands for which profile."""

from __future__ import annotations

from liuhen_agent.simulate.machine import Machine
from liuhen_agent.simulate.p_a1 import ControlRecorder
from liuhen_agent.simulate.p_at import FramedRecorder
from liuhen_agent.simulate.p_bc import LineRecorder
from liuhen_agent.simulate.p_e1 import BulkRecorder
from liuhen_agent.simulate.p_jl import ScsiRecorder
from liuhen_agent.simulate.p_t import OldControlRecorder

FAMILIES: dict[str, type[Machine]] = {
    "p-bc": LineRecorder,
    "p-bc-bulk": LineRecorder,
    "p-at": FramedRecorder,
    "p-a1": ControlRecorder,
    "p-t": OldControlRecorder,
    "p-e1": BulkRecorder,
    "p-jl": ScsiRecorder,
}
