"""The library of saved replies and team templates: list, search, keep, change, archive (Q-5)."""

from typing import Any, Final
from uuid import UUID

from flask import Response, flash, g, request, url_for

from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError, NotAllowed, NotFound
from portal.core.typed import line
from portal.core.web import page, see_other, takes
from portal.messaging.errors import ChangedMeanwhile, NameTaken
from portal.messaging.forms.saved import ChangeForm, NewForm, SavedForm
from portal.messaging.queries import saved as reads
from portal.messaging.queries.saved import SavedRef, View
from portal.messaging.rules import merge
from portal.messaging.rules.saved import Place, Reader
from portal.messaging.service import saved as service
from portal.messaging.service import wording
from portal.messaging.values import Draft, Kind
from portal.messaging.views import figures, linted
from portal.messaging.views.blueprint import bp
from portal.messaging.views.composed import FIELD_LABELS, plain
from portal.messaging.views.typed import NO_SAVED, identifier
from portal.people import queries as people

_ALL: Final = "/accounts/<uuid:account_id>/saved-replies"
_ONE: Final = f"{_ALL}/<uuid:reply_id>"
_VIEWS: Final[dict[View, str]] = {
    "all": "All",
    "own": "Your own",
    "shared": "Templates",
    "archived": "Archived",
}


