"""The place in its chain that an entry claims is read as the protocol reads it, by the quick way and by the general one."""

from __future__ import annotations

import base64
import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from house.bench.made_log import Writer, collected
from liuhen_protocol.dsse import Envelope, seal
from liuhen_protocol.errors import Malformed
from liuhen_protocol.events import EVENTS, ClipFailed, DockHead
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Statement, read_statement, write_statement
from liuhen_server.log.leaves import link_of
from support.any_statement import statements
from support.archive import Dock, append, new_archive, sequencing

SIGNER = Ed25519Signer.from_seed(b"D" * 32)
HOSTILE = (
    '","seq":9,"prev":"x"},"prev":null,"seq":7,"source":"dock-9","time":"2020-01-01T00:00:00.000Z"},"predicateType":"'
)
WRONG = [
    b"",
    b'"',
    b"\\",
    b" ",
    b",",
    b"}",
    b"\\u0070rev",
    b'"prev":',
    b'\\"prev":null',
    b'"prev":null,"seq":0,"source":"dock-9","time":"2020-01-01T00:00:00.000Z"},"predicateType":',
]


def written() -> list[bytes]:
    writer = Writer("dock-1", SIGNER)
    return [
        writer.state(DockHead(0, 0)),
        writer.state(*collected(1)),
        writer.state(ClipFailed("s", "r", HOSTILE, None, "unreadable", HOSTILE, 0)),
    ]


def in_other_words(envelope: bytes) -> bytes:
    """The same statement from a program that writes its JSON in another order, with spaces."""
    payload = json.loads(Envelope.parse(envelope).payload)
    payload["predicate"] = dict(reversed(list(payload["predicate"].items())))
    return seal(json.dumps(dict(reversed(list(payload.items()))), indent=1).encode(), SIGNER).encode()


@pytest.mark.parametrize("envelope", written() + [in_other_words(entry) for entry in written()])
def test_an_entrys_place_is_the_one_its_statement_names(envelope: bytes) -> None:
    true, found = read_statement(Envelope.parse(envelope).payload).link, link_of(envelope)
    assert (found.source, found.seq, found.prev, found.time) == (true.source, true.seq, true.prev, true.time)


def place(envelope: bytes) -> tuple[object, ...]:
    link = link_of(envelope)
    return link.source, link.seq, link.prev, link.time


def true_place(envelope: bytes) -> tuple[object, ...]:
    link = read_statement(Envelope.parse(envelope).payload).link
    return link.source, link.seq, link.prev, link.time


def spelled(text: str, chosen: list[int]) -> str:
    """The same JSON string with some of its characters, those at `chosen`, as escapes."""
    chosen_here = {at % len(text) for at in chosen}
    return "".join(f"\\u{ord(sign):04x}" if at in chosen_here else sign for at, sign in enumerate(text))


ESCAPED = st.lists(st.integers(-4, -1) | st.integers(0, 4000), max_size=4)  # negative: the end, where the padding is


@given(st.sampled_from(written()), ESCAPED, st.booleans())
@example(written()[1], [-1], False)  # "=\u003d": of two signs of padding, the second
def test_an_envelope_that_spells_its_base64_with_escapes_has_the_same_place(
    envelope: bytes, chosen: list[int], again: bool
) -> None:
    """The log takes it, so a tick must read it: otherwise one dock could stop the log for all."""
    if again:
        envelope = in_other_words(envelope)
    payload = json.loads(envelope)["payload"]
    bent = envelope.replace(payload.encode(), spelled(payload, chosen).encode())
    assert true_place(bent) == true_place(envelope)
    assert place(bent) == true_place(envelope)


@given(st.sampled_from(written()), st.lists(st.tuples(st.integers(0, 4000), st.sampled_from(WRONG)), max_size=3))
def test_of_altered_statements_none_has_two_places(envelope: bytes, changes: list[tuple[int, bytes]]) -> None:
    """What both readers take they read alike; and what the protocol takes the quick reader never refuses."""
    payload = Envelope.parse(envelope).payload
    for at, wrong in changes:
        at %= len(payload)
        payload = payload[:at] + wrong + payload[at + (at % 3) :]
    bent = seal(payload, SIGNER).encode()
    with suppress(Malformed):
        true = true_place(bent)
        assert place(bent) == true


LIES = st.lists(
    st.sampled_from(
        [
            HOSTILE,
            '"prev":null,"seq":0,"source":"dock-9","time":"2020-01-01T00:00:00.000Z"},"predicateType":',
            '"prev":',
            '"',
            "\\",
            "\\u0022prev\\u0022:null",
            "},",
            "dock-9",
            "现场",
            "\u2028",
        ]
    ),
    max_size=3,
).map("".join)


@pytest.mark.parametrize("kind", EVENTS)
def test_whatever_a_statement_says_its_place_is_read_as_the_protocol_reads_it(kind: str) -> None:
    """Every text of it is written by somebody who wants another place to be read; and it is written by any program, spelled any way."""

    @settings(max_examples=25, deadline=None)
    @given(statements(EVENTS[kind], LIES), st.booleans(), ESCAPED)
    def check(statement: Statement, again: bool, chosen: list[int]) -> None:
        envelope = seal(write_statement(statement), SIGNER).encode()
        if again:
            envelope = in_other_words(envelope)
        payload = json.loads(envelope)["payload"]
        bent = envelope.replace(payload.encode(), spelled(payload, chosen).encode())
        link = statement.link
        assert place(envelope) == place(bent) == true_place(bent) == (link.source, link.seq, link.prev, link.time)

    check()


@pytest.mark.parametrize(
    "envelope", [b"", b"{}", b'{"payload":"', b'{"payload":"A"}', b'{"payload":"' + base64.b64encode(b"{}") + b'"}']
)
def test_what_is_no_entry_has_no_place(envelope: bytes) -> None:
    with pytest.raises(Malformed):
        link_of(envelope)


async def test_a_tick_syncs_every_file_and_every_folder_once_however_many_entries_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3,000 entries: 12 bundles and 12 tiles of level 0, 11 of them full each, and one tile of level 1."""
    async with new_archive(tmp_path / "archive", f"sqlite:///{tmp_path / 'archive.db'}") as archive:
        async with sequencing(archive) as sequencer:
            await sequencer.tick()
            await append(archive, Dock("dock-03").heads(3000))
            real, calls = os.fsync, 0

            def counted(handle: int) -> None:
                nonlocal calls
                calls += 1
                real(handle)

            monkeypatch.setattr(os, "fsync", counted)
            await sequencer.tick()
        published = archive.reader.published()
        assert published is not None and published[0].size == 3001
    files, folders, checkpoint = 12 + 12 + 1, 2 + 3 + 2 * 3, 2
    assert calls <= files + folders + checkpoint
