"""The house stands as its decision record says: who may import what, how long a file may be, what the repository may not name."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = {name: ROOT / name / "src" for name in ("protocol", "agent", "server")}
OURS = {"liuhen_protocol", "liuhen_files", "liuhen_verify", "liuhen_agent", "liuhen_server"}
MAX_LINES = 500
NOT_PURE = frozenset(
    [
        "os",
        "io",
        "sys",
        "time",
        "random",
        "secrets",
        "socket",
        "ssl",
        "select",
        "pathlib",
        "shutil",
        "tempfile",
        "subprocess",
        "threading",
        "multiprocessing",
        "asyncio",
        "logging",
        "uuid",
        "sqlite3",
        "glob",
        "fcntl",
        "mmap",
        "signal",
        "urllib",
        "http",
        "getpass",
        "platform",
        "builtins",
        "ctypes",
        "importlib",
    ]
)
NOT_CALLED = frozenset({"open", "input", "print", "eval", "exec", "getenv", "__import__"})
NOT_ASKED = frozenset({"now", "utcnow", "today", "generate"})  # a clock, or a key made from randomness
# libraries whose types stand in another one's own interface, and which therefore come with it
COMPANIONS = {"aiohttp": {"yarl", "multidict"}}


def modules(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"), str(path))


def imports(tree: ast.Module) -> Iterator[str]:
    """The top name of everything imported, at any depth of the code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that a reader sees from where"
            yield (node.module or "").partition(".")[0]


def imported(folder: Path) -> dict[str, str]:
    """name → a file that imports it."""
    return {name: str(path.relative_to(ROOT)) for path, tree in modules(folder) for name in imports(tree)}


@pytest.mark.parametrize(
    ("part", "others"),
    [
        ("protocol", {"liuhen_agent", "liuhen_server"}),
        ("agent", {"liuhen_server"}),
        ("server", {"liuhen_agent"}),
    ],
)
def test_the_dock_and_the_archive_never_import_each_other(part: str, others: set[str]) -> None:
    found = imported(SOURCES[part])
    assert not {name: found[name] for name in others & found.keys()}


def test_the_protocol_has_no_input_output_clock_or_randomness() -> None:
    for path, tree in modules(SOURCES["protocol"] / "liuhen_protocol"):
        assert not NOT_PURE & set(imports(tree)), path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                match node.func:
                    case ast.Name(id=name):
                        assert name not in NOT_CALLED, f"{path}:{node.lineno} calls {name}"
                    case ast.Attribute(attr=name):
                        assert name not in NOT_ASKED, f"{path}:{node.lineno} calls {name}"


def test_the_protocol_knows_nothing_of_files_or_commands() -> None:
    allowed = {"liuhen_protocol": {"liuhen_protocol"}, "liuhen_files": {"liuhen_protocol", "liuhen_files"}}
    for package, may in allowed.items():
        found = imported(SOURCES["protocol"] / package)
        assert not {name: where for name, where in found.items() if name in OURS - may}


def dependencies(part: str) -> set[str]:
    project = tomllib.loads((ROOT / part / "pyproject.toml").read_text("utf-8"))["project"]
    return {re.split(r"[\[<>=!~ ;]", text)[0].lower().replace("_", "-") for text in project["dependencies"]}


@pytest.mark.parametrize("part", SOURCES)
def test_each_distribution_declares_what_it_imports(part: str) -> None:
    declared = dependencies(part)
    own = {path.name for path in SOURCES[part].iterdir() if path.is_dir()}
    if "liuhen-protocol" in declared:
        own |= {path.name for path in SOURCES["protocol"].iterdir() if path.is_dir()}
        declared |= dependencies("protocol")  # of the very version that is asked for
    for library in declared & COMPANIONS.keys():
        declared |= COMPANIONS[library]
    known = packages_distributions()
    undeclared = {}
    for name, where in imported(SOURCES[part]).items():
        if name in own or name in sys.stdlib_module_names:
            continue
        brings = {each.lower().replace("_", "-") for each in known.get(name, [name])}
        if not brings & declared:
            undeclared[name] = where
    assert not undeclared


@pytest.mark.parametrize("part", SOURCES)
def test_no_source_file_is_longer_than_a_reader_keeps_in_mind(part: str) -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES[part].rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > MAX_LINES
    }
    assert not long


@pytest.mark.parametrize("part", SOURCES)
def test_every_module_says_its_one_idea(part: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path, tree in modules(SOURCES[part])
        if tree.body and not ast.get_docstring(tree)
    ]
    assert not silent


def repository_files() -> list[Path]:
    """What is committed; where there is no git (a source archive), what lies there outside of hidden and built folders."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        found = [ROOT / name.decode("utf-8", "surrogateescape") for name in listed.split(b"\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not any(part[0] == "." for part in path.relative_to(ROOT).parts)]
    return [path for path in found if path.is_file()]


# written in halves, so that this file does not name them either
REGISTRIES = [
    "py" + "pi.org",
    "pythonhosted" + ".org",
    "npmjs" + ".org",
    "npmjs" + ".com",
    "proxy.golang" + ".org",
    "crates" + ".io",
]
MACHINES = ["/wo" + "rk/", "/home/" + r"[a-z]", "/Us" + "ers/", "/ro" + "ot/"]
NAMED = re.compile("|".join([re.escape(host) for host in REGISTRIES] + [rf"(?<![\w.]){path}" for path in MACHINES]))


def test_nothing_names_a_package_registry_or_a_developers_machine() -> None:
    named = {}
    for path in repository_files():
        text = path.read_bytes().decode("utf-8", "replace")
        if match := NAMED.search(text):
            line = text.count("\n", 0, match.start()) + 1
            named[f"{path.relative_to(ROOT)}:{line}"] = match[0]
    assert not named


def test_the_rule_about_names_sees_what_it_should() -> None:
    for bad in (
        "https://py" + "pi.org/simple",
        "cd /wo" + "rk/main",
        "open('/home/" + "me/x')",
        "--index-url=https://npmjs" + ".com",
    ):
        assert NAMED.search(bad)
    for good in ("/usr/lib/network/", "https://example.org/home/a", "sha256/ab", "./work" + "/x"):
        assert not NAMED.search(good)
