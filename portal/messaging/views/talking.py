"""What the pages of one person share: names, ways on, and the log of looks that only read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, current_app, g, url_for

from portal.consent.rules import HELD
from portal.contacts import queries as contacts
from portal.core import audit, clock, formats
from portal.core.access import Permission, me
from portal.core.db import unit_of_work
from portal.core.errors import NotFound
from portal.dnc.rules import verdict as call_lists
from portal.messaging import queries
from portal.messaging.queries import contact_page
from portal.messaging.queries.contact_page import ReplyBox
from portal.messaging.queries.talk import Talk, talk_by_days
from portal.messaging.service import planning, sending
from portal.messaging.service.sending import number_of
from portal.messaging.values import ConversationRef, Gate, Kind, Recipient
from portal.messaging.views.polling import mark_of
from portal.people import queries as people
from portal.people.values import UserRef
from portal.texting_accounts import queries as accounts


@dataclass(frozen=True, slots=True)
class Hands:
    """Who answers a conversation, and who could."""

    holder: UserRef | None
    people: tuple[UserRef, ...]  # to choose from; nobody where one person is alone

    @property
    def is_mine(self) -> bool:
        """Say whether the reader answers it."""
        return self.holder is not None and self.holder.id == me().user_id


@dataclass(frozen=True, slots=True)
class Look:
    """What an open conversation is seen to have changed by."""

    mark: str  # when it changed last, before the rest was read
    box: ReplyBox
    talk: Talk


CHANGED = "inbox-changed"  # told to the page after something was changed


def is_reader() -> bool:
    """Say whether this person only reads, so that every look is logged: officers, team mates."""
    return not me().may(Permission.SEND_TEXTS)


def is_mate() -> bool:
    """Say whether the reader is a team mate, who sees what people were told of alone (S-4)."""
    return not me().may(Permission.VIEW_CONVERSATIONS)


def talk_of(conversation_id: UUID) -> ConversationRef:
    """Return a conversation the reader may see. Raises NotFound."""
    ref = queries.conversation_by_id(g.account.tenant, conversation_id)
    if is_mate() and not queries.was_told_of_team(g.account.tenant, ref.e164):
        raise NotFound("We can't find that conversation.")
    return ref


def look_at(talk: ConversationRef, before: datetime | None = None) -> Look:
    """Read what is said, or was before a moment, and whether one may answer."""
    tenant = g.account.tenant
    mark = mark_of(queries.talk_changed_at(tenant, talk.id))
    gates = planning.shut_gates(g.account, recipient_of(talk), Kind.ONE_TO_ONE, clock.utcnow())
    box = contact_page.reply_box(gates, may_record=me().may(Permission.RECORD_CONSENT))
    return Look(mark, box, talk_by_days(tenant, talk.e164, me().timezone, before))


def recipient_of(talk: ConversationRef) -> Recipient:
    """Return whom a conversation is with, somebody without a contact included."""
    contact = contacts.by_id(g.account.tenant, talk.contact_id) if talk.contact_id else None
    if contact is None:
        return sending.nobody(g.account, talk.e164)
    return Recipient(contact, number_of(contact, talk.e164))


def log_view(what: str, subject_id: UUID | None) -> None:
    """Write a look of who only reads texts into the audit log (SPEC 1, S-4, RULINGS 23)."""
    if not is_reader():
        return
    with unit_of_work():
        audit.record(
            f"messaging:{what}:view",
            actor=me().actor,
            organization_id=g.account.organization_id,
            account_id=g.account.id,
            subject_id=subject_id,
        )


def hands_of(talk: ConversationRef) -> Hands:
    """Return who answers a conversation, and whom the reader may give it to."""
    able = tuple(accounts.people_of(g.account)) if me().may(Permission.SEND_TEXTS) else ()
    if talk.assignee_id is None:
        return Hands(None, able if len(able) > 1 else ())
    holder = next((one for one in able if one.id == talk.assignee_id), None)
    return Hands(holder or people.users([talk.assignee_id]).get(talk.assignee_id), able)


def changed(response: Response) -> Response:
    """Have the page draw its list of conversations anew, once what was sent is in place."""
    is_swapped = response.status_code != 204
    response.headers["HX-Trigger-After-Swap" if is_swapped else "HX-Trigger"] = CHANGED
    return response


def shown_name(name: str, e164: str) -> str:
    """Return a name, or the number written for people where there is none."""
    return formats.phone(e164) if name in ("", e164) else name


def is_lead(name: str, e164: str) -> bool:
    """Say whether nobody has named this person yet (K-6)."""
    return shown_name(name, e164) == formats.phone(e164)


def initials(name: str) -> str:
    """Return up to two letters for the avatar; a number has none."""
    words = [word for word in name.split() if word[0].isalpha()]
    ends = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0] for word in ends).upper() or "?"


def fix_of(gate: Gate | None, e164: str | None) -> tuple[str, str] | None:
    """Return address and label of what mends a gate's no, where there is a page for it."""
    if gate is None:
        return None
    if gate.code in ("consent_missing", "consent_expired", "consent_insufficient") and e164:
        return way("consent.enter", "Record consent", phone=e164)
    if gate.code in call_lists.CODES and gate.fix_endpoint and e164:
        return way(gate.fix_endpoint, gate.fix_label or "Mend it", phone=e164)
    if gate.code == HELD and e164:
        return way("messaging.revocations", "Read what they wrote", phone=e164)
    if gate.fix_endpoint is None:
        return None
    return way(gate.fix_endpoint, gate.fix_label or "Mend it")


def way(endpoint: str, label: str, **query: Any) -> tuple[str, str] | None:
    """Return address and label of a page of the account, if there is such a page."""
    if not has(endpoint):
        return None
    return url_for(endpoint, account_id=g.account.id, **query), label


def has(endpoint: str) -> bool:
    """Say whether there is such a page."""
    return endpoint in current_app.view_functions
