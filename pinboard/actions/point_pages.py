"""A product that is pasted as its address: known at once, or read by a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from pinboard.actions.points import add_point
from pinboard.actions.products import product_at, product_of_page
from pinboard.actions.quotas import check_quota
from pinboard.actions.visits import opened
from pinboard.exceptions import (
    PageWithoutProduct,
    PinboardError,
    ProductUnknown,
    TooManyPoints,
)
from pinboard.models import JobState, Pin, PinPoint, PointReadJob
from pinboard.models.pin_point import MOST_POINTS
from pinboard.sources.extract import PageFacts
from pinboard.sources.fetch import Deadline
from pinboard.sources.guard import check_form
from pinboard.sources.reading import facts_of

if TYPE_CHECKING:
    from users.models import User


@transaction.atomic
def add_point_at(
    *, pin: Pin, url: str, x: int, y: int, by: User
) -> PinPoint | PointReadJob:
    """The product that stands at an address. One that nobody knows yet comes when a
    worker has read its page.

    Raises AddressRefused for what its form alone forbids, FetchQuotaReached, and what
    `add_point` raises.
    """
    check_form(url)
    if product := product_at(url):
        return add_point(pin=pin, product=product, x=x, y=y, by=by)
    check_quota(by)
    waiting = pin.point_jobs.filter(state=JobState.PENDING).count()
    if pin.points.count() + waiting >= MOST_POINTS:
        raise TooManyPoints
    job = PointReadJob.objects.create(pin=pin, by=by, url=url, x=x, y=y)
    job.hint()
    return job


def read_point(job: PointReadJob) -> None:
    """Do a leased job: the page's product becomes a point, or the job says why not."""
    try:
        page = opened(job.url, Deadline())
        _keep(job, facts_of(page), page.url)
    except PinboardError as error:
        job.fail(error.code)


@transaction.atomic
def _keep(job: PointReadJob, facts: PageFacts, url: str) -> None:
    # As it is now: the board may have turned secret while the page was waited for.
    pin = Pin.objects.select_related("board").get(pk=job.pin_id)
    product = product_of_page(
        facts,
        url,
        came_by=job.url,
        # What comes of a secret board is nobody's business: it makes no public page.
        may_create=pin.board.is_public,
    )
    if product is None:
        raise PageWithoutProduct if pin.board.is_public else ProductUnknown
    add_point(pin=pin, product=product, x=job.x, y=job.y, by=job.by)
    job.finish()
