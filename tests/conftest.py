"""The people of every test."""

import pytest

from tests.factories import make_shop, make_user


def pytest_collection_modifyitems(items):
    """What migrations wrote (groups, the first split rule) comes back after each test
    that empties the tables, for all of them alike: one that does it and one that does
    not leave different content types behind."""
    for item in items:
        mark = item.get_closest_marker("django_db")
        asked = mark.kwargs if mark else {}
        if asked.get("transaction") or "transactional_db" in item.fixturenames:
            whole = {**asked, "transaction": True, "serialized_rollback": True}
            item.add_marker(pytest.mark.django_db(**whole), append=False)


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
