"""The cast and the tools every test shares. Slice-only fixtures live beside their tests."""

import gc
import inspect
import os
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import hypothesis
import pytest
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event

from portal.core import clock as core_clock
from portal.core import embedded, jobs, secrets_box
from portal.core import settings as settings_module
from portal.core.db import db
from portal.core.settings import Settings, database_url
from portal.factory import create_app
from portal.gateways import sms
from portal.messaging.views import webhooks
from portal.numbers import queries as number_queries
from portal.webhook_checks.service import believing
from tests import cast, databases
from tests.browser import Browser
from tests.keys import fernet_key, signing_key

QUICK_HASHES = {  # a real hash takes a third of a second
    "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {
        "argon2__time_cost": 1,
        "argon2__memory_cost": 1024,
        "argon2__parallelism": 1,
    }
}
NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)  # noon in Chicago, a Monday


# No timed tests: on a busy machine a drawn case would fail that is right.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser):
    parser.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite")


def pytest_report_header(config):
    return f"database: {config.getoption('--database')}"


@pytest.hookimpl(hookwrapper=True)
def pytest_collection():
    """Spare the garbage collector what is collected here: modules and tests, all of which stay.

    It would walk them dozens of times as they come, then at each of its full passes and at the end.
    """
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config, items):
    """Begin with the slowest tests, so that no process ends on one while the others have gone home.

    On PostgreSQL run what touches a database; pure rules and pages were asked on SQLite's turn.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)  # stable: still shuffled
    if config.getoption("--database") != "postgresql":
        return
    asks = {"database", "product", "database_of_copy"}
    # A test that takes `request` may ask for the database by name while it runs.
    pure = [
        item
        for item in items
        if item.get_closest_marker("pages")
        or (
            not asks & set(item.fixturenames)
            and "request" not in inspect.signature(item.function).parameters
        )
    ]
    if pure:
        config.hook.pytest_deselected(items=pure)
        items[:] = [item for item in items if item not in set(pure)]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI nothing may skip: a skip is reported as a failure (REQUIRE_ALL_TESTS)."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("REQUIRE_ALL_TESTS") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may skip: {report.longrepr}"


@pytest.fixture(autouse=True)
def _push_request_context():
    """Switch off pytest-flask's fixture of this name: it leaks state between clients."""
    return


class Clock:
    """Moves this process's time; it goes on ticking until it is held."""

    def travel(self, to: datetime | None = None, *, by: timedelta | None = None) -> None:
        if to is not None:
            core_clock.travel(to - datetime.now(UTC))
        if by is not None:
            core_clock.travel(core_clock.offset() + by)

    def hold(self) -> None:
        """Let time stand still from now on, for what is judged by the second."""
        at = datetime.now(UTC)
        core_clock.datetime = SimpleNamespace(now=lambda _zone: at)

    @property
    def now(self) -> datetime:
        return core_clock.utcnow()


@pytest.fixture(autouse=True)
def clock():
    moving = Clock()
    moving.travel(to=NOON)
    yield moving
    core_clock.travel(timedelta())
    core_clock.datetime = datetime


@pytest.fixture(autouse=True)
def _nothing_noted_before():
    """What a webhook read, noted or failed to look up a moment ago belongs to the test before."""
    number_queries._just_read.clear()
    believing._marked.clear()
    webhooks._looks._quiet_until = float("-inf")


@pytest.fixture(autouse=True)
def _carrier_of_before():
    """A test's own carrier leaves with it: a webhook asks the carrier, too (I3)."""
    before = sms._in_use
    yield
    sms._in_use = before


@pytest.fixture(scope="session")
def valkey(tmp_path_factory):
    """The embedded Valkey, one for each test process."""
    var = tmp_path_factory.mktemp("var")
    process = embedded.start(var)
    yield var
    if process is not None:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def database(request, tmp_path_factory, worker_id):
    """The URL of a fresh database for this test process."""
    if request.config.getoption("--database") == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('db') / 'test.db'}"
        return
    with databases.postgres_server() as server:
        with databases.postgres_database(server, f"consentdesk_{worker_id}") as url:
            yield database_url(url)


@pytest.fixture(scope="session")
def worker_id(request):
    return getattr(request.config, "workerinput", {}).get("workerid", "main")


@pytest.fixture(scope="session")
def settings(valkey, database, tmp_path_factory):
    var = tmp_path_factory.mktemp("home")
    return Settings(
        var=var,
        database_url=database,
        redis_url=f"unix://{embedded.embedded_socket(valkey)}?db=0",
        public_url="http://localhost",
        port=8000,
        secret_key="test-secret-" + "x" * 32,
        encryption_keys=(fernet_key("tests"),),
        erasure_pepper="test-pepper-" + "x" * 32,
        audit_signing_key=signing_key("tests"),
        trusted_proxies=0,
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="0" * 32,
        twilio_api_base="http://127.0.0.1:1",
        is_sandbox=True,
        smtp_url=None,
        smtp_tls=None,
        evidence_dir=var / "evidence",
        support_email="support@localhost.example",
        sender_email="consentdesk@localhost.example",
    )


