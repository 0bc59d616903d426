"""`liuhen-server calendar` and `liuhen-server remind`: what an administrator types, and what they answer."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from liuhen_server.command import main
from liuhen_server.operations.opening import found
from support.device import archive_config


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calendar") / "archive"
    asyncio.run(found(archive_config(folder)))
    return folder


def run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--data", str(data)])


def test_a_notice_is_tried_out_and_then_in_force(data: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "通知.csv"
    sheet.write_text("日期,安排\n2040-02-13,休\n2040-02-11,班\n", "utf-8")
    words = ("calendar", "load", "2040", str(sheet), "--number", "国办〔2039〕7号", "--json")
    tried = json.loads(run(data, *words, "--dry-run").stdout)
    assert tried["version"] is None and tried["days"] == {"2040-02-11": True, "2040-02-13": False}
    assert not tried["known_before"] and tried["doubts"]
    assert json.loads(run(data, *words).stdout)["version"] == 1
    years = json.loads(run(data, "calendar", "list", "--json").stdout)["years"]
    assert {"year": 2040, "source": "loaded", "number": "国办〔2039〕7号"} in years
    again = run(data, *words)
    assert again.exit_code == 1 and "相同" in again.output


def test_a_sheet_that_is_none_says_which_row(data: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "通知.csv"
    sheet.write_text("2040-02-13,也许\n", "utf-8")
    refused = run(data, "calendar", "load", "2040", str(sheet), "--number", "x")
    assert refused.exit_code == 1 and "第 1 行" in refused.output


def test_reminders_need_to_be_set_up_and_then_say_whom_they_would_tell(data: Path) -> None:
    missing = run(data, "remind", "--dry-run")
    assert missing.exit_code == 2 and "[reminders]" in missing.output
    config = data / "config.toml"
    config.write_text(config.read_text("utf-8") + '\n[reminders]\npages = "https://archive.example"\n', "utf-8")
    told = json.loads(run(data, "remind", "--dry-run", "--json").stdout)
    assert told == {"dry_run": True, "messages": []}
    assert run(data, "remind").exit_code == 0
