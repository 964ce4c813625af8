"""Ground rules of every test: a data folder of its own, real servers, nothing skipped where it is required.

`pytest` runs on SQLite. `pytest --database postgresql` starts a PostgreSQL and runs the tests marked `data_layer`
on it (`make test` does both). REALTALK_REQUIRE=postgres,redis,chromium lets a missing one fail instead of skip.
With `-n 2` (pytest-xdist) each process loads this file, so it has its own data folder, database and servers; they
share one PostgreSQL, each with a database of its own name in it.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# Before Django reads its settings, which pytest-django does once this file is loaded. An inherited database or
# broker is not ours to fill.
_DATA = Path(tempfile.mkdtemp(prefix="rt-test-"))
os.environ["REALTALK_DATA"] = str(_DATA)
os.environ["DJANGO_SETTINGS_MODULE"] = "realtalk_site.settings"
for _name in ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_DEBUG", "DJANGO_SECRET_KEY", "DJANGO_ALLOWED_HOSTS"):
    os.environ.pop(_name, None)
_servers = ExitStack()
# How long an example takes is another process's doing as much as ours.
hypothesis.settings.register_profile("no-clock", deadline=None)
hypothesis.settings.load_profile("no-clock")


def required(name: str) -> bool:
    """Whether this run must not go without `name` (postgres, redis or chromium)."""
    return name in os.environ.get("REALTALK_REQUIRE", "").replace(",", " ").split()


def missing(name: str, remedy: str) -> None:
    """Skip the test for want of `name`, or fail it where `name` is required."""
    if required(name):
        pytest.fail(f"REALTALK_REQUIRE names {name}. {remedy}")
    pytest.skip(remedy)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if started := getattr(config, "workerinput", {}).get("database_url"):
        os.environ["DATABASE_URL"] = started
    elif config.getoption("--database") == "postgresql":
        from tests.servers import ServerMissing, running_postgresql

        try:
            os.environ["DATABASE_URL"] = _servers.enter_context(running_postgresql())
        except ServerMissing as reason:
            pytest.exit(f"Not run on PostgreSQL. {reason}", returncode=1 if required("postgres") else 0)
    from django.conf import settings

    # Loads them; pytest-django, whose turn is next, sets up a Django whose settings are loaded.
    if settings.REALTALK_DATA != _DATA:
        pytest.exit("Django was set up before the tests' own folder: unset DJANGO_SETTINGS_MODULE.", returncode=1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """The processes inherit no settings module: pytest-django would load it before this file has made their folder."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """What a process of pytest-xdist is told by the one that starts it."""
    node.workerinput["database_url"] = os.environ.get("DATABASE_URL")


def pytest_unconfigure() -> None:
    _servers.close()
    shutil.rmtree(_DATA, ignore_errors=True)


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {config.getoption('--database')}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--database") == "postgresql":
        others = [item for item in items if "data_layer" not in item.keywords]
        items[:] = [item for item in items if "data_layer" in item.keywords]
        config.hook.pytest_deselected(items=others)
    if hasattr(config, "workerinput"):
        # Side by side, files of few tests go first: a whole flow or a state machine is a file of one long test, and
        # begun last it would keep one process busy while the others have ended.
        tests_in = Counter(item.path for item in items)
        items.sort(key=lambda item: tests_in[item.path])
    if not config.getoption("--slow"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="slow: run with --slow"))


@pytest.fixture(autouse=True)
def media_folder(settings, tmp_path: Path) -> Path:
    """Each test's own media folder."""
    settings.REALTALK_DATA = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    return settings.MEDIA_ROOT


@pytest.fixture(scope="session")
def broker_url() -> Iterator[str]:
    """The address of a real Valkey, Redis's protocol, that lives as long as the test run."""
    from realtalk_site.broker import BrokerError
    from tests.servers import running_broker

    with ExitStack() as stack:
        try:
            address = stack.enter_context(running_broker())
        except BrokerError as reason:
            missing("redis", str(reason))
        yield address


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """An installed Chromium, else the one that Playwright fetched."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        if Path(playwright.chromium.executable_path).exists():
            return playwright.chromium.executable_path
    missing("chromium", "No Chromium here: install it (Debian: apt-get install chromium), or `playwright install`.")
    raise AssertionError  # missing() never returns
