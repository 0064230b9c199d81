"""All settings. What varies between sites comes from the environment, where a wrong
value stops the start with a sentence that names the variable."""

import logging
from urllib.parse import urlsplit

import django_stubs_ext
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import environment as checks
from config.environment import data_dir, env
from config.logs import logging_settings

BASE_DIR = checks.BASE_DIR

# `ModelForm[Pin]` is how django-stubs types it; at run time Django knows no brackets.
django_stubs_ext.monkeypatch()


# The site itself ---------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
DATA_DIR = data_dir()
SITE_URL = env.str(
    "SITE_URL", "http://127.0.0.1:8000", validate=checks.web_address
).rstrip("/")
IS_HTTPS = SITE_URL.startswith("https://")
SECRET_KEY = env.str("SECRET_KEY", "only-for-development-and-checks" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set.")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", [urlsplit(SITE_URL).hostname or "localhost", "localhost"]
)
CSRF_TRUSTED_ORIGINS = [SITE_URL]
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0, validate=checks.not_negative)
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
# `up` and config/gunicorn.py: where the site listens, and with how many hands.
PORT = env.int("PORT", 8000, validate=checks.port)
BIND_HOST = env.str("BIND_HOST", "127.0.0.1")
WEB_WORKERS = env.int("WEB_WORKERS", 2, validate=checks.positive)
WEB_THREADS = env.int("WEB_THREADS", 4, validate=checks.positive)
DEMO = env.bool("DEMO", None)  # nothing said: `up` makes a demo, all else does not

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "commerce.apps.CommerceConfig",
    "pinboard.apps.PinboardConfig",
    "users.apps.UsersConfig",
    "users.apps.SiteAdminConfig",  # the admin, behind allauth's door
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "axes",
    "csp",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "storages",
]

MIDDLEWARE = [
    "config.middleware.client_address",
    "commerce.middleware.redirect_early",
    "commerce.middleware.postback_early",
    "config.middleware.same_origin",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "config.middleware.plain_request_id",
    "django_structlog.middlewares.RequestMiddleware",
    "config.middleware.request_id",
    "config.middleware.ContentPolicy",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.middleware.readable_request",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "users.middleware.RefusedForms",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

FORM_RENDERER = "users.rendering.SiteRenderer"
# Counting costs a little of every request, so it is done where somebody reads it.
if METRICS_TOKEN:
    _PROMETHEUS = "django_prometheus.middleware.Prometheus"
    MIDDLEWARE = [
        _PROMETHEUS + "BeforeMiddleware",
        *MIDDLEWARE,
        _PROMETHEUS + "AfterMiddleware",
    ]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.importmap.context",
                "pinboard.context_processors.chrome",
            ],
        },
    }
]

