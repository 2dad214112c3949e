"""Taking words and people out of texts, with what was sent and when kept (C-10, C-11).

A text that is still under way keeps its words until it has ended: run it again then.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, delete, null, or_, select

from portal.core.db import db
from portal.core.erasing import ERASED, wipe
from portal.media import queries as media_files
from portal.media import service as media
from portal.messaging.models import (
    Campaign,
    CampaignMedia,
    Conversation,
    InboundMedia,
    InboundText,
    LintReview,
    Message,
    MessageEvent,
    SavedReply,
    SendApproval,
    StrayText,
    TextDraft,
    WebhookEvent,
)
from portal.messaging.service import attaching
from portal.messaging.values import State

_UNDER_WAY: Final = (State.QUEUED, State.HELD, State.CLAIMED, State.SUBMITTING, State.UNKNOWN)


def heard_from(organization_id: UUID, e164: str) -> list[str]:
    """Return the carrier's names of the texts that came from a number."""
    i = InboundText
    return list(
        db.session.scalars(
            select(i.sid).where(i.organization_id == organization_id, i.e164 == e164)
        )
    )


def erase_words(
    organization_id: UUID,
    *,
    before: datetime,
    only: str | None = None,
    but: Iterable[str] = (),
    is_dry: bool,
    limit: int | None = None,
) -> dict[str, int]:
    """Erase what was written before then, both ways, of one number or of all `but` some.

    Returns how many of each kind. Numbers, times, states, costs and the hash of each body stay.
    """
    m, i, c, s = Message, InboundText, Conversation, StrayText
    sent = and_(
        m.organization_id == organization_id,
        m.created_at <= before,
        m.body != ERASED,
        m.state.not_in(_UNDER_WAY),
        _whose(m.e164, only, but),
    )
    received = and_(
        i.organization_id == organization_id,
        i.received_at <= before,
        i.body != ERASED,
        _whose(i.e164, only, but),
    )
    talks = and_(
        c.organization_id == organization_id,
        c.last_at <= before,
        c.preview != ERASED,
        _whose(c.e164, only, but),
    )
    stray = and_(
        s.organization_id == organization_id,
        s.found_at <= before,
        s.body != ERASED,
        _whose(s.e164, only, but),
    )
    k = Campaign
    alone = and_(  # written to one person: its template is what that person got
        k.organization_id == organization_id,
        k.created_at <= before,
        k.body != ERASED,
        k.people == 1,
        k.id.in_(
            select(m.campaign_id).where(
                m.organization_id == organization_id,
                m.campaign_id.is_not(None),
                m.created_at <= before,
                m.state.not_in(_UNDER_WAY),
                _whose(m.e164, only, but),
            )
        ),
    )
    asked = and_(
        LintReview.organization_id == organization_id,
        LintReview.asked_at <= before,
        LintReview.body != ERASED,
    )
    how: Any = {"is_dry": is_dry, "limit": limit}
    counts = {
        "texts_sent": wipe(m, sent, {"body": ERASED, "recipient_name": "", "media": []}, **how),
        "campaigns": wipe(
            k, alone, {"body": ERASED, "name": ERASED, "media": [], "lint": null()}, **how
        ),
        "texts_received": wipe(i, received, {"body": ERASED, "media": [], "payload": {}}, **how),
        "conversations": wipe(c, talks, {"preview": ERASED}, **how),
        "stray_texts": wipe(s, stray, {"body": ERASED}, **how),
        "blocked_texts": 0
        if only is not None  # they are addressed to nobody
        else wipe(LintReview, asked, {"body": ERASED, "findings": []}, **how),
    }
    if is_dry:
        return counts | {"files": _files_behind(alone, received)}
    return counts | {"files": _forget_files(organization_id, before)}


def _files_behind(alone: ColumnElement[bool], received: ColumnElement[bool]) -> int:
    """Count the files that went to nobody else, or came with these texts."""
    sent = select(CampaignMedia.file_id).where(
        CampaignMedia.campaign_id.in_(select(Campaign.id).where(alone))
    )
    came = select(InboundMedia.file_id).where(
        InboundMedia.file_id.is_not(None),
        InboundMedia.message_sid.in_(select(InboundText.sid).where(received)),
    )
    return len(set(db.session.scalars(sent.union(came))))


