"""How gunicorn serves the site. Loaded before Django, in the parent of all workers."""

import gc
import os
import shutil
from importlib import import_module

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker
from prometheus_client import multiprocess

from config.environment import data_dir, env

bind = f"{env.str('BIND_HOST', '127.0.0.1')}:{env.int('PORT', 8000)}"
worker_class = "gthread"
workers = env.int("WEB_WORKERS", 2)
threads = env.int("WEB_THREADS", 4)
preload_app = True  # code and templates are shared memory
keepalive = 5
timeout = 30
graceful_timeout = 8
proc_name = "pinboard-web"
# Names of pages and people do not belong in a second log; django-structlog writes one.
accesslog = None

# Metrics of several processes meet in files, named before prometheus_client counts.
if env.str("METRICS_TOKEN", ""):
    _metrics = data_dir() / "metrics"
    shutil.rmtree(_metrics, ignore_errors=True)
    _metrics.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics)


def when_ready(_server: Arbiter) -> None:
    """Load in the parent what each worker would load for itself, and keep the garbage
    collector from touching it: what is not written to is shared by all."""
    # Django is set up by now, and not before.
    _ = import_module("django.urls").get_resolver().url_patterns
    gc.collect()
    gc.freeze()


def child_exit(_server: Arbiter, worker: Worker) -> None:
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
