"""`liuhen-verify log`: from a folder and from an address, with and without the entries, on one core and on several."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from support.custody import County, county_with_a_clip
from support.verifying import on_disk, run, verify, verify_log


def large() -> County:
    county, dock = county_with_a_clip()
    while len(county.log.entries) < 1_400:
        county.head(dock)
    return county


LARGE = large()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return on_disk(LARGE, tmp_path_factory.mktemp("large"))[0].parent


class Handler(http.server.SimpleHTTPRequestHandler):
    """A log over HTTP: entries only with the token, as the archive does it."""

    def do_GET(self) -> None:
        if self.path == "/moved/checkpoint":
            self.send_response(302)
            self.send_header("Location", "/log/checkpoint")
            self.end_headers()
        elif "/entries/" in self.path and self.headers["Authorization"] != "Bearer secret-of-the-auditor":
            self.send_error(403)
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/log"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_entry_of_a_folder_is_checked_on_any_number_of_cores(folder: Path, jobs: int) -> None:
    said = verify("log", folder / "log", "--policy", folder / "policy", "--jobs", jobs)
    assert (said.code, said.verdict, said.broken, said.undecided) == (0, "holds", {}, {})
    assert '"entries": 1400' in said.out


def test_findings_are_the_same_on_any_number_of_cores(tmp_path: Path) -> None:
    county = large()
    for place in (300, 700, 1_399):
        county.log.entries[place] = county.log.entries[place - 1]
    log, policy = on_disk(county, tmp_path)
    one, two = (verify("log", log, "--policy", policy, "--jobs", jobs) for jobs in (1, 2))
    assert (one.code, one.out) == (1, two.out)
    assert one.indexes["replayed"] == [300, 700, 1_399]


def test_a_log_is_read_from_its_address_with_the_auditors_token(folder: Path, address: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret-of-the-auditor\n")
    arguments = ["log", address, "--policy", folder / "policy", "--token-file", tmp_path / "token", "--jobs", 1]
    said = verify(*arguments)
    assert (said.code, said.verdict) == (0, "holds")
    assert "secret" not in said.out + said.err


def test_without_the_entries_the_tree_and_cosignatures_are_checked_and_the_rest_is_undecided(
    folder: Path, address: str
) -> None:
    said = verify("log", address, "--policy", folder / "policy")
    assert (said.code, said.verdict, said.broken) == (1, "undecided", {})
    assert said.undecided == {step: {"no-entries"} for step in (3, 4, 5, 9)}


def test_without_the_entries_a_changed_tile_is_still_seen(tmp_path: Path) -> None:
    log, policy = on_disk(LARGE, tmp_path)
    for bundle in (log / "tile/entries").rglob("*"):
        bundle.unlink() if bundle.is_file() else None
    data = bytearray((log / "tile/0/002").read_bytes())
    data[0] ^= 1
    (log / "tile/0/002").write_bytes(data)
    said = verify("log", log, "--policy", policy)
    assert said.broken == {6: {"other-root", "other-tile"}}
    assert said.indexes["other-tile"] == [512], "which of the 256 it is, only their entries tell"


def test_a_missing_bundle_in_the_middle_is_undecided(tmp_path: Path) -> None:
    log, policy = on_disk(LARGE, tmp_path)
    (log / "tile/entries/003").unlink()
    said = verify("log", log, "--policy", policy, "--jobs", 1)
    assert (said.code, said.verdict, said.broken) == (1, "undecided", {})
    assert said.undecided == {step: {"missing-tile"} for step in (3, 4, 5, 6, 9)}


@pytest.mark.parametrize("name", ["tile/0/003", "tile/1/000.p/5"])
def test_a_missing_hash_tile_is_undecided(tmp_path: Path, name: str) -> None:
    log, policy = on_disk(LARGE, tmp_path)
    (log / name).unlink()
    said = verify("log", log, "--policy", policy)
    assert (said.code, said.verdict, said.undecided) == (1, "undecided", {6: {"missing-tile"}})


def test_partial_tiles_may_have_been_replaced_by_full_ones(tmp_path: Path) -> None:
    county = large()
    log, policy = on_disk(county, tmp_path)
    note = county.log.note(county.witnesses, size=1_300)
    (log / "checkpoint").write_bytes(note)
    for level in ("0", "entries"):
        assert not (log / f"tile/{level}/005.p/20").exists()
    assert verify("log", log, "--policy", policy).verdict == "undecided", (
        "there is neither the partial nor the full tile"
    )
    while len(county.log.entries) < 1_536:
        county.head(county.docks["dock-03"])
    county.log.write(log, county.witnesses)
    (log / "checkpoint").write_bytes(note)
    assert verify("log", log, "--policy", policy).verdict == "holds"


def test_a_redirect_is_not_followed(folder: Path, address: str) -> None:
    code, out, err = run("log", address.replace("/log", "/moved"), "--policy", folder / "policy")
    assert (code, out, "302" in err) == (2, "", True)


def test_a_token_is_not_sent_in_the_clear(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "token").write_text("t")
    code, _, err = run(
        "log", "http://example.org/log", "--policy", folder / "policy", "--token-file", tmp_path / "token"
    )
    assert (code, "https" in err) == (2, True)


def test_the_answer_for_people_is_chinese_first_with_mark_word_step_and_what_is_not_claimed(tmp_path: Path) -> None:
    county = large()
    log, policy = on_disk(county, tmp_path)
    code, out, _ = run("log", log, "--policy", policy)
    assert code == 0
    assert out.startswith("● 成立 日志 archive.example/chaoyang\n  holds\n")
    assert "未作主张 not claimed" in out
    county.log.entries[700] = county.log.entries[699]
    on_disk(county, tmp_path)
    code, out, _ = run("log", log, "--policy", policy)
    assert code == 1
    assert out.startswith("■ 不成立 日志 archive.example/chaoyang：第 5 步（采集站链条）")
    assert "[replayed] 条目 entry 700:" in out


def test_an_empty_log_holds(tmp_path: Path) -> None:
    assert verify_log(County(), tmp_path).verdict == "holds"
