"""The bay's state table, every state against every signal."""

from __future__ import annotations

import pytest

from liuhen_agent.bay import TABLE, NotPossible, Signal, State, is_premature, move


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("signal", Signal)
def test_every_pair_is_in_the_table_or_refused(state: State, signal: Signal) -> None:
    if (state, signal) in TABLE:
        assert move(state, signal) is TABLE[state, signal]
    else:
        with pytest.raises(NotPossible):
            move(state, signal)


def test_a_recorder_goes_the_whole_way() -> None:
    state = State.ABSENT
    for signal in (
        Signal.KNOWN,
        Signal.DISK_OFFERED,
        Signal.VOLUME_OPENED,
        Signal.INVENTORY_STATED,
        Signal.COLLECTION_BEGAN,
        Signal.ALL_COLLECTED,
        Signal.ALL_RECEIPTED,
        Signal.EMPTIED,
        Signal.DONE,
        Signal.TAKEN,
    ):
        state = move(state, signal)
    assert state is State.ABSENT


def test_only_a_receipted_recorder_is_emptied() -> None:
    assert [state for state, signal in TABLE if signal is Signal.EMPTIED] == [State.RECEIPTED]
    assert {state for (state, _), after in TABLE.items() if after is State.CLEARED} == {State.RECEIPTED}
    assert {state for (state, _), after in TABLE.items() if after is State.RECEIPTED} == {State.COLLECTED}


def test_nothing_leads_out_of_quarantine_but_being_taken_away_or_failing() -> None:
    out = {after for (state, _), after in TABLE.items() if state is State.QUARANTINED} - {State.QUARANTINED}
    assert out == {State.PULLED, State.FAILED, State.ABSENT}


@pytest.mark.parametrize("state", sorted(set(State) - {State.ABSENT, State.PULLED}))
def test_a_device_can_be_taken_in_every_state(state: State) -> None:
    assert move(state, Signal.TAKEN) in (State.PULLED, State.ABSENT)


@pytest.mark.parametrize(
    "state", sorted(set(State) - {State.ABSENT, State.PULLED, State.FAILED, State.QUARANTINED, State.READY})
)
def test_every_working_state_can_fail_and_be_quarantined(state: State) -> None:
    assert move(state, Signal.BROKE) is State.FAILED
    assert move(state, Signal.UNKNOWN) is State.QUARANTINED


@pytest.mark.parametrize("state", State)
def test_taking_it_away_is_premature_unless_it_was_ready(state: State) -> None:
    ready = state in (State.READY, State.ABSENT)
    assert is_premature(state, everything_receipted=False) is not ready
    assert is_premature(State.QUARANTINED, everything_receipted=True) is False
