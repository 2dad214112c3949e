"""All that the composer shows: the draft, its people with their marks, the plan, the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID

from flask import current_app, url_for

from portal.billing import queries as billing
from portal.billing.values import Balance
from portal.compliance.rules.health import Forecast
from portal.contacts.values import ContactRef
from portal.core.access import me
from portal.core.errors import BadInput
from portal.dnc.rules.verdict import CODES as CALL_LISTS
from portal.messaging import queries
from portal.messaging.errors import EmptyText
from portal.messaging.forms.composing import (
    FALLBACK,
    TimeRefused,
    draft_of,
    send_time,
)
from portal.messaging.queries import health
from portal.messaging.queries.attached import attachments
from portal.messaging.rules import merge, segments
from portal.messaging.rules.hours import CODES as HOURS
from portal.messaging.rules.merge import USUAL_FALLBACKS, MergeError
from portal.messaging.rules.plan import Plan, PlannedText, ReasonCount
from portal.messaging.rules.sums import reason_of
from portal.messaging.service.planning import plan as plan_send
from portal.messaging.values import Draft, DraftRef, Fate, Gate, Kind, MediaRef, Recipient
from portal.messaging.views import figures
from portal.messaging.views.chips import Chips, Look, chips, no_chips
from portal.messaging.views.figures import Strip
from portal.messaging.views.finding import Found, search
from portal.numbers import queries as numbers
from portal.numbers.values import SenderRef
from portal.people import queries as people
from portal.texting_accounts.values import AccountRef

LIVE_MOST: Final = 2_000  # longer lists are reckoned on Calculate Cost, not while one types
_PREVIEWS: Final = 40
_NAMED: Final = 4
_PLACEHOLDER: Final = "Hello"
_ASKABLE: Final = frozenset({"consent_missing", "consent_expired"})
CONTACT_FIELDS: Final = ("first_name", "last_name", "full_name", "street", "city", "state", "zip")


@dataclass(frozen=True, slots=True)
class Why:
    """One reason why people are held or blocked, with the way on."""

    gate: Gate
    count: int
    people: tuple[tuple[str, str], ...]  # name and address of the first few
    fix_url: str | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One look at a text being written."""

    account: AccountRef
    written: DraftRef | None
    kind: Kind
    people: int
    draft: Draft | None
    plan: Plan | None  # None: no text yet, a fault in it, or a list too long
    outlook: Plan | None  # the plan, or what would become of any text
    fault: BadInput | None  # why the text can't be merged
    time_fault: TimeRefused | None
    is_long: bool
    strip: Strip | None
    chips: Chips
    forecast: Forecast | None  # what a bulk send may do to the account's rates (S-12)
    whys: tuple[Why, ...]
    found: Found | None
    sender: SenderRef | None
    balance: Balance
    shown: tuple[PlannedText, ContactRef] | None  # whose phone the preview is
    previews: tuple[tuple[UUID, str], ...]
    notice: str | None  # the free one that follows a first text (S-3)
    fields: tuple[str, ...]  # of the text, that a contact may lack and the text has no word for
    now: datetime

    @property
    def files(self) -> tuple[MediaRef, ...]:
        """The files that go with it."""
        return tuple(m for m in self.draft.media if m.file) if self.draft else ()

    @property
    def other_kinds(self) -> tuple[PlannedText, ...]:
        """One text of each kind beside the one shown: with what is attached, with a link to it."""
        if not self.files or self.plan is None or self.shown is None:
            return ()
        seen, found = {self._kind_of(self.shown[0])}, []
        for text in self.plan.texts:
            if (kind := self._kind_of(text)) not in seen:
                seen.add(kind)
                found.append(text)
        return tuple(found)

    @staticmethod
    def _kind_of(text: PlannedText) -> str:
        if text.outcome is Fate.BLOCKED:
            return "left out"
        return "media" if text.parts and text.parts[0].media else "link"

    @property
    def is_known(self) -> bool:
        """Whether the cost was shown for exactly this text and these people (R-8)."""
        return bool(
            self.plan and self.written and self.written.options.get("shown") == self.plan.key
        )

    @property
    def is_ready(self) -> bool:
        """Whether nothing is left to see or to choose: the button may say Send (R-8)."""
        return self.is_known and not self.lacks_choice and not self.lacks_fallback

    @property
    def opens_at(self) -> datetime | None:
        """When the one person's hours open, where only they hold a hand-typed text (P-3)."""
        gate = self._holds_one
        return gate.held_until if gate and gate.code in HOURS else None

    @property
    def goes_at(self) -> datetime | None:
        """When a text to one person goes that something holds until a time (S-11)."""
        return self._holds_one.held_until if self._holds_one else None

    @property
    def _holds_one(self) -> Gate | None:
        if self.kind is not Kind.ONE_TO_ONE or self.outlook is None or self.outlook.held != 1:
            return None
        return self.outlook.texts[0].gate

    @property
    def asks_consent(self) -> bool:
        """Whether only an agent's word is missing for this one person (C-8)."""
        texts = self.outlook.texts if self.outlook else ()
        if len(texts) != 1 or texts[0].gate is None or not texts[0].e164:
            return False
        return texts[0].gate.code in _ASKABLE

    @property
    def wants_choice(self) -> bool:
        """Whether to choose between leaving out and spreading (RULINGS 16)."""
        return bool(self.plan and self.plan.over_limit and self.kind is Kind.BULK)

    @property
    def lacks_choice(self) -> bool:
        """Whether that choice is still to be made; nothing is sent before."""
        return self.wants_choice and self.draft is not None and self.draft.over_limit is None

    @property
    def lacks_fallback(self) -> tuple[str, ...]:
        """Fields that shall get something else where a value is missing, but nothing is written."""
        if self.draft is None or self.written is None or self.draft.missing != "fallback":
            return ()
        written = self.written.options
        return tuple(
            name
            for name in self.fields
            if not written.get(f"{FALLBACK}{name}", USUAL_FALLBACKS.get(name, ""))
        )


