"""What every journey shares: one running product, and a browser that watches."""

from contextlib import ExitStack

import pytest

from tests import databases
from tests.journeys.chromium import chromium
from tests.journeys.product import running


def pytest_collection_modifyitems(items):
    """Walk the journeys in the order of their names: each finds the product as the last left it."""
    places = [n for n, item in enumerate(items) if "product" in item.fixturenames]
    walked = sorted((items[n] for n in places), key=lambda item: item.nodeid)
    for place, item in zip(places, walked, strict=True):
        items[place] = item


@pytest.fixture(scope="session")
def product(request, tmp_path_factory):
    """The product on its embedded database, or told of a PostgreSQL by environment alone (X-3)."""
    home = tmp_path_factory.mktemp("product")
    with ExitStack() as stack:
        chosen = {}
        if request.config.getoption("--database") == "postgresql":
            server = stack.enter_context(databases.postgres_server())
            chosen["DATABASE_URL"] = stack.enter_context(
                databases.postgres_database(server, "journey")
            )
        yield stack.enter_context(running(home, **chosen))


@pytest.fixture
def eye(request, tmp_path):
    is_sqlite = request.config.getoption("--database") == "sqlite"  # the pages are the same on both
    with chromium(tmp_path / "shots", has_axe=is_sqlite) as watching:
        yield watching
