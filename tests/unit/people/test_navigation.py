"""The navigation leads everywhere a person may go, in two steps at most, and shows no more than fits a row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.people.roles import ACCESS, Action, Role
from liuhen_server.web.navigation import GROUPS, MOST_FLAT, navigation

ENTRIES = [each for group in GROUPS for each in group.entries]
actions = st.sets(st.sampled_from(sorted({each.action for each in ENTRIES})))


@given(actions)
def test_everything_a_person_may_open_is_one_or_two_links_away_and_nothing_else_is(given_actions: set[Action]) -> None:
    allowed = {each.href for each in ENTRIES if each.action in given_actions}
    seen = set[str]()
    for top in navigation(given_actions.__contains__, "/account"):
        assert top.entries == () and top.current == "", "nothing is open on a page of no group"
        seen.add(top.href)
        seen |= {each.href for opened in navigation(given_actions.__contains__, top.href) for each, _ in opened.entries}
    assert seen == allowed


@given(actions, st.sampled_from(ENTRIES))
def test_one_page_is_marked_and_its_group_with_it(given_actions: set[Action], entry: object) -> None:
    assert isinstance(entry, type(ENTRIES[0]))
    tops = navigation(given_actions.__contains__, entry.href + "/12")
    pages = [top.href for top in tops if top.current == "page"]
    pages += [each.href for top in tops for each, here in top.entries if here]
    assert pages == ([entry.href] if entry.action in given_actions else [])
    assert [top.current for top in tops if top.entries] in ([], ["true"])


@pytest.mark.parametrize("role", Role)
def test_no_role_has_more_in_its_first_row_than_fits(role: Role) -> None:
    def may(action: Action) -> bool:
        return role in ACCESS.get(action, {})

    assert 0 < len(navigation(may, "/")) <= MOST_FLAT


def test_an_address_that_only_begins_alike_is_another_page() -> None:
    (lists,) = [each for each in ENTRIES if each.href == "/lists"]
    assert lists.holds("/lists/3") and lists.holds("/lists") and not lists.holds("/listsx")


def test_no_two_entries_hold_the_same_page() -> None:
    for entry in ENTRIES:
        for path in entry.paths:
            assert [each.href for each in ENTRIES if each.holds(path)] == [entry.href]
