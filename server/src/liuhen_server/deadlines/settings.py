"""`[reminders]` of the archive's configuration: where reminders go. Passwords and keys are no settings: they come from systemd as a
credential, or from a file of their own, and are read at each use.
"""

from __future__ import annotations

import os
import re
import ssl
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

__all__ = [
    "SETTINGS",
    "Hook",
    "Mail",
    "Reminders",
    "Secrets",
    "is_address",
    "parse_reminders",
    "read_secrets",
    "settings_text",
    "tls_of",
]

CREDENTIAL = "reminders.toml"
HOUR = 8
TLS = ("starttls", "tls")
KINDS = ("wecom", "dingtalk")
SETTINGS = {"pages", "hour", "case_numbers", "secrets_file", "ca_file", "mail", "webhook"}
MAIL = {"host", "port", "tls", "user", "sender"}
HOOK = {"name", "kind", "url", "agency"}
_NAME = re.compile(r"[a-z0-9-]{1,32}\Z")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\Z")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}\Z")
MOST_ADDRESS = 254


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server. `tls`: starttls (from the first command on) or tls (from the first byte on); without either nothing is sent.
    `user` None: it asks for no password.
    """

    host: str
    port: int
    tls: str
    sender: str
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Hook:
    """A group robot of WeCom or DingTalk. `url` without its key; `agency` None: the group is told of all agencies."""

    name: str
    kind: str
    url: str
    agency: str | None = None


@dataclass(frozen=True, slots=True)
class Reminders:
    """`pages`: where browsers find the archive, https and without a path. `hour` of the agency's day, from which on reminders go out.
    `case_numbers`: mails to a person himself name his cases. `ca_file`: authority of the mail server's and the hooks' certificates,
    where the machine does not know it.
    """

    pages: str
    hour: int = HOUR
    case_numbers: bool = False
    mail: Mail | None = None
    hooks: tuple[Hook, ...] = ()
    secrets_file: Path | None = None
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Secrets:
    """`keys`: of each hook by its name: (the address's key or token, the signing secret of DingTalk or nothing)."""

    password: str = ""
    keys: tuple[tuple[str, str, str], ...] = ()

    def __repr__(self) -> str:
        return "Secrets(…)"  # never in a log or a traceback

    def of(self, hook: str) -> tuple[str, str] | None:
        return next(((key, secret) for name, key, secret in self.keys if name == hook), None)


def is_address(text: str) -> bool:
    """Whether it is an e-mail address as servers take it, of ASCII and without anything that a header could be broken with."""
    return len(text) <= MOST_ADDRESS and _ADDRESS.match(text) is not None


def parse_reminders(stated: Mapping[str, object]) -> Reminders:
    """Raises ValueError with a sentence, KeyError for a setting that is missing."""
    _known(stated, SETTINGS, "reminders")
    pages = _address(_text(stated["pages"]), "reminders.pages").rstrip("/")
    if urlsplit(pages).path:
        raise ValueError(f"reminders.pages: {pages!r} has a path; the archive's address of browsers is wanted")
    hour, numbers = stated.get("hour", HOUR), stated.get("case_numbers", False)
    if not isinstance(hour, int) or isinstance(hour, bool) or not 0 <= hour <= 23:
        raise ValueError("reminders.hour: 0 to 23")
    if not isinstance(numbers, bool):
        raise ValueError("reminders.case_numbers: true or false")
    mail, hooks = stated.get("mail"), stated.get("webhook", [])
    if not isinstance(hooks, list):
        raise ValueError("reminders.webhook: write [[reminders.webhook]]")
    found = tuple(_hook(_table(each, "reminders.webhook")) for each in hooks)
    if len({hook.name for hook in found}) < len(found):
        raise ValueError("reminders.webhook: a name stands twice")
    files = {key: Path(_text(stated[key])) for key in ("secrets_file", "ca_file") if key in stated}
    held = None if mail is None else _mail(_table(mail, "reminders.mail"))
    return Reminders(pages, hour, numbers, held, found, files.get("secrets_file"), files.get("ca_file"))


def _mail(stated: Mapping[str, object]) -> Mail:
    _known(stated, MAIL, "reminders.mail")
    tls, port = _text(stated.get("tls", TLS[0])), stated.get("port", 587)
    if tls not in TLS:
        raise ValueError(f"reminders.mail.tls: one of {', '.join(TLS)}; without TLS nothing is sent")
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65_536:
        raise ValueError("reminders.mail.port: 1 to 65535")
    host, sender = _text(stated["host"]), _text(stated["sender"])
    if not _HOST.match(host) or not is_address(sender):
        raise ValueError("reminders.mail: host or sender is none")
    return Mail(host, port, tls, sender, _text(stated["user"]) if "user" in stated else None)


def _hook(stated: Mapping[str, object]) -> Hook:
    _known(stated, HOOK, "reminders.webhook")
    name, kind = _text(stated["name"]), _text(stated["kind"])
    if not _NAME.match(name) or kind not in KINDS:
        raise ValueError(f"reminders.webhook: name of a-z 0-9 -, kind one of {', '.join(KINDS)}")
    url = _address(_text(stated["url"]), f"reminders.webhook {name}")
    return Hook(name, kind, url, _text(stated["agency"]) if "agency" in stated else None)


def _address(text: str, what: str) -> str:
    """An https address without user, query or fragment: keys are no part of the settings, and redirects are not followed."""
    found = urlsplit(text)
    plain = text.isascii() and text.isprintable() and " " not in text
    if not plain or found.scheme != "https" or not found.hostname or found.username or found.query or found.fragment:
        raise ValueError(f"{what}: not an https address without key or query")
    return text


def _table(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"{what}: a table was expected")
    return value


def _known(stated: Mapping[str, object], known: set[str], what: str) -> None:
    if unknown := sorted(set(stated) - known):
        raise ValueError(f"{what}: unknown setting {', '.join(unknown)}")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"text was expected, not {value!r}")
    return value


