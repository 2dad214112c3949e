"""The inbox: who wrote, newest first, kept up to date without moving under the pointer (Q-5)."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, g, render_template, request, url_for

from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.desk import addresses
from portal.core.errors import BadInput
from portal.core.formats import clock_time
from portal.core.web import page, takes, wants_partial
from portal.messaging import queries
from portal.messaging.queries.inbox import View
from portal.messaging.values import ConversationRef
from portal.messaging.views.blueprint import bp
from portal.messaging.views.polling import is_settled, mark_of
from portal.messaging.views.talking import (
    initials,
    is_lead,
    is_mate,
    is_reader,
    log_view,
    shown_name,
    way,
)
from portal.people import queries as people
from portal.texting_accounts import queries as accounts

LABELS: Final[dict[View, str]] = {
    "all": "All",
    "needs_answer": "Needs answer",
    "mine": "Assigned to me",
    "unassigned": "Unassigned",
    "unread": "Unread",
    "held": "Flagged",
    "opted_out": "Opted out",
}
_TO_MATES: Final[frozenset[View]] = frozenset({"all", "needs_answer", "opted_out"})
_LOOKS_EVERY: Final = 60  # seconds between polls that look at everything, names and days too
COMMON: Final[frozenset[View]] = frozenset({"all", "needs_answer", "unread"})  # stand in the row


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation as the list shows it."""

    talk: ConversationRef
    name: str
    initials: str
    time: str
    is_ours: bool  # the last word was ours
    is_lead: bool  # nobody has named this number yet (K-6)
    url: str
    holder: str  # who answers it, where somebody does


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the inbox with all its template needs."""

    view: View
    rows: tuple[Row, ...]
    counts: dict[str, int]
    next_url: str | None
    first_url: str | None  # back to the newest, from an older page
    query: dict[str, str]
    mark: str  # when the newest change was, before the rows were read

    @property
    def order(self) -> str:
        """Return what changes when rows come, go or move."""
        return _digest([row.talk.id for row in self.rows])

    @property
    def seen(self) -> str:
        """Return what changes when anything shown changes."""
        rows = [(r.talk, r.time, r.is_lead, r.holder) for r in self.rows]
        return _digest([rows, sorted(self.counts.items())])

    @property
    def views(self) -> list[dict[str, Any]]:
        """Return the row of views, each with its count where it has one."""
        offered = _offered(self.view)  # which no poll that meets nothing new needs to know
        return [
            {
                "label": label,
                "url": inbox_url(view=view),
                "is_current": view == self.view,
                "is_common": view in COMMON,
                "count": self.counts.get(view) or None,
            }
            for view, label in LABELS.items()
            if view in offered
        ]

    def poll_url(self) -> str:
        """Return where to ask whether anything changed; an empty list may be filled at once."""
        asked = {"seen": self.seen, "mark": self.mark} | (
            {"order": self.order} if self.rows else {}
        )
        return inbox_url(**self.query, **asked)

    @property
    def told(self) -> str:
        """Return what a poll says it has told of, so that it need not be told again."""
        return f"{self.seen}.{self.mark}"

    def fresh_url(self) -> str:
        """Return where to get the list anew."""
        return inbox_url(**self.query)


@bp.get("/accounts/<uuid:account_id>/inbox")
@requires(Permission.READ_TALKS)
@takes("view", "after", "open", "seen", "order", "mark", "told")
def inbox(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show the conversations; htmx asks here every few seconds for what changed (Q-5)."""
    if wants_partial() and is_settled(
        lambda: queries.changed_at(g.account.tenant),
        [request.args.get("mark", ""), request.args.get("told", "").rpartition(".")[2]],
        every=_LOOKS_EVERY,
    ):
        return Response(status=204)
    listed = listing()
    if wants_partial() and (news := _news(listed)) is not None:
        return news
    log_view("inbox", None)
    return page(
        "messaging/inbox.html",
        "messaging/_inbox_list.html",
        listed=listed,
        open_id=request.args.get("open", ""),
        is_live=is_live(),
        is_news=wants_partial(),
        first_way=way("messaging.compose", "New text") if me().may(Permission.SEND_TEXTS) else None,
    )


