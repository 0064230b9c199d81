"""One's own settings on the social side. Sign-in and tokens are in `users`."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pinboard.actions.pictures import set_avatar
from pinboard.exceptions import PinboardError
from pinboard.forms import ProfileForm
from pinboard.pictures.header import content_of
from pinboard.pictures.kinds import accept_attribute
from pinboard.views.access import posted, signed_in
from users.models import User


@login_required
@require_http_methods(["GET", "POST"])
def profile_edit(request: HttpRequest) -> HttpResponse:
    # The form writes on a copy: what was refused must not stand in the header.
    person = User.objects.get(pk=signed_in(request).pk)
    form = ProfileForm(posted(request), request.FILES or None, instance=person)
    if request.method == "POST" and form.is_valid():
        try:
            _save(form, person)
        except PinboardError as error:
            form.add_error("avatar", str(error.for_user))
        else:
            messages.success(request, _("Your profile is changed."))
            return redirect("pinboard:profile-edit")
    status = 422 if request.method == "POST" else 200
    page = {"form": form, "accept": accept_attribute()}
    return render(request, "pinboard/profile_form.html", page, status=status)


@transaction.atomic
def _save(form: ProfileForm, person: User) -> None:
    form.save()
    if form.cleaned_data["avatar"]:
        set_avatar(user=person, content=content_of(form.cleaned_data["avatar"]))
