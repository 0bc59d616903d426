"""The pages say what the code does: every event with its fields, every refusal, every kind of vector, and no dead link."""

from __future__ import annotations

import dataclasses
import re
import typing
from pathlib import Path

import pytest

from liuhen_protocol import words
from liuhen_protocol.events import EVENTS

ROOT = Path(__file__).resolve().parents[3]
SPEC = ROOT / "docs" / "spec"
PAGES = {path.name: path.read_text("utf-8") for path in SPEC.glob("*.md")}


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_stands_on_the_statement_page_with_all_its_fields_in_order(kind: str) -> None:
    (row,) = [line for line in PAGES["statement.md"].splitlines() if line.startswith(f"| `{kind}` |")]
    outer = re.sub(r"\{[^}]*\}", "", row.split("|")[2])
    assert re.findall(r"`(\w+)`", outer) == [field.name for field in dataclasses.fields(EVENTS[kind])]
    inner = [
        field.name
        for hint in typing.get_type_hints(EVENTS[kind]).values()
        for part in (hint, *typing.get_args(hint))
        if isinstance(part, type) and dataclasses.is_dataclass(part)
        for field in dataclasses.fields(part)
    ]
    assert re.findall(r"`(\w+)`", "".join(re.findall(r"\{[^}]*\}", row))) == inner


def test_every_refusal_of_a_verifier_stands_on_a_page() -> None:
    everything = "".join(PAGES.values())
    assert [code for code in words.CODES if code != "malformed" and f"`{code}`" not in everything] == []


def test_every_kind_of_vector_is_described() -> None:
    checks = {path.parent.name for path in (ROOT / "tests" / "vectors").glob("*/*.json")}
    described = set(re.findall(r"^\| `([\w-]+)` \|", PAGES["vectors.md"], re.MULTILINE))
    assert checks == described


def test_no_page_points_to_what_is_not_there() -> None:
    dead = []
    for page in [*SPEC.glob("*.md"), ROOT / "docs" / "threat-model.md"]:
        text = page.read_text("utf-8")
        links = [page.parent / target for target in re.findall(r"\]\(([^)#:]+)\)", text)]
        files = [ROOT / path for path in re.findall(r"`((?:tests|docs)/[\w./-]+)`", text)]
        dead += [f"{page.name}: {path}" for path in [*links, *files] if not path.exists()]
        for module in re.findall(r"`(liuhen_\w+(?:\.\w+)*)`", text):
            part = {"liuhen_agent": "agent", "liuhen_server": "server"}.get(module.partition(".")[0], "protocol")
            path = ROOT / part / "src" / module.replace(".", "/")
            if not path.is_dir() and not path.with_suffix(".py").is_file():
                dead.append(f"{page.name}: {module}")
        dead += [
            f"{page.name}: {name}"
            for name in re.findall(r"`(test_\w+)`", text)
            if not any(f"def {name}(" in path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
        ]
    assert dead == []
