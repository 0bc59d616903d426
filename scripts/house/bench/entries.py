"""Statements of two docks through the whole of POST /v1/entries against one core's Ed25519 verify rate.

The whole: TLS, signature, chain rules, durable in the database, in the tiles, under a checkpoint that was cosigned and published.
Each dock sends its next thousand when the last are answered, as docks do; two of them, since a county has more than one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from house.bench.docked import Docked, docked
from house.bench.made_log import collected
from house.bench.measure import Goal, Result, middle, progress, verify_rate
from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.note import Note

BATCH = 1000
BATCHES = 10  # of each dock
ROUNDS = 3


async def _published(session: aiohttp.ClientSession, url: str) -> int:
    async with session.get(f"{url}/log/checkpoint") as answer:
        if answer.status != 200:
            return 0
        return Checkpoint.parse(Note.parse(await answer.read()).text).size


async def _log_all(dock: Docked, batches: list[bytes]) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=dock.context)) as session:
        last = 0
        for batch in batches:
            async with session.post(
                f"{dock.url}/v1/entries", data=batch, headers={"Content-Type": "application/x-ndjson"}
            ) as answer:
                results = (await answer.json())["results"]
            last = results[-1]["index"]
        while await _published(session, dock.url) <= last:
            await asyncio.sleep(0.02)


async def _all_at_once(sending: list[tuple[Docked, list[bytes]]]) -> None:
    await asyncio.gather(*(_log_all(dock, batches) for dock, batches in sending))


def _batches(dock: Docked, first: int) -> list[bytes]:
    made = [dock.writer.state(*collected(first + number)) for number in range(BATCH * BATCHES)]
    return [b"\n".join(made[start : start + BATCH]) for start in range(0, len(made), BATCH)]


def run(work: Path) -> Iterator[Result]:
    with docked(work / "county") as dock:
        docks = [dock, dock.another("dock-2")]
        rounds = []
        count = BATCH * BATCHES * len(docks)
        for number in range(ROUNDS):
            progress(f"entries: round {number + 1} of {ROUNDS}, {count} statements")
            sending = [(each, _batches(each, number * BATCH * BATCHES)) for each in docks]
            before = verify_rate()
            began = time.perf_counter()
            asyncio.run(_all_at_once(sending))
            rate = count / (time.perf_counter() - began)
            rounds.append((rate, (before + verify_rate()) / 2))
    value, reference = middle(rounds)
    yield Result(
        "entries",
        value,
        "entries/s",
        "Ed25519 verifications on one core",
        reference,
        Goal(0.6),
    )
