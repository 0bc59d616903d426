"""Frozen dataclasses to and from JSON objects, strictly: every field there, no other field, exact types, bounded numbers and texts.

A field with a default came later than the others: where it says nothing more than its default it is left out, and must be, so that
older statements are read as they are and one statement has one form.

Only what a statement needs: str, Hex, Moment, int, bool, None-or, tuples, dataclasses.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Hashable

from liuhen_protocol.digest import is_digest
from liuhen_protocol.errors import Malformed
from liuhen_protocol.moment import parse_time

Hex = typing.Annotated[str, "64 lower-case hexadecimal digits: a SHA-256 or an Ed25519 public key"]
Moment = typing.Annotated[str, "2026-11-22T10:00:00.123Z"]
MAX_NUMBER = (1 << 53) - 1  # what every JSON reader, JavaScript's included, keeps exactly
_Decoder = Callable[[object, str], object]
T = typing.TypeVar("T")


def text(value: object, where: str) -> str:
    """A text without control characters. Raises Malformed."""
    if type(value) is not str:
        raise Malformed(f"{where}: not a text")
    if value.isascii() and value.isprintable():  # nearly every text: the quick way
        return value
    if not value.isprintable() and any(
        ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in value
    ):
        raise Malformed(f"{where}: a control character")
    return value


def _number(value: object, where: str) -> int:
    if type(value) is not int or not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise Malformed(f"{where}: not a whole number of at most 53 bits")
    return value


def _flag(value: object, where: str) -> bool:
    if type(value) is not bool:
        raise Malformed(f"{where}: not true or false")
    return value


def _digest(value: object, where: str) -> str:
    if not is_digest(value):
        raise Malformed(f"{where}: not 64 lower-case hexadecimal digits")
    return str(value)


def _moment(value: object, where: str) -> str:
    try:
        parse_time(text(value, where))
    except Malformed as error:
        raise Malformed(f"{where}: {error}") from None
    return str(value)


@functools.cache
def _decoder(annotation: Hashable) -> _Decoder:
    simple: dict[object, _Decoder] = {str: text, int: _number, bool: _flag, Hex: _digest, Moment: _moment}
    if annotation in simple:
        return simple[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union) and len(arguments) == 2 and arguments[1] is types.NoneType:
        inner = _decoder(arguments[0])
        return lambda value, where: None if value is None else inner(value, where)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        item = _decoder(arguments[0])

        def decode_list(value: object, where: str) -> object:
            if type(value) is not list:
                raise Malformed(f"{where}: not a list")
            return tuple(item(one, where) for one in value)

        return decode_list
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _dataclass_decoder(annotation)
    raise TypeError(f"a statement has no field of type {annotation}")


def _dataclass_decoder(kind: type) -> _Decoder:
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = [(field.name, f".{field.name}", _decoder(hints[field.name])) for field in dataclasses.fields(kind)]
    others = [(at, *field) for at, field in enumerate(fields) if field[2] is not text]
    texts = [name for name, _, decode in fields if decode is text]
    names = {name for name, _, _ in fields}
    optional = {field.name: field.default for field in dataclasses.fields(kind) if _is_optional(field)}

    def all_plain(value: dict[str, object]) -> bool:
        """Whether every text is one without looking at each alone: a log has millions of statements."""
        try:
            together = "".join([value[name] for name in texts])  # type: ignore[misc]  # what is no text raises
        except TypeError:
            return False
        return together.isascii() and together.isprintable()

    def decode_object(value: object, where: str) -> object:
        if type(value) is not dict:
            raise Malformed(f"{where}: not an object")
        if value.keys() == names and not optional:
            if not all_plain(value):
                return kind(*[decode(value[name], where + place) for name, place, decode in fields])
            plain = [value[name] for name, _, _ in fields]
            for at, name, place, decode in others:
                plain[at] = decode(value[name], where + place)
            return kind(*plain)
        for odd in sorted(value.keys() ^ names):
            if odd not in optional:
                raise Malformed(f"{where}: the field {odd[:60]!r} is {'missing' if odd in names else 'not known'}")
        found = {name: decode(value[name], where + place) for name, place, decode in fields if name in value}
        for name in optional.keys() & found.keys():
            if found[name] == optional[name]:
                raise Malformed(f"{where}.{name}: says nothing and is left out then")
        return kind(**found)

    return decode_object


def _is_optional(field: dataclasses.Field[object]) -> bool:
    return field.default is not dataclasses.MISSING


def decode(kind: type[T], value: object, where: str) -> T:
    """The JSON value as a `kind`. Raises Malformed with the place."""
    return typing.cast(T, _decoder(typing.cast(Hashable, kind))(value, where))


def encode(value: object) -> object:
    """A dataclass as a JSON object, names and order those of its fields. Raises Malformed for what a reader would refuse."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: encode(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if not (_is_optional(field) and getattr(value, field.name) == field.default)
        }
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if value is None or type(value) is bool:
        return value
    return _number(value, "number") if type(value) is int else text(value, "text")