# Data --------------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": env.dj_db_url(
        "DATABASE_URL",
        "postgres:///pinboard",
        conn_max_age=60,
        conn_health_checks=True,
    )
}
# Who owns the tables and migrates, where the role of DATABASE_URL only uses them.
MIGRATE_DATABASE = (
    env.dj_db_url("MIGRATE_DATABASE_URL")
    if env.str("MIGRATE_DATABASE_URL", "")
    else None
)
# Long enough for every page; a migration of a large table may want 0, no limit.
STATEMENT_TIMEOUT_S = env.int("STATEMENT_TIMEOUT_S", 5, validate=checks.not_negative)
DATABASES["default"].setdefault("OPTIONS", {})["options"] = (
    f"-c statement_timeout={STATEMENT_TIMEOUT_S}s"
    " -c idle_in_transaction_session_timeout=30s"
    # Two letters that changed places still make half of a short word's trigrams.
    " -c pg_trgm.word_similarity_threshold=0.45"
)
REDIS_URL = env.str(
    "REDIS_URL", "redis://127.0.0.1:6379/0", validate=checks.redis_address
)
CACHES = {
    "default": {
        "BACKEND": "config.cache.Cache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "pinboard",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# Work in the background: safety of every task is in its job row (pinboard.models.job).
# kombu has its own word for what redis-py calls unix://
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_CLS = "config.celery.Task"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SOFT_TIME_LIMIT = 45
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # Redis may be away for as long as it is
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
    # While the broker is away a request must not wait for it: kombu would try for 6 s.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "connect_retries_timeout": 1,
}
ORDER_POLL_S = env.int("ORDER_POLL_S", 300, validate=checks.positive)
# Of one account by all processes together, far below what networks allow.
NETWORK_CALLS_PER_S = env.int("NETWORK_CALLS_PER_S", 5, validate=checks.positive)
# By this day networks have settled the month before, in the words of their publishers.
SETTLE_DAY = env.int("SETTLE_DAY", 24, validate=checks.day_of_month)
CELERY_BEAT_SCHEDULE = {
    name: {"task": task, "schedule": when, "options": {"expires": expires_s}}
    for name, task, when, expires_s in (
        # A sweep that waited longer than to the next one is one too many.
        ("sweep", "pinboard.tasks.sweep", 15, 15),
        ("tidy", "pinboard.tasks.tidy", 3600, 3600),
        ("orders", "commerce.tasks.import_orders", ORDER_POLL_S, ORDER_POLL_S),
        ("converted", "commerce.tasks.convert_links", 30, 30),
        ("parked", "commerce.tasks.resolve_parked", 30, 30),
        ("claims", "commerce.tasks.weigh_claims", 3600, 3600),
        ("statements", "commerce.tasks.read_statements", 60, 60),
        ("reports", "commerce.tasks.read_reports", 60, 60),
        (
            "ledger",
            "commerce.tasks.verify_ledger",
            crontab(hour="3", minute="20"),
            3600,
        ),
        ("risk", "commerce.tasks.look_for_risk", crontab(hour="3", minute="50"), 3600),
        ("clicks", "commerce.tasks.purge_clicks", crontab(hour="4", minute="10"), 3600),
        ("swept", "commerce.tasks.sweep_orders", crontab(hour="2", minute="40"), 3600),
        (
            "settled",
            "commerce.tasks.read_settled",
            crontab(hour="2", minute="10", day_of_month=str(SETTLE_DAY)),
            3600,
        ),
    )
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")

# Pictures and other files ------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # half the work of each start
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_S3_BUCKET = env.str("MEDIA_S3_BUCKET", "")
MEDIA_S3_ENDPOINT = env.str("MEDIA_S3_ENDPOINT", "")
# Where pictures are served from when it is not the site itself, for the policy.
MEDIA_ORIGIN = env.str("MEDIA_ORIGIN", MEDIA_S3_ENDPOINT).rstrip("/")
UPLOAD_MAX_BYTES = 20 * 1024 * 1024
REQUEST_MAX_BYTES = 31 * UPLOAD_MAX_BYTES  # the composer takes thirty files at once
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

_FILES = {"BACKEND": "pinboard.pictures.storage.LocalStorage"}
_S3_OPTIONS = {
    "bucket_name": MEDIA_S3_BUCKET,
    "endpoint_url": MEDIA_S3_ENDPOINT or None,
    "default_acl": None,
    "file_overwrite": True,
    "querystring_expire": 600,
}
STORAGES = {
    "default": {**_FILES, "OPTIONS": {"location": str(MEDIA_ROOT)}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
if MEDIA_S3_BUCKET:
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": _S3_OPTIONS,
    }

# Pages of others ---------------------------------------------------------------------
FETCH_ALLOWED_HOSTS: list[str] = env.list("FETCH_ALLOWED_HOSTS", [])
FETCHES_PER_HOUR = env.int("FETCHES_PER_HOUR", 20, validate=checks.positive)

# Money -------------------------------------------------------------------------------
SITE_CURRENCY = env.str("SITE_CURRENCY", "CNY", validate=checks.currency)
HOLD_DAYS = env.int("HOLD_DAYS", 15, validate=checks.not_negative)
MARKETPLACE_URL = env.str("MARKETPLACE_URL", "")
TAOBAO_CODE_DAYS = env.int("TAOBAO_CODE_DAYS", 30, validate=checks.code_days)
PAYOUT_MINIMUM_MINOR = env.int(
    "PAYOUT_MINIMUM_MINOR", 1000, validate=checks.not_negative
)
WRITE_OFF_AFTER_DAYS = env.int("WRITE_OFF_AFTER_DAYS", 90, validate=checks.not_negative)
STATEMENT_TOLERANCE_MINOR = env.int(
    "STATEMENT_TOLERANCE_MINOR", 0, validate=checks.nil_or_one
)
STATEMENT_WRITE_OFF_MINOR = env.int(
    "STATEMENT_WRITE_OFF_MINOR", 100, validate=checks.not_negative
)

# People ------------------------------------------------------------------------------
AUTH_USER_MODEL = "users.User"
# The name is unique by a constraint of another shape than this check knows.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_PASSWORDS = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": _PASSWORDS + "UserAttributeSimilarityValidator"},
    {"NAME": _PASSWORDS + "MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": _PASSWORDS + "CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_ADAPTER = "users.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "users.forms.LogInForm"}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_USERNAME_VALIDATORS = "users.models.USERNAME_VALIDATORS"
ACCOUNT_PREVENT_ENUMERATION = True
# An account: ten tries in a quarter of an hour, wherever they come from.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,10/15m/key"}
# {"google": {"client_id": "…", "secret": "…"}, "weibo": …, "openid_connect": …}
SOCIAL_LOGINS: dict[str, dict[str, object]] = dict(
    env.json("SOCIAL_LOGINS", {}, validate=checks.social_logins)
)
INSTALLED_APPS += [f"allauth.socialaccount.providers.{name}" for name in SOCIAL_LOGINS]
SOCIALACCOUNT_PROVIDERS = {
    name: {"APPS": [{"key": "", **app}]} for name, app in SOCIAL_LOGINS.items()
}
SOCIAL_LOGIN_ORIGINS: list[str] = env.list("SOCIAL_LOGIN_ORIGINS", [])
STAFF_SECOND_FACTOR = env.bool("STAFF_SECOND_FACTOR", not DEBUG)
AXES_VERBOSE = False
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
# The visitor's address is settled once, in config.middleware.client_address.
AXES_CLIENT_IP_CALLABLE = "config.middleware.address_of"

EMAIL_URL = env.str("EMAIL_URL", "")
if EMAIL_URL:
    _mail = env.dj_email_url("EMAIL_URL")
    EMAIL_BACKEND, EMAIL_HOST = _mail["EMAIL_BACKEND"], _mail["EMAIL_HOST"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = (
        _mail["EMAIL_HOST_USER"],
        _mail["EMAIL_HOST_PASSWORD"],
    )
    EMAIL_PORT, EMAIL_USE_TLS = _mail["EMAIL_PORT"], _mail["EMAIL_USE_TLS"]
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(DATA_DIR / "mail")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Pinboard <hello@pinboard.local>")

# Words and times ---------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", "UTC", validate=checks.time_zone)
USE_THOUSAND_SEPARATOR = False

# Headers -----------------------------------------------------------------------------
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from inside, by http
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if IS_HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if IS_HTTPS else "csrftoken"
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": [SELF, "blob:", *([MEDIA_ORIGIN] if MEDIA_ORIGIN else [])],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF, *SOCIAL_LOGIN_ORIGINS],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    "camera": [],
    "geolocation": [],
    "microphone": [],
    "payment": [],
    "usb": [],
}

# Log lines go to standard error as JSON; DEBUG prints them for people.
LOGGING = logging_settings(
    for_people=DEBUG,
    level=env.str("LOG_LEVEL", "INFO", validate=checks.log_level),
)
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # no address of a person at rest
DJANGO_STRUCTLOG_USER_ID_FIELD = ""  # would load the user where no page asks for one
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG

if SENTRY_DSN := env.str("SENTRY_DSN", ""):
    import sentry_sdk  # takes memory and time at the start, so only where it is wanted

    sentry_sdk.init(SENTRY_DSN, send_default_pii=False, traces_sample_rate=0)