def settings_text(reminders: Reminders, quoted: Callable[[str], str]) -> list[str]:
    """The lines of config.toml from which `parse_reminders` reads it back. `quoted` writes a text as TOML has it."""
    lines = ["", "[reminders]", f"hour = {reminders.hour}", f"case_numbers = {str(reminders.case_numbers).lower()}"]
    files = {"secrets_file": reminders.secrets_file, "ca_file": reminders.ca_file}
    lines += _lines({"pages": reminders.pages, **files}, quoted)
    if (mail := reminders.mail) is not None:
        texts = {"host": mail.host, "tls": mail.tls, "sender": mail.sender, "user": mail.user}
        lines += ["", "[reminders.mail]", f"port = {mail.port}", *_lines(texts, quoted)]
    for hook in reminders.hooks:
        texts = {"name": hook.name, "kind": hook.kind, "url": hook.url, "agency": hook.agency}
        lines += ["", "[[reminders.webhook]]", *_lines(texts, quoted)]
    return lines


def _lines(values: Mapping[str, str | Path | None], quoted: Callable[[str], str]) -> list[str]:
    return [f"{key} = {quoted(str(value))}" for key, value in values.items() if value is not None]


def read_secrets(reminders: Reminders, environment: Mapping[str, str] = os.environ) -> Secrets:
    """What systemd handed over goes before the file; empty where neither is there. Raises ValueError for a file that is no TOML, and
    never says what stands in it.
    """
    handed_over = environment.get("CREDENTIALS_DIRECTORY")
    files = [Path(handed_over) / CREDENTIAL] if handed_over else []
    files += [reminders.secrets_file] if reminders.secrets_file else []
    for path in files:
        try:
            stated = tomllib.loads(path.read_text("utf-8"))
        except OSError:
            continue
        except ValueError:
            raise ValueError(f"{path}: not TOML") from None
        if stated:
            return _secrets(stated, path)
    return Secrets()


def _secrets(stated: Mapping[str, object], path: Path) -> Secrets:
    password, hooks = stated.get("mail_password", ""), stated.get("webhook", {})
    if not isinstance(password, str) or not isinstance(hooks, dict):
        raise ValueError(f"{path}: mail_password, and a table [webhook.NAME] for each webhook")
    keys = []
    for name, each in hooks.items():
        if not isinstance(each, dict) or not all(isinstance(value, str) for value in each.values()):
            raise ValueError(f"{path}: [webhook.{name}]: key and secret are texts")
        keys.append((name, each.get("key", ""), each.get("secret", "")))
    return Secrets(password, tuple(keys))


def tls_of(reminders: Reminders) -> ssl.SSLContext:
    """Raises OSError for a `ca_file` that cannot be read."""
    return ssl.create_default_context(cafile=str(reminders.ca_file) if reminders.ca_file else None)
