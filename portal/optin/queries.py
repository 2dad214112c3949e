"""Reading forms, versions, captures and confirmations."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select

from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.optin.errors import NotServed
from portal.optin.models import Capture, Confirmation, Form, FormVersion, VersionPicture
from portal.optin.values import (
    TEXTED_STATES,
    CaptureRef,
    ConfirmationRef,
    ConfirmationState,
    Content,
    FormRef,
    FormState,
    Picture,
    PictureRef,
    VersionRef,
)

LEFT_BEHIND: Final = timedelta(minutes=1)  # a job that was asked for and did not come
PICTURE_WITHIN: Final = timedelta(days=7)  # then somebody is to upload one
_UNANSWERED: Final = (ConfirmationState.ASKED, ConfirmationState.EXPIRED)
_NOT_HERE: Final = (
    "There is no sign-up form at this address. Ask whoever gave you the link for the new one."
)

_SERVED: Final = (  # made once: the public asks it
    select(FormVersion.id)
    .join(
        Form,
        (Form.organization_id == FormVersion.organization_id)
        & (Form.account_id == FormVersion.account_id)
        & (Form.id == FormVersion.form_id)
        & (Form.latest == FormVersion.number),
    )
    .where(Form.slug == bindparam("slug"), Form.state == FormState.PUBLISHED)
)


def forms(tenant: Tenant) -> list[FormRef]:
    """Return an account's forms by name."""
    rows = db.session.scalars(select(Form).where(owned(tenant, Form)).order_by(Form.name, Form.id))
    return [form_ref(row) for row in rows]


def form_or_404(tenant: Tenant, form_id: UUID) -> FormRef:
    """Return one form of the account, or raise NotFound."""
    row = db.session.scalar(select(Form).where(owned(tenant, Form), Form.id == form_id))
    if row is None:
        raise NotFound("We can't find that form.")
    return form_ref(row)


def versions(tenant: Tenant, form_id: UUID) -> list[VersionRef]:
    """Return the published versions of a form, newest first."""
    rows = db.session.scalars(
        select(FormVersion)
        .where(owned(tenant, FormVersion), FormVersion.form_id == form_id)
        .order_by(FormVersion.number.desc())
    )
    return [version_ref(row) for row in rows]


def version_or_404(tenant: Tenant, form_id: UUID, number: int) -> VersionRef:
    """Return one published version of a form, or raise NotFound."""
    row = db.session.scalar(
        select(FormVersion).where(
            owned(tenant, FormVersion),
            FormVersion.form_id == form_id,
            FormVersion.number == number,
        )
    )
    if row is None:
        raise NotFound("We can't find that version of the form.")
    return version_ref(row)


def version(version_id: UUID) -> VersionRef | None:
    """Return a version by its id, for a job or for a page its token names."""
    row = db.session.get(FormVersion, version_id)
    return version_ref(row) if row else None


def served(slug: str) -> VersionRef:
    """Return the version that is served at a form's address. Raises NotServed.

    Anybody may ask: the address alone says which form it is.
    """
    version_id = db.session.scalar(_SERVED, {"slug": slug})
    if version_id is None:
        raise NotServed(_NOT_HERE)
    return _kept(version_id)


@lru_cache(maxsize=256)
def _kept(version_id: UUID) -> VersionRef:
    """Return a version, read once for this process: it never changes."""
    return version_ref(db.session.get_one(FormVersion, version_id))


def any_version(slug: str, number: int) -> VersionRef:
    """Return a version of a form by its address, published still or not. Raises NotServed."""
    row = db.session.scalar(
        select(FormVersion).where(FormVersion.slug == slug, FormVersion.number == number)
    )
    if row is None:
        raise NotServed(_NOT_HERE)
    return version_ref(row)


def is_slug_taken(slug: str) -> bool:
    """Say whether any form of the installation has this address."""
    return db.session.scalar(select(Form.id).where(Form.slug == slug)) is not None


def capture_by_nonce(nonce: str) -> CaptureRef | None:
    """Return what a one-time token was used for, if it was."""
    row = db.session.scalar(select(Capture).where(Capture.nonce == nonce))
    return capture_ref(row) if row else None


def capture_of_record(tenant: Tenant, record_id: UUID) -> CaptureRef | None:
    """Return the submission behind a consent record, if a form brought it."""
    row = db.session.scalar(
        select(Capture).where(owned(tenant, Capture), Capture.record_id == record_id)
    )
    return capture_ref(row) if row else None


def captures_of_visitor(visitor: str, since: datetime) -> int:
    """Return how many people one browser signed up since then, on any form."""
    found = select(func.count(func.distinct(Capture.e164))).where(
        Capture.visitor == visitor, Capture.at >= since
    )
    return db.session.scalar(found) or 0


def captured(tenant: Tenant, form_ids: Sequence[UUID]) -> dict[UUID, tuple[int, datetime]]:
    """Return how many people came in through each form, and when the last one did."""
    rows = db.session.execute(
        select(Capture.form_id, func.count(), func.max(Capture.at))
        .where(owned(tenant, Capture), Capture.form_id.in_(form_ids))
        .group_by(Capture.form_id)
    )
    return {form_id: (count, last) for form_id, count, last in rows}


def latest_captures(tenant: Tenant, form_id: UUID, limit: int = 10) -> list[CaptureRef]:
    """Return what came in through a form, newest first."""
    rows = db.session.scalars(
        select(Capture)
        .where(owned(tenant, Capture), Capture.form_id == form_id)
        .order_by(Capture.at.desc(), Capture.id)
        .limit(limit)
    )
    return [capture_ref(row) for row in rows]