@pytest.fixture(scope="session")
def process_environment(settings):
    """The variables of a process of ours that works on this test's database."""
    return {
        **os.environ,
        "DATABASE_URL": settings.database_url.replace("postgresql+psycopg", "postgresql"),
        "REDIS_URL": settings.redis_url,
        "PUBLIC_URL": settings.public_url,
        "SECRET_KEY": settings.secret_key,
        "ENCRYPTION_KEYS": fernet_key("tests"),
    }


@pytest.fixture(scope="session")
def compiled_templates(request, tmp_path_factory):
    """A folder of compiled templates: one for all test processes, and for the next run too."""
    cache = getattr(request.config, "cache", None)
    if cache is not None:
        return cache.mkdir("templates")
    folder = tmp_path_factory.getbasetemp().parent / "templates"  # without pytest's own cache
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def built_app(settings, compiled_templates):
    """The application, once for each test process, with the schema and the cast in its database."""
    app = create_app(settings, {"TESTING": True, "WTF_CSRF_ENABLED": False, **QUICK_HASHES})
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(compiled_templates))
    with ExitStack() as stack:
        with app.app_context():
            if db.engine.dialect.name == "sqlite":
                # A power cut loses a test, and a sync is its longest wait.
                event.listen(db.engine, "connect", databases.be_quick)
            else:
                caretaker = stack.enter_context(databases.caretaker(db.engine))
                app.extensions["test_caretaker"] = caretaker
            databases.make_tables()
            core_clock.travel(NOON - datetime.now(UTC))
            cast.assemble()
            db.session.remove()
            to_the_cast = _keep(app, "cast")

            def reset():
                to_the_cast()
                shutil.rmtree(settings_module.settings().audit_dir, ignore_errors=True)
                secrets_box.use(secrets_box.SecretsBox((fernet_key("tests"),)))

            app.extensions["test_reset"], app.extensions["test_scenes"] = reset, {}
        yield app
        with app.app_context():
            db.engine.dispose()


def _keep(app, name):
    """Return what brings the database back to what it holds now: a file's bytes, or its rows."""
    if db.engine.dialect.name == "sqlite":
        path = db.engine.url.database
        db.engine.dispose()
        with open(path, "rb") as file:
            kept = file.read()

        def back():
            db.engine.dispose()
            for suffix in ("-wal", "-shm"):
                if os.path.exists(path + suffix):
                    os.unlink(path + suffix)
            with open(path, "r+b") as file:  # writing over it is ten times as quick as anew
                file.write(kept)
                file.truncate()

        return back

    tables = [table.name for table in db.metadata.sorted_tables]
    return databases.kept_apart(app.extensions["test_caretaker"], name, tables)


@pytest.fixture
def app(built_app, clock, redis):
    """The application with a database that holds the cast and nothing else."""
    with built_app.app_context():
        built_app.extensions["test_reset"]()
        yield built_app
        db.session.remove()


@pytest.fixture
def scene(app, clock):
    """Give what a long preparation returns; the tests after the first find it in the database.

    Rows and the time come back, nothing else: no queue, no files, no carrier.
    """

    def at(prepare):
        scenes = app.extensions["test_scenes"]
        name = f"scene_{prepare.__module__}_{prepare.__name__}".replace(".", "_")
        if name not in scenes:
            made = prepare()
            db.session.remove()
            scenes[name] = (made, clock.now, _keep(app, name))
        made, moment, back = scenes[name]
        back()
        clock.travel(to=moment)
        return made

    return at


@pytest.fixture
def redis(built_app):
    connection = jobs.connection()
    connection.flushall()
    return connection


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def browser(app):
    """Give a signed-in browser for any user id; none gives a stranger's."""

    def open_for(user_id=None):
        client = app.test_client()
        if user_id is not None:
            cast.sign_in(client, user_id)
        return Browser(app, client, user_id)

    return open_for


@pytest.fixture
def anyone(browser):
    """Somebody who is not signed in."""
    return browser()


@pytest.fixture
def alice(browser):
    """Team lead of Northside at Juniper Realty."""
    return browser(cast.ALICE)


@pytest.fixture
def bob(browser):
    """Agent in Alice's team; owns an account."""
    return browser(cast.BOB)


@pytest.fixture
def vera(browser):
    """Compliance officer of Juniper Realty."""
    return browser(cast.VERA)


@pytest.fixture
def pat(browser):
    """Administrator of the installation."""
    return browser(cast.PAT)


@pytest.fixture
def mallory(browser):
    """Team lead of another organization."""
    return browser(cast.MALLORY)


@pytest.fixture
def juniper(app):
    """Juniper Realty, as other slices see it."""
    return cast.organization(cast.JUNIPER)


@pytest.fixture
def northside(app):
    """The shared account of Alice's team."""
    return cast.account(cast.NORTHSIDE)


@pytest.fixture
def bobs(app):
    """Bob's own account."""
    return cast.account(cast.BOBS)


@pytest.fixture
def lakeview(app):
    """The account of Mallory's organization."""
    return cast.account(cast.LAKEVIEW)
