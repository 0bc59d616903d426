"""The main pages without barriers, as far as a machine can see them: axe-core finds nothing on them, wide and narrow, light and dark."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from browser.conftest import Seeded, Visitor
from liuhen_server.people.roles import Role

pytestmark = pytest.mark.xdist_group("browser")
New = Callable[..., Visitor]
AXE = Path(__file__).parent / "axe"
FOUND = """async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']}))
    .violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.html.slice(0, 200)}`))"""
LOOKS = {"desk": ((1366, 768), "light"), "phone": ((390, 844), "dark")}
PAGES: dict[Role | None, tuple[str, ...]] = {
    None: ("/sign-in",),
    Role.HANDLER: ("/cases", "/new-case", "/exchange", "/lists", "/account", "/password", "/nowhere"),
    Role.REVIEWER: ("/clips", "FILM", "/search?q=0000127", "/stays", "/reviews", "/major-lists", "/review-chart"),
    Role.HEAD: ("/retention", "/recorders", "/officers", "/new-officer", "/coverage", "/reviewers"),
    Role.SECURITY_ADMINISTRATOR: ("/accounts", "/agencies"),
    Role.AUDITOR: ("/audit", "/log"),
}


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, installed from its lock file by npm's ordinary client."""
    with (AXE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may come at once
        if not (AXE / "node_modules" / ".package-lock.json").is_file():
            done = subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=AXE, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
    return (AXE / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_on_the_main_pages_is_a_barrier(county: Seeded, visit: New, axe: str, look: str) -> None:
    (width, height), scheme = LOOKS[look]
    found: dict[str, list[str]] = {}
    for role, paths in PAGES.items():
        visitor = visit(viewport={"width": width, "height": height}, color_scheme=scheme)
        if role is not None:
            name = f"axe-{look}-{role.value}".replace("_", "-")[:32]
            visitor.sign_in(name, county.account(name, role))
        for path in paths:
            visitor.go(county.address("film") if path == "FILM" else path)
            visitor.page.evaluate(axe)
            if barriers := visitor.page.evaluate(FOUND):
                found[f"{role} {path}"] = barriers
    assert not found
