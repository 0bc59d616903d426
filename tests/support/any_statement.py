"""Statements of every kind with anything in them that the protocol takes, for tests of what must hold of all of them."""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import UTC, datetime

from hypothesis import strategies as st

from liuhen_protocol.events import OF_A_CLIP, Event
from liuhen_protocol.moment import format_time
from liuhen_protocol.shape import MAX_NUMBER, Hex, Moment
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import (
    Clock,
    Link,
    Statement,
    Subject,
    place_in_chain,
)

SIGNER = Ed25519Signer.from_seed(b"s" * 32)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
NUMBERS = st.integers(-MAX_NUMBER, MAX_NUMBER)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)).map(format_time)
SOURCES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", fullmatch=True)


def values(annotation: object, texts: st.SearchStrategy[str] = TEXTS) -> st.SearchStrategy[object]:
    simple = {str: texts, int: NUMBERS, bool: st.booleans(), Hex: DIGESTS, Moment: TIMES}
    if annotation in simple:
        return simple[annotation]
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return st.none() | values(arguments[0], texts)
    if typing.get_origin(annotation) is tuple:
        return st.lists(values(arguments[0], texts), max_size=3).map(tuple)
    return instances(typing.cast(type, annotation), texts)


def instances(kind: type, texts: st.SearchStrategy[str] = TEXTS) -> st.SearchStrategy[typing.Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{field.name: values(hints[field.name], texts) for field in dataclasses.fields(kind)})


@st.composite
def statements(draw: st.DrawFn, kind: type[Event], texts: st.SearchStrategy[str] = TEXTS) -> Statement:
    """Any statement of that kind; its texts are drawn from `texts`."""
    seq = draw(st.integers(0, MAX_NUMBER))
    clock = Clock(draw(texts), draw(st.integers(0, MAX_NUMBER)))
    link = Link(draw(SOURCES), seq, draw(DIGESTS) if seq else None, draw(TIMES), clock)
    subject = Subject(draw(texts), draw(DIGESTS), draw(st.none() | DIGESTS))
    return Statement(
        link, draw(instances(kind, texts)), subject if kind in OF_A_CLIP else place_in_chain(link, SIGNER.public)
    )
