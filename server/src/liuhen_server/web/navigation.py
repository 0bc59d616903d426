"""The way through the pages: what a person may open, in groups where it is much. Pure: rights and an address in, links out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from liuhen_server.people.roles import Action

__all__ = ["GROUPS", "Entry", "Group", "Top", "navigation"]

MOST_FLAT = 8
"""So many links stand in one row beside the search; of more, groups stand there, and the entries of the one that is open below."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`text`: key of its words. `paths`: what its pages begin with."""

    href: str
    text: str
    action: Action
    paths: tuple[str, ...]

    def holds(self, path: str) -> bool:
        return any(path == each or path.startswith((f"{each}/", f"{each}.")) for each in self.paths)


@dataclass(frozen=True, slots=True)
class Group:
    text: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Top:
    """A link of the first row. `current`: page, true (of a group whose page is another) or empty. `entries`: of the group that is
    open, with whether each is the page.
    """

    href: str
    text: str
    current: str
    entries: tuple[tuple[Entry, bool], ...] = ()


GROUPS = (
    Group("nav.todo", (Entry("/todo", "nav.todo", Action.SEE_DEADLINES, ("/todo",)),)),
    Group(
        "nav.group.cases",
        (
            Entry("/cases", "nav.cases", Action.SEE_CASES, ("/cases", "/coverage", "/templates")),
            Entry(
                "/reviews",
                "nav.reviews",
                Action.SEE_REVIEWS,
                ("/reviews", "/review-chart", "/reviewers", "/major-lists"),
            ),
            Entry("/lists", "nav.lists", Action.SEE_LISTS, ("/lists",)),
        ),
    ),
    Group(
        "nav.group.footage",
        (
            Entry("/clips", "nav.clips", Action.SEE_EVIDENCE, ("/clips",)),
            Entry("/stays", "nav.stays", Action.SEE_EVIDENCE, ("/stays",)),
            Entry("/retention", "nav.retention", Action.SEE_RETENTION, ("/retention",)),
        ),
    ),
    Group("nav.publicity", (Entry("/publicity", "nav.publicity", Action.SEE_PUBLICITY, ("/publicity",)),)),
    Group(
        "nav.group.oversight",
        (
            Entry("/supervision", "nav.supervision", Action.SEE_SUPERVISION, ("/supervision", "/handovers")),
            Entry("/statistics", "nav.statistics", Action.SEE_STATISTICS, ("/statistics",)),
            Entry("/log", "nav.log", Action.SEE_LOG, ("/log",)),
            Entry("/audit", "nav.audit", Action.AUDIT, ("/audit",)),
        ),
    ),
    Group(
        "nav.group.registry",
        (
            Entry("/agencies", "nav.agencies", Action.SEE_REGISTRY, ("/agencies", "/new-agency")),
            Entry("/officers", "nav.officers", Action.SEE_REGISTRY, ("/officers", "/new-officer")),
            Entry(
                "/recorders",
                "nav.recorders",
                Action.SEE_REGISTRY,
                ("/recorders", "/new-recorder", "/unregistered", "/check-out"),
            ),
            Entry("/calendar", "nav.calendar", Action.KEEP_CALENDAR, ("/calendar",)),
            Entry("/accounts", "nav.accounts", Action.SEE_ACCOUNTS, ("/accounts", "/new-account")),
        ),
    ),
)


def navigation(may: Callable[[Action], bool], path: str) -> tuple[Top, ...]:
    """What `may` be opened. A group of one entry is that entry; few entries stand in no groups."""
    groups = [(group, [each for each in group.entries if may(each.action)]) for group in GROUPS]
    if sum(len(entries) for _, entries in groups) <= MOST_FLAT:
        return tuple(_entry(each, path) for _, entries in groups for each in entries)
    return tuple(_top(group, entries, path) for group, entries in groups if entries)


def _entry(entry: Entry, path: str) -> Top:
    return Top(entry.href, entry.text, "page" if entry.holds(path) else "")


def _top(group: Group, entries: list[Entry], path: str) -> Top:
    if len(entries) == 1:
        return _entry(entries[0], path)
    open_now = tuple((each, each.holds(path)) for each in entries)
    if not any(here for _, here in open_now):
        return Top(entries[0].href, group.text, "")
    return Top(entries[0].href, group.text, "true", open_now)
