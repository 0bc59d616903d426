"""docs/operations.md and its Chinese version name every command, option, setting, alarm and stop code; their examples run."""

from __future__ import annotations

import argparse
import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from liuhen_agent import config as dock_config
from liuhen_agent.command import main as agent
from liuhen_agent.recorders.profile import parse_profile
from liuhen_agent.recorders.protocol import READS, WRITES
from liuhen_server import config as archive_config
from liuhen_server.command import main as server
from liuhen_server.deadlines import settings as reminders
from liuhen_server.people.roles import GIVEN
from liuhen_server.web.texts import TEXTS
from liuhen_server.witness.command import main as witness
from liuhen_verify.command import _parser as verify_parser

ROOT = Path(__file__).resolve().parents[3]
PAGES = {name: (ROOT / "docs" / name).read_text("utf-8") for name in ("operations.md", "operations.zh-CN.md")}
SOURCES = {
    path: ast.parse(path.read_text("utf-8"))
    for folder in ("agent/src/liuhen_agent", "server/src/liuhen_server")
    for path in (ROOT / folder).rglob("*.py")
    if "simulate" not in path.parts
}


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> str:
    return PAGES[request.param]


def rows(page: str) -> list[str]:
    return [line for line in page.splitlines() if line.startswith("|")]


def first_cells(page: str) -> set[str]:
    """Everything in backquotes in the first column of a table."""
    return {code for row in rows(page) for code in re.findall(r"`([^`]+)`", row.split("|")[1])}


# --- commands and options


def click_commands(command: click.Command, path: str) -> Iterator[tuple[str, list[str]]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from click_commands(below, f"{path} {name}")
        return
    yield path, options_of(command)


def options_of(command: click.Command) -> list[str]:
    return [max(each.opts, key=len) for each in command.params if isinstance(each, click.Option)]


def argparse_commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, list[str]]]:
    [commands] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for name, below in commands.choices.items():
        options = [max(action.option_strings, key=len) for action in below._actions if action.option_strings]
        yield f"liuhen-verify {name}", [option for option in options if option != "--help"]


COMMANDS = [
    *click_commands(agent, "liuhen-agent"),
    *click_commands(server, "liuhen-server"),
    *click_commands(witness, "liuhen-witness"),
    *argparse_commands(verify_parser()),
]


