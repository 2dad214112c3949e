"""Signing up by text: the join keyword, the YES to a double opt-in (Q-6), and texts of forms."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql, sqlite

from portal.compliance import queries as compliance
from portal.compliance.rules import windows
from portal.consent import service as consent
from portal.consent.values import MessageKind, Method, NewConsent
from portal.contacts import queries as contacts
from portal.contacts import service as contact_service
from portal.contacts.values import ContactRef, Language
from portal.core import audit, clock, phone
from portal.core.audit import Actor
from portal.core.db import db, is_sqlite
from portal.core.errors import BadInput
from portal.core.tenancy import Tenant, owned
from portal.messaging import queries
from portal.messaging.errors import AnswerLacks
from portal.messaging.models import JoinKeyword, Message
from portal.messaging.rules import joining
from portal.messaging.rules.joining import JoinKeywordRef, JoinWords
from portal.messaging.service import system
from portal.messaging.values import ACCEPTED_FAMILY, IN_DOUBT, Kind
from portal.optin import queries as optin_queries
from portal.optin import service as optin
from portal.optin.values import ConfirmationRef, ConfirmationState
from portal.people import queries as people

ASKS: Final = "double_opt_in"  # the purpose of the text that asks
TELLS: Final = "signed_up"  # of the text that tells of a sign-up on a form
JOINS: Final = "join"  # of the text that answers a keyword
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Heard:
    """A text that signs a person up, as it came."""

    tenant: Tenant
    e164: str
    our_e164: str
    body: str
    sid: str
    at: datetime
    actor: Actor
    person: ContactRef | None


def set_keyword(
    tenant: Tenant,
    word: str,
    words: JoinWords,
    kinds: tuple[MessageKind, ...],
    *,
    is_on: bool,
    actor: Actor,
) -> None:
    """Settle the account's keyword and what it is answered with.

    Raises BadInput for a word that means something else, AnswerLacks for missing points.
    """
    if (why := joining.problem(word)) is not None:
        raise BadInput(why)
    if lacking := joining.missing(words):
        raise AnswerLacks(lacking)
    values = {
        "word": joining.folded(word),
        "is_on": is_on,
        "programme": words.programme,
        "frequency": words.frequency,
        "help_contact": words.help_contact,
        "terms_url": words.terms_url,
        "privacy_url": words.privacy_url,
        "kinds": [kind.value for kind in kinds],
        "language": words.language,
        "changed_at": clock.utcnow(),
        "changed_by": actor.label[:200],
    }
    insert = (sqlite if is_sqlite() else postgresql).insert(JoinKeyword)
    db.session.execute(
        insert.values(
            account_id=tenant.account_id,
            organization_id=tenant.organization_id,
            version=1,
            **values,
        ).on_conflict_do_update(
            index_elements=["account_id"], set_={**values, "version": JoinKeyword.version + 1}
        )
    )
    audit.record(
        "messaging:join-keyword:set",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        word=values["word"],
        is_on=is_on,
    )


def words_of(tenant: Tenant, keyword: JoinKeywordRef) -> JoinWords:
    """Return what the keyword's answer is made of, with the sender's name as it is now."""
    return JoinWords(
        people.organization_settings(tenant.organization_id).sender_name,
        keyword.programme,
        keyword.frequency,
        keyword.help_contact,
        keyword.terms_url,
        keyword.privacy_url,
        keyword.language,
    )


def keyword_heard(tenant: Tenant, body: str) -> JoinKeywordRef | None:
    """Return the account's keyword if the text is it and it is switched on."""
    keyword = queries.join_keyword(tenant)
    is_it = keyword is not None and keyword.is_on and joining.hears(body, keyword.word)
    return keyword if is_it else None


def join(heard: Heard, keyword: JoinKeywordRef) -> str:
    """Record that the person signed up by texting the keyword; return the answer to send.

    The number is locked. The person's own act opens an opted-out number again (Q-2); a text that
    was sent before the latest STOP is kept and opens nothing (I3). A SID records once.
    """
    answer = joining.answer(words_of(heard.tenant, keyword))
    said = heard.body.strip()[:100]
    consent.record_consent(
        heard.tenant,
        NewConsent(
            heard.e164,
            Method.JOIN_KEYWORD,
            given_at=heard.at,
            name=heard.person.full_name if heard.person else "",
            email=heard.person.email if heard.person else "",
            method_details=(
                f'Texted "{said}" to {phone.show(heard.our_e164)} ({heard.sid}); answered with the '
                "disclosure"
            ),
            disclosure_text=answer,
            form_name=f"Join keyword {keyword.word.upper()}",
            form_version=str(keyword.version),
            kinds=keyword.kinds,
            idempotency_key=f"join:{heard.sid}",
        ),
        heard.actor,
    )
    return answer


