"""Opting out here who opted out at the number before (N-2, Q-7)."""

from collections.abc import Sequence

from portal.consent.values import Method, NewConsent
from portal.core import phone
from portal.core.audit import SYSTEM
from portal.messaging.service import optouts
from portal.transfers.rules.opt_outs import Stopped
from portal.transfers.values import Order


def opt_out(order: Order, stopped: Sequence[Stopped]) -> int:
    """Opt out who stopped, each text once however often it is read; return how many are new."""
    if not stopped:
        return 0
    where = f"to {phone.show(order.e164 or '')}, in the log of the Twilio account"
    made = [
        NewConsent(
            one.e164,
            Method.KEYWORD,
            given_at=one.at,
            method_details=f"Texted “{one.words}” {where} it came from (text {one.sid}).",
            idempotency_key=f"transfer:{one.sid}",
        )
        for one in stopped
    ]
    kept = optouts.store_many(order.tenant, made, import_id=None, actor=SYSTEM)
    return sum(kept.values())
