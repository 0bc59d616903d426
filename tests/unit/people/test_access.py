"""Who may do what to whom: the rules as properties, for every mixture of roles and things."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuhen_server.people.access import NOT_TO_ONESELF, Allowed, Refused, Thing, decide, visible
from liuhen_server.people.accounts import Person
from liuhen_server.people.roles import ACCESS, ADMINISTRATORS, Action, Role, Scope, needs_agency

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
AGENCIES = st.sampled_from([None, "scjg", "jtys"])
IDS = st.integers(1, 4)
ACTIONS = st.sampled_from(sorted(Action))
ROLES = {role for roles in ACCESS.values() for role in roles}
CHANGING = {Action.KEEP_AGENCIES, Action.KEEP_OFFICERS, Action.MAKE_ACCOUNTS, Action.GIVE_RIGHTS}


@st.composite
def people(draw: st.DrawFn) -> Person:
    worker = st.frozensets(st.sampled_from(sorted(ROLES - ADMINISTRATORS)), max_size=3)
    roles = draw(worker | st.sampled_from(sorted(ADMINISTRATORS)).map(lambda role: frozenset({role})))
    return Person(draw(IDS), "zhang", "张", roles, "", False, None, False, draw(AGENCIES), draw(st.none() | IDS))


THINGS = st.builds(
    Thing,
    st.just("clip-ab"),
    AGENCIES,
    officers=st.frozensets(IDS),
    handlers=st.frozensets(IDS),
    person=st.none() | IDS,
)


@UNHURRIED
@given(people(), THINGS)
def test_no_administrator_sees_footage_of_anything(person: Person, thing: Thing) -> None:
    if person.roles & ADMINISTRATORS:
        assert isinstance(decide(person, Action.SEE_FOOTAGE, thing), Refused)


@UNHURRIED
@given(people(), ACTIONS, THINGS)
def test_nothing_is_allowed_without_a_role_of_the_table(person: Person, action: Action, thing: Thing) -> None:
    if action in ACCESS and not any(role in ACCESS[action] for role in person.roles):
        assert decide(person, action, thing) == Refused("role")
        assert decide(person, action) == Refused("role")


@UNHURRIED
@given(people(), ACTIONS, THINGS)
def test_a_thing_of_another_agency_is_there_for_those_who_see_all_or_handle_it(
    person: Person, action: Action, thing: Thing
) -> None:
    if action in ACCESS and isinstance(decide(person, action, thing), Allowed):
        assert (
            visible(person, action) is Scope.ALL
            or person.id in thing.handlers
            or (person.agency is not None and thing.agency == person.agency)
        )


@UNHURRIED
@given(people(), ACTIONS, THINGS)
def test_what_is_one_s_own_is_own_by_the_officer_of_the_agency_or_the_case(
    person: Person, action: Action, thing: Thing
) -> None:
    if action in ACCESS and visible(person, action) is Scope.OWN and isinstance(decide(person, action, thing), Allowed):
        assert person.id in thing.handlers or person.officer in thing.officers


@UNHURRIED
@given(people(), st.sampled_from(sorted(NOT_TO_ONESELF)), THINGS)
def test_nobody_gives_rights_to_himself(person: Person, action: Action, thing: Thing) -> None:
    if thing.person == person.id:
        assert isinstance(decide(person, action, thing), Refused)


@UNHURRIED
@given(people(), ACTIONS, THINGS)
def test_a_decision_about_a_thing_is_never_wider_than_the_one_about_its_kind(
    person: Person, action: Action, thing: Thing
) -> None:
    if isinstance(decide(person, action, thing), Allowed):
        assert isinstance(decide(person, action), Allowed)


@UNHURRIED
@given(ACTIONS, st.none() | THINGS)
def test_nobody_signed_in_may_only_enter(action: Action, thing: Thing | None) -> None:
    assert isinstance(decide(None, action, thing), Allowed) == (action is Action.ENTER)


def test_one_s_own_account_needs_no_role_and_is_nobody_else_s() -> None:
    person = Person(3, "zhang", "张", frozenset(), "", False, None, False)
    assert isinstance(decide(person, Action.OWN_ACCOUNT), Allowed)
    assert isinstance(decide(person, Action.OWN_ACCOUNT, Thing("person-3", person=3)), Allowed)
    assert decide(person, Action.OWN_ACCOUNT, Thing("person-4", person=4)) == Refused("own")


def test_every_action_stands_in_the_table_and_the_justice_department_changes_nothing() -> None:
    assert set(Action) == set(ACCESS) | {Action.ENTER, Action.OWN_ACCOUNT}
    assert not [action for action in CHANGING if Role.JUSTICE_SUPERVISOR in ACCESS[action]]
    assert len([action for action in CHANGING if len(set(ACCESS[action]) & ADMINISTRATORS) > 1]) == 0, "三员分立"


def test_a_right_within_an_agency_needs_one() -> None:
    assert needs_agency({Role.HANDLER}) and needs_agency({Role.HEAD})
    assert not needs_agency({Role.AUDITOR}) and not needs_agency({Role.JUSTICE_SUPERVISOR}) and not needs_agency(set())
