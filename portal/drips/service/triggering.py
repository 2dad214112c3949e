"""Plans that take people in by themselves: by a tag, as new leads, by a form, by a program (P-1).

Whoever was in a plan once is not put into it again so: only a person does that (Q-1).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from portal.contacts.rules import people as people_rules
from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db, is_sqlite
from portal.core.errors import BadInput
from portal.core.tenancy import Tenant, owned
from portal.drips.errors import DripArchived
from portal.drips.models import DripTrigger
from portal.drips.queries import enrolments, library
from portal.drips.queries import triggers as queries
from portal.drips.service import enrolling
from portal.drips.values import DripRef, Source
from portal.optin import queries as forms
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef

_BY_ITSELF = (Source.TAG, Source.LEAD, Source.FORM)


def add(
    account: AccountRef, drip_id: UUID, source: Source, word: str = "", *, actor: Actor
) -> None:
    """Have a tag, new leads, or a form (by its id) put people of the account into a plan.

    It holds for whoever comes from now on; again changes nothing. Raises BadInput, NotFound, or
    DripArchived.
    """
    drip = library.drip_of(account.organization_id, drip_id)
    enrolling.check_usable(account, drip)
    row = {
        "organization_id": account.organization_id,
        "account_id": account.id,
        "drip_id": drip_id,
        "source": source,
        "word": _word(account, source, word),
        "created_by": actor.label[:200],
    }
    insert = (sqlite if is_sqlite() else postgresql).insert(DripTrigger).values(row)
    made = db.session.scalar(insert.on_conflict_do_nothing().returning(DripTrigger.id))
    if made is not None:
        _record("add", account, drip, actor, source=source, word=row["word"])


def drop(account: AccountRef, trigger_id: UUID, *, actor: Actor) -> None:
    """Have it put nobody into the plan any more; who is in stays. Again is harmless."""
    t = DripTrigger
    gone = db.session.execute(
        delete(t)
        .where(owned(account.tenant, t), t.id == trigger_id)
        .returning(t.drip_id, t.source, t.word)
    ).one_or_none()
    if gone is not None:
        drip = library.drip_of(account.organization_id, gone.drip_id)
        _record("drop", account, drip, actor, source=gone.source, word=gone.word)


def tagged(tenant: Tenant, wanted: Mapping[UUID, Sequence[str]]) -> None:
    """Put people into the plans of the tags they were given."""
    keys = {id_: {people_rules.tag_key(name) for name in names} for id_, names in wanted.items()}
    plans = queries.plans_of(tenant, Source.TAG, {key for some in keys.values() for key in some})
    for drip_id, words in plans.items():
        people = [id_ for id_, some in keys.items() if some & words]
        _take_in(tenant, drip_id, people, Source.TAG)


def came(tenant: Tenant, contact_id: UUID) -> None:
    """Put a new lead into the plans for new leads."""
    for drip_id in queries.plans_of(tenant, Source.LEAD):
        _take_in(tenant, drip_id, [contact_id], Source.LEAD)


def signed_up(tenant: Tenant, form_id: UUID, contact_id: UUID) -> None:
    """Put somebody who signed up on a form into its plans."""
    for drip_id in queries.plans_of(tenant, Source.FORM, [str(form_id)]):
        _take_in(tenant, drip_id, [contact_id], Source.FORM)


def wished(tenant: Tenant, drip_id: UUID, contact_id: UUID, actor: Actor) -> None:
    """Put somebody into a plan that a program names (SPEC 14), unless they were in it before.

    Raises NotFound, AccountClosed or DripArchived.
    """
    account = _account(tenant)
    accounts.check_open(account.id)
    enrolling.check_usable(account, library.drip_of(tenant.organization_id, drip_id))
    if not queries.ever_in(tenant, drip_id, [contact_id]):
        enrolling.enrol(account, drip_id, [contact_id], source=Source.API, actor=actor)


def _take_in(tenant: Tenant, drip_id: UUID, people: Sequence[UUID], source: Source) -> None:
    account = _account(tenant)
    if accounts.is_closed(account.id):
        return
    if not enrolling.is_usable(account, library.drip_of(tenant.organization_id, drip_id)):
        return  # the account went to another team
    for start in range(0, len(people), enrolments.BATCH):
        some = list(people[start : start + enrolments.BATCH])
        known = queries.ever_in(tenant, drip_id, some)
        fresh = [id_ for id_ in some if id_ not in known]
        if fresh:
            actor = Actor(None, f"by itself: {source}", "plan")
            try:
                enrolling.enrol(account, drip_id, fresh, source=source, actor=actor)
            except DripArchived:
                return  # since we looked; nothing was written, and what brought them in goes on


def _word(account: AccountRef, source: Source, word: str) -> str:
    if source not in _BY_ITSELF:
        raise BadInput("Choose a tag, new leads or a form.")
    if source is Source.LEAD:
        return ""
    if source is Source.TAG:
        tags = people_rules.split_tags(word)
        if len(tags) != 1:
            raise BadInput("Tag: write one tag.")
        return people_rules.tag_key(tags[0])
    return str(forms.form_or_404(account.tenant, _id_of(word)).id)


def _id_of(word: str) -> UUID:
    try:
        return UUID(word)
    except ValueError:
        raise BadInput("Form: choose one of the list.") from None


def _account(tenant: Tenant) -> AccountRef:
    return accounts.get_or_404(tenant)


def _record(verb: str, account: AccountRef, drip: DripRef, actor: Actor, **said: Any) -> None:
    audit.record(
        f"drips:trigger:{verb}",
        actor=actor,
        organization_id=account.organization_id,
        account_id=account.id,
        subject_id=drip.id,
        **said,
    )
