"""Both languages say everything, and templates name only what the catalogue has."""

import ast
import re
import string
from pathlib import Path

import pytest

import liuhen_server
from liuhen_protocol import words
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import EVENTS
from liuhen_protocol.report import Verdict
from liuhen_protocol.words import CODES
from liuhen_server import web
from liuhen_server.people.passwords import why_refused
from liuhen_server.people.roles import GIVEN, Action
from liuhen_server.web.context import CHINA
from liuhen_server.web.language import Language, Words
from liuhen_server.web.log_page import because
from liuhen_server.web.texts import TEXTS

FOLDER = Path(web.__file__).parent
CHINESE, ENGLISH = Words(Language.CHINESE, CHINA), Words(Language.ENGLISH, CHINA)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_every_text_is_there_in_both_languages_with_the_same_places(key: str) -> None:
    text = TEXTS[key]
    assert text.zh.strip() and text.en.strip()
    assert places(text.zh) == places(text.en)
    assert not re.search(r"[\u4e00-\u9fff，。：；（）]", text.en), "English without Chinese signs"


def test_chinese_texts_use_full_width_punctuation() -> None:
    for key, text in TEXTS.items():
        assert not re.search(r"[\u4e00-\u9fff][,:;()!?]|[,:;()!?][\u4e00-\u9fff]", text.zh), key


def test_templates_and_pages_name_only_known_texts() -> None:
    named: set[str] = set()
    for path in FOLDER.glob("templates/*.html"):
        named |= set(re.findall(r'\bt\("([a-z_.]+[a-z_])"[,)]', path.read_text()))
    for path in FOLDER.glob("*.py"):
        named |= set(re.findall(r'\b(?:words|self)\("([a-z_.]+[a-z_])"[,)]', path.read_text()))
        problems = re.findall(r'Problem\("([a-z_]+)"', path.read_text())
        named |= {f"problem.{name}.{part}" for name in problems for part in ("title", "text")}
    assert len(named) > 100
    assert not named - TEXTS.keys()


def test_texts_put_together_from_values_are_known() -> None:
    assert {f"verdict.{verdict.value}" for verdict in Verdict} <= TEXTS.keys()
    assert {f"role.{role.value}" for role in GIVEN} <= TEXTS.keys()
    assert {f"action.{action.value}" for action in Action} <= TEXTS.keys(), "the auditor reads what was refused"
    about_clips = {"clip.collected", "clip.derived", "clip.stored", "clip.viewed", "recorder.docked"}
    assert about_clips <= EVENTS.keys()
    assert {f"event.{kind}" for kind in about_clips} <= TEXTS.keys()
    for password in ("short", "x" * 300, "a" * 20, "the same password"):
        assert (why_refused(password, "zhang", "the same password") or "") in TEXTS


OF_NO_DECISION = {"lacks"} | {"may_review", "may_submit", "may_take", "may_give_opinion", "may_answer"}
OF_NO_DECISION |= {"may_withdraw", "may_extend", "may_ask", "_stands"}
"""Functions whose refusals are no attempt to decide, and stand in no entry."""


def test_every_reason_that_keeps_a_case_from_its_decision_can_be_read_by_the_auditor() -> None:
    found: set[str] = set()
    for module in ("decisions/gates.py", "review/rules.py", "cases/exchange.py"):
        tree = ast.parse(Path(liuhen_server.__file__).parent.joinpath(module).read_text())
        parts = [part for part in tree.body if getattr(part, "name", "") not in OF_NO_DECISION]
        for call in (node for part in parts for node in ast.walk(part) if isinstance(node, ast.Call)):
            match call:
                case ast.Call(func=ast.Name(id="Refusal"), args=[ast.Constant(value=str(key)), *_]):
                    found.add(key)
    assert len(found) > 20
    assert {f"refusal.{key}" for key in found} <= TEXTS.keys()


def test_every_reason_of_the_verifier_has_chinese() -> None:
    assert all(words.HOLDS[name] and words.STEPS[name] for name in words.STEPS)


def test_name_that_turns_the_direction_of_writing_is_spelt_out() -> None:
    assert CHINESE.plain("clip\u202egpj.exe") == "clip⟨U+202E⟩gpj.exe"
    assert CHINESE.plain("a\nb\x00c\ufeff\ud800") == "a⟨U+000A⟩b⟨U+0000⟩c⟨U+FEFF⟩⟨U+D800⟩"
    assert CHINESE.plain("执法 0001 (2).MP4") == "执法 0001 (2).MP4"
    assert CHINESE.file_name("DCIM/100MEDIA/a.MP4") == "a.MP4"
    assert CHINESE.file_name("DCIM/") == "DCIM/"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (86_200_000, "86.2 MB"), (5 * 10**15, "5000.0 TB")],
)
def test_sizes_have_their_unit(count: int, text: str) -> None:
    assert ENGLISH.size(count) == text


def test_times_are_shown_in_the_agencys_zone() -> None:
    assert CHINESE.time("2026-11-20T10:02:11.000Z") == "2026-11-20 18:02:11"
    assert CHINESE.time_with_zone(1_795_000_000).endswith(" UTC+08:00")


def test_one_of_something_is_said_in_the_singular() -> None:
    assert ENGLISH("stay.sentence.listed", count=1) == "1 file listed"
    assert ENGLISH("stay.sentence.listed", count=2) == "2 files listed"
    assert CHINESE("stay.sentence.listed", count=1) == CHINESE("stay.sentence.listed", count=2).replace("2", "1")


@pytest.mark.parametrize(
    "key", sorted(key for key in TEXTS if key.endswith(".one") and "count" in places(TEXTS[key].en))
)
def test_a_text_for_one_stands_beside_the_text_for_many_and_is_the_same_in_chinese(key: str) -> None:
    many = TEXTS[key.removesuffix(".one")]
    assert TEXTS[key].zh == many.zh and places(TEXTS[key].en) == places(many.en)


def test_every_reason_why_the_log_stopped_is_said_in_chinese_by_its_code() -> None:
    """Read off every LogStopped of the archive: a new code without its Chinese words fails here."""
    codes: set[str] = set()
    for path in Path(liuhen_server.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="LogStopped"), args=[ast.Constant() | ast.IfExp() as first, *_]):
                    parts = [part.value for part in ast.walk(first) if isinstance(part, ast.Constant)]
                    codes |= {value for value in parts if isinstance(value, str)}
    assert {"behind-witness", "entry-altered", "restored"} <= codes
    assert not {code for code in codes if f"stopped.{code}" not in TEXTS}


def test_what_does_not_hold_of_a_checkpoint_is_said_in_the_readers_language() -> None:
    chinese, english = Words(Language.CHINESE, CHINA), Words(Language.ENGLISH, CHINA)
    for error in (Refused("bad-signature", "the signature is not good"), Malformed("no note"), Refused("?", "new")):
        said = because(error, chinese)
        assert said in CODES.values() and not re.search("[a-z]{3}", said)
        assert because(error, english) == str(error)