def lay_out(account: AccountRef, written: DraftRef | None, look: Look, now: datetime) -> Sheet:
    """Return what the composer shows of a draft; None is an empty page."""
    tenant = account.tenant
    people_count = len(written.contact_ids) if written else 0
    has_cost = bool(written and written.options.get("shown"))
    is_long = people_count > LIVE_MOST and not (look.whole or has_cost)
    recipients = queries.draft_recipients(tenant, written) if written and not is_long else []
    count = people_count if is_long else len(recipients)
    kind = Kind.ONE_TO_ONE if count == 1 else Kind.BULK
    draft, time_fault = _draft(written, kind, account, now)
    plan, fault = _plan(account, recipients, draft, now) if not is_long else (None, _check(draft))
    outlook = plan or (_outlook(account, recipients, kind, now) if recipients else None)
    shown = _shown(recipients, plan, written)
    return Sheet(
        account=account,
        written=written,
        kind=kind,
        people=count,
        draft=draft,
        plan=plan,
        outlook=outlook,
        fault=fault,
        time_fault=time_fault,
        is_long=is_long,
        strip=None
        if fault
        else _strip(account, recipients, draft, plan, people_count=count, now=now),
        chips=chips(tenant, written, recipients, outlook, look) if written else no_chips(),
        forecast=_forecast(account, plan, kind, now),
        whys=_whys(account, outlook),
        found=search(tenant, look.find) if look.find else None,
        sender=numbers.default_sender(account.id),
        balance=billing.balance(account.id, now),
        shown=shown,
        previews=tuple((r.contact.id, r.contact.full_name) for r in recipients[:_PREVIEWS]),
        notice=_notice(account, shown),
        fields=_fields(draft),
        now=now,
    )


def contact_url(account_id: UUID, contact_id: UUID) -> str:
    """Return the page of a contact: the one with texts and consent where there is one."""
    has = "messaging.contact" in current_app.view_functions
    endpoint = "messaging.contact" if has else "contacts.edit"
    return url_for(endpoint, account_id=account_id, contact_id=contact_id)


def fix_url(account_id: UUID, endpoint: str | None, phone: str | None = None) -> str | None:
    """Return where a reason is mended, if that page is there."""
    if endpoint is None or endpoint not in current_app.view_functions:
        return None
    return url_for(endpoint, account_id=account_id, phone=phone)


def _draft(
    written: DraftRef | None, kind: Kind, account: AccountRef, now: datetime
) -> tuple[Draft | None, TimeRefused | None]:
    if written is None:
        return None, None
    files = attachments(account.tenant, written.file_ids)
    try:
        at = send_time(written.options, account.timezone, now)
    except TimeRefused as fault:
        return draft_of(written, kind, None, files), fault
    return draft_of(written, kind, at, files), None


