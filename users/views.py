"""The keys of programs, and the way out. Sign-in, passwords and sessions are allauth's
pages."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from users.actions import close_account, create_api_token, revoke_api_token
from users.exceptions import AccountStays
from users.forms import CloseAccountForm, TokenForm
from users.models import ApiToken, User


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """The secret of a new key is on this one answer and nowhere else."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  narrows the type, login_required checked
    form, secret = TokenForm(request.POST if request.method == "POST" else None), ""
    status = 200
    if request.method == "POST":
        if form.is_valid():
            secret = create_api_token(user=user, **form.cleaned_data)
            form = TokenForm()
        else:
            status = 422
    tokens = ApiToken.objects.filter(user=user, revoked_at=None).order_by("-pk")
    page = {"form": form, "secret": secret, "tokens": tokens}
    return render(request, "users/token_list.html", page, status=status)


@login_required
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=pk, user_id=request.user.pk)
    revoke_api_token(token=token)
    messages.success(request, _("%(name)s no longer works.") % {"name": token.name})
    return redirect("users:token-list")


@login_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def account_close(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)  # noqa: S101  narrows the type, login_required checked
    posted = request.POST if request.method == "POST" else None
    form = CloseAccountForm(posted, request=request)
    if request.method == "POST" and form.is_valid():
        try:
            close_account(user=user)
        except AccountStays as error:
            form.add_error(None, str(error.for_user))
        else:
            logout(request)
            messages.success(request, _("Your account is closed. Farewell."))
            return redirect("/")
    status = 422 if form.is_bound else 200
    return render(request, "users/account_close.html", {"form": form}, status=status)
