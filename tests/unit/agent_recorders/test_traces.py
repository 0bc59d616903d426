"""Every shipped profile agrees with the trace beside it: replayed by its driver, or chosen and read from the listing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_agent.profiles_command import simulated_trace
from liuhen_agent.recorders.profile import Facts, Profile, choose_profile, default_folder, load_profiles
from liuhen_agent.recorders.trace import (
    Trace,
    TraceDiffers,
    check_files,
    fact_of,
    parse_trace,
    paths_of,
    read_bytes,
    replay,
    write_bytes,
)

SHIPPED = {profile.name: profile for profile in load_profiles(default_folder())}
SPOKEN = sorted(name for name, profile in SHIPPED.items() if profile.protocol.commands)
LISTED = sorted(set(SHIPPED) - set(SPOKEN))


def trace_of(name: str) -> Trace:
    return parse_trace((default_folder() / f"{name}.trace").read_text("utf-8"))


@pytest.mark.parametrize("name", SPOKEN)
async def test_a_profile_and_its_trace_agree(name: str) -> None:
    trace = trace_of(name)
    assert "not by hardware" in trace.maker
    await replay(SHIPPED[name], trace)


@pytest.mark.parametrize("name", SPOKEN)
def test_the_trace_is_what_the_simulator_says_today(name: str) -> None:
    trace, error = simulated_trace(SHIPPED[name])
    assert error is None
    assert trace.text() == (default_folder() / f"{name}.trace").read_text("utf-8")


@pytest.mark.parametrize("name", LISTED)
def test_what_lies_on_a_recorder_chooses_its_profile_and_tells_its_files(name: str) -> None:
    trace, profile = trace_of(name), SHIPPED[name]
    facts = Facts(profile.match.transport, fact_of(trace, "label"), paths_of(trace))
    chosen = choose_profile(tuple(SHIPPED.values()), facts)
    assert chosen is not None and chosen.name == name
    check_files(profile, trace)


def with_other_frame(profile: Profile) -> Profile:
    protocol = profile.protocol
    assert protocol.bytes is not None
    frame = protocol.bytes.frame.replace("{opcode} 00", "{opcode} 01")
    return replace(profile, protocol=replace(protocol, bytes=replace(protocol.bytes, frame=frame, read_frame=frame)))


async def test_where_profile_and_recorder_part_the_line_is_said() -> None:
    trace = trace_of("p-a1")
    with pytest.raises(TraceDiffers, match="the profile sends") as parted:
        await replay(with_other_frame(SHIPPED["p-a1"]), trace)
    assert parted.value.line == 5
    changed = parse_trace(trace.text().replace("= officer 012345", "= officer 999999"))
    with pytest.raises(TraceDiffers, match="does not read officer 999999"):
        await replay(SHIPPED["p-a1"], changed)
    changed = parse_trace(trace.text().replace("= officer 012345\n", ""))
    with pytest.raises(TraceDiffers, match="what the trace does not have"):
        await replay(SHIPPED["p-a1"], changed)


@pytest.mark.parametrize(
    "step", ["login USER", "login USER six", "login USER 6 more", "time_set", "time_set now", "", "x"]
)
async def test_a_step_that_is_none_is_said_with_its_line(step: str) -> None:
    trace = parse_trace(f"liuhen-trace 1\nprofile p-bc\nmade by hand\ndo {step}\n")
    with pytest.raises(TraceDiffers) as refused:
        await replay(SHIPPED["p-bc"], trace)
    assert refused.value.line == 4


def test_no_trace_holds_a_password() -> None:
    for path in default_folder().glob("*.trace"):
        trace = parse_trace(path.read_text("utf-8"))
        begins = [index for index, event in enumerate(trace.events) if event.text.startswith("login")]
        for index in begins:
            sent = trace.events[index + 1]
            assert sent.kind == ">" and b"******" in sent.data and b"000000" not in sent.data


@given(st.binary(max_size=300))
def test_bytes_are_written_and_read_back(data: bytes) -> None:
    assert read_bytes(write_bytes(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        "liuhen-trace 1\nprofile x\n",
        "liuhen-trace 1\nprofile x\nmade\n? what",
        "liuhen-trace 1\nprofile x\nmade\n> zz",
    ],
)
def test_what_is_no_trace_is_refused(text: str) -> None:
    with pytest.raises(TraceDiffers):
        parse_trace(text)


def test_every_profile_has_its_trace_and_every_trace_its_profile() -> None:
    traces = {path.stem for path in Path(default_folder()).glob("*.trace")}
    assert traces == set(SHIPPED)
