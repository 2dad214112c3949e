"""Refuses forms that another website sends in somebody's name, before their token is looked at."""

from typing import Final

from flask import request

from portal.core.addresses import NONE, parts_of
from portal.core.desk import acts_by_cookie
from portal.core.errors import NotAllowed
from portal.core.settings import settings

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS: Final = frozenset({"same-origin", "none"})  # none: typed or reloaded by the person


def check() -> None:
    """Raise NotAllowed when the browser says that a change comes from elsewhere (PROMISES 4 row 2).

    What browsers tell of themselves no page can forge. Where one is too old to tell, its Origin
    must be ours. A Referer that is no address is nobody's page: what checks the token behind this
    takes it apart unguarded. Webhooks and the API carry no cookie's authority and are not asked.
    """
    if request.method in _SAFE or not acts_by_cookie():
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    is_ours = site in _OURS if site else origin is None or _is_our_host(origin)
    referer = request.headers.get("Referer", "")
    if not is_ours or (referer and parts_of(referer) == NONE):
        raise NotAllowed("This came from another website. Open the page here and send it again.")


def _is_our_host(origin: str) -> bool:
    ours = {request.host, parts_of(settings().public_url).netloc}
    return parts_of(origin).netloc in ours
