"""The archive's folder and its `config.toml`: what an installation decides, and where each thing lies."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from liuhen_protocol.errors import Malformed
from liuhen_protocol.note import COSIGNATURE_V1, ED25519, VerifierKey, check_name
from liuhen_protocol.policy import NONE, Endpoint, Group, Policy
from liuhen_server.deadlines.settings import Reminders, parse_reminders, settings_text

FILE = "config.toml"
QUORUM = "witnesses"
_KNOWN = {
    "origin",
    "database",
    "devices",
    "people",
    "server_names",
    "sequence_seconds",
    "quorum",
    "witness",
    "provider",
    "reminders",
}


class ConfigError(Exception):
    """The folder or its config.toml is not as it must be. The text says what to change."""


@dataclass(frozen=True, slots=True)
class Listen:
    """An address and port to listen on."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Listen:
        """`host:port` or `[v6]:port`. Raises ConfigError."""
        host, _, port = text.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
            raise ConfigError(f"监听地址须为 host:port / not a listening address: {text!r}")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SignInProvider:
    """An identity provider people may sign in with (OpenID Connect). `name` stands on the button; `return_to` is this archive's own
    address for its answers, as registered there. The client secret is no setting: it comes from a file.
    """

    name: str
    issuer: str
    client_id: str
    return_to: str
    secret_file: Path | None = None
    ca_file: Path | None = None  # of the provider's certificate, where the machine does not know it


DEVICES = Listen("0.0.0.0", 8443)  # noqa: S104  docks come from other machines
PEOPLE = Listen("0.0.0.0", 8444)  # noqa: S104
SERVER_NAMES = ("localhost", "127.0.0.1")
SEQUENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Config:
    """`quorum` of the `witnesses` must cosign before a checkpoint is published; 0 without witnesses."""

    folder: Path
    origin: str
    database: str | None = None  # None: archive.db in the folder
    devices: Listen = DEVICES
    people: Listen = PEOPLE
    server_names: tuple[str, ...] = SERVER_NAMES
    sequence_seconds: float = SEQUENCE_SECONDS
    witnesses: Mapping[str, Endpoint] = field(default_factory=dict)
    quorum: int = 0
    provider: SignInProvider | None = None
    reminders: Reminders | None = None

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.folder.resolve() / 'archive.db'}"

    @property
    def log_key_file(self) -> Path:
        """Signs checkpoints, nothing else."""
        return self.folder / "keys" / "log.pem"

    @property
    def statement_key_file(self) -> Path:
        """Signs the archive's own statements."""
        return self.folder / "keys" / "statement.pem"

    @property
    def ca_folder(self) -> Path:
        return self.folder / "ca"

    @property
    def log_folder(self) -> Path:
        """Exactly what is served below /log/."""
        return self.folder / "log"

    @property
    def staging_folder(self) -> Path:
        return self.folder / "staging"

    @property
    def incoming_folder(self) -> Path:
        return self.folder / "incoming"

    @property
    def store_folder(self) -> Path:
        return self.folder / "store"

    def policy(self, log_public: bytes) -> Policy:
        """The tlog-policy that docks and verifiers get: this log, its witnesses, how many must cosign."""
        log = Endpoint(VerifierKey(self.origin, ED25519, log_public))
        if not self.quorum:
            return Policy((log,), self.witnesses, {}, NONE)
        return Policy((log,), self.witnesses, {QUORUM: Group(self.quorum, tuple(self.witnesses))}, QUORUM)

    def text(self) -> str:
        """config.toml."""
        lines = ["# 留痕证据库 / Liuhen archive. Times are in seconds.", f"origin = {_quoted(self.origin)}"]
        if self.database:
            lines.append(f"database = {_quoted(self.database)}")
        lines += [
            f'devices = "{self.devices}"  # 采集站 / docks: TLS with client certificates',
            f'people = "{self.people}"  # 浏览器 / browsers',
            f"server_names = [{', '.join(_quoted(name) for name in self.server_names)}]",
            f"sequence_seconds = {self.sequence_seconds}",
            f"quorum = {self.quorum}  # how many witnesses must cosign before a checkpoint is published",
        ]
        for name, witness in self.witnesses.items():
            lines += ["", "[[witness]]", f"name = {_quoted(name)}"]
            lines += [f"key = {_quoted(str(witness.key))}", f"url = {_quoted(witness.url or '')}"]
        if self.provider is not None:
            stated = {
                "name": self.provider.name,
                "issuer": self.provider.issuer,
                "client_id": self.provider.client_id,
                "return_to": self.provider.return_to,
                "secret_file": self.provider.secret_file,
                "ca_file": self.provider.ca_file,
            }
            lines += ["", "[provider]"]
            lines += [f"{key} = {_quoted(str(value))}" for key, value in stated.items() if value is not None]
        if self.reminders is not None:
            lines += settings_text(self.reminders, _quoted)
        return "\n".join([*lines, ""])


