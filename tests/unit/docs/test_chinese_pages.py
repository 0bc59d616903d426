"""Chinese pages and sentences have Chinese punctuation, and one word for one thing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").glob("*.zh-CN.md"))]
SOURCES = [
    path for folder in ("agent/src", "protocol/src", "server/src") for path in sorted((ROOT / folder).rglob("*"))
]
SOURCES = [path for path in SOURCES if path.suffix in (".py", ".html", ".js")]
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!](?=[\u4e00-\u9fff\n])")
OTHER_WORDS = {"入网码": "登记码", "见证人": "见证方", "警员": "执法人员", "撤销采集站": "吊销采集站"}


def without_code(page: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "`", page, flags=re.DOTALL)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_chinese_page_has_chinese_punctuation(path: Path) -> None:
    text = without_code(path.read_text("utf-8"))
    assert not HALF_WIDTH.findall(text)
    assert not re.findall(r"[\u4e00-\u9fff]\((?!#|http|docs/|[\w./-]+\.(?:md|svg))", text)


def said_by(path: Path) -> str:
    """Every text of a program; what it explains to its readers, in English with Chinese words, is not said to anybody."""
    text = path.read_text("utf-8").replace("地址:端口", "")
    if path.suffix != ".py":
        return text
    nodes = list(ast.walk(ast.parse(text)))
    explained = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    constants = (node for node in nodes if isinstance(node, ast.Constant) and id(node) not in explained)
    return "".join(f"{node.value} " for node in constants if isinstance(node.value, str))


def test_sentences_in_programs_have_chinese_punctuation() -> None:
    assert [f"{path.name}: {found}" for path in SOURCES for found in HALF_WIDTH.findall(said_by(path))] == []


def test_one_thing_has_one_name() -> None:
    texts = {path.name: path.read_text("utf-8") for path in (*PAGES, *SOURCES)}
    assert [(name, other) for name, text in texts.items() for other in OTHER_WORDS if other in text] == []
