"""Two connections at once, told apart by who waits for whom."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection


@contextmanager
def beside(act):
    """Yields what starts `act`, in a thread and on a connection of its own. What it
    raises comes at the end of the block, which has let go of its locks by then."""

    def acting():
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        runs = []
        yield lambda: runs.append(pool.submit(acting))
        for run in runs:
            run.result(10)


def wait_until_somebody_waits():
    """For a lock that this connection holds."""
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")
