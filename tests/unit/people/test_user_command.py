"""`liuhen-server user`: what an administrator types, and what it answers."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from liuhen_server.command import main
from liuhen_server.operations.opening import found
from support.device import archive_config


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("users")
    asyncio.run(found(archive_config(folder / "archive")))
    return str(folder / "archive")


def user(data: str, *words: str) -> Result:
    return CliRunner().invoke(main, ["user", words[0], "--data", data, *words[1:]])


def test_new_account_gets_a_one_time_password_once(data: str) -> None:
    done = user(data, "add", "zhang", "--role", "reviewer", "--display-name", "张伟", "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert len(answer["one_time_password"]) == 19 and answer["number"] == "person-1"
    again = user(data, "add", "zhang", "--role", "reviewer")
    assert again.exit_code == 1 and "exists" in again.output
    assert answer["one_time_password"] not in user(data, "list", "--json").output
    database = b"".join(path.read_bytes() for path in Path(data).glob("archive.db*"))
    assert answer["one_time_password"].encode() not in database


def test_reset_gives_another_password_and_disable_ends_the_account(data: str) -> None:
    user(data, "add", "wang", "--role", "reviewer")
    assert "one-time password" in user(data, "reset", "wang").output
    assert user(data, "disable", "wang").exit_code == 0
    people = {row["name"]: row["state"] for row in json.loads(user(data, "list", "--json").stdout)["people"]}
    assert people["wang"] == "disabled"


def test_token_is_for_auditors(data: str) -> None:
    user(data, "add", "li", "--role", "auditor")
    assert json.loads(user(data, "token", "li", "--json").stdout)["token"].startswith("lht_")
    user(data, "add", "chen", "--role", "reviewer")
    refused = user(data, "token", "chen")
    assert refused.exit_code == 1 and "auditor" in refused.output


@pytest.mark.parametrize(
    "words",
    [
        ("add", "x", "--role", "king"),
        ("add", "x"),
        ("add", "qian", "--role", "auditor", "--role", "reviewer"),
    ],
)
def test_wrong_use_exits_2(data: str, words: tuple[str, ...]) -> None:
    assert user(data, *words).exit_code == 2


def test_unknown_account_and_bad_name_exit_1_with_a_sentence(data: str) -> None:
    assert "no account nobody" in user(data, "reset", "nobody").output
    bad = user(data, "add", "Zhang Wei", "--role", "reviewer")
    assert bad.exit_code == 1 and "account name" in bad.output
