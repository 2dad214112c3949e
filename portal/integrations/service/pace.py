"""How often a key may ask: counted in Redis, for all web processes together."""

import logging
from uuid import UUID

from redis import RedisError

from portal.core import jobs
from portal.core.clock import utcnow

PER_MINUTE = 120
_MINUTE_S = 60

logger = logging.getLogger(__name__)


def seconds_to_wait(key_id: UUID) -> int:
    """Count a request of a key; return 0, or how long it must wait.

    With Redis down nothing is counted: the pace protects the machine, the gates and limits
    that protect people are in the database.
    """
    minute, second = divmod(int(utcnow().timestamp()), _MINUTE_S)
    name = f"api-pace:{key_id}:{minute}"
    try:
        with jobs.connection().pipeline() as both:
            both.incr(name)
            both.expire(name, 2 * _MINUTE_S)
            asked = int(both.execute()[0])
    except RedisError:
        logger.warning("requests of API keys are not counted: the queue does not answer")
        return 0
    return 0 if asked <= PER_MINUTE else _MINUTE_S - second
