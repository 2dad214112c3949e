"""What a text means for consent, done at once: STOP ends it, START restores it, talk may do either."""

from uuid import UUID

from portal.consent import service as consent
from portal.consent.values import Method
from portal.core import clock
from portal.core.audit import Actor
from portal.messaging.rules import revocation
from portal.messaging.service import holds, optouts, talks
from portal.messaging.service.incoming import Incoming, Word, is_phone_number, said_at
from portal.texting_accounts.values import AccountRef


def obey(
    account: AccountRef,
    incoming: Incoming,
    keyword: Word | None,
    actor: Actor,
    *,
    was_out: bool,
) -> UUID | None:
    """Store what the text means for consent: STOP cancels, START restores, talk is an inquiry.

    Plain words that end consent hold sending instead (Q-4): then the hold is returned.
    """
    e164 = incoming.from_number
    if not is_phone_number(e164):
        return None  # nobody we could text: there is no consent to change
    if keyword is None:
        talks.tell_of_reply(account.tenant, e164, actor)
    if keyword == "stop":
        optouts.store(
            account.tenant,
            e164,
            source="keyword",
            details=f'Texted "{incoming.body.strip()[:100]}".',
            actor=actor,
            at=incoming.sent_at,
        )
    elif keyword == "start":
        consent.opt_in(
            account.tenant,
            e164,
            at=clock.utcnow(),
            source="keyword",
            provider_at=incoming.sent_at,
            actor=actor,
        )
    elif keyword is None:
        return _hear_talk(account, incoming, actor, was_out=was_out)
    return None


def _hear_talk(
    account: AccountRef, incoming: Incoming, actor: Actor, *, was_out: bool
) -> UUID | None:
    """Store what talk means for consent: an inquiry, or words that end it (Q-4).

    Of who is out such words are their last: a START sent before them that comes after opens
    nothing (I3).
    """
    e164, said = incoming.from_number, revocation.detect(incoming.body)
    words = said.matched or incoming.body
    if not said.is_revocation:
        if not was_out:
            consent.record_inquiry(account.tenant, e164, said_at(incoming), incoming.sid)
        return None
    if not was_out:
        at = incoming.sent_at
        return holds.place(account, e164, words, sid=incoming.sid, said_at=at, actor=actor)
    optouts.store(
        account.tenant,
        e164,
        source=Method.OWN_WORDS,
        details=f'Texted "{words.strip()[:100]}", opted out already.',
        actor=actor,
        at=incoming.sent_at,
    )
    return None
