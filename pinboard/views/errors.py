from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


def server_error(request: HttpRequest) -> HttpResponse:
    """The page of a defect of ours. It asks no database: that may be the defect."""
    request_id = request.META.get("HTTP_X_REQUEST_ID") or getattr(request, "id", "")
    page = render_to_string("500.html", {"request_id": request_id})
    return HttpResponse(page, status=500)
