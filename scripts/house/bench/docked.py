"""An archive that runs and a dock that is enrolled there, for benchmarks that speak to the archive as a dock does."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from house.bench.made_log import Writer
from house.county import County, running
from liuhen_agent.identity import store
from liuhen_agent.identity.enrolment import enroll
from liuhen_files import keys


@dataclass
class Docked:
    """`writer` states things in the dock's name, with its key; `context` is its TLS side."""

    county: County
    folder: Path
    writer: Writer
    context: ssl.SSLContext

    @property
    def url(self) -> str:
        return self.county.devices_url

    def another(self, name: str) -> Docked:
        """A second dock of the same archive."""
        return _enrolled(self.county, name)


@contextlib.contextmanager
def docked(folder: Path) -> Iterator[Docked]:
    with running(folder) as county:
        yield _enrolled(county, "dock-1")


def _enrolled(county: County, name: str) -> Docked:
    dock = county.dock(name)
    asyncio.run(enroll(county.devices_url, county.add_dock(name, "bench"), dock))
    signer = keys.load(store.Paths(dock).signing_key)
    return Docked(county, dock, Writer(name, signer), store.client_context(dock))
