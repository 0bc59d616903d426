"""Writes the vectors: `python tests/vectors/make.py` (spec: docs/spec/vectors.md). The same bytes every time: all keys come from fixed seeds.

Every key in these files is a TEST KEY whose private part stands in this repository. Never trust one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))

from vectors.recipes import clips, custody, formats, logs, sites  # noqa: E402
from vectors.recipes.vector import Vector  # noqa: E402


def make() -> dict[str, Vector]:
    """Every vector by its path below this folder."""
    found: dict[str, Vector] = {}
    for recipe in (*formats.ALL, *custody.ALL, *clips.ALL, *logs.ALL, *sites.ALL):
        for vector in recipe():
            assert vector.path not in found, f"two vectors are called {vector.path}"
            found[vector.path] = vector
    return found


def text_of(vector: Vector) -> str:
    """The file."""
    fields = {"about": vector.about, "check": vector.check, "input": vector.input, "expect": vector.answer}
    return json.dumps(fields, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    made = make()
    for path in HERE.glob("*/*.json"):
        if str(path.relative_to(HERE)) not in made:
            path.unlink()
    for name, vector in made.items():
        path = HERE / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text_of(vector), "utf-8")
    print(f"{len(made)} vectors")


if __name__ == "__main__":
    main()
