"""`liuhen-witness`: init, log add, log list, serve.

The data folder holds `witness.key` (secret), `witness.vkey` (its public half, by which policies name it), `witness.db`, `evidence/`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from pathlib import Path

import click

from liuhen_files import durable, keys
from liuhen_files.event_loop import quiet_second_close
from liuhen_files.notify import Notifier
from liuhen_files.owner import other_owner
from liuhen_protocol.errors import Malformed
from liuhen_protocol.note import COSIGNATURE_V1, ED25519, VerifierKey
from liuhen_server.operations import process_log
from liuhen_server.witness.cosigner import Cosigner
from liuhen_server.witness.service import Service, serve
from liuhen_server.witness.state import WitnessState

DATA = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="见证方的数据目录 / the witness's data folder",
)


@click.group()
def main() -> None:
    """见证方：对日志检查点联署。 A witness: cosigns the checkpoints of logs it knows (C2SP tlog-witness)."""
    process_log.begin()


@main.command()
@DATA
@click.option(
    "--name", required=True, help="见证方名称，如 witness.example/court / the witness's name, a schema-less URL"
)
def init(data: Path, name: str) -> None:
    """建立密钥并输出公钥。 Makes the key and prints the verifier key. Run again, it prints the same."""
    durable.mkdirs(data)
    _check_owner(data)
    if (data / "witness.vkey").exists():
        key = _key(data)
        if key.name != name:
            raise click.UsageError(f"{data} 已属于 {key.name} / belongs to the witness {key.name} already")
    else:
        try:
            signer = keys.load_or_create(data / "witness.key")
            key = VerifierKey(name, COSIGNATURE_V1, signer.public)
        except Malformed as error:
            raise click.UsageError(str(error)) from error
        WitnessState(data / "witness.db").close()
        durable.write_new(data / "witness.vkey", f"{key}\n".encode(), mode=0o644)
    click.echo(str(key))


@main.group()
def log() -> None:
    """所见证的日志。 The logs that are witnessed."""


@log.command("add")
@DATA
@click.argument("vkey")
def log_add(data: Path, vkey: str) -> None:
    """登记一个日志的公钥。 Adds a log by its verifier key; its name is the log's origin."""
    _key(data)
    _check_owner(data)
    try:
        key = VerifierKey.parse(vkey)
    except Malformed as error:
        raise click.UsageError(str(error)) from error
    if key.key_type != ED25519:
        raise click.UsageError(f"{key.name}: 不是日志公钥 / not the key of a log but of a witness")
    state = WitnessState(data / "witness.db")
    try:
        if not state.add_log(key):
            raise click.ClickException(
                f"{key.name}: 已登记另一公钥，未更改 / has another key here already; nothing was changed"
            )
    finally:
        state.close()
    click.echo(f"已登记 added {key.name}")


@log.command("list")
@DATA
def log_list(data: Path) -> None:
    """列出日志及最近联署的大小。 Lists the logs and the size that was cosigned last."""
    _key(data)
    state = WitnessState(data / "witness.db")
    try:
        recorded = state.recorded()
        for origin in state.log_keys():
            size = recorded[origin].state.size if origin in recorded else "-"
            click.echo(f"{origin}\t{size}")
    finally:
        state.close()


@main.command("serve")
@DATA
@click.option(
    "--listen", default="127.0.0.1:8730", show_default=True, help="地址:端口 / HOST:PORT; port 0 takes a free one"
)
def serve_command(data: Path, listen: str) -> None:
    """提供联署服务。 Serves until it gets SIGINT or SIGTERM; prints `ready http://HOST:PORT` when it answers."""
    host, separator, port = listen.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65535:
        raise click.UsageError(f"--listen {listen}: 应为 地址:端口 / not HOST:PORT")
    name = _key(data).name
    _check_owner(data)
    try:
        signer = keys.load(data / "witness.key")
        if VerifierKey(name, COSIGNATURE_V1, signer.public) != _key(data):
            raise Malformed(f"{data / 'witness.key'}: not the key of {data / 'witness.vkey'}")
        state = WitnessState(data / "witness.db")
    except (Malformed, OSError, sqlite3.Error) as error:
        raise click.ClickException(str(error)) from error
    service = Service(Cosigner(name, signer, state, data / "evidence", time.time))
    try:
        asyncio.run(_serve(service, host.strip("[]"), int(port)))
    except OSError as error:
        raise click.ClickException(f"{listen}: {error}") from error
    finally:
        state.close()


async def _serve(service: Service, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    quiet_second_close(loop)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await serve(service, host, port, stop, lambda address: click.echo(f"ready {address}"), Notifier.from_environment())


def _check_owner(data: Path) -> None:
    if (name := other_owner(data, os.geteuid())) is not None:
        raise click.UsageError(
            f"{data} 属于用户 {name}，请以该用户运行 / belongs to {name}, run this as that user: runuser -u {name} -- liuhen-witness …"
        )


def _key(data: Path) -> VerifierKey:
    path = data / "witness.vkey"
    try:
        return VerifierKey.parse(path.read_text().strip())
    except FileNotFoundError as error:
        raise click.UsageError(
            f"{data}: 尚未初始化，先运行 / not a witness yet; run first: liuhen-witness init"
        ) from error
    except (Malformed, UnicodeDecodeError, OSError) as error:
        raise click.ClickException(f"{path}: {error}") from error
