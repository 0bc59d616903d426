"""The settings of an identity provider: what is written is read again, what could lead elsewhere is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from liuhen_server.config import Config, ConfigError, SignInProvider, parse

HERE = Path("/srv/liuhen")
PROVIDER = SignInProvider(
    "朝县统一身份认证",
    "https://sso.chaoxian.example/realms/county",
    "liuhen",
    "https://archive.chaoxian.example:8444/sign-in/provider/return",
)


@pytest.mark.parametrize(
    "provider",
    [PROVIDER, replace(PROVIDER, secret_file=Path("/etc/s"), ca_file=Path("/etc/ca.pem"))],
    ids=["least", "all"],
)
def test_provider_is_read_as_it_was_written(provider: SignInProvider) -> None:
    config = Config(HERE, "archive.example/log", provider=provider)
    assert parse(config.text(), HERE) == config


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("issuer", "http://sso.chaoxian.example"),
        ("issuer", "https://sso.chaoxian.example?x=1"),
        ("issuer", "sso"),
        ("return_to", "http://archive.chaoxian.example/sign-in/provider/return"),
        ("return_to", "https://archive.chaoxian.example/"),
        ("client_id", ""),
        ("name", ""),
        ("client_secret", "never here"),
    ],
)
def test_mistake_in_a_provider_is_named(key: str, value: str) -> None:
    text = Config(HERE, "archive.example/log", provider=PROVIDER).text()
    lines = [line for line in text.splitlines() if not line.startswith(f"{key} = ")] + [f'{key} = "{value}"']
    with pytest.raises(ConfigError, match=key.removeprefix("client_secret") or "client_secret"):
        parse("\n".join(lines), HERE)


def test_provider_without_an_issuer_is_none() -> None:
    text = Config(HERE, "archive.example/log", provider=PROVIDER).text()
    with pytest.raises(ConfigError, match="issuer"):
        parse("\n".join(line for line in text.splitlines() if not line.startswith("issuer")), HERE)
