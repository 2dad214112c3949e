"""The inbox: who wrote, newest first, kept up to date without moving under the pointer (Q-5)."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, g, render_template, request, url_for

from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.desk import addresses
from portal.core.errors import BadInput
from portal.core.formats import clock_time, iso
from portal.core.web import page, takes, wants_partial
from portal.messaging import queries
from portal.messaging.queries.inbox import COUNT_CAP, View
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


class Row(NamedTuple):
    """One conversation as the list shows it: every word, so that its digest tells what changed."""

    id: str
    url: str
    name: str
    initials: str
    at: str  # of the last text, as machines read it
    time: str  # and as people do
    preview: str
    is_unread: bool
    is_ours: bool  # the last word was ours
    is_lead: bool  # nobody has named this number yet (K-6)
    pills: tuple[tuple[str, str], ...]  # kind and label


class Link(NamedTuple):
    """One view to choose, with its count where it has one."""

    label: str
    url: str
    is_current: bool
    number: str


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
        return _digest([row.id for row in self.rows])

    @property
    def seen(self) -> str:
        """Return what changes when anything shown changes."""
        return _digest([self.rows, sorted(self.counts.items())])

    def links(self) -> tuple[list[Link], list[Link]]:
        """Return the views that stand in the row, and the rarer ones, which stand in a menu."""
        plain = inbox_url()
        common: list[Link] = []
        rarer: list[Link] = []
        for view in _offered(self.view):  # which no poll that meets nothing new needs to know
            count = self.counts.get(view, 0)
            link = Link(
                LABELS[view],
                plain if view == "all" else f"{plain}?view={view}",
                view == self.view,
                str(count or "") if count < COUNT_CAP else f"{COUNT_CAP - 1}+",
            )
            (common if view in COMMON else rarer).append(link)
        return common, rarer

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

    def all_url(self) -> str:
        """Return where everybody's newest conversations stand."""
        return inbox_url()

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
        rows=tuple(_rows(found.rows, view, query)),
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
    seen, order, now = request.args.get("seen"), request.args.get("order"), listed.seen
    if seen == now or (seen and request.args.get("told", "").partition(".")[0] == now):
        return Response(status=204)
    if not seen or not order or order == listed.order:
        return None
    newest = listed.rows[0] if listed.rows else None
    response = Response(render_template("messaging/_inbox_news.html", listed=listed, newest=newest))
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#inbox-news", "innerHTML"
    response.vary.add("HX-Request")
    return response


def _rows(found: Sequence[ConversationRef], view: View, query: dict[str, str]) -> Iterator[Row]:
    here, address = ZoneInfo(me().timezone), _conversation_addresses(query)
    now, holders = clock.utcnow().astimezone(here), _holders(found)
    for talk in found:
        name = shown_name(talk.name, talk.e164)
        is_known_lead = is_lead(name, talk.e164)
        waits = talk.needs_answer and not talk.unread and view != "needs_answer"
        marks = (
            (talk.is_opted_out, ("out", "Opted out")),
            (talk.is_held, ("held", "Asked to stop?")),
            (is_known_lead, ("sent", "New lead")),
            (waits, ("watch", "Needs answer")),
            (talk.assignee_id in holders, ("plain", holders.get(talk.assignee_id, ""))),
        )
        yield Row(
            id=str(talk.id),
            url=address(talk.id),
            name=name,
            initials=initials(name),
            at=iso(talk.last_at),
            time=_short_time(talk.last_at.astimezone(here), now),
            preview=talk.preview,
            is_unread=talk.unread > 0,
            is_ours=talk.last_inbound_at != talk.last_at,
            is_lead=is_known_lead,
            pills=tuple(pill for is_so, pill in marks if is_so),
        )


def _holders(found: Sequence[ConversationRef]) -> dict[UUID | None, str]:
    """Return who answers these, by name: nearly always one of those who may, known for the views."""
    ids = {talk.assignee_id for talk in found if talk.assignee_id}
    if not ids:
        return {}
    known: dict[UUID | None, str] = {one.id: one.name for one in accounts.people_of(g.account)}
    if gone := ids - known.keys():
        known |= {id_: one.name for id_, one in people.users(gone).items()}
    return known | {me().user_id: "You"}


def _short_time(local: datetime, now: datetime) -> str:
    """Return '7:52 pm' today, 'Wed' this week, else '12 Aug'."""
    days = (now.date() - local.date()).days
    if days == 0:
        return clock_time(local)
    if days < 7:
        return f"{local:%a}"
    return f"{local.day} {local:%b}" + ("" if local.year == now.year else f" {local:%Y}")


def _offered(view: View) -> list[View]:
    """Return the views a reader is shown: whose a conversation is matters where several answer."""
    hidden: set[View] = set()
    if is_mate():
        hidden |= LABELS.keys() - _TO_MATES
    elif is_reader():
        hidden.add("mine")
    elif len(accounts.people_of(g.account)) < 2:
        hidden |= {"mine", "unassigned"}
        hidden.discard(view)  # asked for by its address
    return [offered for offered in LABELS if offered not in hidden]


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