@pytest.mark.parametrize(("path", "options"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_every_command_has_a_row_with_all_its_options(page: str, path: str, options: list[str]) -> None:
    found = [row.split("|")[1] for row in rows(page) if row.startswith(f"| `{path}`")]
    assert len(found) == 1, f"{path} has {len(found)} rows"
    said = set(re.findall(r"--[a-z-]+", found[0]))
    assert said == set(options), path


@pytest.mark.parametrize(("program", "name"), [(agent, "liuhen-agent"), (server, "liuhen-server")])
def test_options_before_the_command_are_named(page: str, program: click.Command, name: str) -> None:
    section = page.split(f"### `{name}`")[1].split("###")[0]
    for option in options_of(program):
        assert f"`{option}" in section or f" {option}`" in section, option


def test_no_row_names_a_command_that_is_not_there(page: str) -> None:
    named = {match[1] for row in rows(page) if (match := re.match(r"\| `(liuhen-\w+ [a-z ]+)`", row))}
    assert named == {path for path, _ in COMMANDS}


# --- settings


def keys_read(path: str) -> set[str]:
    """Names of settings as the module takes them out of a table: `keys.take("zone", …)`, `match.text("label")`, …"""
    taking = {"take", "need", "number", "text", "texts", "truth", "one_of", "table", "pattern", "seconds", "maybe"}
    taking |= {"maybe_number", "maybe_table"}
    calls = (node for node in ast.walk(SOURCES[ROOT / path]) if isinstance(node, ast.Call))
    return {
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in taking
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def test_every_setting_of_the_dock_is_explained(page: str) -> None:
    keys = keys_read("agent/src/liuhen_agent/config.py")
    assert {"zone", "spool_days", "backend"} <= keys, "the test reads the settings from the source"
    assert keys | {"[[bay]]", "role", "secret"} <= first_cells(page)


def test_every_setting_of_the_archive_is_explained(page: str) -> None:
    keys = archive_config._KNOWN - {"witness", "provider", "reminders"} | archive_config._PROVIDER
    assert keys | {"[[witness]]", "[provider]", "name", "key", "url"} <= first_cells(page)


def test_every_setting_of_reminders_is_explained(page: str) -> None:
    keys = reminders.SETTINGS | reminders.MAIL | reminders.HOOK
    assert keys - {"mail", "webhook"} | {"[reminders]", "[reminders.mail]", "[[reminders.webhook]]"} <= first_cells(
        page
    )
    for text in re.findall(r"```toml\n(\[reminders\].*?)```", page, re.DOTALL):
        assert reminders.parse_reminders(tomllib.loads(text)["reminders"]).mail is not None
    (secret,) = re.findall(r"```toml\n(mail_password.*?)```", page, re.DOTALL)
    assert set(tomllib.loads(secret)["webhook"]["justice"]) == {"key", "secret"}


@pytest.mark.parametrize("name", ["adding-a-recorder.md", "adding-a-recorder.zh-CN.md"])
def test_every_key_of_a_recorder_profile_is_explained(name: str) -> None:
    page = (ROOT / "docs" / name).read_text("utf-8")
    keys = keys_read("agent/src/liuhen_agent/recorders/profile.py") - {"match", "files"}
    keys |= keys_read("agent/src/liuhen_agent/recorders/protocol.py") - {"link", "framing", "commands", "clock", "disk"}
    assert {"clearing", "patterns", "transport", "opcode", "late_seconds", "label"} <= keys
    keys |= {"[match]", "[link]", "[framing]", "[commands.…]", "[clock]", "[disk]", "[files]", *READS, *WRITES}
    explained = {code for row in rows(page) for code in re.findall(r"`([^`]+)`", row)}
    assert keys <= explained, keys - explained
    assert not parse_profile(block(page, "example: profile"), name).protocol.commands


@pytest.mark.parametrize("role", sorted(role.value for role in GIVEN))
def test_every_role_that_can_be_given_is_explained(page: str, role: str) -> None:
    assert role in first_cells(page)


# --- codes


def codes_of(*names: str, within: str) -> set[str]:
    """The literal first arguments of calls of these names, below a folder."""
    found: set[str] = set()
    for path, tree in SOURCES.items():
        if not path.is_relative_to(ROOT / within):
            continue
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in names and call.args:
                found |= set(literals(call.args[0]))
    return found


def literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def constants(path: str, *names: str) -> set[str]:
    """Texts of a module's upper-case constants (of these names, or all)."""
    found: set[str] = set()
    for node in SOURCES[ROOT / path].body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name.isupper() and not name.startswith("_") and (not names or name in names):
                found |= set(literals(node.value))
    return found


def test_every_alarm_of_the_dock_says_what_to_do(page: str) -> None:
    standing = constants("agent/src/liuhen_agent/sync/alarms.py")
    assert {"split-view", "certificate"} <= standing
    standing |= constants("agent/src/liuhen_agent/collect/room.py", "DISK_FULL")
    standing |= constants("agent/src/liuhen_agent/decisions.py", "SETTLED")
    assert standing <= first_cells(page), standing - first_cells(page)


def test_every_reason_to_refuse_a_device_says_what_to_do(page: str) -> None:
    refused = codes_of("Rule", within="agent/src/liuhen_agent/detect")
    assert {"refused-input-device", "refused-unknown-port"} <= refused
    assert refused <= first_cells(page), refused - first_cells(page)


def test_every_reason_for_a_recorder_to_fail_says_what_to_do(page: str) -> None:
    said = codes_of("VolumeError", "RecorderError", "_broke", "doubted", "Bad", "_Bad", within="agent/src/liuhen_agent")
    assert {"incomplete", "wrong-password", "internal-error", "not-cleared"} <= said
    assert said <= first_cells(page), said - first_cells(page)


def test_every_reason_for_a_recorder_to_fail_has_words_on_the_pages(page: str) -> None:
    """Of the archive, for whoever reads what became of a recorder's files."""
    first = page.index("| `incomplete` |")
    table = page[first : page.index("\n\n", first)]
    codes = first_cells(table)
    assert len(codes) > 30
    assert {f"reason.{code}" for code in codes} <= TEXTS.keys()


def test_every_reason_not_to_clear_says_what_to_do(page: str) -> None:
    refused = codes_of("Refuse", within="agent/src/liuhen_agent/clear") | {"crashed"}
    assert {"halted", "no-receipt", "wrong-method"} <= refused
    codes = {f"not-cleared-{code}" for code in refused}
    assert codes <= first_cells(page), codes - first_cells(page)


def test_every_reason_for_the_log_to_stop_says_what_to_do(page: str) -> None:
    stops = codes_of("LogStopped", within="server/src/liuhen_server/log")
    assert {"behind-witness", "entry-added", "entry-missing"} <= stops
    assert stops <= first_cells(page), stops - first_cells(page)


# --- examples


def block(page: str, mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```", page, re.DOTALL)
    assert found, mark
    return found[1]


def test_the_examples_of_settings_are_accepted(page: str, tmp_path: Path) -> None:
    parsed = dock_config.parse(block(page, "example: dock"), tmp_path)
    assert [bay.name for bay in parsed.bays] == ["1", "reader"] and parsed.spool_term.days == 60
    secrets = tmp_path / "recorders.toml"
    secrets.write_text(block(page, "example: credentials"))
    secrets.chmod(0o600)
    assert set(dock_config.load_credentials(secrets)) == {"p-bc"}


def scripts_of(page: str) -> str:
    return "\n".join(block(page, f"run: {name}") for name in ("founding", "people", "code"))


def test_both_pages_give_the_same_examples() -> None:
    assert len({scripts_of(page) for page in PAGES.values()}) == 1


def test_the_examples_of_founding_people_and_codes_run_as_they_stand(tmp_path: Path) -> None:
    """In another folder than /srv; everything else is as the page says."""
    script = scripts_of(PAGES["operations.md"])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("/srv", str(tmp_path))],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "chaoyang.example/liuhen\t-" in done.stdout, "the witness knows the log"
    loaded = archive_config.load(tmp_path / "liuhen")
    assert loaded.quorum == 1 and loaded.server_names[0] == "archive.chaoyang.example"


def test_links_inside_the_page_lead_somewhere(page: str) -> None:
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in page.splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(([^)]+)\)", page):
        path, _, anchor = target.partition("#")
        assert not path or (ROOT / "docs" / path).exists(), target
        assert path or anchor in headings, target
