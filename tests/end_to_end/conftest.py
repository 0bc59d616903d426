"""One running county for the tests of this folder (in each worker); every test brings a dock of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from end_to_end.world import Station
from house.county import County, running

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def shared_county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    with running(tmp_path_factory.mktemp("county")) as county:
        yield county


@pytest.fixture
def county(shared_county: County) -> Iterator[County]:
    """The shared county, running again whatever a test did to it, and without a traceback in the archive's log."""
    log = shared_county.folder / "archive.log"
    before = log.stat().st_size
    yield shared_county
    for name, start in (("witness", shared_county.start_witness), ("archive", shared_county.start_archive)):
        if name not in shared_county.servers:
            start()
    assert "Traceback" not in log.read_bytes()[before:].decode()


@pytest.fixture
def new_station(county: County) -> Iterator[Callable[..., Station]]:
    stations: list[Station] = []

    def make(**wishes: object) -> Station:
        station = Station(county, f"dock-{next(_numbers)}", **wishes)  # type: ignore[arg-type]
        stations.append(station)
        return station.enroll()

    yield make
    for station in stations:
        station.end()


@pytest.fixture
def station(new_station: Callable[..., Station]) -> Station:
    return new_station()
