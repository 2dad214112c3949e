"""One click stops the traffic that trouble comes from, each cause in its own way (H-8).

A send is paused, a whole account's bulk texts wait; of a plan's step, a list, a number, a person
or words everything waits that many people would get, now and later. All of it is in the audit log
and goes on again: a send on its own page, a whole account's on that of restrictions, the rest by
`lift`. Who waits at a stopped step of a plan keeps the place: nothing overtakes it (P-1).
"""

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from portal.appeals.errors import CantStop
from portal.compliance.rules.causes import Dimension, Trouble
from portal.consent.queries import NO_LIST, source_of
from portal.consent.values import METHOD_WORDS, Method
from portal.contacts import queries as contacts
from portal.core import phone
from portal.core.access import Me
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.formats import plural
from portal.drips.queries import library
from portal.drips.values import DripState
from portal.messaging import queries as messaging
from portal.messaging.queries import stops as standing
from portal.messaging.service import bulk_pause, campaigns, late_places, ramping, stops
from portal.messaging.values import CampaignState, State
from portal.messaging.values.stops import StopKind
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_KINDS: Final = {
    Dimension.SOURCE: StopKind.SOURCE,
    Dimension.WORDING: StopKind.WORDING,
    Dimension.NUMBER: StopKind.NUMBER,
    Dimension.AGENT: StopKind.AGENT,
    Dimension.STEP: StopKind.STEP,
}
_number: Final = re.compile(r"\+?[0-9]{3,15}")  # or a short code
_LATER: Final = "and every bulk or plan text like it that is sent later; texts to one person go on"


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What stopping a cause would do, said before it is done."""

    sentence: str
    is_possible: bool = True
    is_stopped: bool = False


def foresee(account: AccountRef, dimension: Dimension, value: str, person: Me) -> Foreseen:
    """Say what stopping a cause would hold. Raises NotFound, or CantStop for what is none."""
    if dimension is Dimension.CAMPAIGN:
        return _of_campaign(account, _id(value))
    if dimension is Dimension.STEP:
        return _of_step(account, _id(value), person)
    if dimension is Dimension.ACCOUNT:
        if account.bulk_pause is not None:
            return Foreseen("Bulk and plan texts of this account wait already.", is_stopped=True)
        return Foreseen("Holds all bulk and plan texts of this account; texts to one person go on.")
    kind, value = _kind(account, dimension, value)
    if any((s.kind, s.value) == (kind, value) for s in standing.standing_stops(account.tenant)):
        return Foreseen("Stopped already.", is_stopped=True)
    return Foreseen(f"Holds {_waiting(account, kind, value)}, {_LATER}.")


def stop(
    account: AccountRef, dimension: Dimension, value: str, trouble: Trouble, person: Me
) -> str:
    """Stop a cause; return what was done, as people read it.

    Again is harmless. Raises NotFound, CantStop, and what the pauses of sends and plans raise.
    """
    before = foresee(account, dimension, value, person)
    if before.is_stopped:
        return before.sentence
    if not before.is_possible:
        raise CantStop(before.sentence)
    actor, why = person.actor, f"Named as a cause of {trouble}."
    if dimension is Dimension.CAMPAIGN:
        campaigns.pause(account.tenant, _id(value), actor=actor)
        return "The campaign is paused. What the carrier has already goes on."
    if dimension is Dimension.ACCOUNT:
        bulk_pause.pause(account.id, why, actor=actor)
        return "Bulk and plan texts of the account wait."
    label, (kind, value) = _label(account, dimension, value), _kind(account, dimension, value)
    held = stops.stop(account.tenant, kind, value, label=label, why=why, actor=actor)
    return f"{label} is stopped: {plural(held, 'text')} held."


def lift(account: AccountRef, stop_id: UUID, *, reason: str, actor: Actor) -> int:
    """Let stopped traffic go on, and the account slowly; return how many texts waited.

    As after a pause of all bulk texts: the limit of people a day grows with clean days, also for
    what waited (H-5, H-8). Raises BadInput without a reason, NotFound.
    """
    today = accounts.today(account, utcnow())
    freed = stops.lift(account.tenant, stop_id, reason=reason, actor=actor)
    late_places.give_up(account, today)
    ramping.begin_again(account, today, actor=actor)
    return freed


def _of_campaign(account: AccountRef, campaign_id: UUID) -> Foreseen:
    found = messaging.campaign(account.tenant, campaign_id)
    if found.state is CampaignState.PAUSED:
        return Foreseen("The campaign is paused.", is_stopped=True)
    if found.state is CampaignState.CANCELED:
        return Foreseen("The campaign was canceled.", is_stopped=True)
    count = found.count(State.QUEUED, State.HELD, State.CLAIMED)
    if not count:
        return Foreseen("All of it has left: there is nothing to hold.", is_possible=False)
    return Foreseen(f"Holds {plural(count, 'text')} of this campaign that did not leave yet.")


def _of_step(account: AccountRef, step_id: UUID, person: Me) -> Foreseen:
    drip = library.drip_of_step(account.organization_id, step_id)
    if drip.state is not DripState.ACTIVE:
        return Foreseen(f"The plan “{drip.name}” is {drip.state.value}.", is_stopped=True)
    seen = drip.team_id is None or drip.team_id in library.keeper(account, person).seen_team_ids
    if drip.account_id not in (None, account.id) or not seen:
        return Foreseen("Another account or team keeps this plan.", is_possible=False)
    step = library.step_of(account.organization_id, step_id)
    if standing.stopped_steps(account.tenant, [step.body]):
        return Foreseen("Stopped already.", is_stopped=True)
    waits = _waiting(account, StopKind.STEP, standing.step_key(step.body))
    return Foreseen(
        f"Holds this step alone: {waits}, and the texts of whoever comes to it in this account. "
        "Who waits here goes on from here; other steps go on."
    )


def _waiting(account: AccountRef, kind: StopKind, value: str) -> str:
    count = stops.waiting(account.tenant, kind, value)
    return f"{plural(count, 'text')} that {'waits' if count == 1 else 'wait'}"


def _kind(account: AccountRef, dimension: Dimension, value: str) -> tuple[StopKind, str]:
    """Return what is stopped, as texts say it of themselves. Raises CantStop, NotFound."""
    if dimension not in _KINDS:
        raise CantStop("An error code is not sent: stop the list, send or number it comes from.")
    if dimension is Dimension.STEP:
        step = library.step_of(account.organization_id, _id(value))
        return StopKind.STEP, standing.step_key(step.body)
    try:
        if dimension is Dimension.SOURCE:
            value = source_of(value).key
        elif dimension is not Dimension.NUMBER:
            value = str(UUID(value))
    except ValueError:
        raise CantStop(_GONE) from None
    if dimension is Dimension.NUMBER and not _number.fullmatch(value):
        raise CantStop(_GONE)
    return _KINDS[dimension], value


def _id(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise CantStop(_GONE) from None


def _label(account: AccountRef, dimension: Dimension, value: str) -> str:
    """Return what is stopped, by its name. Raises NotFound where it is not of this account."""
    if dimension is Dimension.STEP:
        drip = library.drip_of_step(account.organization_id, _id(value))
        step = library.step_of(account.organization_id, _id(value))
        return f"Step {step.position} of the plan “{drip.name}”"
    kind, value = _kind(account, dimension, value)
    if kind is StopKind.NUMBER:
        return f"Number {phone.show(value)}"
    if kind is StopKind.AGENT:
        user = people.person(UUID(value), account.organization_id)
        return f"Bulk texts of {user.name}" if user else "Bulk texts of somebody who left"
    if kind is StopKind.WORDING:
        body = messaging.campaign(account.tenant, UUID(value)).body
        return f"Texts like “{body[:60]}{'…' if len(body) > 60 else ''}”"
    source = source_of(value)
    if source.import_id != NO_LIST:
        return f"List “{contacts.import_or_404(account.tenant, source.import_id).file_name}”"
    if source.form_name:
        return f"Form “{source.form_name}”"
    return f"Consent “{METHOD_WORDS[Method(source.method)]}”" if source.method else _NO_RECORD


_GONE: Final = "We can't find what is to be stopped. Reload the page."
_NO_RECORD: Final = "Texts without a record of consent"
