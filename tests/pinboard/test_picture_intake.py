"""From the bytes that come in to the files that are shown."""

import pytest
from django.core.files.storage import default_storage

from pinboard.actions.pins import pin_upload
from pinboard.models import Pin, PinState, RenditionJob
from pinboard.tasks import make_renditions
from tests.factories import make_board
from tests.pictures import draw


@pytest.mark.django_db
def test_an_upload_becomes_ready_when_its_job_is_done(alice):
    board = make_board(alice)
    pin = pin_upload(by=alice, board=board, content=draw(1500, 900, "PNG"))
    assert pin.state == PinState.PROCESSING
    make_renditions(RenditionJob.objects.get().pk)
    pin = Pin.objects.get()
    board.refresh_from_db()
    assert pin.state == PinState.READY
    assert board.pin_count == 1
    assert pin.picture.is_public
    for rendition in pin.picture.renditions:
        assert default_storage.exists(rendition.path)
