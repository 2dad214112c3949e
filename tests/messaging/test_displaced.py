"""A text that only a list had named, and that never left, ends like any other (I2, I14)."""

from datetime import timedelta

from portal.core.db import unit_of_work
from portal.doctor import service as doctor
from portal.gateways.sms import Listed
from portal.messaging.service import fence, statuses
from portal.messaging.service.statuses import Callback
from portal.messaging.values import TERMINAL, FenceCause, State
from tests.cast import JUNIPER
from tests.factories.messaging import bulk, make_campaign, make_recipient, texts
from workers import messaging, recovery
from workers.sending import apply_statuses


def test_a_displaced_text_that_never_left_ends(northside, sender, carrier_fake, clock):
    """Of two queued twins the list named one, and the callback says it was the other."""
    person = make_recipient(northside)
    for _ in range(2):
        make_campaign(northside, [person], bulk("Same words."))
        clock.travel(by=timedelta(seconds=1))
    first, second = texts(northside)
    sid = "SM" + "a" * 32
    carrier_fake.listed = [
        Listed(
            sid, person.number.e164, sender.e164, "Same words.", "outbound-api", "sent", clock.now
        )
    ]
    with unit_of_work():
        fence.trip_all(FenceCause.OLDER)
    recovery.mend_fenced()
    assert next(t for t in texts(northside) if t.id == first.id).sid == sid
    with unit_of_work():
        statuses.store(Callback(JUNIPER, sid, "delivered", None, second.id, 1, {}))
    apply_statuses()
    for _ in range(3):
        clock.travel(by=timedelta(hours=25))
        messaging.reconcile()
    now = {t.id: t.state for t in texts(northside)}
    assert (now[first.id], now[second.id]) == (State.UNCONFIRMED, State.DELIVERED)
    assert now[first.id] in TERMINAL
    found = [f.sentence for _, fs in doctor.examine_everything() for f in fs]
    assert [sentence for sentence in found if str(first.id) in sentence] == []
