"""The tus 1.0.0 protocol as rules, apart from storage and HTTP library.

A request is its method and headers; what the archive knows of the upload is an `UploadState`. Every rule answers with
a value or raises `TusProblem`, which carries the status the specification asks for. Source:
https://tus.io/protocols/resumable-upload (core, creation, creation-with-upload, expiration, checksum, termination).

| request | refused when | status |
|---|---|---|
| any but OPTIONS | `Tus-Resumable` is not 1.0.0 | 412, with `Tus-Version` |
| POST | length missing, not a number, deferred, concatenated; metadata malformed | 400 |
| POST | longer than `Tus-Max-Size` | 413 |
| HEAD, PATCH, DELETE | unknown upload, another dock's upload | 404 |
| HEAD, PATCH, DELETE | past its term | 410 |
| PATCH | wrong `Content-Type` | 415 |
| PATCH | offset missing or malformed, body longer than what is left, checksum malformed or unknown | 400 |
| PATCH | offset is not the upload's | 409 |
| PATCH, DELETE | another request writes this upload | 423 |
| DELETE | the upload is finished: what is stored is evidence | 403 |
| PATCH | the bytes have another checksum | 460 |
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
CHECKSUM_ALGORITHMS = {"sha1": 20, "sha256": 32}
"""Accepted names and the size of their value in bytes. hashlib knows them by the same names."""

CONTENT_TYPE = "application/offset+octet-stream"
MAX_METADATA = 4096
MAX_SIZE = 1 << 42
"""4 TiB: no recorder holds a longer file; a bound keeps offsets inside a 64-bit integer of any database."""

_NUMBER = re.compile(r"[0-9]{1,15}\Z")
_METADATA_KEY = re.compile(r"[!-+\--~]{1,64}\Z")  # printable ASCII without space and comma


class TusProblem(Exception):
    """A request that is refused: `status` as in the table, `code` a short word, `detail` a sentence for the
    dock's log.
    """

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})


@dataclass(frozen=True)
class Checksum:
    """What a PATCH says its body hashes to."""

    algorithm: str
    value: bytes


@dataclass(frozen=True)
class Creation:
    """A wish to upload: length in bytes, metadata decoded, whether the first bytes come along, and their checksum."""

    length: int
    metadata: Mapping[str, bytes]
    with_upload: bool
    body_length: int | None
    checksum: Checksum | None


@dataclass(frozen=True)
class Append:
    """A PATCH (or the body of a creation-with-upload) that may be received from `offset` on."""

    offset: int
    body_length: int | None
    checksum: Checksum | None


@dataclass(frozen=True)
class UploadState:
    """What the archive knows of one upload: bytes, `offset` counts durable ones only, `expires` in UTC."""

    length: int
    offset: int
    expires: datetime
    finished: bool
    busy: bool


@dataclass(frozen=True)
class Answer:
    """Status and headers; tus answers have no body."""

    status: int
    headers: Mapping[str, str]


def method_of(method: str, headers: Mapping[str, str]) -> str:
    """The method meant: `X-HTTP-Method-Override` wins, as the specification demands, but only over POST."""
    override = headers.get("x-http-method-override")
    return override.upper() if override is not None and method == "POST" else method


def options() -> Answer:
    """What this endpoint speaks; asked without `Tus-Resumable`."""
    return Answer(
        204,
        {
            "Tus-Resumable": VERSION,
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(MAX_SIZE),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUM_ALGORITHMS),
        },
    )


def read_creation(headers: Mapping[str, str]) -> Creation:
    """Read a POST's headers (names in lower case). Raises TusProblem."""
    _check_version(headers)
    if "upload-defer-length" in headers or "upload-concat" in headers:
        raise TusProblem(400, "not-supported", "deferred lengths and concatenation are not offered; see Tus-Extension")
    length = _number(headers, "upload-length")
    if length > MAX_SIZE:
        raise TusProblem(413, "too-large", f"{length} bytes is more than Tus-Max-Size, {MAX_SIZE} bytes")
    with_upload = _media_type(headers) == CONTENT_TYPE
    body_length = _body_length(headers)
    if not with_upload and (body_length is None or body_length > 0):
        raise TusProblem(415, "wrong-type", f"a creation with a body has Content-Type {CONTENT_TYPE}")
    if body_length is not None and body_length > length:
        raise TusProblem(400, "too-long", f"the body has {body_length} bytes, the upload {length}")
    return Creation(length, _metadata(headers.get("upload-metadata", "")), with_upload, body_length, _checksum(headers))


def read_head(headers: Mapping[str, str], state: UploadState | None, now: datetime) -> Answer:
    """The answer to HEAD."""
    _check_version(headers)
    known = _present(state, now)
    return Answer(
        200,
        {
            "Tus-Resumable": VERSION,
            "Upload-Offset": str(known.offset),
            "Upload-Length": str(known.length),
            "Cache-Control": "no-store",
            **_expiry(known),
        },
    )


