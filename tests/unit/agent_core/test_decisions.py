"""Alarms go, and offered policies come in force, only by a person with a reason that the chain keeps."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from liuhen_agent.clock import read_system_clock
from liuhen_agent.command import main
from liuhen_agent.dock import opened_journal, say_started
from liuhen_agent.identity import store
from liuhen_agent.identity.renewal import policy_is_offered
from liuhen_agent.journal import changes, queries, read_only
from liuhen_agent.sync import alarms
from liuhen_protocol import dsse
from liuhen_protocol.events import DockAlarm
from liuhen_protocol.note import ED25519, VerifierKey
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import read_statement
from support import dock_alone

IN_FORCE = f"log {dock_alone.LOG_KEY}\nquorum none\n"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    data_dir = tmp_path / "dock"
    dock_alone.enrol(data_dir)
    store.Paths(data_dir).policy.write_text(IN_FORCE)
    asyncio.run(alarmed(data_dir, alarms.ENTRY_REFUSED, alarms.POLICY_OFFERED))
    return data_dir


async def alarmed(data_dir: Path, *codes: str) -> None:
    async with opened_journal(data_dir, read_system_clock) as journal:
        await say_started(journal)
        row = await journal.append(DockAlarm("sample", "a statement the archive refuses", None))
        await journal.change(changes.EntryRefused(row.seq, "gap", "why"))
        for code in codes:
            await alarms.raise_alarm(journal, code, "why", read_system_clock().time)


def agent(data_dir: Path, *arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(main, ["--data", str(data_dir), *arguments], input=stdin)


def standing(data_dir: Path) -> list[str]:
    return [alarm["code"] for alarm in json.loads(agent(data_dir, "alarms", "--json").stdout)]


def settled(data_dir: Path) -> list[str]:
    """The details of all that the chain says to be settled."""
    with read_only(dock_alone.journal_of(data_dir)) as db:
        said = [read_statement(dsse.Envelope.parse(row.data).payload).event for row in queries.envelopes(db)]
    return [event.detail for event in said if isinstance(event, DockAlarm) and event.code == "settled"]


def refused(data_dir: Path) -> bool:
    with read_only(dock_alone.journal_of(data_dir)) as db:
        return queries.first_refused(db) is not None


def test_alarms_are_listed_with_exit_1_and_none_with_0(data_dir: Path) -> None:
    listed = agent(data_dir, "alarms")
    assert listed.exit_code == 1 and "entry-refused" in listed.stdout and "policy-offered" in listed.stdout
    for code in ("entry-refused", "policy-offered"):
        assert agent(data_dir, "alarms", "--settle", code, stdin="looked at\n").exit_code == 0
    listed = agent(data_dir, "alarms")
    assert listed.exit_code == 0 and "没有报警" in listed.stdout
    assert agent(data_dir, "status").exit_code == 0


def test_a_settled_alarm_is_gone_and_the_chain_says_why(data_dir: Path) -> None:
    assert refused(data_dir)
    done = agent(data_dir, "alarms", "--settle", "entry-refused", stdin="时钟已校正 the clock was put right\n")
    assert done.exit_code == 0, done.output
    assert standing(data_dir) == ["policy-offered"]
    assert settled(data_dir) == ["entry-refused: 时钟已校正 the clock was put right"]
    assert not refused(data_dir), "refused statements are tried again"


def test_a_declined_policy_is_not_offered_again_by_the_dock_itself(data_dir: Path) -> None:
    offer(data_dir, IN_FORCE + "# offered\n")
    assert policy_is_offered(data_dir)
    assert agent(data_dir, "alarms", "--settle", "policy-offered", stdin="declined\n").exit_code == 0
    assert not policy_is_offered(data_dir)


def test_settling_another_alarm_leaves_refused_statements_refused(data_dir: Path) -> None:
    assert agent(data_dir, "alarms", "--settle", "policy-offered", stdin="declined\n").exit_code == 0
    assert refused(data_dir)


@pytest.mark.parametrize("reason", ["", "\n", "   \n", "x" * 1001 + "\n"])
def test_an_alarm_is_not_settled_without_a_reason(data_dir: Path, reason: str) -> None:
    done = agent(data_dir, "alarms", "--settle", "entry-refused", stdin=reason)
    assert done.exit_code == 1 and "reason" in done.stderr
    assert "entry-refused" in standing(data_dir) and settled(data_dir) == []


def test_an_alarm_that_does_not_stand_cannot_be_settled(data_dir: Path) -> None:
    done = agent(data_dir, "alarms", "--settle", "split-view", stdin="because\n")
    assert done.exit_code == 1 and "split-view" in done.stderr
    assert settled(data_dir) == []


def test_an_alarm_is_not_settled_while_the_dock_runs(data_dir: Path) -> None:
    async def meanwhile() -> Result:
        async with opened_journal(data_dir, read_system_clock):
            arguments = ("alarms", "--settle", "entry-refused")
            return await asyncio.to_thread(lambda: agent(data_dir, *arguments, stdin="because\n"))

    assert asyncio.run(meanwhile()).exit_code == 1
    assert "entry-refused" in standing(data_dir)


def offer(data_dir: Path, text: str) -> None:
    store.Paths(data_dir).offered_policy.write_text(text)


def other_key(name: str = "archive.example/log") -> VerifierKey:
    return VerifierKey(name, ED25519, Ed25519Signer.from_seed(b"\x05" * 32).public)


def test_an_offered_policy_is_shown_beside_the_one_in_force(data_dir: Path) -> None:
    assert "no policy is offered" in agent(data_dir, "policy", "show").stdout
    offer(data_dir, IN_FORCE.replace("quorum none", "# changed\nquorum none"))
    shown = agent(data_dir, "policy", "show")
    assert shown.exit_code == 0 and "+# changed" in shown.stdout.splitlines()
    found = json.loads(agent(data_dir, "policy", "show", "--json").stdout)
    assert found["in_force"] == IN_FORCE and "# changed" in found["offered"]
    assert store.Paths(data_dir).policy.read_text() == IN_FORCE


def test_an_accepted_policy_is_in_force_and_the_chain_says_so(data_dir: Path) -> None:
    text = IN_FORCE + "# accepted\n"
    offer(data_dir, text)
    done = agent(data_dir, "policy", "accept", stdin="a witness moved house\n")
    assert done.exit_code == 0, done.output
    assert store.Paths(data_dir).policy.read_text() == text
    assert not store.Paths(data_dir).offered_policy.exists()
    assert standing(data_dir) == ["entry-refused"]
    assert len(settled(data_dir)) == 1 and settled(data_dir)[0].startswith("policy-offered: accepted the policy with ")
    assert settled(data_dir)[0].endswith("a witness moved house")


@pytest.mark.parametrize(
    "text",
    ["", "not a policy", f"log {other_key()}\nquorum none\n", f"log {other_key('b.example/log')}\nquorum none\n"],
)
def test_a_policy_of_another_log_or_of_none_is_not_accepted(data_dir: Path, text: str) -> None:
    offer(data_dir, text)
    assert agent(data_dir, "policy", "accept", stdin="because\n").exit_code == 1
    assert store.Paths(data_dir).policy.read_text() == IN_FORCE
    assert store.Paths(data_dir).offered_policy.exists() and settled(data_dir) == []


def test_accepting_without_an_offer_or_a_reason_changes_nothing(data_dir: Path) -> None:
    assert agent(data_dir, "policy", "accept", stdin="because\n").exit_code == 1
    offer(data_dir, IN_FORCE + "# offered\n")
    assert agent(data_dir, "policy", "accept", stdin="\n").exit_code == 1
    assert store.Paths(data_dir).policy.read_text() == IN_FORCE and settled(data_dir) == []
