"""Counting submissions in buckets that every process shares (PROMISES 4 row 8).

The counts live in Redis. While it is away each process counts by itself, in the same sizes: a
form then takes at most so many times as many as there are web processes, and never any number.
"""

import hashlib
import hmac
import logging
from collections.abc import Iterable
from functools import cache

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis import RedisError

from portal.core.settings import settings
from portal.optin.errors import TooMany
from portal.optin.rules.buckets import Bucket

logger = logging.getLogger(__name__)


def take(buckets: Iterable[Bucket]) -> None:
    """Count a submission in each bucket. Raises TooMany, naming the first that is full."""
    for bucket in buckets:
        if not _hit(bucket):
            raise TooMany(bucket.full)


def hashed(what: str, value: str) -> str:
    """Return a keyed hash under which something personal is counted."""
    key = settings().secret_key.encode()
    return hmac.new(key, f"optin {what} {value}".encode(), hashlib.sha256).hexdigest()


def _hit(bucket: Bucket) -> bool:
    item = RateLimitItemPerSecond(bucket.most, bucket.seconds, namespace="optin")
    try:
        return bool(_limiter(settings().redis_url).hit(item, bucket.name, bucket.key))
    except RedisError:
        logger.warning("opt-in buckets are counted in this process: Redis is away")
        return bool(_own_limiter().hit(item, bucket.name, bucket.key))


@cache
def _limiter(redis_url: str) -> MovingWindowRateLimiter:
    url = f"redis+{redis_url}" if redis_url.startswith("unix://") else redis_url
    storage = storage_from_string(url, socket_timeout=2)
    assert isinstance(storage, Storage)
    return MovingWindowRateLimiter(storage)


@cache
def _own_limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())