@bp.get(_ALL)
@requires(Permission.VIEW_CONVERSATIONS)
@takes("q", "view")
def saved_replies(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show what this person keeps and what is shared with them here."""
    by, words, view = _reader(), line(request.args.get("q", "")), _view()
    return page(
        "messaging/saved_replies.html",
        "messaging/_saved_replies.html",
        rows=reads.saved(by, words, view),
        most=reads.SHOWN,
        words=words,
        view=view,
        views=[
            {"label": label, "url": _list_url(view=key), "is_current": key == view, "count": None}
            for key, label in _VIEWS.items()
        ],
        is_filtered=bool(words) or view != "all",
        whose=_whose(by),
        may_write=me().may(Permission.SEND_TEXTS),
    )


@bp.get(f"{_ALL}/new")
@requires(Permission.SEND_TEXTS)
@takes("copy")
def new_saved_reply(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show an empty form, or one with the words of another saved reply."""
    form, by = NewForm(formdata=None), _reader()
    form.offer(_places(by))
    if (asked := request.args.get("copy")) is not None:
        found = reads.saved_or_404(by, identifier(asked, NO_SAVED))
        form.name.data, form.body.data = found.name, found.body
    return _page(form, 200, found=None)


@bp.post(_ALL)
@requires(Permission.SEND_TEXTS)
def keep_saved_reply(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Keep new words; nothing that was typed is lost when they can't be kept."""
    form, by = NewForm(), _reader()
    form.offer(_places(by))
    if _is_aside(form):
        return _page(form, 200, found=None)
    if not form.validate_on_submit():
        return _page(form, 422, found=None)
    try:
        with unit_of_work():
            reply_id = service.keep(
                g.account,
                by,
                form.chosen(by.places),
                name=form.name.data or "",
                body=form.body.data or "",
                actor=me().actor,
            )
    except DomainError as error:
        _refuse(form, error)
        return _page(form, 422, found=None)
    flash("Saved. You find it wherever you write.", "ok")
    return see_other(_url(reply_id))


@bp.get(_ONE)
@requires(Permission.VIEW_CONVERSATIONS)
def saved_reply(account_id: UUID, reply_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Show one, with what the content check says of it."""
    found = reads.saved_or_404(by := _reader(), reply_id)
    form = ChangeForm(
        formdata=None, data={"name": found.name, "body": found.body, "edits": found.edits}
    )
    return _one(found, by, form)


@bp.post(_ONE)
@requires(Permission.SEND_TEXTS)
def change_saved_reply(account_id: UUID, reply_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Put new words in place of the old ones."""
    found, form = reads.saved_or_404(by := _reader(), reply_id), ChangeForm()
    if _is_aside(form):
        return _one(found, by, form)
    if not form.validate_on_submit():
        return _one(found, by, form, 422)
    try:
        with unit_of_work():
            service.change(
                g.account,
                by,
                reply_id,
                name=form.name.data or "",
                body=form.body.data or "",
                edits=form.edits.data,
                actor=me().actor,
            )
    except DomainError as error:
        _refuse(form, error)
        is_late = isinstance(error, ChangedMeanwhile)
        return _one(reads.saved_or_404(by, reply_id), by, form, 422, is_late=is_late)
    flash("Saved. It reads so from now on.", "ok")
    return see_other(_url(reply_id))


@bp.post(f"{_ONE}/archive")
@requires(Permission.SEND_TEXTS)
def archive_saved_reply(account_id: UUID, reply_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Take it out of use; it can be taken back."""
    with unit_of_work():
        found = service.archive(_reader(), reply_id, actor=me().actor)
    flash(f"“{found.name}” is archived. You find it under Archived.", "ok")
    return see_other(_list_url())


@bp.post(f"{_ONE}/restoration")
@requires(Permission.SEND_TEXTS)
def restore_saved_reply(account_id: UUID, reply_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Take it into use again."""
    with unit_of_work():
        found = service.restore(_reader(), reply_id, actor=me().actor)
    flash(f"“{found.name}” is in use again.", "ok")
    return see_other(_url(reply_id))


def _is_aside(form: SavedForm) -> bool:
    """Do what else the form was sent for, and say whether that was all: look, or ask an officer."""
    do = request.form.get("do")
    if do == "ask":
        try:
            linted.ask_officer(_draft(form))
        except BadInput as error:
            form.refuse("body", error)
    return do in ("check", "ask")


def _refuse(form: SavedForm, error: DomainError) -> None:
    """Show a refusal beside the field it is about; what is about none is raised again."""
    if isinstance(error, (NotAllowed, NotFound)):
        raise error
    if isinstance(error, NameTaken):
        form.refuse("name", error)
    else:
        form.body.errors = [*form.body.errors, plain(error.message)]


def _one(
    found: SavedRef, by: Reader, form: ChangeForm, status: int = 200, *, is_late: bool = False
) -> Response:
    if is_late:
        form.edits.data = found.edits  # who saves again has seen what stands now
    return _page(
        form,
        status,
        found=found,
        whose=_whose(by)[found.place],
        may_change=by.may_change(found.place) and me().may(Permission.SEND_TEXTS),
        may_copy=me().may(Permission.SEND_TEXTS),
        theirs=found if is_late else None,
    )


def _page(form: SavedForm, status: int, **context: Any) -> Response:
    """Answer with the form, or, while somebody types, with what is said of the words."""
    body = form.body.data or ""
    sample, fault = _sample(body)
    is_looked_at = request.form.get("do") == "check"
    return page(
        "messaging/saved_reply.html",
        "messaging/_saved_check.html" if is_looked_at else None,
        status,
        form=form,
        sample=sample,
        fault=fault,
        strip=figures.strip(sample, None, 0, None) if sample.strip() else None,
        lint=linted.shown(_draft(form), None, {}),
        field_labels=FIELD_LABELS,
        **context,
    )


def _sample(body: str) -> tuple[str, str]:
    """Return how it would read to nobody in particular, and what is wrong with it."""
    try:
        if body.strip():
            wording.check(_as_draft(body))
        return merge.merge(body, {**service.own_values(g.account), **merge.SAMPLE}).body, ""
    except DomainError as error:
        return "", plain(error.message)


def _draft(form: SavedForm) -> Draft:
    return _as_draft(form.body.data or "")


def _as_draft(body: str) -> Draft:
    return Draft(body, Kind.ONE_TO_ONE)


def _reader() -> Reader:
    return reads.reader(g.account, me())


def _places(by: Reader) -> dict[Place, str]:
    """Return where this person may keep something, in words."""
    return {place: words for place, words in _whose(by).items() if by.may_change(place)}


def _whose(by: Reader) -> dict[Place, str]:
    """Return whose what this person sees is, in words."""
    teams = {team.id: team.name for team in people.teams(by.organization_id)}
    return {
        Place(user_id=by.user_id): "Only you",
        **{Place(team_id=id_): f"Team {teams[id_]}" for id_ in by.seen_team_ids},
        Place(): f"Everybody at {g.organization.name}",
    }


def _view() -> View:
    asked = request.args.get("view") or "all"
    if asked not in _VIEWS:
        raise BadInput(f"view: choose one of {', '.join(_VIEWS)}.")
    return asked


def _list_url(view: View = "all") -> str:
    asked = None if view == "all" else view
    return url_for("messaging.saved_replies", account_id=g.account.id, view=asked)


def _url(reply_id: UUID) -> str:
    return url_for("messaging.saved_reply", account_id=g.account.id, reply_id=reply_id)
