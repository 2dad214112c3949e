"""Stamps of an RFC 3161 authority on checkpoints of the audit log (C-5), where one is named."""

import logging
from typing import Final

import urllib3
from rfc3161_client import (
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    decode_timestamp_response,
)

from portal.core import checkpoints
from portal.core.db import unit_of_work
from portal.core.errors import GatewayError
from portal.core.settings import settings

logger = logging.getLogger(__name__)

_WITHIN_S: Final = 10.0
_MOST_BYTES: Final = 100_000


class NoStamp(GatewayError):
    """The authority gave no stamp; it is asked again at the next checkpoint."""


def stamp_new() -> int:
    """Have checkpoints stamped that are not yet, the newest first, and keep the stamps.

    Opens its own units of work: nobody waits for an authority inside one. Returns how many
    were stamped; one without an answer waits for the next call.
    """
    url = settings().timestamp_url
    if url is None:
        return 0
    done = 0
    for kept in checkpoints.unstamped():
        try:
            answer = ask(url, kept.note.text.encode())
        except NoStamp as error:
            logger.warning("no time stamp: %s", error)
            break
        with unit_of_work():
            checkpoints.keep_stamp(kept.id, answer)
        done += 1
    return done


def ask(url: str, message: bytes) -> bytes:
    """Return an authority's answer over message, checked to be about it. Raises NoStamp.

    Whether the authority's certificate is to be trusted is for whoever relies on the stamp
    (`openssl ts -verify`): it is not what keeps the log together.
    """
    request = TimestampRequestBuilder().data(message).build()
    try:
        answer = urllib3.request(
            "POST",
            url,
            body=request.as_bytes(),
            headers={"Content-Type": "application/timestamp-query"},
            timeout=_WITHIN_S,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        content = answer.read(_MOST_BYTES)
        answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise NoStamp("the authority did not answer") from error
    if answer.status != 200:
        raise NoStamp(f"the authority answered {answer.status}")
    response = read(content)
    if response.tst_info.nonce != request.nonce:
        raise NoStamp("the stamp answers another request")
    if response.tst_info.message_imprint.message != request.message_imprint.message:
        raise NoStamp("the stamp is of something else")
    return content


def read(content: bytes) -> TimeStampResponse:
    """Return a kept answer. Raises NoStamp for what is none, or a refusal."""
    try:
        response = decode_timestamp_response(content)
    except ValueError as error:
        raise NoStamp("the authority's answer can't be read") from error
    if response.status not in {PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS}:
        raise NoStamp(f"the authority refused (status {response.status})")
    return response