def _forget_files(organization_id: UUID, before: datetime) -> int:
    """Delete the files whose last text has lost its words, with those still to be fetched."""
    c, i = CampaignMedia, InboundMedia
    has_words = select(Message.id).where(
        Message.campaign_id == c.campaign_id, Message.body != ERASED
    )
    was_erased = select(InboundText.sid).where(
        InboundText.sid == i.message_sid, InboundText.body == ERASED
    )
    freed: set[UUID | None] = set(
        db.session.scalars(
            delete(c)
            .where(
                c.organization_id == organization_id, c.created_at <= before, ~has_words.exists()
            )
            .returning(c.file_id)
        )
    )
    freed |= set(
        db.session.scalars(
            delete(i)
            .where(i.organization_id == organization_id, was_erased.exists())
            .returning(i.file_id)
        )
    )
    return media.forget(organization_id, attaching.free(id_ for id_ in freed if id_ is not None))


def erase_steps(
    organization_id: UUID,
    *,
    before: datetime,
    but: Iterable[str] = (),
    is_dry: bool,
    limit: int | None = None,
) -> int:
    """Erase the facts that gates noted with each step of a text; the steps themselves stay."""
    of_texts = select(Message.id).where(
        Message.organization_id == organization_id, _whose(Message.e164, None, but)
    )
    old = and_(
        MessageEvent.at <= before,
        cast(MessageEvent.facts, Text) != "null",
        MessageEvent.facts.is_not(None),
        MessageEvent.message_id.in_(of_texts),
    )
    return wipe(MessageEvent, old, {"facts": null()}, is_dry=is_dry, limit=limit)


def forget_callbacks(
    organization_id: UUID, *, before: datetime, is_dry: bool, limit: int | None = None
) -> int:
    """Empty the carrier's raw callbacks that were applied; what they said stays with the text."""
    w = WebhookEvent
    old = and_(w.organization_id == organization_id, w.received_at <= before, _can_be_emptied())
    return wipe(w, old, {"payload": {}}, is_dry=is_dry, limit=limit)


def forget_drafts(
    organization_id: UUID, *, before: datetime, is_dry: bool, limit: int | None = None
) -> int:
    """Delete drafts nobody touched since then, and what was settled or archived by then.

    That is sends a second person was asked about, files that went with none, and saved replies
    out of use.
    """
    how: Any = {"is_dry": is_dry, "limit": limit}
    old = and_(TextDraft.organization_id == organization_id, TextDraft.updated_at <= before)
    a = SendApproval
    settled = and_(a.organization_id == organization_id, a.decided_at <= before)
    s = SavedReply
    unused = and_(s.organization_id == organization_id, s.archived_at <= before)
    wiped = wipe(TextDraft, old, None, **how) + wipe(a, settled, None, **how)
    never_sent = attaching.in_no_draft(organization_id, media_files.unused(organization_id, before))
    files = len(never_sent) if is_dry else media.forget(organization_id, never_sent[:limit])
    return wiped + files + wipe(s, unused, None, **how)


def forget_callbacks_of(organization_id: UUID, e164: str, *, before: datetime, is_dry: bool) -> int:
    """Empty the raw callbacks about one number's texts."""
    w = WebhookEvent
    of_number = select(Message.id).where(
        Message.organization_id == organization_id, Message.e164 == e164
    )
    old = and_(
        w.organization_id == organization_id,
        w.received_at <= before,
        w.message_id.in_(of_number),
        _can_be_emptied(),
    )
    return wipe(w, old, {"payload": {}}, is_dry=is_dry)


def _can_be_emptied() -> ColumnElement[bool]:
    """Say which callbacks can lose their words: applied ones that have any left.

    What they are known by stays for ever: its signature never ages, so one that is posted again
    after years must be known still (PROMISES 4, row 7). It names nobody.
    """
    return and_(WebhookEvent.applied_at.is_not(None), cast(WebhookEvent.payload, Text) != "{}")


def texted_since(organization_id: UUID, e164s: Iterable[str], since: datetime) -> set[str]:
    """Return those of these numbers that a text went to, or came from, since then."""
    wanted = list(e164s)
    sent = select(Message.e164).where(
        Message.organization_id == organization_id,
        Message.e164.in_(wanted),
        Message.created_at >= since,
    )
    received = select(InboundText.e164).where(
        InboundText.organization_id == organization_id,
        InboundText.e164.in_(wanted),
        InboundText.received_at >= since,
    )
    return {each for each in db.session.scalars(sent.union(received)) if each is not None}


def _whose(column: Any, only: str | None, but: Iterable[str]) -> ColumnElement[bool]:
    if only is not None:
        return and_(column == only)
    return or_(column.not_in(list(but)), column.is_(None))