def load(folder: Path) -> Config:
    """Raises ConfigError for a folder without config.toml or a setting that is unknown or of a wrong form."""
    try:
        text = (folder / FILE).read_text("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"{folder} 不是证据库目录 / {folder} is not an archive: run `liuhen-server init --data {folder}` first"
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder / FILE}: {error}") from error
    return parse(text, folder)


def parse(text: str, folder: Path) -> Config:
    """The text of a config.toml that lies, or is to lie, in `folder`. Raises ConfigError."""
    path = folder / FILE
    try:
        raw = tomllib.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error
    unknown = sorted(set(raw) - _KNOWN)
    if unknown:
        raise ConfigError(f"{path}: unknown setting {', '.join(unknown)}")
    try:
        config = Config(
            folder=folder,
            origin=check_name(_text(raw["origin"]), "origin"),
            database=_text(raw["database"]) if "database" in raw else None,
            devices=Listen.parse(_text(raw.get("devices", str(DEVICES)))),
            people=Listen.parse(_text(raw.get("people", str(PEOPLE)))),
            server_names=tuple(_text(name) for name in raw.get("server_names", SERVER_NAMES)),
            sequence_seconds=float(raw.get("sequence_seconds", SEQUENCE_SECONDS)),
            witnesses=witnesses(
                (_text(each["name"]), _text(each["key"]), _text(each["url"])) for each in raw.get("witness", [])
            ),
            quorum=int(raw.get("quorum", 0)),
            provider=_provider(raw["provider"]) if "provider" in raw else None,
            reminders=parse_reminders(raw["reminders"]) if "reminders" in raw else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from error
    check_quorum(config.witnesses, config.quorum)
    return config


def witnesses(stated: Iterable[tuple[str, str, str]]) -> dict[str, Endpoint]:
    """By name, from (name, verifier key, URL). Raises ConfigError for a key that is no cosignature/v1 verifier key, a
    URL that is not http, and a name or a key that stands twice.
    """
    found: dict[str, Endpoint] = {}
    for name, vkey, url in stated:
        try:
            key = VerifierKey.parse(vkey)
            check_name(name, "witness name")
        except Malformed as error:
            raise ConfigError(f"见证方 / witness {name}: {error}") from error
        if key.key_type != COSIGNATURE_V1:
            raise ConfigError(f"witness {name}: not a cosignature/v1 key (type 04)")
        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"witness {name}: {url!r} is not an http or https address")
        if name in found or name in (NONE, QUORUM) or any(key.public == each.key.public for each in found.values()):
            raise ConfigError(f"witness {name}: its name or its key is taken")
        found[name] = Endpoint(key, url.rstrip("/"))
    return found


_PROVIDER = {"name", "issuer", "client_id", "return_to", "secret_file", "ca_file"}
PROVIDER_RETURNS = "/sign-in/provider/return"


def _provider(stated: Mapping[str, object]) -> SignInProvider:
    """Raises ConfigError, KeyError for a setting that is missing."""
    if unknown := sorted(set(stated) - _PROVIDER):
        raise ConfigError(f"provider: unknown setting {', '.join(unknown)}")
    files = {key: Path(_text(stated[key])) for key in ("secret_file", "ca_file") if key in stated}
    given = {key: _text(stated[key]) for key in ("name", "issuer", "client_id", "return_to")}
    for key in ("issuer", "return_to"):
        address = urlsplit(given[key])
        if address.scheme != "https" or not address.hostname or address.query or address.fragment:
            raise ConfigError(f"provider.{key}: {given[key]!r} is not an https address without query")
    if urlsplit(given["return_to"]).path != PROVIDER_RETURNS:
        raise ConfigError(f"provider.return_to: the archive's address of browsers followed by {PROVIDER_RETURNS}")
    if not 0 < len(given["name"]) <= 64 or not given["client_id"]:
        raise ConfigError("provider: name (1 to 64 characters) and client_id have to be given")
    return SignInProvider(
        given["name"],
        given["issuer"],
        given["client_id"],
        given["return_to"],
        files.get("secret_file"),
        files.get("ca_file"),
    )


def check_quorum(named: Mapping[str, Endpoint], quorum: int) -> None:
    """Raises ConfigError when the witnesses are fewer than the quorum, or are there and none is asked for."""
    if not 0 <= quorum <= len(named) or (named and not quorum):
        raise ConfigError(f"quorum {quorum} with {len(named)} witnesses: choose 1 to {len(named)}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{FILE}: text was expected, not {value!r}")
    return value


def _quoted(text: str) -> str:
    """A TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
