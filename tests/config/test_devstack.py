"""Embedded servers: they start, keep what they were given, and never outlive us."""

import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest
import redis

from config.children import Child, StackError, as_account
from config.devstack import start_postgres, start_valkey
from config.environment import BASE_DIR


@pytest.fixture
def started():
    """Servers that end with the test."""
    servers = []
    yield servers
    for server in reversed(servers):
        server.stop()


def is_there(pid):
    """A zombie is gone, only its parent has not looked yet."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def wait_until(is_so, *, patience_s=40):
    end = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def postmaster(folder):
    return int((folder / "postmaster.pid").read_text().split("\n")[0])


def query(server, sql):
    with psycopg2.connect(server.url) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else None


def test_postgresql_keeps_its_rows_through_a_kill(tmp_path, started):
    folder = tmp_path / "postgres"
    server = start_postgres(folder)
    started.append(server)
    query(server, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    os.kill(postmaster(folder), signal.SIGKILL)
    wait_until(lambda: not server.is_alive)
    server.start()
    assert query(server, "SELECT n FROM kept") == [(7,)]


def test_postgresql_is_not_put_off_by_the_pid_of_another_program(tmp_path, started):
    folder = tmp_path / "postgres"
    start_postgres(folder).stop()
    lines = ["1", str(folder), "1", "5432", "", "", "0 0", "ready"]
    lines[0] = str(os.getpid())
    (folder / "postmaster.pid").write_text("\n".join(lines))
    started.append(start_postgres(folder))
    assert query(started[0], "SELECT 1") == [(1,)]


def test_a_path_too_long_for_a_socket_does_no_harm(tmp_path, started):
    folder = tmp_path / ("deep" * 12) / ("down" * 12) / "postgres"
    started.append(start_postgres(folder, durable=False))
    assert query(started[0], "SELECT 1") == [(1,)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends its way")
def test_the_account_that_root_lends_finds_its_way_through_closed_folders(tmp_path):
    """A clone in a private folder: initdb asks access(2) for its own binaries."""
    binary = tmp_path / "closed" / "postgres"
    binary.parent.mkdir(mode=0o700)
    binary.touch(mode=0o700)
    nobody = pwd.getpwnam("nobody")
    asked = as_account(nobody, ["test", "-x", binary])
    assert subprocess.run(asked, cwd="/", check=False).returncode == 0
    refused = ["setpriv", f"--reuid={nobody.pw_uid}", "--clear-groups", *asked[-3:]]
    assert subprocess.run(refused, cwd="/", check=False).returncode != 0


def test_two_roles_share_the_database_and_one_may_make_tables(tmp_path, started):
    server = start_postgres(tmp_path / "postgres", durable=False)
    started.append(server)
    query(server, "CREATE TABLE kept (n int); GRANT SELECT ON kept TO pinboard_app")
    application = psycopg2.connect(server.roles.url_of("pinboard_app"))
    with application, application.cursor() as cursor:
        cursor.execute("SELECT current_user, count(*) FROM kept")
        assert cursor.fetchall() == [("pinboard_app", 0)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("CREATE TABLE mine (n int)")
    [(is_super,)] = query(
        server, "SELECT rolsuper FROM pg_roles WHERE rolname = 'pinboard_app'"
    )
    assert not is_super


@pytest.mark.parametrize("role", ["pinboard", "pinboard_app"])
@pytest.mark.parametrize("password", ["", "guessed"])
def test_no_role_comes_in_without_its_password(tmp_path, started, role, password):
    server = start_postgres(tmp_path / "postgres", durable=False)
    started.append(server)
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(
            host=server.roles.sockets, user=role, password=password, dbname="pinboard"
        )


def test_only_we_can_read_the_passwords_and_they_stay(tmp_path, started):
    folder = tmp_path / "postgres"
    first = start_postgres(folder)
    assert (tmp_path / "postgres.json").stat().st_mode & 0o777 == 0o600
    first.stop()
    started.append(start_postgres(folder))
    assert started[0].roles.passwords == first.roles.passwords
    assert not started[0].roles.are_new


def test_a_cluster_whose_passwords_are_lost_gets_new_ones(tmp_path, started):
    """As one from before there were any, which has no such file either."""
    folder = tmp_path / "postgres"
    first = start_postgres(folder)
    query(first, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    first.stop()
    (tmp_path / "postgres.json").unlink()
    started.append(start_postgres(folder))
    assert started[0].roles.are_new
    assert query(started[0], "SELECT n FROM kept") == [(7,)]
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(host=started[0].roles.sockets, user="pinboard")


def test_passwords_of_a_cluster_that_is_gone_are_forgotten(tmp_path, started):
    (tmp_path / "postgres.json").write_text("{}")
    started.append(start_postgres(tmp_path / "postgres", durable=False))
    assert query(started[0], "SELECT 1") == [(1,)]


def test_postgresql_listens_on_no_port(tmp_path, started):
    started.append(start_postgres(tmp_path / "postgres", durable=False))
    assert query(started[0], "SHOW listen_addresses") == [("",)]


def test_valkey_keeps_what_it_was_given_through_a_kill(tmp_path, started):
    server = start_valkey(tmp_path / "valkey")
    started.append(server)
    client = redis.Redis.from_url(server.url)
    client.set("kept", "7")
    time.sleep(1.2)  # its promise: what is older than a second is on the disk
    os.kill(client.info("server")["process_id"], signal.SIGKILL)
    wait_until(lambda: not server.is_alive)
    server.start()
    assert redis.Redis.from_url(server.url).get("kept") == b"7"


def test_a_child_that_cannot_start_says_why_and_where(tmp_path):
    child = Child(
        "baker",
        [sys.executable, "-c", "raise SystemExit('no flour')"],
        tmp_path / "baker.log",
        ready=lambda: False,
    )
    with pytest.raises(StackError, match="baker stopped at its start") as raised:
        child.start()
    assert "no flour" in str(raised.value)
    assert str(tmp_path / "baker.log") in str(raised.value)


def test_an_errand_that_fails_says_its_last_words(tmp_path):
    errand = Child(
        "errand",
        [sys.executable, "-c", "print('half way'); raise SystemExit('no bread')"],
        tmp_path / "errand.log",
    )
    told = []
    errand.launch()
    with pytest.raises(StackError, match="no bread"):
        errand.finish(say=told.append)
    assert "half way" in told


PARENT = """
import sys, time
from pathlib import Path
from config.children import Child
folder = Path(sys.argv[1])
stubborn = '''
import os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
grandchild = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"
])
print(os.getpid(), grandchild.pid, flush=True)
time.sleep(600)
'''
child = Child("child", [sys.executable, "-c", stubborn], folder / "log")
child.ready = lambda: len(child.output.split()) == 2
child.start()
print(child.process.pid, child.output, flush=True)
time.sleep(600)
"""


@pytest.fixture
def family(tmp_path):
    """A parent, its watcher, the child, and a grandchild deaf to Ctrl-C."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    watcher, child, grandchild = map(int, parent.stdout.readline().split())
    yield parent, watcher, child, grandchild
    parent.kill()
    parent.wait()
    parent.stdout.close()


def test_nothing_outlives_a_parent_that_is_killed(family):
    parent, watcher, child, grandchild = family
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(map(is_there, (watcher, child, grandchild))))


def test_a_child_does_not_outlive_its_watcher(family):
    _parent, watcher, child, grandchild = family
    os.kill(watcher, signal.SIGKILL)
    wait_until(lambda: not is_there(child))
    os.kill(grandchild, signal.SIGKILL)


def test_stopping_takes_the_grandchildren_too(tmp_path):
    words = (
        "import subprocess, sys, time\n"
        "deaf = 'import signal, time; signal.signal(15, signal.SIG_IGN);"
        " time.sleep(600)'\n"
        "print(subprocess.Popen([sys.executable, '-c', deaf]).pid, flush=True)\n"
        "time.sleep(600)"
    )
    child = Child("child", [sys.executable, "-c", words], tmp_path / "log")
    child.ready = lambda: bool(child.output.strip())
    child.start()
    grandchild = int(child.output)
    assert is_there(grandchild)
    child.stop()
    wait_until(lambda: not is_there(grandchild))
