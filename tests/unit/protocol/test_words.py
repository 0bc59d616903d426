"""Every answer that a verifier can give has its Chinese words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import liuhen_protocol
import liuhen_verify
from liuhen_protocol import words
from liuhen_protocol.report import Finding, StepName, Verdict, make_report

FOLDERS = [Path(str(package.__file__)).parent for package in (liuhen_protocol, liuhen_verify)]
# who adds a finding, and at which argument the code stands
FINDERS = {"Refused": 0, "_broken": 1, "_missing": 1, "_found": 1, "Finding": 2, "Wrong": 1}


def codes() -> Iterator[tuple[str, str]]:
    for path in (path for folder in FOLDERS for path in sorted(folder.glob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in FINDERS:
                    if len(node.args) > FINDERS[name]:
                        for part in ast.walk(node.args[FINDERS[name]]):
                            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                                yield part.value, f"{path.name}:{node.lineno}"
                case ast.Assign(targets=[ast.Name(id="problem" | "code")]) | ast.Return():
                    for part in ast.walk(node):
                        if isinstance(part, ast.Tuple) and len(part.elts) == 3:
                            middle = part.elts[1]
                            if isinstance(middle, ast.Constant) and isinstance(middle.value, str):
                                yield middle.value, f"{path.name}:{node.lineno}"


def test_every_code_of_a_verifier_has_chinese_words() -> None:
    found = dict(codes())
    assert {"bad-signature", "malformed", "other-source", "two-views", "tail-cut", "not-included"} <= found.keys()
    missing = {code: place for code, place in found.items() if code not in words.CODES}
    assert not missing


def test_every_step_and_verdict_has_words_in_both_languages() -> None:
    for table in (words.STEPS, words.STEPS_ENGLISH, words.HOLDS):
        assert set(table) == set(StepName)
    for marks in (words.MARKS, words.VERDICTS, words.VERDICTS_ENGLISH):
        assert set(marks) == set(Verdict)
        assert len(set(marks.values())) == len(Verdict)


def test_the_sentence_names_the_first_step_with_the_gravest_verdict() -> None:
    steps = dict.fromkeys(StepName, "looked at")
    undecided = Finding(StepName.BYTES, Verdict.UNDECIDED, "no-bytes", "the bytes are missing")
    broken = Finding(StepName.CHAIN, Verdict.BROKEN, "gap", "links are missing")
    assert words.sentence(make_report(steps, [])) == "成立"
    assert make_report(steps, []).sentence() == "holds"
    report = make_report(steps, [undecided])
    assert report.verdict is Verdict.UNDECIDED
    assert words.sentence(report) == "第 1 步（文件字节）待定：缺少文件本身"
    assert report.sentence() == "cannot be decided at step 1 (bytes) because the bytes are missing"
    report = make_report(steps, [undecided, broken])
    assert report.verdict is Verdict.BROKEN
    assert words.sentence(report) == "第 5 步（采集站链条）不成立：链条中有缺漏"
    assert report.sentence() == "broken at step 5 (chain) because links are missing"
    assert [step.number for step in report.steps] == list(range(1, 10))


def test_a_step_shows_what_is_broken_before_what_is_missing() -> None:
    findings = [
        Finding(StepName.CHAIN, Verdict.UNDECIDED, "no-chain", "missing"),
        Finding(StepName.CHAIN, Verdict.BROKEN, "replayed", "twice"),
        Finding(StepName.CHAIN, Verdict.BROKEN, "gap", "later"),
    ]
    (step,) = make_report({StepName.CHAIN: "x"}, findings).steps
    assert (step.verdict, step.code, words.why(step)) == (Verdict.BROKEN, "replayed", words.CODES["replayed"])
