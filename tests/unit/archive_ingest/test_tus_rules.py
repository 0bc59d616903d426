"""tus 1.0.0 as a table: what each request is answered, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuhen_server.ingest import tus
from liuhen_server.ingest.tus import TusProblem, UploadState

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
VERSION = {"tus-resumable": "1.0.0"}
PATCH = VERSION | {"content-type": "application/offset+octet-stream", "upload-offset": "4", "content-length": "6"}
CREATE = VERSION | {"upload-length": "10", "upload-metadata": "sha256 YWI=,filename"}


def state(**changed: object) -> UploadState:
    given: dict[str, object] = {"length": 10, "offset": 4, "expires": NOW + timedelta(days=1), "finished": False}
    return UploadState(**(given | {"busy": False} | changed))  # type: ignore[arg-type]


def without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}


def test_options_names_every_extension_that_works() -> None:
    answer = tus.options()
    assert answer.status == 204
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,expiration,checksum,termination"
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"


def test_good_requests_are_read() -> None:
    creation = tus.read_creation(CREATE)
    assert (creation.length, creation.metadata) == (10, {"sha256": b"ab", "filename": b""})
    assert tus.read_append(PATCH, state(), NOW) == tus.Append(4, 6, None)
    assert tus.read_head(VERSION, state(), NOW).headers["Upload-Offset"] == "4"
    assert "Upload-Expires" in tus.appended(state()).headers
    assert "Upload-Expires" not in tus.appended(state(finished=True)).headers
    tus.read_termination(VERSION, state(), NOW)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (without(CREATE, "tus-resumable"), 412),
        (CREATE | {"tus-resumable": "0.2.2"}, 412),
        (without(CREATE, "upload-length"), 400),
        (CREATE | {"upload-length": "-1"}, 400),
        (CREATE | {"upload-length": "1e3"}, 400),
        (CREATE | {"upload-length": "٣"}, 400),
        (CREATE | {"upload-length": "9" * 15}, 413),
        (CREATE | {"upload-defer-length": "1"}, 400),
        (CREATE | {"upload-concat": "partial"}, 400),
        (CREATE | {"upload-metadata": "sha256 ???"}, 400),
        (CREATE | {"upload-metadata": "a YQ==,a YQ=="}, 400),
        (CREATE | {"upload-metadata": ",,"}, 400),
        (CREATE | {"upload-metadata": "a " + "A" * 5000}, 400),
        (CREATE | {"content-length": "3"}, 415),
        (CREATE | {"content-length": "11", "content-type": "application/offset+octet-stream"}, 400),
    ],
)
def test_bad_creation_is_refused(headers: dict[str, str], status: int) -> None:
    with pytest.raises(TusProblem) as refused:
        tus.read_creation(headers)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("headers", "known", "status"),
    [
        (without(PATCH, "tus-resumable"), state(), 412),
        (PATCH, None, 404),
        (PATCH, state(expires=NOW), 410),
        (PATCH | {"content-type": "text/plain"}, state(), 415),
        (without(PATCH, "upload-offset"), state(), 400),
        (PATCH | {"upload-offset": "four"}, state(), 400),
        (PATCH | {"upload-offset": "3"}, state(), 409),
        (PATCH | {"upload-offset": "10", "content-length": "0"}, state(), 409),
        (PATCH | {"content-length": "7"}, state(), 400),
        (PATCH, state(busy=True), 423),
        (PATCH | {"upload-checksum": "md5 AAAA"}, state(), 400),
        (PATCH | {"upload-checksum": "sha1 AAAA"}, state(), 400),
        (PATCH | {"upload-checksum": "sha1"}, state(), 400),
        (PATCH | {"upload-checksum": "sha256 *"}, state(), 400),
    ],
)
def test_bad_patch_is_refused(headers: dict[str, str], known: UploadState | None, status: int) -> None:
    with pytest.raises(TusProblem) as refused:
        tus.read_append(headers, known, NOW)
    assert refused.value.status == status


def test_what_is_stored_cannot_be_terminated() -> None:
    with pytest.raises(TusProblem) as refused:
        tus.read_termination(VERSION, state(finished=True, offset=10), NOW)
    assert refused.value.status == 403


HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "tus-resumable",
            "upload-length",
            "upload-offset",
            "upload-metadata",
            "upload-checksum",
            "content-type",
            "content-length",
            "transfer-encoding",
            "upload-defer-length",
        ]
    ),
    st.one_of(st.text(max_size=40), st.sampled_from(["1.0.0", "4", "sha1 AAAA", "application/offset+octet-stream"])),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
@given(HEADERS, st.one_of(st.none(), st.builds(state, busy=st.booleans(), finished=st.booleans())))
def test_whatever_is_sent_ends_in_an_answer_or_a_refusal(headers: dict[str, str], known: UploadState | None) -> None:
    for rule in (
        lambda: tus.read_creation(headers),
        lambda: tus.read_append(headers, known, NOW),
        lambda: tus.read_head(headers, known, NOW),
        lambda: tus.read_termination(headers, known, NOW),
    ):
        try:
            rule()
        except TusProblem as refused:
            assert 400 <= refused.status < 500


@given(offset=st.integers(0, 20), size=st.integers(0, 20))
def test_only_bytes_that_fit_at_the_durable_offset_are_taken(offset: int, size: int) -> None:
    headers = PATCH | {"upload-offset": str(offset), "content-length": str(size)}
    if offset == 4 and size <= 6:
        assert tus.read_append(headers, state(), NOW).offset == 4
    else:
        with pytest.raises(TusProblem):
            tus.read_append(headers, state(), NOW)
