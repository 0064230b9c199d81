"""A pytest plugin: PostgreSQL and Valkey for this run alone, and the words compiled.

They start before Django reads its settings, which a conftest would be too late for.
Nothing happens where DATABASE_URL and REDIS_URL are set.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

# Before anything of `config` is imported: its Celery application would choose
# config.settings, and pytest-django asks the environment first.
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
# A test is the same on every desk, whatever its owner has in .env.
os.environ.setdefault("ENV_FILE", os.devnull)

from config.children import Child
from config.devstack import start_postgres, start_valkey
from config.words import compile_words

_servers: list[Child] = []
_folder: Path | None = None


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    global _folder
    compile_words()
    _folder = Path(tempfile.mkdtemp(prefix="pinboard-test-"))
    _folder.chmod(0o755)
    if not os.environ.get("DATABASE_URL"):
        _servers.append(start_postgres(_folder / "postgres", durable=False))
        os.environ["DATABASE_URL"] = _servers[-1].url
    if not os.environ.get("REDIS_URL"):
        _servers.append(start_valkey(_folder / "valkey", durable=False))
        os.environ["REDIS_URL"] = _servers[-1].url
    os.environ["DATA_DIR"] = str(_folder / "data")
    (_folder / "data" / "static").mkdir(parents=True)  # WhiteNoise warns without it


def pytest_unconfigure() -> None:
    while _servers:
        _servers.pop().stop()
    if _folder:
        shutil.rmtree(_folder, ignore_errors=True)
