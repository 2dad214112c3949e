"""Why one text cost what it cost: the rule it was priced by, and what the ledger says (B-13, R-5)."""

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from sqlalchemy import select

from portal.billing import queries as billing
from portal.billing.values import ChargeRecord
from portal.core import phone
from portal.core.db import db
from portal.core.erasing import ERASED
from portal.core.errors import NotFound
from portal.core.phone import PhoneError
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import InboundText, Message
from portal.messaging.queries import rows
from portal.messaging.rules import rates
from portal.messaging.rules.rates import Reckoning, Word
from portal.messaging.values import Kind, TextView


@dataclass(frozen=True, slots=True)
class ChargeView:
    """One text's price: how it is reckoned, what was charged, from which credits.

    `reckoning` is None where there is nothing to reckon: a free text, one that never became
    a message, one whose words were erased.
    """

    text: TextView
    country_code: int
    reckoning: Reckoning | None
    record: ChargeRecord
    is_erased: bool

    @property
    def is_free(self) -> bool:
        """Say whether it is an automatic text, which costs nothing (RULINGS 15)."""
        return self.text.kind is Kind.SYSTEM

    @property
    def agrees(self) -> bool:
        """Say whether the rule still gives the price that was frozen at confirm (I6)."""
        return self.reckoning is not None and self.reckoning.credits == self.text.credits


def charge(tenant: Tenant, message_id: UUID) -> ChargeView:
    """Return why a text of ours cost what it cost. Raises NotFound."""
    row = db.session.scalar(select(Message).where(owned(tenant, Message), Message.id == message_id))
    if row is None:
        raise NotFound("We can't find that text.")
    is_erased = row.body == ERASED
    reckoning = None
    if not is_erased and row.part and row.kind is not Kind.SYSTEM and (row.body or row.media):
        table = rates.table_on(row.created_at.date())
        reckoning = rates.reckon(row.body, row.country_code, len(row.media), table=table)
    return ChargeView(
        text=rows.outbounds([row])[0],
        country_code=row.country_code,
        reckoning=reckoning,
        record=billing.charge_of_text(tenant, row.id),
        is_erased=is_erased,
    )


def charge_received(tenant: Tenant, sid: str) -> ChargeView:
    """Return why a text that came in cost what it cost. Raises NotFound."""
    row = db.session.scalar(
        select(InboundText).where(owned(tenant, InboundText), InboundText.sid == sid)
    )
    if row is None:
        raise NotFound("We can't find that text.")
    is_erased, code = row.body == ERASED, _country_code(row.e164)
    reckoning = None
    if not is_erased or row.keyword:
        reckoning = rates.reckon_inbound(
            row.body,
            code,
            len(row.media),
            keyword=cast("Word | None", row.keyword),
            table=rates.table_on(row.received_at.date()),
        )
    return ChargeView(
        text=rows.inbound(row),
        country_code=code,
        reckoning=reckoning,
        record=billing.charge_of_received(tenant, f"inbound:{row.sid}"),
        is_erased=is_erased,
    )


def _country_code(sender: str) -> int:
    """Return the country code of who wrote; a short code is of the country of its carrier."""
    try:
        return phone.parse(sender).country_code
    except PhoneError:
        return 1
