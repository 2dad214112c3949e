"""The carrier's own number of a case, which every later letter about it names (A-6)."""

from typing import Final

from sqlalchemy import update

from portal.appeals import queries
from portal.appeals.errors import BadReply, MovedMeanwhile
from portal.appeals.models import AppealCase
from portal.appeals.service.telling import tell
from portal.appeals.values import CaseRef, Happening
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.tenancy import owned
from portal.core.typed import line

LONGEST: Final = 60  # characters


def name_ticket(case: CaseRef, ticket: str, *, actor: Actor) -> CaseRef:
    """Keep the carrier's ticket number of a case in place of the one seen; empty takes it away.

    Also once the case is over: its number is asked for later, too. The same one again changes
    nothing. Nobody who moves, answers or reviews the case decides by it, so what they have open
    stays good. Raises BadReply for one too long, or MovedMeanwhile.
    """
    ticket = line(ticket, None)
    if len(ticket) > LONGEST:
        raise BadReply("ticket", f"Use at most {LONGEST} characters: the number alone.")
    if ticket == case.carrier_ticket:
        return case
    is_ours = db.session.scalar(
        update(AppealCase)
        .where(
            owned(case.tenant, AppealCase),
            AppealCase.id == case.id,
            AppealCase.carrier_ticket == case.carrier_ticket,
        )
        .values(carrier_ticket=ticket)
        .returning(AppealCase.id)
        .execution_options(synchronize_session=False)
    )
    now = queries.case_or_404(case.tenant, case.id)
    if is_ours is None:
        raise MovedMeanwhile(now.state_label)
    before = f", before {case.carrier_ticket}" if case.carrier_ticket else ""
    tell(now, Happening.TICKET, actor=actor, text=f"{ticket or 'None'}{before}")
    return now
