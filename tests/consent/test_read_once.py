"""What a page asks twice of one number's consent is read once, and nothing of many is kept (G6)."""

from portal.consent import queries
from tests.messaging.test_index_use import asked


def test_what_is_known_of_many_numbers_is_not_kept_beside_what_they_came_to(app, northside, clock):
    """A preview asks of 50,000 in one request, 500 at a time (R-8, R14)."""
    one, *many = (f"+1312558{place:04d}" for place in range(4))
    with app.test_request_context(), asked() as statements:
        for _ in range(2):
            queries.standings(northside.tenant, [one], clock.now)
        alone = len(statements)
        for _ in range(2):
            queries.standings(northside.tenant, many, clock.now)
    assert (alone, len(statements) - alone) == (2, 4)