def asked(tenant: Tenant, e164: str, at: datetime) -> ConfirmationRef | None:
    """Return the double opt-in a YES said then would answer: one whose text had left by then.

    The carrier's record names whole seconds.
    """
    pending = optin_queries.pending_confirmation(tenant, e164, at)
    if pending is None:
        return None
    has_left = select(
        exists().where(
            owned(tenant, Message),
            Message.e164 == e164,
            Message.purpose == ASKS,
            Message.kind == Kind.SYSTEM,
            Message.created_at >= pending.asked_at,
            Message.state.in_(IN_DOUBT | ACCEPTED_FAMILY),
            Message.submitted_at < at + _SECOND,
        )
    )
    return pending if db.session.scalar(has_left) else None


def confirm(heard: Heard, pending: ConfirmationRef) -> str | None:
    """Record the YES to a double opt-in; return the answer, None where it counts no more."""
    record_id = optin.confirm(
        heard.tenant, heard.e164, heard.at, reference=heard.sid, actor=heard.actor
    )
    if record_id is None:
        return None
    if pending.language is Language.ES:
        return (
            f"{pending.sender_name}: su inscripción está confirmada. Responda HELP para ayuda o "
            "STOP para cancelar. Pueden aplicarse tarifas por mensajes y datos."
        )
    return (
        f"{pending.sender_name}: you are signed up. Reply HELP for help or STOP to end. "
        "Message and data rates may apply."
    )


def ask(confirmation_id: UUID) -> bool:
    """Queue the text that asks whether a person signed up, or tells them; say whether it was now.

    It is automated: it waits for the hours of the person's state (P-3). It costs nothing, counts
    towards no limit and is asked for no consent; an opt-out stops it (RULINGS 15).
    """
    pending = optin_queries.confirmation(confirmation_id)
    if pending is None:
        return False
    tenant = pending.tenant
    contact_service.lock_numbers(tenant.organization_id, [pending.e164])
    if not optin.mark_texted(tenant, confirmation_id):
        return False
    is_question = pending.state is ConfirmationState.ASKED
    person = contacts.by_numbers(tenant, [pending.e164]).get(pending.e164)
    opens_at = windows.next_allowed(
        clock.utcnow(),
        state=(person.state or None) if person else None,
        phone=pending.e164,
        automated=True,
        table=compliance.rulebook(tenant.organization_id),
    )
    system.queue_text(
        tenant,
        pending.e164,
        _asking(pending) if is_question else _telling(pending),
        purpose=ASKS if is_question else TELLS,
        contact_id=person.id if person else None,
        name=person.full_name if person else "",
        not_before=opens_at,
    )
    return True


def _asking(pending: ConfirmationRef) -> str:
    if pending.language is Language.ES:
        return (
            f"{pending.sender_name}: ¿se inscribió para recibir nuestros mensajes? Responda YES "
            "para confirmar. Si no fue usted, no haga nada. STOP para cancelar, HELP para ayuda. "
            "Pueden aplicarse tarifas por mensajes y datos."
        )
    return (
        f"{pending.sender_name}: did you sign up for our texts? Reply YES to confirm. If it was "
        "not you, do nothing. Reply STOP to end, HELP for help. Msg&Data Rates May Apply."
    )


def _telling(pending: ConfirmationRef) -> str:
    often = joining.sentence(pending.frequency)
    if pending.language is Language.ES:
        return (
            f"{pending.sender_name}: se inscribió para recibir nuestros mensajes. {often} Responda "
            "HELP para ayuda o STOP para cancelar. Pueden aplicarse tarifas por mensajes y datos."
        )
    return (
        f"{pending.sender_name}: you signed up for our texts. {often} Reply HELP for help or STOP "
        "to end. Message and data rates may apply."
    )