def read_append(headers: Mapping[str, str], state: UploadState | None, now: datetime) -> Append:
    """Read a PATCH's headers against the upload. Raises TusProblem."""
    _check_version(headers)
    if _media_type(headers) != CONTENT_TYPE:
        raise TusProblem(415, "wrong-type", f"a PATCH has Content-Type {CONTENT_TYPE}")
    offset = _number(headers, "upload-offset")
    body_length = _body_length(headers)
    checksum = _checksum(headers)
    known = _present(state, now)
    if known.busy:
        raise busy()
    if offset != known.offset:
        raise TusProblem(
            409,
            "wrong-offset",
            f"the upload stands at {known.offset} bytes, not {offset}",
            {"Upload-Offset": str(known.offset)},
        )
    if body_length is not None and offset + body_length > known.length:
        raise TusProblem(400, "too-long", f"{known.length - offset} bytes are left, the body has {body_length}")
    return Append(offset, body_length, checksum)


def read_termination(headers: Mapping[str, str], state: UploadState | None, now: datetime) -> None:
    """Whether a DELETE may end the upload. Raises TusProblem."""
    _check_version(headers)
    known = _present(state, now)
    if known.busy:
        raise busy()
    if known.finished:
        raise TusProblem(403, "finished", "a finished upload is stored evidence; it cannot be terminated")


def created(location: str, state: UploadState) -> Answer:
    """The answer to a creation; `Upload-Offset` tells how much of a creation-with-upload was taken."""
    return Answer(
        201,
        {"Tus-Resumable": VERSION, "Location": location, "Upload-Offset": str(state.offset), **_expiry(state)},
    )


def appended(state: UploadState) -> Answer:
    """The answer to a PATCH."""
    return Answer(204, {"Tus-Resumable": VERSION, "Upload-Offset": str(state.offset), **_expiry(state)})


def terminated() -> Answer:
    """The answer to a DELETE."""
    return Answer(204, {"Tus-Resumable": VERSION})


def busy() -> TusProblem:
    """Another request writes this upload, or the archive is finishing it by itself."""
    return TusProblem(
        423, "busy", "another request is writing this upload; ask again when it has ended", {"Retry-After": "1"}
    )


def checksum_mismatch(checksum: Checksum) -> TusProblem:
    """The bytes of a PATCH were not what its header said; none of them were kept."""
    return TusProblem(
        460,
        "checksum-mismatch",
        f"the {checksum.algorithm} of the body is not the one in Upload-Checksum; nothing was kept",
    )


def _present(state: UploadState | None, now: datetime) -> UploadState:
    if state is None:
        raise TusProblem(404, "unknown-upload", "this dock has no such upload; create it again")
    if not state.finished and not state.busy and state.expires <= now:
        raise TusProblem(410, "expired", "the upload is past its term and gone; create it again")
    return state


def _expiry(state: UploadState) -> dict[str, str]:
    return {} if state.finished else {"Upload-Expires": format_datetime(state.expires, usegmt=True)}


def _check_version(headers: Mapping[str, str]) -> None:
    if headers.get("tus-resumable") != VERSION:
        raise TusProblem(412, "wrong-version", f"Tus-Resumable must be {VERSION}", {"Tus-Version": VERSION})


def _number(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name)
    if text is None or not _NUMBER.match(text):
        raise TusProblem(400, "malformed", f"{name} must be a number of bytes, at most 15 digits")
    return int(text)


def _body_length(headers: Mapping[str, str]) -> int | None:
    """Bytes of the body, or None where it comes in chunks of unknown number."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return None
    return _number(headers, "content-length") if "content-length" in headers else 0


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _checksum(headers: Mapping[str, str]) -> Checksum | None:
    text = headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, encoded = text.strip().partition(" ")
    size = CHECKSUM_ALGORITHMS.get(algorithm)
    if size is None:
        raise TusProblem(400, "unknown-checksum", f"Upload-Checksum must be one of {', '.join(CHECKSUM_ALGORITHMS)}")
    value = _base64(encoded.strip(), "Upload-Checksum")
    if len(value) != size:
        raise TusProblem(400, "malformed", f"a {algorithm} has {size} bytes, Upload-Checksum has {len(value)}")
    return Checksum(algorithm, value)


def _metadata(text: str) -> dict[str, bytes]:
    if len(text) > MAX_METADATA:
        raise TusProblem(400, "malformed", f"Upload-Metadata is longer than {MAX_METADATA} characters")
    found: dict[str, bytes] = {}
    for pair in text.split(",") if text.strip() else []:
        key, _, encoded = pair.strip().partition(" ")
        if not _METADATA_KEY.match(key) or key in found:
            raise TusProblem(400, "malformed", "Upload-Metadata has an empty, doubled or unprintable key")
        found[key] = _base64(encoded.strip(), "Upload-Metadata")
    return found


def _base64(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise TusProblem(400, "malformed", f"{name} is not base64") from error
