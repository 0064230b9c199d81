"""The site's own settings, with what a test needs otherwise."""

import os

os.environ.setdefault("SECRET_KEY", "for-tests-alone")
os.environ.setdefault("SITE_URL", "http://testserver")

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {  # noqa: F405
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
MIGRATE_DATABASE = None  # nor is the database of the tests anybody else's
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
AXES_ENABLED = False
# The pace spares others who ask the same network; here are none.
NETWORK_CALLS_PER_S = 1000
