"""What editors do with forms: begin, edit, publish, unpublish (C-3)."""

import secrets
from dataclasses import replace
from uuid import UUID

from sqlalchemy import update

from portal.consent.rules import disclosures
from portal.consent.service import evidence
from portal.core import audit, jobs
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.errors import BadInput
from portal.core.jobs import Job
from portal.core.tenancy import Tenant, lock, owned
from portal.optin import queries
from portal.optin.errors import (
    EditedMeanwhile,
    NothingNew,
    PointsMissing,
)
from portal.optin.models import Form, FormVersion
from portal.optin.rules import content as content_rules
from portal.optin.rules import points, wording
from portal.optin.service import drawing
from portal.optin.values import Content, FormRef, FormState, VersionRef


def begin_form(
    tenant: Tenant,
    *,
    name: str,
    starter: str,
    sender: str,
    help_contact: str,
    actor: Actor,
) -> FormRef:
    """Make a form from ready wording. Raises ContentRefused or BadInput."""
    name = _named(name)
    draft = wording.begun(starter, sender=sender, help_contact=help_contact)
    row = Form(
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        name=name,
        slug=_free_slug(name),
        state=FormState.DRAFT,
        draft=draft.to_json(),
        latest=0,
        edits=0,
        edited_at=utcnow(),
        edited_by=actor.label[:200],
    )
    db.session.add(row)
    db.session.flush()  # the audit entry names it
    _log("create", tenant, row.id, actor, name=name, starter=starter)
    return queries.form_ref(row)


def edit_form(
    tenant: Tenant,
    form_id: UUID,
    content: Content,
    *,
    name: str,
    edits: int,
    logo: bytes | None = None,
    actor: Actor,
) -> FormRef:
    """Save a draft; what is published stays as it is.

    `edits` is how often the draft had been saved when this editor opened it; `logo` comes from
    `images.logo`. Raises EditedMeanwhile, ContentRefused or BadInput, having changed nothing.
    """
    row = _locked(tenant, form_id)
    if row.edits != edits:
        raise EditedMeanwhile(
            f"{row.edited_by} saved this form while you were editing it. Open it anew in another "
            "tab, and bring your changes over."
        )
    content_rules.check(content)
    before = Content.from_json(row.draft)
    kept = before.logo if content.logo else ""
    stored = evidence.store_picture(logo, "logo.png") if logo is not None else None
    content = replace(content, logo=stored.name if stored else kept)
    changed = [label for label, _, _ in content_rules.changes(before, content)]
    name = _named(name)
    row.name, row.draft = name, content.to_json()
    row.edits += 1
    row.edited_at, row.edited_by = utcnow(), actor.label[:200]
    _log("edit", tenant, form_id, actor, name=name, changed=changed)
    return queries.form_ref(row)


def publish_form(tenant: Tenant, form_id: UUID, *, edits: int, actor: Actor) -> VersionRef:
    """Publish the draft as the next version, which never changes again; return it.

    The page is drawn once and kept: what is served from then on is this very page. Raises
    PointsMissing, NothingNew, EditedMeanwhile or ContentRefused, having changed nothing.
    """
    row = _locked(tenant, form_id)
    if row.edits != edits:
        raise EditedMeanwhile("The draft was saved again meanwhile. Read it, then publish it.")
    content = Content.from_json(row.draft)
    content_rules.check(content)
    latest = queries.versions(tenant, form_id)[:1]
    if latest and row.state is FormState.PUBLISHED and latest[0].content == content:
        raise NothingNew(f"Version {latest[0].number} says exactly this already.")
    number = row.latest + 1
    drawn = drawing.draw(content, slug=row.slug, number=number)
    lacking = points.missing(disclosures.check(drawn.page), content)
    if lacking:
        raise PointsMissing(points.told(lacking), lacking)
    page = evidence.store_page(drawn.page, f"{row.slug}-v{number}.html")
    version = FormVersion(
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        form_id=form_id,
        number=number,
        name=row.name,
        slug=row.slug,
        content=content.to_json(),
        disclosure=drawn.disclosure,
        html=drawn.html,
        css=drawn.css,
        page_sha256=page.sha256,
        published_at=utcnow(),
        published_by_id=actor.id,
        published_by=actor.label[:200],
    )
    db.session.add(version)
    row.latest, row.state = number, FormState.PUBLISHED
    db.session.flush()  # its id is the job's key
    _log(
        "publish",
        tenant,
        form_id,
        actor,
        name=row.name,
        version=number,
        page_sha256=page.sha256,
        disclosure=drawn.disclosure,
    )
    jobs.request(Job.PICTURE_FORM, version.id)
    return queries.version_ref(version)


def unpublish_form(tenant: Tenant, form_id: UUID, *, actor: Actor) -> None:
    """Take a form off its address; a second call changes nothing."""
    gone = db.session.execute(
        update(Form)
        .where(owned(tenant, Form), Form.id == form_id, Form.state == FormState.PUBLISHED)
        .values(state=FormState.UNPUBLISHED)
        .execution_options(synchronize_session=False)
        .returning(Form.name)
    ).scalar()
    if gone is not None:
        _log("unpublish", tenant, form_id, actor, name=gone)


def findings_of(content: Content) -> dict[str, disclosures.Finding]:
    """Return what the one check finds on a draft, drawn as people would get it."""
    return disclosures.findings(drawing.preview(content))


def _locked(tenant: Tenant, form_id: UUID) -> Form:
    queries.form_or_404(tenant, form_id)
    return lock(tenant, Form, form_id)


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise BadInput("Name: write what you call this form.")
    return name[:120]


def _free_slug(name: str) -> str:
    """Return an address nobody else has; the tail keeps forms from being guessed one by one."""
    while True:
        slug = f"{content_rules.slug_of(name)}-{secrets.token_hex(3)}"
        if not queries.is_slug_taken(slug):
            return slug


def _log(verb: str, tenant: Tenant, form_id: UUID, actor: Actor, **payload: object) -> None:
    audit.record(
        f"optin:form:{verb}",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=form_id,
        **payload,
    )
