"""What is true of the pages of accounts."""

from __future__ import annotations

from collections.abc import Callable

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


class RefusedForms:
    """A form of allauth's that was refused is answered 422, as all our forms are."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_template_response(
        self, request: HttpRequest, response: SimpleTemplateResponse
    ) -> SimpleTemplateResponse:
        form: BaseForm | None = (response.context_data or {}).get("form")
        was_refused = form is not None and form.is_bound and form.errors
        if was_refused and request.method == "POST" and response.status_code == 200:
            response.status_code = 422
        return response