def pictures(tenant: Tenant, version_id: UUID) -> dict[Picture, PictureRef]:
    """Return the pictures of a version, by kind."""
    rows = db.session.scalars(
        select(VersionPicture).where(
            owned(tenant, VersionPicture), VersionPicture.version_id == version_id
        )
    )
    return {row.kind: _picture_ref(row) for row in rows}


def pictures_of_records(tenant: Tenant, record_ids: Sequence[UUID]) -> dict[UUID, list[PictureRef]]:
    """Return the pictures of the pages that at most 500 consent records came from."""
    found: dict[UUID, list[PictureRef]] = {}
    if not record_ids:
        return found
    rows = db.session.execute(
        select(Capture.record_id, VersionPicture)
        .join(VersionPicture, VersionPicture.version_id == Capture.version_id)
        .where(owned(tenant, Capture, VersionPicture), Capture.record_id.in_(record_ids))
        .order_by(VersionPicture.kind)
    )
    for record_id, row in rows:
        found.setdefault(record_id, []).append(_picture_ref(row))
    return found


def unpictured(after: UUID | None = None) -> list[UUID]:
    """Return some versions of late that lack a picture, by id, those after a given one."""
    taken = (
        select(func.count())
        .where(VersionPicture.version_id == FormVersion.id)
        .correlate(FormVersion)
        .scalar_subquery()
    )
    now, v = utcnow(), FormVersion
    wanted = select(v.id).where(
        taken < len(Picture),
        v.published_at > now - PICTURE_WITHIN,
        v.published_at < now - LEFT_BEHIND,
    )
    if after is not None:
        wanted = wanted.where(v.id > after)
    return list(db.session.scalars(wanted.order_by(v.id).limit(20)))


def confirmation(confirmation_id: UUID) -> ConfirmationRef | None:
    """Return a double opt-in, or a confirmation, by its id: for the job that texts."""
    row = db.session.get(Confirmation, confirmation_id)
    return confirmation_ref(row) if row else None


def pending_confirmation(tenant: Tenant, e164: str, at: datetime) -> ConfirmationRef | None:
    """Return the double opt-in that an answer said then is to, if one waited for it.

    What was answered in time but heard of late may have expired meanwhile.
    """
    row = db.session.scalar(waited(tenant, e164, at))
    return confirmation_ref(row) if row else None


def waited(tenant: Tenant, e164: str, at: datetime) -> Select[Confirmation]:
    """Select the newest double opt-in of a number that waited for its answer at a time."""
    c = Confirmation
    return (
        select(c)
        .where(owned(tenant, c), c.e164 == e164, c.state.in_(_UNANSWERED), c.expires_at > at)
        .order_by(c.asked_at.desc())
        .limit(1)
    )


def confirmation_of_record(tenant: Tenant, record_id: UUID) -> ConfirmationRef | None:
    """Return what became of the double opt-in a form's record asked for."""
    row = db.session.scalar(
        select(Confirmation).where(owned(tenant, Confirmation), Confirmation.record_id == record_id)
    )
    return confirmation_ref(row) if row else None


def unasked(now: datetime, after: UUID | None = None) -> list[UUID]:
    """Return some whose text, asking or telling, is not queued a minute later (a lost job).

    By id, those after a given one.
    """
    c = Confirmation
    wanted = select(c.id).where(
        c.state.in_(TEXTED_STATES),
        c.texted_at.is_(None),
        c.asked_at < now - LEFT_BEHIND,
        c.expires_at > now,
    )
    if after is not None:
        wanted = wanted.where(c.id > after)
    return list(db.session.scalars(wanted.order_by(c.id).limit(200)))


def form_ref(row: Form) -> FormRef:
    """Return a form as other slices see it."""
    return FormRef(
        row.id,
        row.organization_id,
        row.account_id,
        row.name,
        row.slug,
        row.state,
        Content.from_json(row.draft),
        row.latest,
        row.edited_at,
        row.edited_by,
        row.edits,
    )


def version_ref(row: FormVersion) -> VersionRef:
    """Return a version as other slices see it."""
    return VersionRef(
        row.id,
        row.organization_id,
        row.account_id,
        row.form_id,
        row.number,
        row.name,
        row.slug,
        Content.from_json(row.content),
        row.disclosure,
        row.html,
        row.css,
        row.page_sha256,
        row.published_at,
        row.published_by,
    )


def capture_ref(row: Capture) -> CaptureRef:
    """Return a submission as other slices see it."""
    return CaptureRef(
        row.id,
        row.organization_id,
        row.account_id,
        row.form_id,
        row.version_id,
        row.version,
        row.channel,
        row.e164,
        row.record_id,
        row.contact_id,
        row.page_url,
        row.origin,
        row.at,
    )


def confirmation_ref(row: Confirmation) -> ConfirmationRef:
    """Return a double opt-in, or the text that tells of a sign-up, as other slices see it."""
    return ConfirmationRef(
        row.id,
        row.organization_id,
        row.account_id,
        row.e164,
        row.record_id,
        row.form_name,
        row.sender_name,
        row.frequency,
        row.language,
        row.state,
        row.asked_at,
        row.expires_at,
        row.texted_at,
        row.confirmed_record_id,
    )


def _picture_ref(row: VersionPicture) -> PictureRef:
    return PictureRef(
        row.version_id,
        row.kind,
        row.name,
        row.sha256,
        row.media_type,
        row.taken_at,
        row.taken_by,
    )
