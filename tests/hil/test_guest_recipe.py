"""What the emulated machine is made of: its bays are a configuration the dock takes, and a changed recipe is another disk."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from house.hil import bays
from house.hil.cards import make_card
from house.hil.recipe import Recipe
from liuhen_agent import config


def test_the_dock_takes_the_bays_of_the_emulated_machine(tmp_path: Path) -> None:
    found = config.parse('zone = "Asia/Shanghai"\n' + bays.config(), tmp_path).bays
    assert [bay.name for bay in found] == [bay.name for bay in bays.ALL]
    assert len(found) == 4 + 8 + 1


def test_the_same_recipe_is_the_same_disk_and_another_is_another() -> None:
    assert Recipe().key == Recipe().key
    assert Recipe().key != replace(Recipe(), packages=(*Recipe().packages, "hello")).key
    assert Recipe().key != replace(Recipe(), files={**Recipe().files, "etc/hostname": "other\n"}).key


def test_no_two_files_of_two_recorders_are_alike(tmp_path: Path) -> None:
    cards = [make_card(tmp_path, serial, "fat32", 2, datetime(2026, 11, 22, 8)) for serial in ("HIL0001", "HIL0002")]
    digests = [digest for card in cards for digest in card.digests.values()]
    assert len(digests) == len(set(digests)) == 6