def _plan(
    account: AccountRef, recipients: Sequence[Recipient], draft: Draft | None, now: datetime
) -> tuple[Plan | None, BadInput | None]:
    if draft is None:
        return None, None
    try:
        return plan_send(account, recipients, draft, now, by=me().user_id), None
    except BadInput as fault:
        return None, fault


def _check(draft: Draft | None) -> BadInput | None:
    """Return what is wrong with the text of a list too long to plan."""
    if draft is None or not (draft.body.strip() or draft.media):
        return EmptyText()
    try:
        unknown = merge.unknown_fields(draft.body)
    except MergeError as fault:
        return fault
    if not unknown:
        return None
    at = draft.body.lower().find("{" + unknown[0]) + 1
    return MergeError(f"nothing is called {{{unknown[0]}}}. Choose a field from the list.", at or 1)


def _outlook(
    account: AccountRef, recipients: Sequence[Recipient], kind: Kind, now: datetime
) -> Plan | None:
    """Return who could be texted at all, while there is no text yet."""
    return plan_send(account, recipients, Draft(_PLACEHOLDER, kind, over_limit="spread"), now)


def _strip(
    account: AccountRef,
    recipients: Sequence[Recipient],
    draft: Draft | None,
    plan: Plan | None,
    *,
    people_count: int,
    now: datetime,
) -> Strip | None:
    """Return the live figures of a text that can be merged."""
    if draft is None:
        return None
    cheaper = None
    if plan and plan.replacements and recipients:
        plain, _ = _plan(
            account, recipients, replace(draft, body=segments.replace(draft.body)), now
        )
        cheaper = plain.credits if plain else None
    return figures.strip(draft.body, plan, people_count, cheaper, len(draft.media))


def _whys(account: AccountRef, outlook: Plan | None) -> tuple[Why, ...]:
    if outlook is None:
        return ()
    found = []
    for reason in outlook.reasons:
        shown = list(islice((t for t in outlook.texts if _is_for(t, reason)), _NAMED))
        named = tuple(
            (text.name, contact_url(account.id, text.contact_id))
            for text in shown
            if text.contact_id
        )
        gate = reason.gate
        is_of_number = gate.code in CALL_LISTS and reason.count == 1
        url = fix_url(account.id, gate.fix_endpoint, shown[0].e164 if is_of_number else None)
        found.append(Why(gate, reason.count, named, url))
    return tuple(found)


def _is_for(text: PlannedText, reason: ReasonCount) -> bool:
    return text.gate is not None and reason_of(text.gate) == reason_of(reason.gate)


def _shown(
    recipients: Sequence[Recipient], plan: Plan | None, written: DraftRef | None
) -> tuple[PlannedText, ContactRef] | None:
    """Return the text of the person the preview shows: the chosen one, else the first who goes."""
    if plan is None or not plan.texts or written is None:
        return None
    by_id: Mapping[str, tuple[PlannedText, ContactRef]] = {
        str(r.contact.id): (t, r.contact) for r, t in zip(recipients, plan.texts, strict=True)
    }
    wanted = by_id.get(written.options.get("preview", ""))
    if wanted:
        return wanted
    pairs = list(by_id.values())
    return next((p for p in pairs if p[0].outcome is not Fate.BLOCKED), pairs[0])


def _forecast(account: AccountRef, plan: Plan | None, kind: Kind, now: datetime) -> Forecast | None:
    if plan is None or kind is not Kind.BULK or not plan.go + plan.held:
        return None
    return health.forecast(account, plan.go + plan.held, now)


def _notice(account: AccountRef, shown: tuple[PlannedText, ContactRef] | None) -> str | None:
    if shown is None or not shown[0].is_first or shown[0].outcome is Fate.BLOCKED:
        return None
    return people.organization_settings(account.organization_id).first_notice(shown[1].language)


def _fields(draft: Draft | None) -> tuple[str, ...]:
    """Return the contact's fields without a fallback of their own in the text."""
    try:
        used = merge.merge(draft.body, {}).missing if draft else ()
    except MergeError:
        return ()
    return tuple(name for name in used if name in CONTACT_FIELDS)
