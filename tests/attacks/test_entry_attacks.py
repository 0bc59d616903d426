"""Entries that must not enter the log, and malformed input that must end in a clear refusal, never in a 500."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from liuhen_protocol.dsse import seal
from liuhen_protocol.events import ClipDerived, DockHead, DockRevoked, DockStarted
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Clock, Link, Statement, Subject, place_in_chain, write_statement
from liuhen_server.log import signed_state
from liuhen_server.operations.opening import opened
from support.device import TUS, TestDock, now_text, problem_of, running_archive


def refusals(answer: dict[str, object]) -> list[object]:
    results = answer["results"]
    assert isinstance(results, list)
    return [result.get("refused") for result in results]


async def test_same_bytes_again_have_the_same_index_and_other_bytes_are_replayed(
    tmp_path: Path, database_url: str
) -> None:
    async with running_archive(tmp_path, database_url) as world:
        dock = await world.dock()
        async with dock.connected():
            lines = dock.heads(3)
            first = await dock.send(*lines)
            again = await dock.send(*lines, lines[1])
            assert again["results"] == [*first["results"], first["results"][1]]
            assert again["head"] == first["head"]
            second = dock.seal(DockHead(9, 9), change=lambda link: replace(link, seq=1, prev="0" * 64))
            assert refusals(await dock.send(second)) == ["replayed"]
            twice = dock.heads(1)[0]
            both = await dock.send(twice, twice)
            assert both["results"][0] == both["results"][1]
            assert both["head"]["seq"] == 3


async def test_back_dated_missing_and_rehung_entries_are_refused_and_the_chain_goes_on(
    tmp_path: Path, database_url: str
) -> None:
    async with running_archive(tmp_path, database_url) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(*dock.heads(2))
            back = dock.seal(DockHead(0, 0), change=lambda link: replace(link, time="2020-01-01T00:00:00.000Z"))
            gap = dock.seal(DockHead(0, 0), change=lambda link: replace(link, seq=link.seq + 1))
            hung = dock.seal(DockHead(0, 0), change=lambda link: replace(link, prev="f" * 64))
            assert refusals(await dock.send(back, gap, hung)) == ["back-dated", "gap", "wrong-prev"]
            assert refusals(await dock.send(dock.heads(1)[0])) == [None]


async def test_good_prefix_is_kept_and_what_follows_a_bad_signature_is_refused(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected():
            lines = dock.heads(4)
            bent = json.loads(lines[2])
            sig = bent["signatures"][0]["sig"]
            bent["signatures"][0]["sig"] = ("B" if sig[0] != "B" else "C") + sig[1:]
            answer = await dock.send(lines[0], lines[1], json.dumps(bent).encode(), lines[3])
            assert refusals(answer) == [None, None, "bad-signature", "gap"]
            assert answer["head"]["seq"] == 1
            assert refusals(await dock.send(*lines)) == [None] * 4


async def test_dock_speaks_for_itself_only_with_its_own_key_and_of_its_own_kinds(
    tmp_path: Path, database_url: str
) -> None:
    async with running_archive(tmp_path, database_url) as world:
        dock, other = await world.dock("dock-1"), await world.dock("dock-2")
        async with dock.connected():
            of_other = other.seal(DockHead(0, 0))
            stranger = Ed25519Signer(Ed25519PrivateKey.generate())
            link = Link("dock-1", 0, None, now_text(), Clock("ntp", 1))
            event = DockHead(0, 0)
            forged = seal(write_statement(Statement(link, event, place_in_chain(link, stranger.public))), stranger)
            revoked = DockRevoked("dock-2", "0" * 64, "a dock cannot say this", -1, None)
            archive_kind = seal(
                write_statement(Statement(link, revoked, place_in_chain(link, dock.signer.public))), dock.signer
            )
            answer = await dock.send(of_other, forged.encode(), archive_kind.encode())
            assert refusals(answer) == ["not-your-source", "wrong-key", "not-your-kind"]
            assert answer["head"] is None


async def test_promise_no_bytes_can_fulfil_is_refused(tmp_path: Path, database_url: str) -> None:
    async with running_archive(tmp_path, database_url) as world:
        dock = await world.dock()
        async with dock.connected():
            honest_head = dock.head
            for lie in ({"size": -1}, {"recorder": "R" * 300}):
                dock.head = honest_head
                assert refusals(await dock.send(dock.collected(b"data", **lie))) == ["impossible-promise"]


GARBAGE = [
    b"",
    b"\n\n\n",
    b"{}",
    b"[" * 50_000,
    b'{"payload":1}',
    b"\xff\xfe\x00",
    b'{"a":' + b"1" * 5000 + b"}",
    b'{"payloadType":"application/vnd.in-toto+json","payload":"AAAA","signatures":[{"keyid":"ed25519:","sig":""}]}',
    b"{}\n" * 1001,
    b"x" * 70_000,
]


@pytest.mark.parametrize("body", GARBAGE, ids=lambda body: f"{len(body)}-{body[:8]!r}")
async def test_malformed_entries_end_in_a_refusal(tmp_path: Path, body: bytes) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected() as session, session.post("/v1/entries", data=body) as answer:
            if answer.status == 200:
                assert set(refusals(await answer.json())) == {"malformed"}
            else:
                assert answer.status == 400
                assert (await problem_of(answer))["code"] == "malformed"


async def test_mutated_envelopes_and_requests_never_end_in_a_500(tmp_path: Path, database_url: str) -> None:
    dice = random.Random(22)
    async with running_archive(tmp_path, database_url) as world:
        dock = await world.dock()
        async with dock.connected() as session:
            good = dock.heads(1)[0]
            lines = []
            for _ in range(300):
                line = bytearray(good)
                for _ in range(dice.randint(1, 4)):
                    line[dice.randrange(len(line))] = dice.choice(b'"{}[]:,0aZ=\xff\x00\\')
                lines.append(bytes(line).replace(b"\n", b""))
            assert None not in refusals(await dock.send(*[line for line in lines if line and line != good]))
            for method, path, headers in [
                ("POST", "/v1/uploads", TUS | {"Upload-Length": "5", "Upload-Metadata": "sha256 /////w=="}),
                ("POST", "/v1/uploads", TUS | {"Upload-Length": "5"}),
                ("POST", "/v1/uploads", {}),
                ("PATCH", "/v1/uploads/..%2f..%2fetc", TUS),
                ("PATCH", "/v1/uploads/%00", TUS | {"Upload-Offset": "0"}),
                ("HEAD", "/v1/uploads/" + "a" * 5000, TUS),
                ("DELETE", "/v1/uploads/x", TUS),
                ("GET", "/v1/uploads/x", TUS),
                ("GET", "/v1/receipts/%00", {}),
                ("GET", "/v1/receipts/" + "z" * 64, {}),
                ("POST", "/v1/renew", {}),
                ("POST", "/v1/enroll", {}),
                ("GET", "/log/tile/99/%2e%2e/x", {}),
                ("GET", "/log/tile/0/000", {}),
            ]:
                async with session.request(method, path, headers=headers) as answer:
                    assert 400 <= answer.status < 500, (method, path, answer.status)
            assert refusals(await dock.send(good)) == [None]


async def test_a_dock_that_spells_its_base64_with_json_escapes_does_not_stop_the_log_for_all(
    tmp_path: Path, database_url: str
) -> None:
    """The padding's second sign as an escape: an odd envelope that the protocol takes, so the sequencer must take it too."""
    async with running_archive(tmp_path, database_url) as world:
        dock = await world.dock()
        async with dock.connected():
            odd = next(
                line for text in ("", "a", "ab") if b'==","payloadType"' in (line := first_statement(dock, text))
            )
            odd = odd.replace(b'==","payloadType"', b'=\\u003d","payloadType"')
            assert refusals(await dock.send(odd)) == [None]
        async with opened(world.config) as archive:
            while True:
                async with archive.database.read() as conn:
                    state = await signed_state.read(conn)
                assert state.alarm is None
                if state.published_size == state.next_index:
                    break
                await asyncio.sleep(0.05)


