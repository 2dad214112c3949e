from portal.billing import queries as billing
from portal.messaging.values import State
from tests.factories.messaging import make_campaign, make_recipients, texts
from workers.messaging import drain


def test_a_campaign_goes_out_and_is_charged(northside, sender, carrier_fake):
    make_campaign(northside, make_recipients(northside, 3))
    drain(str(northside.id))
    assert [t.state for t in texts(northside)] == [State.ACCEPTED] * 3
    assert billing.balance(northside.id).spent == 3
    assert billing.balance(northside.id).reserved == 0
