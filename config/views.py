"""Pages that belong to no app: is the site well, what robots may read, what failed."""

from __future__ import annotations

import sys

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import requires_csrf_token
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from redis import Redis
from redis.exceptions import RedisError
from structlog.contextvars import get_contextvars

from config.api import errors
from config.api.errors import ApiError, answer

RETRY_AFTER_S = 5
ROBOTS = """\
User-agent: *
Disallow: /go/
Disallow: /admin/
Disallow: /accounts/
Disallow: /settings/
Disallow: /media/private/
"""


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    """Whether the site can serve: 503 names what is missing."""
    parts = {"database": _database(), "broker": _broker()}
    parts["migrations"] = parts["database"] and not _unapplied_migrations()
    told = {name: "ok" if well else "missing" for name, well in parts.items()}
    return JsonResponse(told, status=200 if all(parts.values()) else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (OperationalError, InterfaceError):
        return False
    return True


def _broker() -> bool:
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1
        ) as client:
            return bool(client.ping())
    except RedisError:
        return False


_migrated = False


def _unapplied_migrations() -> bool:
    """Asked until the answer is no: a running process never loses a migration."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        _migrated = not plan
    return not _migrated


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, with METRICS_TOKEN; nobody else learns that it is here."""
    given = request.headers.get("Authorization", "")
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    if not settings.METRICS_TOKEN or not constant_time_compare(given, wanted):
        raise Http404
    exported: HttpResponse = ExportToDjangoView(request)
    return exported


@require_safe
def robots(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(ROBOTS, content_type="text/plain")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Without context: what is wrong may be the cookie that the page would read."""
    if _is_api(request):
        return answer(ApiError(400, "bad_request", _("This cannot be read.")))
    return HttpResponse(render_to_string("400.html"), status=400)


def too_large(request: HttpRequest) -> HttpResponse:
    if _is_api(request):
        return answer(errors.too_large())
    return HttpResponse(render_to_string("413.html"), status=413)


@requires_csrf_token
def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Usually a page that stood open while somebody logged in or out elsewhere."""
    return render(request, "403.html", {"is_stale": True}, status=403)


@requires_csrf_token
def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return answer(ApiError(404, "not_found", _("There is nothing here.")))
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """The last answer, which needs no database. Django calls it while the error is
    being handled: if it is the database that is away, waiting helps."""
    is_away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status = 503 if is_away else 500
    headers = {"Retry-After": str(RETRY_AFTER_S)} if is_away else None
    if _is_api(request):
        code = "unavailable" if is_away else "server_error"
        message = _("Something went wrong on our side. Please try again.")
        return answer(ApiError(status, code, message, headers=headers))
    context = {"request_id": get_contextvars().get("request_id", "")}
    page = render_to_string(f"{status}.html", context)
    return HttpResponse(page, status=status, headers=headers)


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/v1/")
