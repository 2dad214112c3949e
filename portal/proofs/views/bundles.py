"""Bundles of proofs: asked for, watched, downloaded (C-6)."""

import secrets
from uuid import UUID

from flask import Response, flash, g, request, send_file, url_for

from portal.consent import queries as consent
from portal.contacts import queries as contacts
from portal.contacts.rules import choosing
from portal.contacts.values import Selection
from portal.core import formats
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError
from portal.core.web import page, see_other, takes
from portal.proofs import queries
from portal.proofs.errors import NumbersRefused
from portal.proofs.forms import BundleForm
from portal.proofs.rules import numbers
from portal.proofs.service import bundling
from portal.proofs.values import MOST_NUMBERS, SOURCE_WORDS, Asked, Source
from portal.proofs.views.blueprint import ACCOUNT, PER_PAGE, argument, bp

_MOST_FILE_BYTES = 2_000_000
_UNPROVEN_SHOWN = 200


@bp.get(f"{ACCOUNT}/proofs")
@requires(Permission.VIEW_CONSENT)
@takes("after")
def bundles(account_id: UUID) -> Response:
    """List the account's bundles, newest first, with the form for a new one."""
    return _list(account_id, BundleForm(formdata=None, nonce=secrets.token_hex(16)))


@bp.post(f"{ACCOUNT}/proofs")
@requires(Permission.VIEW_CONSENT)
def start_bundle(account_id: UUID) -> Response:
    """Ask for a bundle: of numbers pasted or in a file, of contacts chosen, or of one record."""
    form = BundleForm()
    if not form.validate_on_submit():
        return _list(account_id, form, 422)
    try:
        asked, source = _asked(form)
    except (NumbersRefused, BadInput) as error:
        form.refuse("numbers", error)
        return _list(account_id, form, 422)
    with unit_of_work():
        bundle_id = bundling.ask(
            g.account.tenant,
            asked,
            source=source,
            title=form.title.data or "",
            nonce=form.nonce.data or "",
            actor=me().actor,
        )
    return see_other(url_for("proofs.bundle", account_id=account_id, bundle_id=bundle_id))


@bp.get(f"{ACCOUNT}/proofs/<uuid:bundle_id>")
@requires(Permission.VIEW_CONSENT)
def bundle(account_id: UUID, bundle_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show how far a bundle is, and what has no proof."""
    found = queries.bundle_or_404(g.account.tenant, bundle_id)
    return page(
        "proofs/bundle.html",
        "proofs/_bundle.html",
        bundle=found,
        unproven=queries.unproven(found, _UNPROVEN_SHOWN),
        source=SOURCE_WORDS[found.source],
        may_share=me().may(Permission.SHARE_PROOF),
    )


@bp.get(f"{ACCOUNT}/proofs/<uuid:bundle_id>/bundle.zip")
@requires(Permission.VIEW_CONSENT)
def bundle_zip(account_id: UUID, bundle_id: UUID) -> Response:
    """Send a bundle; that it left is written down (M-4)."""
    found = queries.bundle_or_404(g.account.tenant, bundle_id)
    try:
        path = bundling.open_bundle(found)
    except DomainError as error:
        flash(error.message, "warn")
        return see_other(url_for("proofs.bundle", account_id=account_id, bundle_id=bundle_id))
    with unit_of_work():
        bundling.note_download(found, actor=me().actor)
    return send_file(
        path, mimetype="application/zip", as_attachment=True, download_name=found.file_name
    )


def _list(account_id: UUID, form: BundleForm, status: int = 200) -> Response:
    cursor = argument("after", 80)
    found, following = queries.bundles(g.account.tenant, cursor, PER_PAGE)
    here = url_for("proofs.bundles", account_id=account_id)
    return page(
        "proofs/bundles.html",
        None,
        status,
        form=form,
        bundles=found,
        first_url=here if cursor else None,
        next_url=url_for("proofs.bundles", account_id=account_id, after=following)
        if following
        else None,
    )


def _asked(form: BundleForm) -> tuple[list[Asked], Source]:
    """Return whose proof is wanted. Raises NumbersRefused, BadInput or NotFound."""
    tenant = g.account.tenant
    record_id = request.form.get("record_id", "")
    if record_id:
        record = consent.record_or_404(tenant, choosing.identifier(record_id, "record_id"))
        return [Asked(formats.phone(record.e164), record.e164)], Source.CONTACT
    given = request.form.to_dict(flat=False)
    chosen = contacts.selection_of(tenant, given)
    if not chosen.is_empty:
        return _of_contacts(chosen), Source.FILTER
    uploaded = form.file.data
    if uploaded:
        content = uploaded.stream.read(_MOST_FILE_BYTES + 1)
        if len(content) > _MOST_FILE_BYTES:
            raise NumbersRefused("The file is larger than 2 MB. Leave in it the numbers alone.")
        return numbers.asked_in(content.decode("utf-8", "replace")), Source.FILE
    return numbers.asked_in(form.numbers.data or ""), Source.LIST


def _of_contacts(chosen: Selection) -> list[Asked]:
    found: dict[str, Asked] = {}
    for batch in contacts.selected(g.account.tenant, chosen):
        for contact in batch:
            for number in contact.numbers:
                if number.e164:
                    found.setdefault(number.e164, Asked(formats.phone(number.e164), number.e164))
        if len(found) > MOST_NUMBERS:
            raise NumbersRefused(
                f"These contacts have more than {formats.number(MOST_NUMBERS)} numbers. "
                "Narrow the filter and make several bundles."
            )
    if not found:
        raise NumbersRefused("None of these contacts has a number.")
    return list(found.values())
