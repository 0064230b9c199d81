"""Sharing a board: who does, asking others, joining and leaving."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pinboard.actions import members
from pinboard.exceptions import PinboardError
from pinboard.forms import InviteForm, LeaveForm, RoleForm
from pinboard.models import Board, BoardInvitation, BoardMember
from pinboard.models.board import shared_with
from pinboard.views.access import posted, readers_deed, signed_in
from users.models import User


@login_required
@require_http_methods(["GET", "POST"])
def board_people(request: HttpRequest, pk: int) -> HttpResponse:
    """Seen by all who share the board; invitations by those who may change it."""
    by = signed_in(request)
    boards = Board.objects.filter(shared_with(by), deleted_at=None)
    board = get_object_or_404(boards.select_related("owner"), pk=pk)
    may_ask = Board.objects.editable_by(by).filter(pk=board.pk).exists()
    form = InviteForm(posted(request) if may_ask else None)
    if form.is_bound and form.is_valid() and _ask(request, board, form, by):
        return redirect("pinboard:board-people", board.pk)
    shown = {
        "board": board,
        "form": form,
        "may_ask": may_ask,
        "members": board.members.select_related("user").order_by("pk"),
        "invitations": BoardInvitation.objects.open().filter(board=board)
        if may_ask
        else [],
    }
    status = 422 if form.is_bound else 200
    return render(request, "pinboard/board_people.html", shown, status=status)


@readers_deed
def member_role(request: HttpRequest, pk: int, username: str) -> HttpResponse:
    """A new role, or none any more."""
    by = signed_in(request)
    board = get_object_or_404(Board.objects.editable_by(by), pk=pk)
    person = get_object_or_404(User, username=username, board_memberships__board=board)
    form = RoleForm(request.POST)
    if form.is_valid():
        members.set_role(board=board, by=by, person=person, **form.cleaned_data)
    elif request.POST.get("role") == "":
        members.remove_member(board=board, by=by, person=person)
    return redirect("pinboard:board-people", board.pk)


@readers_deed
def invitation_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    by = signed_in(request)
    boards = Board.objects.editable_by(by)
    mine = BoardInvitation.objects.filter(board__in=boards).select_related("board")
    invitation = get_object_or_404(mine, pk=pk)
    members.revoke_invitation(invitation=invitation, by=by)
    return redirect("pinboard:board-people", invitation.board_id)


@login_required
@require_http_methods(["GET", "POST"])
def board_join(request: HttpRequest, pk: int) -> HttpResponse:
    """For somebody who was asked by name."""
    by = signed_in(request)
    asked = BoardMember.objects.filter(user=by, board=pk, board__deleted_at=None)
    member = get_object_or_404(asked.select_related("board__owner", "invited_by"))
    if request.method == "POST" or member.accepted_at:
        return redirect(members.join(board=member.board, by=by).board)
    page = {"board": member.board, "role": member, "asker": member.invited_by}
    return render(request, "pinboard/board_join.html", page)


@login_required
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, key: str) -> HttpResponse:
    """For whoever has the link."""
    usable = BoardInvitation.objects.open().select_related("board__owner", "created_by")
    asked = get_object_or_404(usable, key=key)
    if request.method == "POST":
        try:
            board = members.join_by_link(invitation=asked, by=signed_in(request))
        except PinboardError as error:
            messages.error(request, str(error.for_user))
            return redirect("pinboard:home")
        return redirect(board)
    page = {"board": asked.board, "role": asked, "asker": asked.created_by}
    return render(request, "pinboard/board_join.html", page)


@login_required
@require_http_methods(["GET", "POST"])
def board_leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks what becomes of the pins; for who only was asked, it is to say no."""
    by = signed_in(request)
    mine = BoardMember.objects.filter(user=by, board=pk, board__deleted_at=None)
    member = get_object_or_404(mine.select_related("board"))
    form = LeaveForm(posted(request))
    if form.is_bound and form.is_valid():
        members.leave(board=member.board, by=by, **form.cleaned_data)
        told = _("You share %(board)s no longer.") % {"board": member.board.title}
        messages.success(request, told)
        return redirect(by)
    page = {"board": member.board, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "pinboard/board_leave.html", page, status=status)


def _ask(request: HttpRequest, board: Board, form: InviteForm, by: User) -> bool:
    told = form.cleaned_data
    try:
        if told["person"]:
            members.invite(board=board, by=by, person=told["person"], role=told["role"])
        else:
            members.invite_by_link(
                board=board, by=by, role=told["role"], email=told["email"]
            )
    except PinboardError as error:
        form.add_error(None, str(error.for_user))
        return False
    if told["person"] or told["email"]:
        messages.success(request, _("Asked. They see it and say yes or no."))
    return True
