"""The page's own modules, run in the real browser, answer every vector as the Python verifier does."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.conftest import Seeded, Visitor, living
from liuhen_server.web.render import modules_version
from support.device import TestDock
from vectors.make import HERE
from vectors.recipes.vector import read_octets

pytestmark = pytest.mark.xdist_group("film")
Json = dict[str, Any]
SCRIPT = (Path(__file__).parent / "vectors.js").read_text()
BYTES = {
    "digest": ("bytes",),
    "envelope": ("envelope",),
    "statement": ("payload",),
    "note": ("note",),
    "checkpoint": ("note",),
    "cosignature": ("note",),
    "policy": ("policy",),
    "accept": ("note",),
    "tlog-proof": ("proof", "entry"),
    "vkey": (),
    "inclusion": (),
}
READ_HERE = {  # a browser reads no other kind of statement
    "archive.started",
    "dock.enrolled",
    "dock.revoked",
    "key.rotated",
    "clip.collected",
    "clip.derived",
    "clip.stored",
}
LOOKED_AT = {3, 4, 6, 7, 8}  # steps of the verifier that the page repeats; of 2, what the statements say of each other


async def _nothing(county: Seeded, folder: Path, dock: TestDock) -> None:
    pass


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with living(tmp_path_factory.mktemp("vectors"), _nothing) as seeded:
        yield seeded


def _b64(octets: Any) -> str:
    return base64.b64encode(read_octets(octets)).decode()


def _vectors(check: str) -> dict[str, Json]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((HERE / check).glob("*.json"))}


def _ask(visitor: Visitor, questions: list[Json]) -> list[Json]:
    visitor.go("/sign-in")
    given = {"base": f"/static/modules/{modules_version()}", "questions": questions}
    answers: list[Json] = visitor.page.evaluate(SCRIPT, given)
    return answers


@pytest.mark.parametrize("check", BYTES)
def test_browser_answers_the_vectors_as_the_verifier_does(visit: Callable[..., Visitor], check: str) -> None:
    vectors = _vectors(check)
    questions = []
    for vector in vectors.values():
        given = dict(vector["input"])
        for name in BYTES[check]:
            given[name] = _b64(given[name])
        questions.append({"check": check, "input": given})
    assert questions
    for (name, vector), answer in zip(vectors.items(), _ask(visit(), questions), strict=True):
        expected = vector["expect"]
        if check == "statement" and expected["answer"] == "holds" and expected["value"]["kind"] not in READ_HERE:
            assert answer == {"answer": "malformed", "other": True}, name
            continue
        assert answer["answer"] == expected["answer"], (name, answer)
        assert answer.get("code") == expected.get("code"), (name, answer)
        for key, value in (expected.get("value") or {}).items():
            if key != "sm3":
                assert answer["value"][key] == value, (name, key)


def test_browser_says_of_no_clip_that_it_holds_where_the_verifier_does_not(visit: Callable[..., Visitor]) -> None:
    """The nine steps' own vectors: where a step that the page repeats is broken or undecided, the page says so too."""
    vectors = {name: one for name, one in _vectors("verify-clip").items() if one["input"]["observed"] is not None}
    questions = []
    for vector in vectors.values():
        given = vector["input"]
        bundle = b"".join(read_octets(proof) for proof in given["proofs"])
        encoded = base64.b64encode(bundle).decode()
        asked = {"bundle": encoded, "dock": "dock-03", "observed": given["observed"], "policy": given["policy"]}
        questions.append({"check": "verify-clip", "input": asked})
    said = Counter[str]()
    for (name, vector), answer in zip(vectors.items(), _ask(visit(), questions), strict=True):
        findings = vector["expect"].get("findings", [])
        wrong = vector["expect"]["answer"] == "malformed" or any(one["step"] in LOOKED_AT for one in findings)
        assert not answer["answer"].startswith("failed"), (name, answer)
        assert not (wrong and answer["answer"] == "holds"), (name, answer)
        if vector["expect"]["answer"] == "holds":
            assert answer["answer"] == "holds", (name, answer)
            assert answer["value"]["chunk_root"] == vector["input"]["observed"]["chunk_root"]
        said[answer["answer"]] += 1
    assert min(said["holds"], said["refused"], said["undecided"]) > 0, said
