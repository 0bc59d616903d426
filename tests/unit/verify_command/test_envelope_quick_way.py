"""An envelope as we write it is read without a JSON parser: with just the answers that the general way gives."""

from __future__ import annotations

import json

import pytest

from liuhen_protocol import dsse
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Malformed
from support.custody import CLIP, county_with_a_clip

ENTRY = county_with_a_clip(CLIP)[0].log.entries[4]
FIELDS = json.loads(ENTRY)


def answer(data: bytes) -> Envelope | type[Malformed]:
    try:
        return Envelope.parse(data)
    except Malformed:
        return Malformed


VARIANTS = {
    "as written": ENTRY,
    "with spaces": json.dumps(FIELDS).encode(),
    "with a space at the end": ENTRY + b" ",
    "with a newline at the end": ENTRY + b"\n",
    "an empty payload": ENTRY.replace(FIELDS["payload"].encode(), b""),
    "a payload with an escaped slash": ENTRY.replace(b'"payload":"ey', b'"payload":"\\/y', 1),
    "a payload with an escaped quote": ENTRY.replace(b'"payload":"ey', b'"payload":"\\"y', 1),
    "a payload with a space": ENTRY.replace(b'"payload":"ey', b'"payload":" y', 1),
    "a payload that is not ASCII": ENTRY.replace(b'"payload":"ey', b'"payload":"\xff\xfe', 1),
    "a payload with a newline": ENTRY.replace(b'"payload":"ey', b'"payload":"\ny', 1),
    "a payload twice": ENTRY.replace(b'{"payload":', b'{"payload":"e30=","payload":'),
    "a signature of another spelling": ENTRY.replace(b'=="}', b'=A"}'),
    "a key in capitals": ENTRY.replace(FIELDS["signatures"][0]["keyid"].encode(), b"ed25519:" + b"AB" * 32),
    "a short key": ENTRY.replace(FIELDS["signatures"][0]["keyid"].encode(), b"ed25519:" + b"ab" * 31),
    "another type": ENTRY.replace(b"in-toto+json", b"in-toto*json"),
    "one more field": ENTRY.replace(b'"}]}', b'","x":1}]}'),
    "two signatures": ENTRY.replace(b'"}]}', b'"},{"keyid":"x","sig":"y"}]}'),
    "cut short": ENTRY[:-1],
    "nothing": b"",
}


@pytest.mark.parametrize("name", VARIANTS)
def test_both_ways_give_the_same_answer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = answer(VARIANTS[name])
    monkeypatch.setattr(dsse, "_HEAD", b"never")
    assert quick == answer(VARIANTS[name])
    assert (quick is Malformed) == (
        name
        not in (
            "as written",
            "with spaces",
            "with a space at the end",
            "with a newline at the end",
            "an empty payload",
            "a payload with an escaped slash",
        )
    )
