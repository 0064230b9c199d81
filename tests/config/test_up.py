"""`manage.py up`, really: what it starts, what it says, and that nothing is left."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psycopg2
import pytest

from config.devstack import start_postgres
from config.environment import BASE_DIR

NOT_OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SITE_URL", "MAKELEVEL")
PATIENCE_S = 180


def free_port():
    """One with a free neighbour, for the marketplace."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


class Stack:
    """A `manage.py up` of its own, with all that it has printed."""

    def __init__(self, data_dir, port):
        self.data_dir, self.port = data_dir, port
        self.printed = data_dir.parent / f"{data_dir.name}.printed"
        with self.printed.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=BASE_DIR,
                env=self.env,
                stdout=output,
                stderr=output,
            )

    @property
    def env(self):
        kept = {name: os.environ[name] for name in os.environ if name not in NOT_OURS}
        kept |= {"DATA_DIR": str(self.data_dir), "PORT": str(self.port), "DEMO": "0"}
        return kept | {"DJANGO_SETTINGS_MODULE": "config.settings"}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self):
        return self.printed.read_text()

    def wait_ready(self):
        self.wait_until(lambda: "Stop with Ctrl-C" in self.said)

    def wait_until(self, is_so):
        end = time.monotonic() + PATIENCE_S
        while not is_so():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.1)

    def run(self, *words, **more):
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=BASE_DIR,
            env=self.env | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )

    def family(self):
        """All processes that descend from it."""
        parents = {}
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(status.parent.name)] = int(re.search(r"PPid:\t(\d+)", text)[1])
        found = {self.process.pid}
        while more := {p for p, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    def wait_gone(self, family):
        end = time.monotonic() + 60
        while left := {pid for pid in family if is_running(pid)}:
            assert time.monotonic() < end, [
                Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left
            ]
            time.sleep(0.1)


def is_running(pid):
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """One stack for the tests that leave it running."""
    stack = Stack(tmp_path_factory.mktemp("up") / "data", free_port())
    try:
        stack.wait_ready()
        yield stack
    finally:
        stack.process.terminate()
        stack.process.wait(60)


def test_it_serves_the_site_and_the_marketplace(stack):
    assert httpx.get(f"{stack.url}/healthz").text == "ok\n"
    assert httpx.get(f"{stack.url}/readyz").json() == {
        "database": "ok",
        "broker": "ok",
        "migrations": "ok",
    }
    httpx.get(f"http://127.0.0.1:{stack.port + 1}/")  # raises when nobody listens


def test_its_static_files_are_hashed_compressed_and_kept_for_ever(stack):
    page = httpx.get(f"{stack.url}/explore/").text
    path = re.search(r'href="(/static/css/tokens\.[0-9a-f]{12}\.css)"', page)[1]
    answer = httpx.get(stack.url + path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_key_is_its_owners_alone(stack):
    assert (stack.data_dir / "secret_key").stat().st_mode & 0o777 == 0o600
    assert (stack.data_dir / "up.json").stat().st_mode & 0o777 == 0o600


def test_a_second_one_in_the_same_place_says_so(stack):
    second = stack.run("up", PORT=str(free_port()))
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"running in {stack.data_dir} already" in second.stderr
    assert httpx.get(f"{stack.url}/healthz").status_code == 200


def test_a_port_in_use_is_one_sentence(stack, tmp_path):
    second = stack.run("up", DATA_DIR=str(tmp_path / "other"))
    assert second.returncode == 1
    assert second.stderr.startswith(f"Port {stack.port} is in use.")
    assert second.stderr.count("\n") == 1
    assert not (tmp_path / "other" / "postgres").exists()


def test_a_command_beside_it_needs_no_variable(stack):
    report = stack.run("ledger_report", "--json")
    assert report.returncode == 0, report.stderr
    assert json.loads(report.stdout)


def test_a_command_beside_it_migrates_as_the_owner(stack):
    again = stack.run("migrate", "--no-input")
    assert again.returncode == 0, again.stderr
    assert "No migrations to apply" in again.stdout


ATTACKS = [
    "TRUNCATE commerce_entry CASCADE",
    "TRUNCATE commerce_journal, commerce_account, commerce_period CASCADE",
    "UPDATE commerce_entry SET amount_minor = 0",
    "DELETE FROM commerce_journal",
    "UPDATE commerce_account SET balance_minor = 0",
    "ALTER TABLE commerce_entry DISABLE TRIGGER ALL",
    "ALTER TABLE commerce_journal DISABLE TRIGGER only_appended",
    "SET session_replication_role = replica",
    "SET ROLE pinboard",
    "DROP TABLE commerce_entry CASCADE",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_who_takes_over_its_connection_cannot_change_the_ledger(stack, attack):
    note = json.loads((stack.data_dir / "up.json").read_text())
    connection = psycopg2.connect(note["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM commerce_entry")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(attack)
    connection.close()


@pytest.mark.parametrize("child", [b"gunicorn", b"worker\0--concurrency", b"beat\0"])
def test_who_serves_people_is_not_told_the_owners_password(stack, child):
    owner = json.loads((stack.data_dir / "postgres.json").read_text())["pinboard"]
    told = [
        Path(f"/proc/{pid}/environ").read_text()
        for pid in stack.family()
        if child in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert told
    assert not any(owner in environment for environment in told)


def test_log_lines_are_json_with_the_request_and_without_its_query(stack):
    answer = httpx.get(f"{stack.url}/search/?q=private-words")
    log = (stack.data_dir / "logs" / "web.log").read_text()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    mine = [
        line
        for line in lines
        if line.get("request_id") == answer.headers["X-Request-ID"]
    ]
    assert [line["request"] for line in mine] == ["GET /search/"]
    assert "private-words" not in log
    assert "127.0.0.1" not in "".join(map(str, mine))


def test_a_postgresql_that_is_killed_is_503_and_comes_back(stack):
    lines = (stack.data_dir / "postgres" / "postmaster.pid").read_text().split("\n")
    os.kill(int(lines[0]), signal.SIGKILL)
    away = httpx.get(f"{stack.url}/explore/")
    assert away.status_code == 503
    assert int(away.headers["Retry-After"]) > 0
    stack.wait_until(
        lambda: httpx.get(f"{stack.url}/explore/", timeout=30).status_code == 200
    )
    assert "PostgreSQL stopped" in stack.said


def test_a_worker_that_is_killed_is_started_again(stack):
    said = stack.said.count("worker stopped")
    worker = next(
        pid
        for pid in sorted(stack.family())
        if b"worker\0--concurrency" in Path(f"/proc/{pid}/cmdline").read_bytes()
        and b"childwatch" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(worker, signal.SIGKILL)
    stack.wait_until(lambda: stack.said.count("worker stopped") > said)
    log = stack.data_dir / "logs" / "worker.log"
    stack.wait_until(lambda: log.read_text().count(" ready.") >= 2)


@pytest.fixture
def start(tmp_path):
    """Starts stacks in one place, and none of them outlives the test."""
    port, started = free_port(), []

    def start_one():
        started.append(Stack(tmp_path / "data", port))
        return started[-1]

    yield start_one
    for stack in started:
        stack.process.kill()
        stack.process.wait()


def test_a_database_of_one_role_goes_on_with_two(tmp_path):
    """As it was left by versions without an application role: a command brings it up
    to date, as the next start does."""
    data_dir = tmp_path / "data"
    command = [sys.executable, "manage.py", "ledger_report", "--json"]
    kept = {name: os.environ[name] for name in os.environ if name not in NOT_OURS}
    kept |= {"DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "config.settings"}

    def report():
        done = subprocess.run(
            command, cwd=BASE_DIR, env=kept, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    before = report()
    server = start_postgres(data_dir / "postgres")
    connection = psycopg2.connect(server.url)
    with connection, connection.cursor() as cursor:
        cursor.execute("DROP OWNED BY pinboard_app; DROP ROLE pinboard_app")
    connection.close()
    server.stop()
    (data_dir / "postgres.json").unlink()
    assert report() == before


def test_a_first_start_that_was_cut_short_begins_again_and_stops_by_ctrl_c(start):
    cut_short = start()
    cut_short.wait_until(lambda: "Migrating" in cut_short.said)
    family = cut_short.family()
    cut_short.process.kill()
    cut_short.process.wait()
    cut_short.wait_gone(family)
    assert (cut_short.data_dir / "unfinished").exists()

    again = start()
    again.wait_ready()
    assert not (again.data_dir / "unfinished").exists()
    family = again.family()
    assert len(family) > 10
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(90) == 0
    again.wait_gone(family)
    assert again.said.endswith("Stopping\nStopped.\n")


def test_a_kill_leaves_nothing_behind_and_it_starts_again_at_once(start):
    killed = start()
    killed.wait_ready()
    family = killed.family()
    killed.process.kill()
    killed.process.wait()

    again = start()  # waits until the last child of the other is gone
    killed.wait_gone(family)
    again.wait_ready()
    assert httpx.get(f"{again.url}/readyz").status_code == 200
    family = again.family()
    again.process.terminate()
    assert again.process.wait(90) == 0
    again.wait_gone(family)
