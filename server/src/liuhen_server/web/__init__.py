"""The pages for people: Jinja templates, one style sheet, small modules of our own, nothing from anywhere else.

`serve` builds a `PeopleContext` and mounts `people_app(context)` on the people listener.
"""

from liuhen_server.web.app import people_app
from liuhen_server.web.context import PeopleContext

__all__ = ["PeopleContext", "people_app"]
