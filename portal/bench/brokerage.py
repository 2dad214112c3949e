"""What a bench puts into its scratch installation: an account that may text, and people.

The account comes through the services. The people go in as plain rows, because a bench needs
tens of thousands of them and measures something else.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, select

from portal.bench.scratch import Scratch
from portal.billing import queries as billing_queries
from portal.billing import service as billing
from portal.consent import service as consent
from portal.contacts import queries as contacts
from portal.core.access import Role
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.many_rows import survey
from portal.core.secrets_box import Place, box
from portal.messaging.values import Recipient
from portal.people import service as people
from portal.people.values import UserRef
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from portal.texting_accounts.values import AccountRef

ZONE: Final = "America/Chicago"
PASSWORD: Final = "a quiet house by the lake"  # noqa: S105 (of somebody who lives for one bench)
OWN_NUMBER: Final = "+13125550100"
_DISCLOSURE: Final = "I agree to recurring texts about listings. Reply STOP to cancel."
_KINDS: Final = ("one_to_one", "marketing")
_CHUNK: Final = 1_000
_FIRST_EXCHANGE: Final = 200
_LINES: Final = 10_000  # numbers in one exchange


def open_account(
    here: Scratch,
    *,
    credits: int,  # noqa: A002 (the word of the domain)
    segments_per_second: int = 10_000,
) -> AccountRef:
    """Return an account with a plan, these credits besides, a number and the widest limits.

    The number's pace is set far above the real one (1 segment a second), so that a bench
    measures the program and not the pace.
    """
    with unit_of_work():
        billing.seed_catalogue()
        organization = people.create_organization("Bench Realty", timezone=ZONE, actor=SYSTEM)
        team = people.create_team(organization.id, "Bench", actor=SYSTEM)
        account = account_service.open_account(
            organization.id, "Bench", team_id=team.id, actor=SYSTEM
        )
        account_service.set_limits(
            account.id,
            daily_recipients=account_service.MAX_RECIPIENTS,
            daily_segments=account_service.MAX_SEGMENTS,
            note="bench",
            actor=SYSTEM,
        )
    plan = billing_queries.plans()[0]
    with unit_of_work():
        billing.subscribe(account, plan.id, actor=SYSTEM, request_key="bench")
        billing.grant(account, credits, reference="bench")
        _own_a_number(here, account, segments_per_second)
    return _fresh(account.id)


def add_lead(account: AccountRef, name: str = "Bea Lind") -> UserRef:
    """Return a team lead who works in the account."""
    with unit_of_work():
        user = people.create_user(name, f"{uuid4().hex[:8]}@bench.example", PASSWORD)
        people.add_member(
            account.organization_id, user.id, Role.TEAM_LEAD, account.team_id, actor=SYSTEM
        )
        account_service.add_account_member(account.id, user.id, actor=SYSTEM)
    return user


def actor() -> Actor:
    """Return who acts in a bench."""
    return Actor(None, "bench", "127.0.0.1")


def number(place: int) -> str:
    """Return a distinct North American number for each place from 0 to 7,999,999."""
    exchange, line = divmod(place, _LINES)
    return f"+1773{_FIRST_EXCHANGE + exchange:03d}{line:04d}"


def add_people(account: AccountRef, count: int) -> None:
    """Add people who agreed in writing and were texted before, so no first notice follows."""
    with unit_of_work():
        for start in range(0, count, _CHUNK):
            places = range(start, min(start + _CHUNK, count))
            rows = [_rows(account, place) for place in places]
            for name in rows[0]:
                _insert(name, [row[name] for row in rows])
            if start in (0, (count - 1) // _CHUNK * _CHUNK):
                survey(rows[0])  # as an import does
        _insert(
            "contact_counts",
            [
                {
                    "account_id": account.id,
                    "organization_id": account.organization_id,
                    "contacts": count,
                }
            ],
        )
        consent.recount(account.tenant)


def everybody(account: AccountRef) -> list[Recipient]:
    """Return every contact of the account as a recipient, in the order of their numbers."""
    table = db.metadata.tables["contacts"]
    ids: Sequence[UUID] = db.session.scalars(
        select(table.c.id).where(table.c.account_id == account.id).order_by(table.c.preferred_e164)
    ).all()
    return [Recipient(ref, ref.preferred) for ref in contacts.by_ids(account.tenant, ids)]


def _fresh(account_id: UUID) -> AccountRef:
    found = accounts.account(account_id)
    assert found is not None
    return found


def _own_a_number(here: Scratch, account: AccountRef, segments_per_second: int) -> None:
    row_id = uuid4()
    place = Place("carrier_accounts.sealed_token", row_id, account.organization_id)
    _insert(
        "carrier_accounts",
        [
            {
                "id": row_id,
                "organization_id": account.organization_id,
                "account_sid": here.settings.twilio_account_sid,
                "sealed_token": box().seal(here.settings.twilio_auth_token, place),
                "messaging_service_sid": f"MG{uuid4().hex}",
                "created_at": utcnow(),
            }
        ],
    )
    _insert(
        "sender_numbers",
        [
            {
                "id": uuid4(),
                "organization_id": account.organization_id,
                "account_id": account.id,
                "e164": OWN_NUMBER,
                "name": "Bench",
                "state": "ready",
                "request_key": "bench",
                "carrier_sid": f"PN{uuid4().hex}",
                "is_default": True,
                "is_registered": True,
                "can_sms": True,
                "segments_per_second": segments_per_second,
                "ready_at": utcnow(),
            }
        ],
    )


def _rows(account: AccountRef, place: int) -> dict[str, dict[str, Any]]:
    """Return one person's rows by table, in the order in which they must go in."""
    e164, now = number(place), utcnow()
    contact_id, record_id = uuid4(), uuid4()
    tenant = {"organization_id": account.organization_id, "account_id": account.id}
    name = f"P{place}"
    given_at = now - timedelta(days=30)
    return {
        "phone_numbers": {
            "organization_id": account.organization_id,
            "e164": e164,
            "kind": "unknown",
            "region": "US",
            "created_at": now,
        },
        "contacts": {
            **tenant,
            "id": contact_id,
            "first_name": name,
            "last_name": "Bench",
            "sort_name": f"bench {place:09d}",
            "preferred_e164": e164,
            "created_at": given_at,
            "updated_at": given_at,
        },
        "contact_numbers": {
            **tenant,
            "id": uuid4(),
            "contact_id": contact_id,
            "position": 1,
            "e164": e164,
            "raw": e164,
            "kind": "unknown",
            "region": "US",
            "is_preferred": True,
            "is_verified": True,
        },
        "consent_records": {
            **tenant,
            "id": record_id,
            "e164": e164,
            "event": "given",
            "method": "hosted_form",
            "strength": "express_written",
            "kinds": list(_KINDS),
            "name": name,
            "given_at": given_at,
            "recorded_at": given_at,
            "day": given_at.date(),
            "disclosure_text": _DISCLOSURE,
            "checkbox": "checked",
            "audit_subject_id": record_id,
            "sha256": "0" * 64,
        },
        "consent_standings": {
            **tenant,
            "e164": e164,
            "strength": "express_written",
            "kinds": list(_KINDS),
            "record_id": record_id,
            "given_at": given_at,
            "own_act_at": given_at,
            "updated_at": given_at,
        },
        "first_notices": {**tenant, "e164": e164, "created_at": given_at},
    }


def _insert(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    db.session.execute(insert(db.metadata.tables[name]), rows)
