"""`liuhen-server user`: what an administrator types, and what it answers."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import AccountChanged
from liuhen_protocol.statement import read_statement
from liuhen_server.command import main
from liuhen_server.config import load
from liuhen_server.database.schema import entries
from liuhen_server.operations.opening import found, opened
from support.device import archive_config


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("users")
    asyncio.run(found(archive_config(folder / "archive")))
    data = str(folder / "archive")
    words = ["agency", "add", "--data", data, "scjg", "--name", "朝阳县市场监督管理局", "--case-word", "朝县市监"]
    assert CliRunner().invoke(main, words).exit_code == 0
    return data


def user(data: str, *words: str) -> Result:
    return CliRunner().invoke(main, ["user", words[0], "--data", data, *words[1:]])


def test_new_account_gets_a_one_time_password_once(data: str) -> None:
    done = user(data, "add", "zhang", "--role", "reviewer", "--agency", "scjg", "--display-name", "张伟", "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert len(answer["one_time_password"]) == 19 and answer["number"].startswith("person-")
    again = user(data, "add", "zhang", "--role", "reviewer", "--agency", "scjg")
    assert again.exit_code == 1 and "exists" in again.output
    assert answer["one_time_password"] not in user(data, "list", "--json").output
    database = b"".join(path.read_bytes() for path in Path(data).glob("archive.db*"))
    assert answer["one_time_password"].encode() not in database


def test_reset_gives_another_password_and_disable_ends_the_account(data: str) -> None:
    user(data, "add", "wang", "--role", "reviewer", "--agency", "scjg")
    assert "one-time password" in user(data, "reset", "wang").output
    assert user(data, "disable", "wang").exit_code == 0
    people = {row["name"]: row["state"] for row in json.loads(user(data, "list", "--json").stdout)["people"]}
    assert people["wang"] == "disabled"


def test_token_is_for_auditors(data: str) -> None:
    user(data, "add", "li", "--role", "auditor")
    assert json.loads(user(data, "token", "li", "--json").stdout)["token"].startswith("lht_")
    user(data, "add", "chen", "--role", "reviewer", "--agency", "scjg")
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
    bad = user(data, "add", "Zhang Wei", "--role", "reviewer", "--agency", "scjg")
    assert bad.exit_code == 1 and "account name" in bad.output


def test_a_role_within_an_agency_needs_one_that_is_there(data: str) -> None:
    assert "--agency" in user(data, "add", "sun", "--role", "handler").output
    unknown = user(data, "add", "sun", "--role", "handler", "--agency", "nowhere")
    assert unknown.exit_code == 1 and "nowhere" in unknown.output
    assert "sun" not in user(data, "list", "--json").output


def test_rights_are_what_was_said_last(data: str) -> None:
    user(data, "add", "zhou", "--role", "handler", "--agency", "scjg")
    done = user(data, "rights", "zhou", "--role", "reviewer", "--role", "archivist", "--agency", "scjg", "--json")
    assert json.loads(done.stdout)["roles"] == ["archivist", "reviewer"]
    assert json.loads(user(data, "rights", "zhou", "--json").stdout)["roles"] == []
    assert user(data, "rights", "zhou", "--role", "auditor", "--role", "head").exit_code == 2


def test_every_change_of_an_account_is_an_entry_of_the_log(data: str) -> None:
    user(data, "add", "wu", "--role", "auditor")
    for words in (("reset", "wu"), ("disable", "wu"), ("enable", "wu"), ("rights", "wu")):
        assert user(data, *words).exit_code == 0
    row = next(each for each in json.loads(user(data, "list", "--json").stdout)["people"] if each["name"] == "wu")
    stated = asyncio.run(_stated(data, row["number"]))
    assert [event.what for event in stated] == ["created", "reset", "disabled", "enabled", "roles"]
    assert {event.by for event in stated} == {"machine"}
    assert [event.roles for event in stated] == [("auditor",)] * 4 + [()]


async def _stated(data: str, number: str) -> list[AccountChanged]:
    async with opened(load(Path(data))) as archive, archive.database.read() as conn:
        query = select(entries.c.envelope).where(entries.c.kind == "account.changed").order_by(entries.c.log_index)
        found = [read_statement(Envelope.parse(data).payload).event for data in (await conn.execute(query)).scalars()]
    return [event for event in found if isinstance(event, AccountChanged) and event.person == number]
