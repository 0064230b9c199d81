"""The people of every test."""

import pytest

from tests.factories import make_shop, make_user


@pytest.fixture
def alice(db):
    """Owns what the test is about."""
    return make_user("alice")


@pytest.fixture
def bob(db):
    """Follows alice where the test says so."""
    return make_user("bob")


@pytest.fixture
def charlie(db):
    """A stranger."""
    return make_user("charlie")


@pytest.fixture
def rita(db):
    """Keeps a shop."""
    user = make_user("rita")
    make_shop(owner=user, name="Rita's")
    return user


@pytest.fixture
def rosa(db):
    """A reviewer; what she prepares, ruth approves."""
    return make_user("rosa", reviewer=True)


@pytest.fixture
def ruth(db):
    return make_user("ruth", reviewer=True)


@pytest.fixture
def media_folder(settings, tmp_path):
    """An empty place for the files of this test alone."""
    place = {
        "BACKEND": "pinboard.pictures.storage.LocalStorage",
        "OPTIONS": {"location": str(tmp_path / "media")},
    }
    settings.STORAGES = settings.STORAGES | {"default": place}
    return tmp_path / "media"
