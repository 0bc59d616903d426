"""The table of routes: each names what a person does who asks it, and what is asked for. A route without does not start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from aiohttp import hdrs, web

from liuhen_server.people.access import Thing
from liuhen_server.people.roles import ACCESS, Action

__all__ = ["RULES", "About", "Handler", "Route", "check_rules", "get", "mount", "patch", "post", "rule_of"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
About = Callable[[web.Request], Awaitable[Thing]]


@dataclass(frozen=True, slots=True)
class Route:
    """`about` finds the thing that the address names, for `access.decide`; it raises a Problem where there is none. Without
    it the decision is about the action alone, and a list asks `guard.reach` itself. `upload`: its form may bring a file.
    """

    method: str
    path: str
    handler: Handler
    action: Action
    about: About | None = None
    upload: bool = False


RULES: web.AppKey[dict[tuple[str, str], Route]] = web.AppKey("rules", dict)


def get(path: str, handler: Handler, action: Action, about: About | None = None) -> Route:
    return Route(hdrs.METH_GET, path, handler, action, about)


def post(path: str, handler: Handler, action: Action, about: About | None = None, *, upload: bool = False) -> Route:
    return Route(hdrs.METH_POST, path, handler, action, about, upload)


def patch(path: str, handler: Handler, action: Action, about: About | None = None) -> Route:
    return Route(hdrs.METH_PATCH, path, handler, action, about)


def mount(application: web.Application, routes: Iterable[Route]) -> None:
    """Adds routes and their rules. Raises ValueError for an action that stands in no table, or a route that is there twice."""
    rules = application.setdefault(RULES, {})
    for route in routes:
        if route.action not in ACCESS and route.action not in (Action.ENTER, Action.OWN_ACCOUNT):
            raise ValueError(f"{route.path}: nobody is said who may {route.action}")
        added = application.router.add_route(route.method, route.path, route.handler)
        if route.method == hdrs.METH_GET:
            application.router.add_route(hdrs.METH_HEAD, route.path, route.handler)
        assert added.resource is not None
        key = (route.method, added.resource.canonical)
        if key in rules:
            raise ValueError(f"{route.method} {route.path} stands in the table twice")
        rules[key] = route


def check_rules(application: web.Application) -> None:
    """Raises ValueError for a route that was added beside the table: nobody would decide about it."""
    rules = application[RULES]
    for route in application.router.routes():
        path = route.resource.canonical if route.resource is not None else "?"
        method = hdrs.METH_GET if route.method == hdrs.METH_HEAD else route.method
        if (method, path) not in rules:
            raise ValueError(f"{route.method} {path} names no action: add it with web.routes.mount")


def rule_of(request: web.Request) -> Route | None:
    """The rule of a request; None for an address that is none."""
    resource = request.match_info.route.resource
    method = hdrs.METH_GET if request.method == hdrs.METH_HEAD else request.method
    return None if resource is None else request.app[RULES].get((method, resource.canonical))
