"""Statements: what is written is what is read, for every event; JSON, numbers, times and texts have one form."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuhen_protocol import chain
from liuhen_protocol.dsse import MAX_ENVELOPE, Envelope, read_json, seal, write_json
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import EVENTS, KINDS, OF_THE_ARCHIVE, ClipViewed, DockAlarm, DockHead
from liuhen_protocol.moment import format_time, parse_time, seconds_of
from liuhen_protocol.statement import (
    Clock,
    Link,
    Statement,
    Subject,
    check_source,
    place_in_chain,
    read_statement,
    write_statement,
)
from support.any_statement import SIGNER, TIMES, statements


@pytest.mark.parametrize("kind", EVENTS)
def test_a_statement_written_is_the_one_read(kind: str) -> None:
    @settings(max_examples=12, deadline=None)
    @given(statements(EVENTS[kind]))
    def check(statement: Statement) -> None:
        payload = write_statement(statement)
        assert read_statement(payload) == statement
        assert read_statement(payload).kind == kind
        assert write_statement(read_statement(payload)) == payload
        assert Envelope.parse(seal(payload, SIGNER).encode()).payload == payload

    check()


def test_every_event_has_one_kind_and_stands_on_one_side() -> None:
    assert {KINDS[event] for event in EVENTS.values()} == set(EVENTS)
    assert {KINDS[event] for event in OF_THE_ARCHIVE} == {
        kind for kind in EVENTS
        if kind.split(".")[0] in ("archive", "key", "account", "access", "search", "registry", "case", "cases", "list", "coverage", "disposal", "publicity",
                                  "decision", "review", "statistics", "supervision", "handover", "template", "agency")
        or kind in ("dock.enrolled", "dock.revoked", "clip.stored", "clip.viewed", "clip.marked", "clip.linked", "clip.unlinked",
                    "clip.held", "clip.released", "clip.disposed")
        or kind in ("dock.enrolled", "dock.revoked", "clip.stored", "clip.viewed", "clip.marked", "clip.linked", "clip.unlinked",
                    "clip.held", "clip.released", "clip.disposed")
    }  # fmt: skip


LINK = Link("dock-03", 1, "ab" * 32, "2026-11-22T10:00:00.000Z", Clock("ntp", 50))
VIEWED = Statement(LINK, ClipViewed("u1", "handler", "play"), Subject("clip", "cd" * 32))


def changed(**fields: object) -> bytes:
    """The payload of VIEWED with fields of the predicate put in, or top-level ones behind an underscore `top_`."""
    value = read_json(write_statement(VIEWED), "test")
    predicate = value["predicate"]
    assert isinstance(predicate, dict)
    for name, new in fields.items():
        if name.startswith("top_"):
            value[name.removeprefix("top_")] = new
        else:
            predicate[name] = new
    return write_json(value)


EVENT = {"viewer": "u1", "role": "handler", "how": "play"}


@pytest.mark.parametrize(
    "fields",
    [
        {"seq": -1},
        {"seq": True},
        {"seq": "1"},
        {"seq": 1 << 53},
        {"prev": None},
        {"prev": "AB" * 32},
        {"prev": "ab"},
        {"seq": 0},
        {"source": ""},
        {"source": "a/b"},
        {"source": "-a"},
        {"source": "a" * 64},
        {"source": "采集站"},
        {"time": "2026-11-22T10:00:00Z"},
        {"time": None},
        {"clock": {"source": "ntp"}},
        {"clock": {"source": "ntp", "uncertainty_ms": -1}},
        {"clock": {"source": "ntp", "uncertainty_ms": 1, "drift": 0}},
        {"more": 1},
        {"event": {**EVENT, "more": 1}},
        {"event": {"viewer": "u1", "role": "handler"}},
        {"event": {**EVENT, "how": 1}},
        {"event": {**EVENT, "how": None}},
        {"event": {**EVENT, "how": "a\nb"}},
        {"event": {**EVENT, "how": "a\x85b"}},
        {"event": []},
        {"top_subject": []},
        {"top_subject": [{"name": "clip", "digest": {"sha256": "cd" * 32}}] * 2},
        {"top_subject": [{"name": "clip", "digest": {"sm3": "cd" * 32}}]},
        {"top_subject": [{"name": "clip", "digest": {"sha256": "cd" * 32, "sm3": None}}]},
        {"top_subject": [{"name": "clip", "digest": {"sha256": "cd" * 32, "md5": "cd"}}]},
        {"top_subject": [{"name": "clip", "digest": {"sha256": "cd" * 32}, "uri": "x"}]},
        {"top_subject": [{"name": "a\x00", "digest": {"sha256": "cd" * 32}}]},
        {"top__type": "https://in-toto.io/Statement/v0.1"},
        {"top_predicateType": "https://liuhen.example/custody/v1/clip.eaten"},
        {"top_predicateType": "clip.viewed"},
        {"top_more": 1},
    ],
)
def test_a_statement_out_of_its_form_is_malformed(fields: dict[str, object]) -> None:
    read_statement(changed())
    with pytest.raises(Malformed):
        read_statement(changed(**fields))


def test_the_subject_of_what_is_not_about_a_clip_is_its_place_in_the_chain() -> None:
    payload = write_statement(Statement(LINK, DockHead(1, 0), place_in_chain(LINK, SIGNER.public)))
    read_statement(payload)
    with pytest.raises(Malformed):
        read_statement(payload.replace(b"dock-03#0", b"dock-03#1"))
    with pytest.raises(Malformed):
        write_statement(Statement(LINK, DockHead(1, 0), Subject("dock-03#0", "cd" * 32)))


@pytest.mark.parametrize("text", ["a\ud800", "\udcff"])
def test_half_a_character_cannot_be_stated(text: str) -> None:
    with pytest.raises(Malformed):
        write_statement(dataclasses.replace(VIEWED, event=ClipViewed(text, "handler", "play")))
    with pytest.raises(Malformed):
        write_statement(dataclasses.replace(VIEWED, subject=Subject(text, "cd" * 32)))


def test_a_statement_longer_than_the_log_takes_is_refused_when_it_is_sealed() -> None:
    def payload(length: int) -> bytes:
        return write_statement(Statement(LINK, DockAlarm("x", "x" * length, None), place_in_chain(LINK, SIGNER.public)))

    assert len(seal(payload(48_000), SIGNER).encode()) <= MAX_ENVELOPE
    with pytest.raises(Malformed):
        seal(payload(49_500), SIGNER)
    with pytest.raises(Malformed):
        Envelope.parse(b" " * (MAX_ENVELOPE + 1))


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"b":{"a":1,"a":2}}',
        '{"a":1.0}',
        '{"a":1e3}',
        '{"a":-0.5}',
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":-Infinity}',
        '{"a":' + "9" * 5000 + "}",
        "[" * 20_000,
        '{"a":' * 20_000,
        "[]",
        "1",
        "null",
        "",
        '{"a":1} x',
        '{"a":"\n"}',
        '\ufeff{"a":1}',
        "{'a':1}",
    ],
)
def test_json_that_two_readers_could_read_differently_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        read_json(text.encode(), "test")


@pytest.mark.parametrize("data", [b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', '{"a":1}'.encode("utf-16")])
def test_json_that_is_not_utf_8_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_json(data, "test")


def test_an_escaped_half_character_is_malformed_in_a_statement() -> None:
    payload = changed(event={**EVENT, "viewer": "HERE"}).replace(b"HERE", b"\\ud800")
    with pytest.raises(Malformed):
        read_statement(payload)


@settings(max_examples=100, deadline=None)
@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(timezone(timedelta(hours=8)))))
def test_a_time_written_is_the_one_read(moment: datetime) -> None:
    read = parse_time(format_time(moment))
    assert timedelta(0) <= moment - read < timedelta(milliseconds=1)
    assert seconds_of(format_time(moment)) == int((read - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1)


@settings(max_examples=50, deadline=None)
@given(TIMES, TIMES)
def test_times_sort_as_texts(first: str, second: str) -> None:
    assert (first < second) == (parse_time(first) < parse_time(second))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00.12Z",
        "2026-11-22T10:00:00.1234Z",
        "2026-11-22T10:00:00.123+08:00",
        "2026-11-22T10:00:00.123z",
        "2026-11-22 10:00:00.123Z",
        "2026-11-22T24:00:00.000Z",
        "2026-11-22T23:59:60.000Z",
        "2026-02-30T10:00:00.000Z",
        "0000-01-01T00:00:00.000Z",
        "２026-11-22T10:00:00.123Z",
        "2026-11-22T10:00:00.123Z\n",
        "",
    ],
)
def test_a_time_of_another_form_or_that_does_not_exist_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_time(text)


@pytest.mark.parametrize("name", ["", ".", "a b", "a/b", "a\n", "a" * 64, "é"])
def test_a_source_with_another_name_is_malformed(name: str) -> None:
    with pytest.raises(Malformed):
        check_source(name)


HEAD = chain.ChainHead("dock-03", 4, "ab" * 32, "2026-11-22T10:00:00.000Z")
CLOCK = Clock("ntp", 50)


@pytest.mark.parametrize(
    ("seq", "prev", "time", "code"),
    [
        (4, "ab" * 32, HEAD.time, "replayed"),
        (0, None, HEAD.time, "replayed"),
        (6, "ab" * 32, HEAD.time, "gap"),
        (5, "cd" * 32, HEAD.time, "wrong-prev"),
        (5, "ab" * 32, "2026-11-22T09:59:59.999Z", "back-dated"),
    ],
)
def test_a_link_that_does_not_follow_is_refused(seq: int, prev: str | None, time: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        chain.check_link(HEAD, Link("dock-03", seq, prev, time, CLOCK))
    assert caught.value.code == code


def test_a_chain_begins_at_zero() -> None:
    with pytest.raises(Refused) as caught:
        chain.check_link(None, Link("dock-03", 1, "ab" * 32, HEAD.time, CLOCK))
    assert caught.value.code == "gap"


@settings(max_examples=50, deadline=None)
@given(st.none() | TIMES, TIMES)
def test_the_link_made_next_always_follows_even_when_the_clock_went_back(last: str | None, now: str) -> None:
    head = None if last is None else chain.ChainHead("dock-03", 4, "ab" * 32, last)
    link = chain.next_link(head, "dock-03", now, CLOCK)
    chain.check_link(head, link)
    if last is not None and now < last:
        behind = (parse_time(last) - parse_time(now)) // timedelta(milliseconds=1)
        assert (link.time, link.clock) == (last, Clock("behind", 50 + behind))
    else:
        assert (link.time, link.clock) == (now, CLOCK)
