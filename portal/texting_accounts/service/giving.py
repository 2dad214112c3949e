"""Giving an account with all it holds to somebody else (SPEC 1)."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select, update

from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import BadInput, NotFound
from portal.people import queries as people
from portal.texting_accounts import queries
from portal.texting_accounts.errors import GivenMeanwhile
from portal.texting_accounts.models import TextingAccount
from portal.texting_accounts.service.keeping import fresh, locked, record
from portal.texting_accounts.values import AccountRef, AccountState


def give_account(
    account: AccountRef,
    *,
    owner_user_id: UUID | None = None,
    team_id: UUID | None = None,
    actor: Actor,
) -> AccountRef:
    """Make an agent, or a team that shares it, the owner of an account as it was read.

    Its number, contacts, conversations, plans, consent records, credits and limits belong to the
    account, so they go with it and none of them is written anew. Raises BadInput without exactly
    one receiver, NotFound for strangers, AccountClosed, and GivenMeanwhile where its owner is
    another by now.
    """
    if (owner_user_id is None) == (team_id is None):
        raise BadInput("An account belongs to one agent or to one team.")
    organization_id = account.organization_id
    if owner_user_id is not None and people.person(owner_user_id, organization_id) is None:
        raise NotFound("We can't find that person here.")
    if team_id is not None and people.team(organization_id, team_id) is None:
        raise NotFound("We can't find that team.")
    a = TextingAccount
    given = db.session.execute(
        update(a)
        .where(
            a.id == account.id,
            a.organization_id == organization_id,
            a.state != AccountState.CLOSED,
            a.owner_user_id.is_not_distinct_from(account.owner_user_id),
            a.team_id.is_not_distinct_from(account.team_id),
        )
        .values(owner_user_id=owner_user_id, team_id=team_id)
        .returning(a.id)
        .execution_options(synchronize_session=False)
    ).first()
    if given is None:
        queries.check_open(account.id)
        raise GivenMeanwhile(account.name)
    record(
        "accounts:account:give",
        account.id,
        organization_id,
        actor,
        before=_plain(account.owner_user_id, account.team_id),
        after=_plain(owner_user_id, team_id),
    )
    return fresh(account.id)


def lock_accounts(account_ids: Iterable[UUID]) -> None:
    """Have whoever else changes some accounts wait for this unit of work, before any of their texts.

    Raises AccountClosed.
    """
    for id_ in sorted(account_ids):
        locked(id_)


def lock_rows(account_ids: Iterable[UUID]) -> None:
    """Lock accounts as they are, closed ones too, before any of their texts (RULINGS 6)."""
    for id_ in sorted(account_ids):
        db.session.execute(
            select(TextingAccount.id)
            .where(TextingAccount.id == id_)
            .with_for_update(key_share=True)
        )


def _plain(owner_user_id: UUID | None, team_id: UUID | None) -> dict[str, str]:
    return {"user": str(owner_user_id)} if owner_user_id else {"team": str(team_id)}
