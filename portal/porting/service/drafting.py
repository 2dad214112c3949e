"""Beginning to bring a number over, and saying what its current carrier knows of it (N-3)."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from portal.core import phone
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import after_commit, db, is_sqlite
from portal.core.tenancy import Tenant, owned
from portal.gateways.uploads import Upload
from portal.numbers import rules as number_rules
from portal.numbers.service import check_allowed
from portal.people import queries as people
from portal.porting import queries
from portal.porting.errors import BroughtAlready, EditedMeanwhile, NotPortable, Underway
from portal.porting.models import PortIn
from portal.porting.service import bills
from portal.porting.service.rows import SECRETS, happened, locked, record, seal
from portal.porting.values import Bill, Checked, Details, PortInRef, State
from portal.texting_accounts.values import AccountRef


def begin(account: AccountRef, checked: Checked, *, actor: Actor) -> PortInRef:
    """Begin to bring a number over that was checked a moment ago; again opens the first.

    What was said of the last one is filled in, secrets apart. Raises NotPortable,
    SubscriptionNeeded or AccountRestricted (B-1, N-7), or BroughtAlready.
    """
    if (existing := queries.open_one(account.tenant, checked.e164)) is not None:
        return existing
    check_allowed(account)
    if not checked.is_portable:
        raise NotPortable(checked.sentence)
    insert = (sqlite if is_sqlite() else postgresql).insert(PortIn)
    made = db.session.scalar(
        insert.values(
            id=uuid4(),
            organization_id=account.organization_id,
            account_id=account.id,
            e164=checked.e164,
            name=phone.show(checked.e164),
            state=State.DRAFT,
            details=_first(account, actor).to_json(),
            needs_pin=checked.needs_pin,
            number_type=checked.number_type,
            edited_by=actor.label[:200],
            created_at=utcnow(),
        )
        .on_conflict_do_nothing()  # somebody else begins it at the same moment
        .returning(PortIn.id)
    )
    if made is None:
        if (existing := queries.open_one(account.tenant, checked.e164)) is not None:
            return existing
        raise BroughtAlready(
            "Another account of your brokerage is bringing this number over already."
        )
    row = db.session.get_one(PortIn, made)
    happened(row, f"{actor.label} began to bring it over.")
    record(row, "begin", actor)
    return queries.get_or_404(account.tenant, made)


def save(
    tenant: Tenant, port_in_id: UUID, changes: Mapping[str, Any], *, edits: int, actor: Actor
) -> PortInRef:
    """Keep what was entered on one page; an empty secret leaves the one that is kept.

    What is still wrong is told, not refused. Raises NotFound, Underway or EditedMeanwhile.
    """
    row = _editable(tenant, port_in_id, edits)
    given = dict(changes)
    fresh = {name: given.pop(name, "") for name in SECRETS}
    name = given.pop("name", row.name) or row.name
    before = Details.from_json(row.details)
    after = replace(before, **given)
    changed = sorted(k for k, v in after.to_json().items() if before.to_json()[k] != v)
    changed += [secret for secret in SECRETS if fresh[secret]]
    changed += ["name"] if name != row.name else []
    for secret, value in fresh.items():
        if value:
            seal(row, secret, value)
    row.details, row.name = after.to_json(), name[: number_rules.NAME_LENGTH]
    return _edited(row, changed, actor)


def attach_bill(
    tenant: Tenant, port_in_id: UUID, upload: Upload, *, edits: int, actor: Actor
) -> PortInRef:
    """Keep a bill in place of the one before. Raises NotFound, Underway or EditedMeanwhile."""
    row = _editable(tenant, port_in_id, edits)
    if row.bill:
        forgotten = Bill(**row.bill)
        after_commit(lambda: bills.forget(forgotten))
    row.bill, row.document_sid = asdict(bills.keep(upload)), None
    return _edited(row, ["bill"], actor)


def _editable(tenant: Tenant, port_in_id: UUID, edits: int) -> PortIn:
    row = locked(tenant, port_in_id)
    if not queries.ref(row).may_be_edited:
        raise Underway("This is with the carriers, so it can't be changed now.")
    if row.edits != edits:
        raise EditedMeanwhile(
            f"{row.edited_by} saved this since you opened it. What you entered is still here: save "
            "again to keep yours, or reload the page to see theirs."
        )
    return row


def _edited(row: PortIn, changed: list[str], actor: Actor) -> PortInRef:
    row.edits += 1
    if changed:
        row.edited_by = actor.label[:200]
        record(row, "edit", actor, fields=changed)
    return queries.ref(row)


def _first(account: AccountRef, actor: Actor) -> Details:
    """Return the details of the account's last port-in, or what is known of the organization."""
    last = db.session.scalar(
        select(PortIn)
        .where(owned(account.tenant, PortIn))
        .order_by(PortIn.created_at.desc())
        .limit(1)
    )
    if last is not None:
        return replace(Details.from_json(last.details), on="", may_sign=False)
    person = people.user(actor.id) if actor.id else None
    known = people.organization_settings(account.organization_id)
    return Details(
        customer_name=known.name,
        representative=person.name if person else "",
        email=person.email if person else "",
    )