def listing() -> Listing:
    """Return the page of the inbox the address asks for."""
    view, after = _view(), request.args.get("after", "")
    stands = queries.tally(g.account.tenant)  # before the rows: what changes between is told again
    found = queries.conversations(
        g.account.tenant, view, after or None, reader=me().user_id, told_only=is_mate()
    )
    query = _kept(view=view if view != "all" else "", after=after)
    return Listing(
        view=view,
        rows=tuple(_rows(found.rows, query)),
        counts={} if is_mate() else {"needs_answer": stands.needs_answer, "unread": stands.unread},
        next_url=inbox_url(view=view, after=found.next_cursor) if found.next_cursor else None,
        first_url=inbox_url(view=view) if after else None,
        query=query,
        mark=mark_of(stands.changed_at),
    )


def is_live() -> bool:
    """Say whether this page asks for news: the newest one does, and that of somebody who only reads never."""
    return not request.args.get("after") and not is_reader()


def inbox_url(**query: str) -> str:
    """Return the address of the inbox with a query; "all" is the plain one."""
    kept = _kept(**{name: v for name, v in query.items() if (name, v) != ("view", "all")})
    address = url_for("messaging.inbox", account_id=g.account.id)
    return f"{address}?{urlencode(kept)}" if kept else address


def conversation_url(conversation_id: UUID, **query: str) -> str:
    """Return the address of a conversation beside the list it was opened from."""
    return _conversation_addresses(query)(conversation_id)


def _conversation_addresses(query: dict[str, str]) -> Callable[[UUID], str]:
    address = addresses("messaging.conversation", "conversation_id", account_id=g.account.id)
    kept = _kept(**query)
    behind = f"?{urlencode(kept)}" if kept else ""
    return lambda conversation_id: address(conversation_id) + behind


def _news(listed: Listing) -> Response | None:
    """Answer a poll: nothing, or a line that says so when rows would move under the pointer."""
    seen, order = request.args.get("seen"), request.args.get("order")
    if seen == listed.seen or (
        seen and request.args.get("told", "").partition(".")[0] == listed.seen
    ):
        return Response(status=204)
    if not seen or not order or order == listed.order:
        return None
    newest = listed.rows[0] if listed.rows else None
    response = Response(render_template("messaging/_inbox_news.html", listed=listed, newest=newest))
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#inbox-news", "innerHTML"
    response.vary.add("HX-Request")
    return response


def _rows(found: Sequence[ConversationRef], query: dict[str, str]) -> list[Row]:
    here, mine = ZoneInfo(me().timezone), me().user_id
    now, address = clock.utcnow().astimezone(here), _conversation_addresses(query)
    rows = []
    holders = people.users({talk.assignee_id for talk in found if talk.assignee_id})
    for talk in found:
        holder = holders.get(talk.assignee_id) if talk.assignee_id else None
        name = shown_name(talk.name, talk.e164)
        rows.append(
            Row(
                talk,
                name,
                initials(name),
                _short_time(talk.last_at.astimezone(here), now),
                is_ours=talk.last_inbound_at != talk.last_at,
                is_lead=is_lead(talk.name, talk.e164),
                url=address(talk.id),
                holder="" if holder is None else "You" if holder.id == mine else holder.name,
            )
        )
    return rows


def _short_time(local: datetime, now: datetime) -> str:
    """Return '7:52 pm' today, 'Wed' this week, else '12 Aug'."""
    days = (now.date() - local.date()).days
    if days == 0:
        return clock_time(local)
    if days < 7:
        return f"{local:%a}"
    return f"{local.day} {local:%b}" + ("" if local.year == now.year else f" {local:%Y}")


def _offered(view: View) -> frozenset[View]:
    """Return the views a reader is shown: whose a conversation is matters where several answer."""
    hidden: set[View] = set()
    if is_mate():
        return _TO_MATES
    if is_reader():
        hidden.add("mine")
    elif len(accounts.people_of(g.account)) < 2:
        hidden |= {"mine", "unassigned"}
        hidden.discard(view)  # asked for by its address
    return frozenset(LABELS) - hidden


def _view() -> View:
    asked = request.args.get("view") or "all"
    if asked not in LABELS or (is_mate() and asked not in _TO_MATES):
        known = ", ".join(LABELS)
        raise BadInput(f"view: there is no such view of the inbox. Choose one of {known}.")
    return asked


def _kept(**query: str) -> dict[str, str]:
    return {name: value for name, value in query.items() if value}


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]
