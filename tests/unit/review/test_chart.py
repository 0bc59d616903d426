"""The flow chart says what the rules say, for those who see it and for those who do not."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from liuhen_server.cases.classes import CLASSES, Stage
from liuhen_server.review.chart import chart_of, svg_of
from liuhen_server.review.criteria import DEFAULT_ROWS, GROUNDS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("enforcement", sorted(CLASSES))
def test_every_stage_and_every_criterion_of_the_class_stands_in_picture_and_words(enforcement: str) -> None:
    rules = CLASSES[enforcement]
    chart = chart_of("朝县市监局", rules, DEFAULT_ROWS)
    drawn = ElementTree.fromstring(svg_of(chart, lambda said: said.zh, standing_alone=True))
    shown = "".join(each.text or "" for each in drawn.iter(f"{SVG}text"))
    described = "".join(each.text or "" for each in drawn.iter(f"{SVG}desc"))
    words = " ".join(each.zh for each in chart.sentences)
    wanted = [rules.stage_name(stage).zh for stage in rules.stages if stage is not Stage.REVIEW]
    wanted += [row.what for row in DEFAULT_ROWS if row.enforcement == enforcement]
    wanted += [said.zh for said in GROUNDS.values()] + ["7 个工作日"]
    for each in wanted:
        assert each.replace(" ", "") in shown.replace(" ", ""), each
        assert each in words and each in described
    others = [row.item for row in DEFAULT_ROWS if row.enforcement != enforcement]
    assert not [item for item in others if item in shown]
    assert drawn.get("role") == "img" and drawn.find(f"{SVG}title") is not None


def test_nothing_that_people_wrote_becomes_part_of_the_drawing() -> None:
    row = replace(DEFAULT_ROWS[0], what="<script>alert(1)</script>&\"'")
    drawn = svg_of(chart_of("<b>局</b>", CLASSES["penalty"], [row]), lambda said: said.en)
    assert "<script" not in drawn and "<b>" not in drawn
    ElementTree.fromstring(drawn)


@pytest.mark.parametrize("enforcement", sorted(CLASSES))
def test_no_box_lies_over_another(enforcement: str) -> None:
    drawn = ElementTree.fromstring(svg_of(chart_of("局", CLASSES[enforcement], DEFAULT_ROWS), lambda said: said.en))
    boxes = [
        tuple(int(each.get(name, "0")) for name in ("x", "y", "width", "height")) for each in drawn.iter(f"{SVG}rect")
    ]
    for place, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, other_width, other_height in boxes[place + 1 :]:
            apart = (
                x + width <= other_x
                or other_x + other_width <= x
                or y + height <= other_y
                or other_y + other_height <= y
            )
            assert apart
