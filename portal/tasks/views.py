"""The list of tasks, one task, and finishing it with one click (P-1)."""

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, flash, g, request, url_for

from portal.contacts import queries as contacts
from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError, NotAllowed, NotFound
from portal.core.typed import line
from portal.core.web import own_path, page, see_other, takes, wants_partial
from portal.tasks import queries, service
from portal.tasks.errors import TaskChanged
from portal.tasks.forms import ChangeForm, PutOffForm, TaskForm, filled
from portal.tasks.queries import SHOWN, Wanted
from portal.tasks.values import SOURCE_WORDS, VIEW_WORDS, Source, TaskRef, View
from portal.texting_accounts import queries as accounts

bp = Blueprint("tasks", __name__)

_ALL: Final = "/accounts/<uuid:account_id>/tasks"
_ONE: Final = f"{_ALL}/<uuid:task_id>"
_GONE: Final = "The contact is not there any more. Save again to keep the task about nobody."


@bp.get(_ALL)
@requires(Permission.VIEW_CONTACTS)
@takes("q", "view", "source", "contact", "mine")
def index(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show what is to be done in the account."""
    wanted, person = _wanted(), None
    if wanted.contact_id is not None:
        person = contacts.get_or_404(g.account.tenant, wanted.contact_id)
    rows = queries.tasks(g.account, wanted)
    return page(
        "tasks/index.html",
        "tasks/_list.html",
        rows=rows,
        most=SHOWN,
        wanted=wanted,
        person=person,
        views=[_view_link(view, wanted) for view in View],
        sources=SOURCE_WORDS,
        clear_url=url_for("tasks.index", account_id=g.account.id, view=_said(wanted.view)),
        is_filtered=bool(wanted.words or wanted.source or wanted.contact_id or wanted.only_for),
        **_around(rows),
    )


@bp.get(f"{_ALL}/new")
@requires(Permission.EDIT_CONTACTS)
@takes("contact")
def new(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show an empty form, about a person where one is named."""
    form = TaskForm(formdata=None, data=filled(None, g.account.timezone))
    form.contact.data = request.args.get("contact", "")
    return _form_page(form, 200)


@bp.post(_ALL)
@requires(Permission.EDIT_CONTACTS)
def add(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Write a task down; nothing typed is lost when it can't be."""
    form = TaskForm()
    form.offer(queries.whose(g.account))
    is_right = form.validate_on_submit()
    try:
        contact_id = _contact_id(form)
    except NotFound:
        form.contact.data = contact_id = None  # who saves again keeps it about nobody
        form.refuse("title", BadInput(_GONE))
        is_right = False
    if not is_right:
        return _form_page(form, 422)
    try:
        with unit_of_work():
            service.remind(
                g.account,
                title=form.title.data or "",
                note=form.note.data or "",
                due_at=form.due_at(g.account.timezone),
                contact_id=contact_id,
                for_id=form.person_id,
                actor=me().actor,
            )
    except BadInput as error:
        form.refuse("title", error)
        return _form_page(form, 422)
    flash("Kept. You are told when it is due.", "ok")
    if contact_id is not None:
        return see_other(_contact_url(contact_id))
    return see_other(url_for("tasks.index", account_id=g.account.id))


@bp.get(_ONE)
@requires(Permission.VIEW_CONTACTS)
def task(account_id: UUID, task_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show one task, to change it."""
    found = queries.get_or_404(g.account.tenant, task_id)
    form = ChangeForm(formdata=None, data=filled(found, g.account.timezone))
    return _form_page(form, 200, found=found)


@bp.post(_ONE)
@requires(Permission.EDIT_CONTACTS)
def change(account_id: UUID, task_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Change a task."""
    found, form = queries.get_or_404(g.account.tenant, task_id), ChangeForm()
    form.offer(_choices(found))
    if not form.validate_on_submit():
        return _form_page(form, 422, found=found)
    try:
        with unit_of_work():
            service.change(
                g.account,
                task_id,
                title=form.title.data or "",
                note=form.note.data or "",
                due_at=form.due_at(g.account.timezone),
                for_id=form.person_id,
                edits=form.edits.data,
                actor=me().actor,
            )
    except (NotAllowed, NotFound):
        raise
    except DomainError as error:
        found = queries.get_or_404(g.account.tenant, task_id)
        form.refuse("title", error)
        if isinstance(error, TaskChanged):
            form.edits.data = found.edits  # who saves again has seen what stands now
        return _form_page(form, 422, found=found, is_late=isinstance(error, TaskChanged))
    flash("Saved.", "ok")
    return see_other(url_for("tasks.index", account_id=g.account.id))


@bp.post(f"{_ONE}/done")
@requires(Permission.EDIT_CONTACTS)
def finish(account_id: UUID, task_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Finish a task with one click; its line says so and offers to take it back."""
    with unit_of_work():
        done = service.finish(g.account.tenant, task_id, actor=me().actor)
    return _line(done)


@bp.post(f"{_ONE}/reopening")
@requires(Permission.EDIT_CONTACTS)
def reopen(account_id: UUID, task_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Take back that a task is done."""
    with unit_of_work():
        again = service.reopen(g.account.tenant, task_id, actor=me().actor)
    return _line(again)


@bp.post(f"{_ONE}/later")
@requires(Permission.EDIT_CONTACTS)
def put_off(account_id: UUID, task_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Put a task off by some days."""
    queries.get_or_404(g.account.tenant, task_id)
    form = PutOffForm()
    if not form.validate_on_submit():
        raise BadInput(form.told())
    with unit_of_work():
        later = service.put_off(g.account, task_id, form.chosen, actor=me().actor)
    return _line(later)


def _line(task_: TaskRef) -> Response:
    """Answer with the task's line, or lead back to where the click was."""
    back = own_path(request.form.get("next", ""), g.account.id)
    if not wants_partial():
        return see_other(back or url_for("tasks.index", account_id=g.account.id))
    return page(
        "tasks/_line.html", "tasks/_line.html", row=task_, next_url=back, **_around([task_])
    )


def _around(rows: list[TaskRef]) -> dict[str, Any]:
    """Return what a line says beside the task itself."""
    return {
        "now": utcnow(),
        "people": queries.names(g.account.tenant, rows),
        "whose": queries.whose(g.account),
        "may_edit": me().may(Permission.EDIT_CONTACTS),
        "put_off_form": PutOffForm(formdata=None),
    }


def _form_page(
    form: TaskForm, status: int, found: TaskRef | None = None, *, is_late: bool = False
) -> Response:
    form.offer(_choices(found))
    contact_id = found.contact_id if found else _contact_id(form)
    return page(
        "tasks/task.html",
        None,
        status,
        form=form,
        found=found,
        person=contacts.get_or_404(g.account.tenant, contact_id) if contact_id else None,
        theirs=found if is_late else None,
        is_closed=accounts.is_closed(g.account.id),
        **_around([found] if found else []),
    )


def _choices(found: TaskRef | None) -> dict[UUID, str]:
    """Return whom the task may be for; who left stays chosen until somebody else is."""
    whose = queries.whose(g.account)
    if found is not None and found.for_id is not None and found.for_id not in whose:
        whose = {**whose, found.for_id: "Somebody who left"}
    return whose


def _contact_id(form: TaskForm) -> UUID | None:
    """Return whom the task is about. Raises NotFound."""
    if not form.contact.data:
        return None
    try:
        return contacts.get_or_404(g.account.tenant, UUID(form.contact.data)).id
    except ValueError:
        raise NotFound("We can't find that contact.") from None


def _wanted() -> Wanted:
    asked = request.args
    try:
        return Wanted(
            view=View(asked.get("view") or View.OPEN),
            words=line(asked.get("q", "")),
            contact_id=UUID(asked["contact"]) if asked.get("contact") else None,
            source=Source(asked["source"]) if asked.get("source") else None,
            only_for=me().user_id if asked.get("mine") else None,
        )
    except ValueError:
        raise BadInput("view: this list does not know that. Choose one of its filters.") from None


def _said(view: View) -> str | None:
    return None if view is View.OPEN else view.value


def _view_link(view: View, wanted: Wanted) -> dict[str, Any]:
    url = url_for(
        "tasks.index",
        account_id=g.account.id,
        view=_said(view),
        q=wanted.words or None,
        source=wanted.source,
        contact=wanted.contact_id,
        mine=1 if wanted.only_for else None,
    )
    is_current = view is wanted.view
    return {"label": VIEW_WORDS[view], "url": url, "is_current": is_current, "count": None}


def _contact_url(contact_id: UUID) -> str:
    return url_for("messaging.contact", account_id=g.account.id, contact_id=contact_id) + "#tasks"
