"""For every test: marks that follow the folder, no way out to the network, the shipped city."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from corpora.city_files import load_city
from nlp.city import City
from tests.artifacts import write_artifact

TESTS = Path(__file__).parent
#: Files whose tests build models or start processes: `pytest -m "not slow"` leaves them out.
SLOW = {
    "test_base_export",
    "test_bases",
    "test_live_server",
    "test_pretrain",
    "test_shipped_model",
    "test_splits",
}

# A shared machine is slow at times, which says nothing about the code: no deadline. Where nobody
# looks on, the same examples are drawn each time, so that a failure can be repeated.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_configure() -> None:
    """Settings of whoever runs the tests are not those of the tests."""
    for name in [name for name in os.environ if name.startswith("PHANANH_")]:
        del os.environ[name]
    # Libraries that fetch models ask for nothing, rather than run into the guard below.
    os.environ["HF_HUB_OFFLINE"] = "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the name of its folder as a mark, ``pytest -m nlp``, and ``slow`` to some."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        item.add_marker(getattr(pytest.mark, folder))
        if item.path.stem in SLOW or "tiny_artifact" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


class NetworkUsed(Exception):
    """A test tried to reach something that is not this machine."""


def _is_here(family: int, address: Any) -> bool:
    if family not in (socket.AF_INET, socket.AF_INET6):
        return True
    try:
        return address[0] == "localhost" or ip_address(address[0]).is_loopback
    except ValueError:  # a name that would first have to be looked up
        return False


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if not _is_here(self.family, address):
            self.close()  # or its ResourceWarning would hide what happened
            raise NetworkUsed(f"expected a test to stay on this machine, got {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session")
def city() -> City:
    """The city that ships with the package."""
    return load_city()


@pytest.fixture(scope="session")
def tiny_artifact(tmp_path_factory: pytest.TempPathFactory, city: City) -> Path:
    """A whole artifact with weights of chance; not to be changed."""
    return write_artifact(tmp_path_factory.mktemp("artifact"), city)
