"""One round of a drain: what came back is written down, what leaves next is cleared.

T3 of some texts and T2 of others share a transaction, and so one commit. Each text is judged
for itself as it would be alone, and never are more texts marked as leaving than threads hand
over: those that came back are written down as the next ones are marked.
"""

from collections.abc import Sequence

from portal.contacts import service as contacts
from portal.core.db import is_sqlite
from portal.gateways.sms import Outcome
from portal.messaging.service import gate, lessons, outbox, outcomes
from portal.messaging.service.claims import Claim
from portal.messaging.service.gate import Submission


def go_round(
    answers: Sequence[tuple[Submission, Outcome]], due: Sequence[Claim]
) -> list[Submission]:
    """Write outcomes down and clear claims, all of one account; return what may leave now.

    Everything is locked first, in the order in which all lock: numbers, then texts (RULINGS 6).
    """
    if answers and due and not is_sqlite():  # there the unit of work holds the one lock
        taught = outcomes.taught(answers)
        about = [lesson.e164 for lesson in taught if lesson.is_about_the_number]
        numbers = [*(claim.e164 for claim in due), *about]
        contacts.lock_known(due[0].organization_id, [e164 for e164 in numbers if e164])
        lessons.lock(taught)
        outbox.lock([*(s.message_id for s, _ in answers), *(claim.id for claim in due)])
    if answers:
        outcomes.record_many(answers)
    return gate.clear_many(due)
