"""What a program of the customer's asks about one number: may it be texted, and text it (S-1)."""

from portal.billing import queries as billing
from portal.billing.errors import NotEnoughCredits
from portal.contacts import queries as contacts
from portal.core import clock
from portal.core.audit import Actor
from portal.core.db import part_of_work
from portal.core.errors import BadInput, DomainError
from portal.messaging import queries
from portal.messaging.errors import NonceReused, OkNeeded, TextRefused, TextTooLong
from portal.messaging.rules import price, rates
from portal.messaging.service import facts, linting, planning, sending
from portal.messaging.service.wording import LONGEST_TEMPLATE
from portal.messaging.values import Draft, Gate, Kind, OverLimitChoice, Recipient, TextView
from portal.texting_accounts.values import AccountRef


class Refused(DomainError):
    """One text to one number can't go; `gates` are all that are shut, the deciding one first."""

    status = 422
    code = "text_refused"

    def __init__(self, shut: list[Gate]) -> None:
        """Say the deciding gate's own sentence."""
        super().__init__(shut[0].sentence, fix_label=shut[0].fix_label)
        self.gates = shut


def send_one(
    account: AccountRef,
    e164: str,
    body: str,
    kind: Kind,
    *,
    nonce: str,
    actor: Actor,
    takes_warnings: bool = False,
) -> tuple[TextView, ...]:
    """Queue one text by the way every text goes, and return its parts in order.

    Beyond today's limits it waits for a day with room, bulk or not (S-11). Raises Refused,
    having changed nothing, even inside a unit of work that goes on; BadInput, for words that the
    fields make too long as well: no person has looked at them. Or NonceReused.
    """
    over_limit: OverLimitChoice | None = "spread" if kind is Kind.BULK else None
    draft = Draft(body, kind, over_limit=over_limit, is_by_program=True)
    try:
        with part_of_work():
            campaign = sending.reply(
                account,
                e164,
                draft,
                nonce=nonce,
                actor=actor,
                lint_ok=linting.SENT_BEFORE if takes_warnings else "",
            )
            parts = queries.campaign_rows(account.tenant, campaign.id).rows
            length = sum(len(part.body) for part in parts)
            if length > LONGEST_TEMPLATE:
                raise TextTooLong(length, LONGEST_TEMPLATE)
    except (BadInput, NonceReused):
        raise
    except OkNeeded as error:
        raise Refused([Gate(error.code, said) for said in error.warnings]) from error
    except TextRefused as error:
        raise Refused(_first(error.gate, shut_gates(account, e164, kind))) from error
    except NotEnoughCredits as error:
        gate = price.credits_enough(error.needed, error.available)
        assert gate is not None  # that is what was raised
        raise Refused(_first(gate, shut_gates(account, e164, kind))) from error
    return parts


def shut_gates(account: AccountRef, e164: str, kind: Kind) -> list[Gate]:
    """Return every gate that is shut for a short text to a number now; changes nothing."""
    contact = contacts.by_numbers(account.tenant, [e164]).get(e164)
    recipient = (
        Recipient(contact, sending.number_of(contact, e164))
        if contact is not None
        else sending.nobody(account, e164)
    )
    shut = planning.shut_gates(account, recipient, kind, clock.utcnow(), is_by_program=True)
    if recipient.number is None or recipient.number.e164 is None:
        return shut  # what can't be reached has no price
    least = rates.credits("Hello", facts.country_code(recipient.number.e164))
    broke = price.credits_enough(least, billing.balance(account.id).available)
    return [*shut, broke] if broke is not None else shut


def _first(gate: Gate, others: list[Gate]) -> list[Gate]:
    return [gate, *(other for other in others if other.code != gate.code)]
