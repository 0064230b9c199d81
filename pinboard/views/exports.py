"""One's own export: asked for, looked at while it is made, and fetched."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from pinboard.actions.exports import start_export
from pinboard.models import ExportJob, ExportPart, JobState
from pinboard.views.access import signed_in


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def export(request: HttpRequest) -> HttpResponse:
    by = signed_in(request)
    if request.method == "POST":
        start_export(by=by)
        return redirect("pinboard:export")
    mine = ExportJob.objects.filter(owner=by).order_by("-pk")
    latest = mine.first()
    page = {
        "running": latest if latest and latest.state == JobState.PENDING else None,
        "has_failed": latest is not None and latest.state == JobState.FAILED,
        "ready": mine.downloadable().prefetch_related("parts").first(),
    }
    return render(request, "pinboard/export.html", page)


@login_required
@require_safe
def export_part(request: HttpRequest, pk: int, number: int) -> FileResponse:
    mine = ExportJob.objects.filter(owner=signed_in(request)).downloadable()
    part = get_object_or_404(ExportPart, job__in=mine, job=pk, number=number)
    try:
        file = default_storage.open(part.job.path_of(number))
    except FileNotFoundError as error:
        raise Http404 from error
    # Compressed already; gzip would only cost time.
    request.META["HTTP_ACCEPT_ENCODING"] = "identity"
    response = FileResponse(file, as_attachment=True, filename=str(part))
    response.headers["Content-Type"] = "application/zip"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
