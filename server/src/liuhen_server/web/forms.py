"""What a form sent, read as text: a field is one line or nothing, never a file; what was typed is kept for the next drawing."""

from __future__ import annotations

from aiohttp import web

from liuhen_server.web.render import SESSION_KEY

__all__ = ["Form", "read_form", "remote"]

MOST = 4000


class Form:
    """The fields of a POST. Asking for one that is not there gives an empty text."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        return self._fields.get(name, [""])[0]

    def every(self, name: str) -> list[str]:
        """All values of a field that can be there several times (boxes)."""
        return self._fields.get(name, [])

    def number(self, name: str) -> int:
        """A number from 0 on; -1 for what is none."""
        text = self[name]
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


async def read_form(request: web.Request) -> Form:
    posted, fields = await request.post(), dict[str, list[str]]()
    for name in posted:
        values = [value for value in posted.getall(name) if isinstance(value, str)]
        fields[name] = [value[:MOST] for value in values if "\x00" not in value]
    return Form({name: values for name, values in fields.items() if values})


def remote(request: web.Request) -> str:
    """TLS ends here, so the connection's own address is the browser's; a forwarded header would be anyone's word."""
    return request.remote or "unknown"


def is_signed_in(request: web.Request) -> bool:
    return request.get(SESSION_KEY) is not None
