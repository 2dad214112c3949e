"""What the portal knows of an account that an appeal shows (A-3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from portal.appeals.errors import BadPart
from portal.appeals.service.files import Checked
from portal.appeals.values import CaseRef
from portal.compliance.rules.health import Outcomes, Thresholds, hour_of
from portal.consent.service import evidence
from portal.core import clock
from portal.core.formats import phone
from portal.core.settings import settings
from portal.drips.queries import library, pages
from portal.drips.rules.library import Keeper
from portal.drips.service import picturing
from portal.messaging.queries import health, similar
from portal.messaging.queries.similar import ApprovalRef
from portal.messaging.service import saved
from portal.numbers import queries as numbers
from portal.optin import queries as optin
from portal.optin.values import FormState, Picture, PictureRef, VersionRef
from portal.site_checks import queries as site_checks
from portal.site_checks.values import PageRef
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_BEFORE: Final = timedelta(days=7)
_NO_NUMBER: Final = "Your number"


@dataclass(frozen=True, slots=True)
class PlanText:
    """The first text of a plan, as somebody made up would read it (P-2)."""

    drip_id: UUID
    name: str
    body: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class KnownForm:
    """A published opt-in form: where it is, what it says beside its box, its screenshots."""

    name: str
    url: str
    version: VersionRef
    pictures: tuple[PictureRef, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """All of it, as of one moment."""

    plans: tuple[PlanText, ...]
    forms: tuple[KnownForm, ...]
    checked: tuple[PageRef, ...]
    wordings: tuple[ApprovalRef, ...]
    senders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metrics:
    """How the account did in the week before something, and since then."""

    before: Outcomes
    since: Outcomes
    by: Thresholds
    at: datetime


def known(account: AccountRef, by: Keeper) -> Known:
    """Return what an appeal of an account can show; `by` says whose plans are seen."""
    values = saved.own_values(account)
    plans = tuple(
        PlanText(drip.id, drip.name, pages.reads(drip.first_text, values).body, drip.changed_at)
        for drip in library.drips(by)
        if drip.first_text is not None
    )
    forms = []
    for form in optin.forms(account.tenant):
        if form.state is FormState.PUBLISHED:
            version = optin.version_or_404(account.tenant, form.id, form.latest)
            kept = optin.pictures(account.tenant, version.id)
            shown = tuple(kept[kind] for kind in Picture if kind in kept)
            forms.append(
                KnownForm(form.name, f"{settings().public_url}{form.path}", version, shown)
            )
    return Known(
        plans,
        tuple(forms),
        tuple(site_checks.pages(account.tenant)),
        tuple(similar.approvals(account.organization_id, is_active=True)),
        senders(account),
    )


def senders(account: AccountRef) -> tuple[str, ...]:
    """Return the numbers an account texts from, E.164, its own one first."""
    return tuple(sender.e164 for sender in numbers.senders(account.id))


def form_addresses(account: AccountRef) -> list[tuple[str, str]]:
    """Return name and address of each opt-in form that is published."""
    return [
        (form.name, f"{settings().public_url}{form.path}")
        for form in optin.forms(account.tenant)
        if form.state is FormState.PUBLISHED
    ]


def metrics(account: AccountRef, at: datetime) -> Metrics:
    """Return how an account did in the seven days before a moment, and since (H-3)."""
    hour = hour_of(at)
    return Metrics(
        health.outcomes(account, hour - _BEFORE, hour),
        health.outcomes(account, hour),
        health.thresholds(account, clock.utcnow()),
        at,
    )


def phone_picture(account: AccountRef, body: str, at: datetime) -> Checked:
    """Return a first text as a picture of a phone (P-2). Outside a unit of work: it takes a second."""
    sender = numbers.default_sender(account.id)
    drawn = picturing.phone_picture(phone(sender.e164) if sender else _NO_NUMBER, body, at)
    return Checked("first-text.png", "image/png", drawn)


def form_picture(form: KnownForm, kept: PictureRef) -> Checked:
    """Return the screenshot of a published form (C-4)."""
    content = evidence.read_kept(kept.name)
    ending = kept.media_type.partition("/")[2]
    name = f"{form.version.slug}-v{form.version.number}-{kept.kind.value}.{ending}"
    return Checked(name, kept.media_type, content)


def plan_named(found: Known, drip_id: UUID) -> PlanText:
    """Return one of the plans. Raises BadPart for another."""
    for plan in found.plans:
        if plan.drip_id == drip_id:
            return plan
    raise BadPart("plan", "Choose one of the plans.")


def picture_named(found: Known, version_id: UUID, kind: str) -> tuple[KnownForm, PictureRef]:
    """Return one of the forms with one of its screenshots. Raises BadPart for another."""
    for form in found.forms:
        for kept in form.pictures:
            if (form.version.id, kept.kind.value) == (version_id, kind):
                return form, kept
    raise BadPart("picture", "Choose one of the screenshots.")


def account_of(case: CaseRef) -> AccountRef:
    """Return the account of a case. Raises NotFound."""
    return accounts.get_or_404(case.tenant)
