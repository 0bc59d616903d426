"""How a dock comes to know its archive, and how it stays known."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from liuhen_agent.identity import certificate, store
from liuhen_agent.identity.code import EnrolmentCode, EnrolmentFailed
from liuhen_agent.identity.enrolment import enroll
from liuhen_agent.identity.renewal import policy_is_offered, renew_if_due
from liuhen_agent.journal import Journal
from liuhen_agent.sync import head
from liuhen_agent.sync.answers import Later
from liuhen_agent.sync.archive import Archive, connector
from liuhen_files import durable, keys
from liuhen_protocol.events import DockStarted, Resumed
from unit.agent_sync.standin import Authority, StandIn, serving
from unit.agent_sync.world import NOW, Ticking, enrolled


async def test_enrolment_stores_who_the_dock_is_and_keeps_its_keys_to_itself(tmp_path: Path) -> None:
    async with serving(StandIn(tmp_path)) as archive:
        data_dir = tmp_path / "dock"
        identity = await enroll(archive.url, archive.code, data_dir)
        assert identity == store.load(data_dir)
        assert (identity.dock, identity.head) == ("dock-03", None)
        assert store.load_policy(data_dir) == archive.county.policy()
        paths = store.Paths(data_dir)
        for secret in (paths.signing_key, paths.client):
            assert secret.stat().st_mode & 0o777 == 0o600
        assert not paths.next_key.exists()


async def test_nothing_is_sent_to_an_archive_whose_authority_the_code_does_not_name(tmp_path: Path) -> None:
    async with serving(StandIn(tmp_path)) as impostor:
        other = tmp_path / "other"
        other.mkdir()
        code = f"the-secret-code.{Authority(other).fingerprint[:32]}"
        with pytest.raises(EnrolmentFailed) as failed:
            await enroll(impostor.url, code, tmp_path / "dock")
        assert failed.value.code == "wrong-archive"
        assert impostor.requests == []
        assert not (tmp_path / "dock").exists()


@pytest.mark.parametrize("step", ["replace", "remove"])
async def test_enrolment_that_was_cut_off_is_completed_by_the_same_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    async with serving(StandIn(tmp_path)) as archive:
        data_dir = tmp_path / "dock"

        def cut(*arguments: object, **more: object) -> None:
            raise OSError("power cut")

        with monkeypatch.context() as patched:
            patched.setattr(durable, step, cut)
            with pytest.raises(OSError, match="power cut"):
                await enroll(archive.url, archive.code, data_dir)
        if step == "replace":
            with pytest.raises(store.NotEnrolled):
                store.load(data_dir)
        key = keys.load(store.Paths(data_dir).signing_key).public
        identity = await enroll(archive.url, archive.code, data_dir)
        assert identity.dock == "dock-03"
        assert keys.load(store.Paths(data_dir).signing_key).public == key


async def test_code_used_by_another_dock_says_what_to_do(tmp_path: Path) -> None:
    async with serving(StandIn(tmp_path)) as archive:
        await enroll(archive.url, archive.code, tmp_path / "dock")
        with pytest.raises(EnrolmentFailed, match="liuhen-server dock add") as failed:
            await enroll(archive.url, archive.code, tmp_path / "second")
        assert failed.value.code == "code-used"
        assert "one-time-secret" not in str(failed.value)


async def test_archive_that_does_not_answer_is_worth_another_try(tmp_path: Path, free_port: int) -> None:
    with pytest.raises(Later):
        await enroll(f"https://127.0.0.1:{free_port}", "secret-secret." + "0" * 32, tmp_path / "dock")


@pytest.mark.parametrize("code", ["", "secret", "secret-secret.", "secret-secret." + "g" * 32, "a b." + "0" * 32])
def test_incomplete_code_is_refused_before_anything_else(code: str) -> None:
    with pytest.raises(EnrolmentFailed) as failed:
        EnrolmentCode.parse(code)
    assert failed.value.code == "bad-code"


def test_code_does_not_show_its_secret() -> None:
    assert "secret" not in repr(EnrolmentCode.parse("secret-secret." + "0" * 32))


async def test_policy_without_the_archives_log_is_not_taken(tmp_path: Path) -> None:
    async with serving(StandIn(tmp_path)) as archive:
        archive.policy = "quorum none\n"
        with pytest.raises(EnrolmentFailed) as failed:
            await enroll(archive.url, archive.code, tmp_path / "dock")
        assert failed.value.code == "bad-answer"


async def test_dock_trusts_no_other_authority_after_enrolment(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        other = tmp_path / "other"
        other.mkdir()
        async with serving(StandIn(other)) as impostor:
            assert impostor.url
            async with aiohttp.ClientSession(connector=connector(store.client_context(world.data_dir))) as session:
                with pytest.raises(Later, match=r"(?i)certificate"):
                    await Archive(session, impostor.url, "dock-03").head()


async def test_dock_speaks_tls_1_3_only(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        assert store.client_context(world.data_dir).minimum_version is ssl.TLSVersion.TLSv1_3


async def test_certificate_is_renewed_at_two_thirds_of_its_life_with_a_new_key(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        paths = store.Paths(world.data_dir)
        before = certificate.read_certificate(paths.client.read_bytes())
        life = certificate.lifetime(before)
        early = life.begins + (life.ends - life.begins) * 0.66
        assert await renew_if_due(early, world.session, world.data_dir) is None
        renewed = await renew_if_due(early + timedelta(days=1), world.session, world.data_dir)
        assert renewed is not None and not policy_is_offered(world.data_dir)
        after = certificate.read_certificate(paths.client.read_bytes())
        assert after.public_key() != before.public_key()
        assert paths.client.stat().st_mode & 0o777 == 0o600
        async with aiohttp.ClientSession(connector=connector(store.client_context(world.data_dir))) as session:
            await Archive(session, store.load(world.data_dir).archive_url, "dock-03").head()


async def test_policy_offered_with_a_renewal_is_not_put_in_force(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        paths = store.Paths(world.data_dir)
        in_force = paths.policy.read_bytes()
        archive.policy = f"log {archive.county.log.vkey}\nquorum none\n"
        end = certificate.lifetime(certificate.read_certificate(paths.client.read_bytes())).ends
        renewed = await renew_if_due(end - timedelta(days=1), world.session, world.data_dir)
        assert renewed is not None and policy_is_offered(world.data_dir)
        assert paths.policy.read_bytes() == in_force
        assert paths.offered_policy.read_text() == archive.policy


async def test_dock_that_lost_its_card_resumes_its_chain_behind_the_archives_head(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": b"clip"})
        await world.send_entries()
        last = archive.heads["dock-03"]
        archive.codes_used.clear()  # a new code for the same dock
        fresh = tmp_path / "fresh"
        identity = await enroll(archive.url, archive.code, fresh)
        assert identity.head == last
        journal = await Journal.open(
            fresh / "journal.db",
            source=identity.dock,
            signer=keys.load(store.Paths(fresh).signing_key),
            read_clock=Ticking(),
        )
        async with aiohttp.ClientSession(connector=connector(store.client_context(fresh))) as session:
            theirs = Archive(session, archive.url, identity.dock)
            answer = await head.check(theirs, journal, NOW)
            assert answer == head.ResumeAfter(last)
            await journal.resume_from(answer.head)
            row = await journal.append(DockStarted("0.1.0", Resumed(last.seq, last.hash, "card lost")))
            assert row.seq == last.seq + 1
            await theirs.send_entries([row.data])
            assert archive.heads["dock-03"].seq == row.seq
            assert isinstance(await head.check(theirs, journal, NOW), head.Agrees)
        await journal.close()
