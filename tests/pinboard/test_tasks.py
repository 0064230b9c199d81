"""Work that is never lost: leases, the sweeper, and a real worker that gets killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import connection
from django.utils import timezone
from PIL import Image

from pinboard.actions.pins import pin_upload
from pinboard.models import (
    DraftReadJob,
    Job,
    Pin,
    PinDraft,
    PinFetchJob,
    PinState,
    PointReadJob,
    RenditionJob,
)
from pinboard.models.job import LEASE, MAX_ATTEMPTS
from pinboard.tasks import LIMITS, make_renditions, sweep
from tests.factories import make_board, make_pin, make_user
from tests.pictures import draw, encode, kill_the_sandbox

LONG_AGO = timezone.now() - timedelta(hours=1)


@pytest.fixture
def queue():
    """The broker, empty: a list of messages under the name of the queue."""
    broker = redis.from_url(settings.REDIS_URL)
    broker.flushall()
    yield broker
    broker.flushall()


def waiting(by):
    pin_upload(by=by, board=make_board(by), content=draw(300, 200))
    job = RenditionJob.objects.get()
    RenditionJob.objects.update(created_at=LONG_AGO)
    return job


@pytest.fixture
def sweep_and_send(django_capture_on_commit_callbacks):
    def swept():
        with django_capture_on_commit_callbacks(execute=True):
            sweep()

    return swept


@pytest.mark.django_db
def test_of_two_workers_with_the_same_job_one_takes_it(alice, media_folder):
    job = waiting(alice)
    assert RenditionJob.objects.take(job.pk) == job
    assert RenditionJob.objects.take(job.pk) is None
    make_renditions(job.pk)
    assert Pin.objects.get().state == PinState.PROCESSING


@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_at_the_same_moment_one_takes_the_job(alice, media_folder):
    job, taken = waiting(alice), []
    start = threading.Barrier(8)

    def work():
        start.wait()
        taken.append(RenditionJob.objects.take(job.pk))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 8
    assert len([job for job in taken if job]) == 1


@pytest.mark.django_db
def test_a_lease_runs_out_and_a_redelivered_message_need_not_wait(alice, media_folder):
    job = waiting(alice)
    assert timedelta(seconds=LIMITS["time_limit"]) < LEASE
    RenditionJob.objects.take(job.pk)
    assert RenditionJob.objects.take(job.pk, redelivered=True)
    assert RenditionJob.objects.take(job.pk) is None
    RenditionJob.objects.update(leased_until=LONG_AGO)
    assert RenditionJob.objects.take(job.pk)


@pytest.mark.django_db
def test_a_done_job_is_not_taken_again_by_anybody(alice, media_folder):
    job = waiting(alice)
    make_renditions(job.pk)
    assert RenditionJob.objects.take(job.pk, redelivered=True) is None


@pytest.mark.django_db
def test_the_sweeper_sends_again_what_the_broker_lost(
    alice, media_folder, queue, sweep_and_send
):
    job = waiting(alice)
    queue.flushall()
    sweep_and_send()
    assert queue.llen("celery") == 1
    queue.flushall()
    RenditionJob.objects.take(job.pk)
    sweep_and_send()
    assert queue.llen("celery") == 0, "somebody is at work on it"
    RenditionJob.objects.update(leased_until=LONG_AGO)
    sweep_and_send()
    assert queue.llen("celery") == 1


@pytest.mark.django_db
def test_a_young_job_is_left_to_its_own_message(
    alice, media_folder, queue, sweep_and_send
):
    waiting(alice)
    RenditionJob.objects.update(created_at=timezone.now())
    sweep_and_send()
    assert queue.llen("celery") == 0


@pytest.mark.django_db
def test_all_kinds_of_jobs_are_swept(alice, queue, sweep_and_send):
    pin = make_pin(make_board(alice), picture=None, state="processing")
    PinFetchJob.objects.create(pin=pin, created_at=LONG_AGO)
    draft = PinDraft.objects.create(owner=alice, url="https://a.example/")
    DraftReadJob.objects.create(draft=draft, created_at=LONG_AGO)
    asked = {"by": alice, "url": "https://a.example/", "x": 1, "y": 1}
    pin.point_jobs.create(created_at=LONG_AGO, **asked)
    sweep_and_send()
    assert queue.llen("celery") == 3


@pytest.mark.django_db
def test_after_five_attempts_the_sweeper_gives_up_and_says_so(
    alice, media_folder, queue, sweep_and_send
):
    waiting(alice)
    fetched = make_pin(make_board(alice), picture=None, state="processing")
    PinFetchJob.objects.create(pin=fetched, created_at=LONG_AGO)
    draft = PinDraft.objects.create(owner=alice, url="https://a.example/")
    DraftReadJob.objects.create(draft=draft, created_at=LONG_AGO)
    asked = {"by": alice, "url": "https://a.example/", "x": 1, "y": 1}
    fetched.point_jobs.create(created_at=LONG_AGO, **asked)
    for kind in (RenditionJob, PinFetchJob, DraftReadJob, PointReadJob):
        kind.objects.update(attempts=MAX_ATTEMPTS)
    sweep_and_send()
    assert queue.llen("celery") == 0
    assert (
        list(Pin.objects.values_list("state", "error_code"))
        == [("failed", "gave_up")] * 2
    )
    assert DraftReadJob.objects.get().error_code == "gave_up"
    assert PointReadJob.objects.get().error_code == "gave_up"
    assert alice.notifications.count() == 2


@pytest.mark.django_db
def test_the_fifth_attempt_may_still_be_under_way(
    alice, media_folder, queue, sweep_and_send
):
    job = waiting(alice)
    RenditionJob.objects.update(attempts=MAX_ATTEMPTS - 1)
    assert RenditionJob.objects.take(job.pk)
    sweep_and_send()
    assert Pin.objects.get().state == PinState.PROCESSING


@pytest.mark.django_db(transaction=True)
def test_one_sweeper_at_a_time(alice, media_folder, queue):
    waiting(alice)
    queue.flushall()
    holds, ends = threading.Event(), threading.Event()

    def hold():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [0x50494E42])
            holds.set()
            ends.wait()
            cursor.execute("SELECT pg_advisory_unlock(%s)", [0x50494E42])
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    holds.wait()
    sweep()
    assert queue.llen("celery") == 0
    ends.set()
    other.join()
    sweep()
    assert queue.llen("celery") == 1


@pytest.mark.django_db
def test_a_killed_sandbox_frees_the_job_for_another_attempt(alice, media_folder, queue):
    huge = encode(Image.new("RGB", (8000, 5000), "teal"), "PNG")
    pin_upload(by=alice, board=make_board(alice), content=huge)
    job = RenditionJob.objects.get()
    killer = threading.Thread(target=kill_the_sandbox)
    killer.start()
    make_renditions(job.pk)
    killer.join()
    job.refresh_from_db()
    assert (job.state, job.leased_until, job.attempts) == ("pending", None, 1)
    assert queue.llen("celery") + queue.zcard("unacked_index") == 1
    make_renditions(job.pk)
    assert Pin.objects.get().state == PinState.READY


def test_a_broker_that_is_away_neither_fails_nor_delays_a_request():
    """In a process of its own: an application keeps its connections."""
    program = (
        "import time, django; django.setup(); from pinboard.tasks import sweep;"
        "start = time.monotonic(); sweep.delay(); print(time.monotonic() - start)"
    )
    environment = os.environ | {"REDIS_URL": "unix:///nowhere/valkey.sock"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        check=True,
    )
    assert float(done.stdout) < 1.5
    assert b"was not sent" in done.stderr


@pytest.fixture
def worker(transactional_db, queue):
    """A real worker with two children, on the test's own database."""
    url = os.environ["DATABASE_URL"].rpartition("/")[0]
    environment = os.environ | {
        "DATABASE_URL": f"{url}/{connection.settings_dict['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "config", "worker", "-c", "2"),
            *("--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
        ],
        cwd=settings.BASE_DIR,
        env=environment,
    )
    yield process
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def children_of(process):
    listed = subprocess.run(
        ["pgrep", "-P", str(process.pid)], capture_output=True, check=False
    )
    return [int(pid) for pid in listed.stdout.split()]


def until(condition, patience_s):
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


def test_a_worker_makes_pictures_ready_and_losing_a_child_loses_none(worker):
    alice = make_user("alice")
    board = make_board(alice)

    def all_ready():
        return not Pin.objects.exclude(state=PinState.READY).exists()

    pin_upload(by=alice, board=board, content=draw(900, 700))
    until(all_ready, 40)
    for number in range(6):
        shade = Image.new("RGB", (4000, 3000), (number, 90, 90))
        pin_upload(by=alice, board=board, content=encode(shade, "PNG"))
    until(lambda: RenditionJob.objects.exclude(leased_until=None).exists(), 10)
    for pid in children_of(worker):
        os.kill(pid, signal.SIGKILL)
    until(all_ready, 30)
    board.refresh_from_db()
    assert board.pin_count == 7
    assert worker.poll() is None


@pytest.mark.parametrize("kind", Job.__subclasses__())
def test_every_kind_of_job_names_a_task_that_is_there(kind):
    assert f"pinboard.tasks.{kind.task}" in current_app.tasks
