"""The page API and webhooks of an account, and the log of what each webhook was sent."""

from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, flash, g, request, url_for

from portal.core import clock
from portal.core.access import Permission, Scope, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError
from portal.core.web import page, see_other
from portal.integrations import queries
from portal.integrations.forms import EndpointForm, KeyForm, SecretForm
from portal.integrations.service import endpoints, events, keys
from portal.integrations.values import EVENT_WORDS, SCOPE_WORDS, EndpointRef, Event
from portal.people import queries as people

bp = Blueprint("integrations", __name__)
_ACCOUNT = "/accounts/<uuid:account_id>"


def init_app(_app: Flask) -> None:
    """Have a member's page say what programs of theirs go on without them."""
    people.add_ways_source(queries.ways_left)


@bp.get(f"{_ACCOUNT}/integrations")
@requires(Permission.MANAGE_INTEGRATIONS)
def index(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show the account's keys and webhooks."""
    return _index()


@bp.post(f"{_ACCOUNT}/keys")
@requires(Permission.MANAGE_INTEGRATIONS)
def make_key(account_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Make a key and show its token, this once: it stands on no page again."""
    form = KeyForm()
    if not form.validate_on_submit():
        return _index(422, key_form=form)
    try:
        with unit_of_work():
            key, token = keys.make_key(
                g.account.tenant,
                name=form.name.data or "",
                scopes=[Scope(scope) for scope in form.scopes.data],
                expires_at=_end_of(form),
                actor=me().actor,
            )
    except DomainError as error:
        form.refuse("last_day" if form.last_day.data else "name", error)
        return _index(422, key_form=form)
    return _index(shown=("key", key.name, token))


@bp.post(f"{_ACCOUNT}/keys/<uuid:key_id>/revoke")
@requires(Permission.MANAGE_INTEGRATIONS)
def revoke_key(account_id: UUID, key_id: UUID) -> Response:
    """End a key at once."""
    with unit_of_work():
        key = keys.revoke_key(g.account.tenant, key_id, actor=me().actor)
    flash(f"The key {key.name} is revoked. It opens nothing any more.", "ok")
    return see_other(url_for(".index", account_id=account_id))


@bp.post(f"{_ACCOUNT}/webhooks")
@requires(Permission.MANAGE_INTEGRATIONS)
def add_endpoint(account_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Add a webhook and show its signing secret, this once."""
    form = EndpointForm()
    if not form.validate_on_submit():
        return _index(422, endpoint_form=form)
    try:
        with unit_of_work():
            endpoint, secret = endpoints.add_endpoint(
                g.account.tenant,
                (form.url.data or "").strip(),
                [Event(event) for event in form.events.data],
                actor=me().actor,
            )
    except DomainError as error:
        form.refuse("url", error)
        return _index(422, endpoint_form=form)
    return _index(shown=("webhook", endpoint.url, secret))


@bp.get(f"{_ACCOUNT}/webhooks/<uuid:endpoint_id>")
@requires(Permission.MANAGE_INTEGRATIONS)
def endpoint(account_id: UUID, endpoint_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Show a webhook and what it was sent."""
    return _endpoint(queries.endpoint_or_404(g.account.tenant, endpoint_id))


@bp.post(f"{_ACCOUNT}/webhooks/<uuid:endpoint_id>/secret")
@requires(Permission.MANAGE_INTEGRATIONS)
def renew_secret(account_id: UUID, endpoint_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Give a webhook a new signing secret and show it, this once."""
    form = SecretForm()
    if not form.validate_on_submit():
        found = queries.endpoint_or_404(g.account.tenant, endpoint_id)
        return _endpoint(found, 422, secret_form=form)
    with unit_of_work():
        found, secret = endpoints.renew_secret(
            g.account.tenant,
            endpoint_id,
            edits=form.edits.data or 0,
            keeps_old=form.old.data == "day",
            actor=me().actor,
        )
    return _endpoint(found, secret=secret)


@bp.post(f"{_ACCOUNT}/webhooks/<uuid:endpoint_id>/removal")
@requires(Permission.MANAGE_INTEGRATIONS)
def remove_endpoint(account_id: UUID, endpoint_id: UUID) -> Response:
    """Post nothing there any more."""
    with unit_of_work():
        gone = endpoints.remove_endpoint(g.account.tenant, endpoint_id, actor=me().actor)
    flash(f"The webhook to {gone.url} is removed.", "ok")
    return see_other(url_for(".index", account_id=account_id))


@bp.post(f"{_ACCOUNT}/webhooks/<uuid:endpoint_id>/on")
@requires(Permission.MANAGE_INTEGRATIONS)
def switch_on(account_id: UUID, endpoint_id: UUID) -> Response:
    """Post there again after it was switched off."""
    with unit_of_work():
        endpoints.switch_on(g.account.tenant, endpoint_id, actor=me().actor)
    flash("The webhook is on. What waited is sent now.", "ok")
    return see_other(url_for(".endpoint", account_id=account_id, endpoint_id=endpoint_id))


@bp.post(f"{_ACCOUNT}/webhooks/<uuid:endpoint_id>/test")
@requires(Permission.MANAGE_INTEGRATIONS)
def send_test(account_id: UUID, endpoint_id: UUID) -> Response:
    """Post an event that means nothing, to see it arrive."""
    with unit_of_work():
        endpoints.send_test(g.account.tenant, endpoint_id, actor=me().actor)
    flash("A test event is on its way. Reload to see what came of it.", "ok")
    return see_other(url_for(".endpoint", account_id=account_id, endpoint_id=endpoint_id))


@bp.post(f"{_ACCOUNT}/deliveries/<uuid:delivery_id>/again")
@requires(Permission.MANAGE_INTEGRATIONS)
def send_again(account_id: UUID, delivery_id: UUID) -> Response:
    """Post one delivery once more, under its own id."""
    with unit_of_work():
        endpoint_id = events.send_again(g.account.tenant, delivery_id, actor=me().actor)
    flash("The event is on its way again. Reload to see what came of it.", "ok")
    return see_other(url_for(".endpoint", account_id=account_id, endpoint_id=endpoint_id))


def _index(
    status: int = 200,
    *,
    key_form: KeyForm | None = None,
    endpoint_form: EndpointForm | None = None,
    shown: tuple[str, str, str] | None = None,
) -> Response:
    return page(
        "integrations/index.html",
        status=status,
        keys=queries.keys(g.account.tenant),
        endpoints=queries.endpoints(g.account.tenant),
        key_form=key_form or KeyForm(formdata=None),
        endpoint_form=endpoint_form or EndpointForm(formdata=None),
        scope_words=SCOPE_WORDS,
        event_words=EVENT_WORDS,
        shown=shown,
        now=clock.utcnow(),
    )


def _endpoint(
    found: EndpointRef,
    status: int = 200,
    *,
    secret_form: SecretForm | None = None,
    secret: str | None = None,
) -> Response:
    after = _mark(request.args.get("after"))
    listed = queries.deliveries(found.tenant, found.id, after)
    here = url_for(".endpoint", account_id=found.account_id, endpoint_id=found.id)
    return page(
        "integrations/endpoint.html",
        status=status,
        endpoint=found,
        event_words=EVENT_WORDS,
        deliveries=listed.rows,
        first_url=here if after else None,
        next_url=f"{here}?after={listed.next_mark}" if listed.next_mark else None,
        secret_form=secret_form or SecretForm(formdata=None, edits=found.edits),
        secret=secret,
        now=clock.utcnow(),
    )


def _end_of(form: KeyForm) -> datetime | None:
    """Return the end of the last day in the account's zone."""
    if form.last_day.data is None:
        return None
    zone = ZoneInfo(g.account.timezone)
    return datetime.combine(form.last_day.data + timedelta(days=1), time(), zone)


def _mark(raw: str | None) -> UUID | None:
    try:
        return UUID(raw) if raw else None
    except ValueError:
        return None
