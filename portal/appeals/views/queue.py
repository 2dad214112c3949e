"""The officers' queue of appeals, and the one of the leads (A-5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import Response, g, url_for

from portal.appeals import queries
from portal.appeals.service import cases
from portal.appeals.values import OVER, CaseRef, State
from portal.appeals.views.blueprint import bp
from portal.appeals.views.showing import STATE_LOOKS
from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.errors import BadInput
from portal.core.web import page, takes
from portal.proofs.queries.handed_out import mark, read_mark
from portal.proofs.views.blueprint import argument
from portal.texting_accounts import queries as accounts

PER_PAGE: Final = 25
_LONGEST: Final = 100  # characters looked for, and of a page mark
_GROUPS: Final = {
    "review": ("To review", (State.IN_REVIEW, State.APPROVED)),
    "carrier": ("With the carrier", (State.SUBMITTED, State.INFORMATION_REQUESTED)),
    "writing": ("Being written", (State.DRAFT, State.RETURNED)),
    "over": ("Decided", tuple(OVER)),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the cases that wait for the same, and where the next ones are."""

    key: str
    title: str
    cases: Sequence[CaseRef]
    first_url: str | None
    next_url: str | None


@bp.get("/organizations/<uuid:organization_id>/appeals")
@requires(Permission.SEND_APPEALS)
@takes("q", "only", "after")
def queue(organization_id: UUID) -> Response:
    """Show the appeals of the accounts a lead or officer reaches, what waits longest first."""
    who, words, only = me(), argument("q", _LONGEST), argument("only")
    if only and only not in _GROUPS:
        raise BadInput(f"only: choose one of {', '.join(_GROUPS)}.")
    reached = accounts.accounts_for(who.user_id, organization_id, who.role)
    return page(
        "appeals/queue.html",
        groups=[_group(organization_id, key, words, only) for key in _GROUPS if only in ("", key)],
        words=words,
        here=url_for(".queue", organization_id=organization_id),
        names={one.id: one.name for one in reached},
        looks=STATE_LOOKS,
        now=clock.utcnow(),
        has_officer=cases.has_officer(g.organization.id),
    )


def _group(organization_id: UUID, key: str, words: str, only: str) -> Group:
    """Return one group; where it stands alone, from the page mark on."""
    title, states = _GROUPS[key]
    after = argument("after", _LONGEST) if only else ""
    found = queries.reached(
        me(), organization_id, states,
        words=words, past=read_mark(after) if after else None, limit=PER_PAGE + 1,
    )  # fmt: skip
    shown = found[:PER_PAGE]

    def url(**more: str) -> str:
        asked: dict[str, Any] = {"q": words, **more} if words else {**more}
        return url_for(".queue", organization_id=organization_id, **asked)

    is_more = len(found) > PER_PAGE
    return Group(
        key,
        title,
        shown,
        url(only=key) if after else None,
        url(only=key, after=mark(*queries.place_of(shown[-1]))) if is_more else None,
    )