def first_statement(dock: TestDock, version: str) -> bytes:
    dock.head = None
    return dock.seal(DockStarted(version, None))


async def test_body_beyond_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected() as session, session.post("/v1/entries", data=b"x" * ((8 << 20) + 1)) as answer:
            assert answer.status == 413


async def test_a_dock_cannot_derive_files_without_end_from_one_original(tmp_path: Path, database_url: str) -> None:
    """64 of one original, in one request or in several; the same file again is none more, another original has its own."""

    def derived(number: int, original: str = "ab" * 32) -> bytes:
        event = ClipDerived(original, "proxy", "video/mp4", "remux", "ffmpeg", 5, "cd" * 32)
        return dock.seal(event, subject=Subject(f"{number}.mp4", f"{number:064x}"))

    async with running_archive(tmp_path, database_url) as world:
        dock = await world.dock()
        async with dock.connected():
            assert refusals(await dock.send(*[derived(number) for number in range(40)])) == [None] * 40
            assert refusals(await dock.send(derived(7), derived(900, "ef" * 32))) == [None, None]
            head = dock.head
            assert head is not None
            answer = await dock.send(*[derived(number) for number in range(40, 66)])
            assert refusals(answer) == [None] * 24 + ["too-many-derivatives", "gap"]
            dock.head = replace(head, seq=head.seq + 24, hash=str(answer["head"]["hash"]), time=answer["head"]["time"])
            assert refusals(await dock.send(derived(70))) == ["too-many-derivatives"]


@pytest.mark.parametrize("place", ["at the next index", "at the dock's next place"])
async def test_an_entry_added_in_the_database_stops_the_log_and_is_no_traceback(
    tmp_path: Path, database_url: str, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_archive(tmp_path, database_url) as world:
        dock = await world.dock()
        async with dock.connected() as session:
            await dock.send(*dock.heads(2))
            index, seq = (4, 900) if place == "at the next index" else (700, 2)
            async with opened(world.config) as archive, archive.database.write() as conn:
                await conn.execute(
                    text(
                        "INSERT INTO entries (log_index, envelope, leaf_hash, envelope_hash, source, seq, kind, time)"
                        " SELECT :index, envelope, leaf_hash, envelope_hash, source, :seq, kind, time FROM entries"
                        " WHERE log_index = 3"
                    ),
                    {"index": index, "seq": seq},
                )
            async with session.post("/v1/entries", data=dock.heads(1)[0]) as answer:
                assert answer.status == 503
                assert answer.headers["Retry-After"] == "60"
                problem = await problem_of(answer)
            assert problem["code"] == "log-stopped"
            assert "entry-added" in str(problem["detail"])
            async with opened(world.config) as archive, archive.database.read() as conn:
                state = await signed_state.read(conn)
            assert state.alarm is not None
            assert state.alarm.code == "entry-added"
            assert state.signed_size <= 4
    assert not [record for record in caplog.records if record.exc_info]
