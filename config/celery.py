"""The Celery application, and a task whose sending may fail without harm."""

import gc
import logging
import logging.config
import os
from typing import Any

from celery import Celery
from celery.contrib.django.task import DjangoTask
from celery.signals import (
    setup_logging,
    worker_before_create_process,
    worker_ready,
)
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

log = logging.getLogger(__name__)


class Task(DjangoTask):
    """A message is only a hint: the job row it speaks of is the truth.

    So a broker that is away must not fail the request that wrote the row; the sweeper
    sends the hint again.
    """

    abstract = True

    def apply_async(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  Celery's own signature
        kwargs.setdefault("retry", False)
        try:
            return super().apply_async(*args, **kwargs)
        except OperationalError as error:
            log.warning("%s was not sent, the sweeper will: %s", self.name, error)
            return None


app = Celery("pinboard", task_cls=Task)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_as_the_site_does(**_signal: object) -> None:
    """Keeps Celery from setting up its own format."""
    from django.conf import settings  # this module is imported before settings are

    logging.config.dictConfig(settings.LOGGING)


@worker_before_create_process.connect
def share_memory(**_signal: object) -> None:
    """What the collector never touches stays shared between parent and children."""
    gc.freeze()


@worker_ready.connect
def sweep_at_start(**_signal: object) -> None:
    """What a worker that died left undone is not left for the clock to find."""
    app.send_task("pinboard.tasks.sweep")
