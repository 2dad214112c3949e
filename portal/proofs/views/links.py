"""Links for auditors and counsel: made, watched, taken back (C-12)."""

from typing import Any
from uuid import UUID

from flask import Response, flash, g, url_for

from portal.consent import queries as consent
from portal.contacts.rules import choosing
from portal.core import formats
from portal.core.access import Permission, me, requires
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.core.errors import BadInput
from portal.core.settings import settings
from portal.core.web import page, see_other, takes
from portal.proofs import queries
from portal.proofs.forms import LinkForm
from portal.proofs.service import certifying, sharing
from portal.proofs.views.blueprint import ACCOUNT, PER_PAGE, argument, bp


@bp.get(f"{ACCOUNT}/proofs/links")
@requires(Permission.SHARE_PROOF)
@takes("after")
def links(account_id: UUID) -> Response:
    """List the links of the account, newest first."""
    cursor = argument("after", 80)
    found, following = queries.links(g.account.tenant, cursor, PER_PAGE)
    here = url_for("proofs.links", account_id=account_id)
    return page(
        "proofs/links.html",
        links=found,
        now=utcnow(),
        first_url=here if cursor else None,
        next_url=url_for("proofs.links", account_id=account_id, after=following)
        if following
        else None,
    )


@bp.get(f"{ACCOUNT}/proofs/links/new")
@requires(Permission.SHARE_PROOF)
@takes("record", "bundle")
def new_link(account_id: UUID) -> Response:
    """Ask who is to see a record or bundle, and for how long."""
    return _ask(account_id, LinkForm(formdata=None))


@bp.post(f"{ACCOUNT}/proofs/links/new")
@requires(Permission.SHARE_PROOF)
@takes("record", "bundle")
def share(account_id: UUID) -> Response:
    """Make a link and show it, this once."""
    form, shown = LinkForm(), _shown()
    if not form.validate_on_submit():
        return _ask(account_id, form, 422)
    measured = certifying.measured(g.account.organization_id)
    with unit_of_work():
        certifying.cover(measured)  # who opens the link may want the certificate
        link, token = sharing.share(
            g.account.tenant,
            shared_with=form.shared_with.data or "",
            days=int(form.days.data),
            record_id=shown.get("record_id"),
            bundle_id=shown.get("bundle_id"),
            actor=me().actor,
        )
    return page(
        "proofs/link_made.html", link=link, address=f"{settings().public_url}/shared/{token}"
    )


@bp.get(f"{ACCOUNT}/proofs/links/<uuid:link_id>")
@requires(Permission.SHARE_PROOF)
def link(account_id: UUID, link_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show one link: who opened it when."""
    found = queries.link_or_404(g.account.tenant, link_id)
    return page("proofs/link.html", link=found, visits=queries.visits(found), now=utcnow())


@bp.post(f"{ACCOUNT}/proofs/links/<uuid:link_id>/revocation")
@requires(Permission.SHARE_PROOF)
def revoke(account_id: UUID, link_id: UUID) -> Response:
    """Take a link back: it shows nothing from now on."""
    with unit_of_work():
        was_open = sharing.revoke(g.account.tenant, link_id, actor=me().actor)
    flash("The link is taken back." if was_open else "It was taken back before.", "ok")
    return see_other(url_for("proofs.link", account_id=account_id, link_id=link_id))


def _ask(account_id: UUID, form: LinkForm, status: int = 200) -> Response:
    shown = _shown()
    where: dict[str, Any] = {"account_id": account_id}
    if "record_id" in shown:
        record = consent.record_or_404(g.account.tenant, shown["record_id"])
        where["record"] = record.id
        what = f"The consent of {record.name or formats.phone(record.e164)}"
        back_url = url_for("proofs.record", account_id=account_id, record_id=record.id)
    else:
        bundle = queries.bundle_or_404(g.account.tenant, shown["bundle_id"])
        where["bundle"] = bundle.id
        what = f"{bundle.title}, {formats.plural(bundle.numbers, 'number')}"
        back_url = url_for("proofs.bundle", account_id=account_id, bundle_id=bundle.id)
    action = url_for("proofs.share", **where)
    return page("proofs/link_new.html", None, status, form=form, what=what, back_url=back_url, action=action)  # fmt: skip


def _shown() -> dict[str, UUID]:
    """Return what the address says is shared. Raises BadInput."""
    record, bundle = argument("record", 40), argument("bundle", 40)
    if bool(record) == bool(bundle):
        raise BadInput("Open this page from a record or a bundle: the link shows one of them.")
    if record:
        return {"record_id": choosing.identifier(record, "record")}
    return {"bundle_id": choosing.identifier(bundle, "bundle")}
