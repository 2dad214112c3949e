"""Erasing what is known of a number at the person's wish (C-10, PROMISES 4 row 14).

The number itself stays in three places, because law and the wish itself ask for it: on the
do-not-contact list, in consent and opt-out records, and beside what was sent and when. All
else that says who it is goes.
"""

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select, update

from portal.appeals.service import forgetting as appeals
from portal.consent import service as consent
from portal.consent.service import forgetting as consents
from portal.contacts import queries as contact_queries
from portal.contacts import service as contacts
from portal.contacts.rules.numbers import read
from portal.contacts.service import forgetting as people
from portal.core import audit, erasing, phone
from portal.core.audit import SYSTEM, Actor
from portal.core.clock import utcnow
from portal.core.db import after_commit, db
from portal.core.errors import BadInput, NotFound
from portal.core.settings import settings
from portal.core.tenancy import Tenant
from portal.dnc.service import forgetting as call_lists
from portal.dossiers.service import asking as dossiers
from portal.exports import service as exports
from portal.integrations.service import answers
from portal.mail import service as mail
from portal.messaging.service import forgetting as texts
from portal.messaging.service import inbound
from portal.notifications import service as notifications
from portal.optin.service import forgetting as visits
from portal.proofs.service import forgetting as proofs
from portal.retention import queries
from portal.retention.errors import Held
from portal.retention.models import Erasure
from portal.retention.rules import number_hmac
from portal.retention.values import ErasureState
from portal.tasks import service as tasks

_ON_THE_LIST: Final = "Asked to be forgotten"
_LATEST: Final = timedelta(days=30)  # by then every text has ended


def report(organization_id: UUID, number: str, *, reason: str, evidence: str, actor: Actor) -> UUID:
    """Take a request in and count what erasing would take; nothing is erased. Raises BadInput."""
    reading = read(number)
    if reading.e164 is None:
        raise BadInput(f"{reading.why} Write it with its area code, like (312) 555-0150.")
    e164 = reading.e164
    row = Erasure(
        id=uuid4(),
        organization_id=organization_id,
        e164=e164,
        last_digits=e164[-2:],
        number_hmac=hmac_of(organization_id, e164),
        reason=reason,
        evidence=evidence,
        state=ErasureState.REPORTED,
        report=_wipe(organization_id, e164, before=utcnow(), is_dry=True),
        requested_by=actor.label,
    )
    db.session.add(row)
    audit.record(
        "retention:erasure:request",
        actor=actor,
        organization_id=organization_id,
        subject_id=row.id,
        number_hmac=row.number_hmac,
        counts=row.report,
    )
    return row.id


def erase(organization_id: UUID, erasure_id: UUID, *, actor: Actor) -> dict[str, int]:
    """Erase for good, and keep the number from ever being texted. Raises Held, or NotFound.

    A second call finds nothing and changes nothing.
    """
    row = db.session.scalars(
        select(Erasure)
        .where(Erasure.organization_id == organization_id, Erasure.id == erasure_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("We can't find that request.")
    if row.e164 is None:
        return row.report
    if queries.held(organization_id).keeps(row.e164):
        raise Held("A legal hold keeps what is known of this number. Release the hold first.")
    return _do(row, row.e164, actor)


def finish_late() -> int:
    """Erase the words of texts that were under way when their number was erased."""
    done = 0
    recent = db.session.scalars(
        select(Erasure).where(
            Erasure.state == ErasureState.DONE, Erasure.erased_at >= utcnow() - _LATEST
        )
    ).all()
    for organization_id in {row.organization_id for row in recent}:
        own = {r.number_hmac: r for r in recent if r.organization_id == organization_id}
        held = queries.held(organization_id)
        for hmac_, e164 in _found(organization_id, set(own)).items():
            before = own[hmac_].erased_at
            if before is not None and not held.keeps(e164):
                found = texts.erase_words(organization_id, before=before, only=e164, is_dry=False)
                done += sum(found.values())
    return done


def replay() -> int:
    """Erase again what a restored backup brought back, from the list beside the database.

    A number under a hold waits. Returns how many erasures were done again.
    """
    lines = list(_listed())
    known = set(db.session.scalars(select(Erasure.id).where(Erasure.state == ErasureState.DONE)))
    lost = [line for line in lines if UUID(line["id"]) not in known]
    done = 0
    for organization_id in {UUID(line["organization"]) for line in lost}:
        own = {li["number_hmac"]: li for li in lost if UUID(li["organization"]) == organization_id}
        for hmac_, e164 in _found(organization_id, set(own)).items():
            if queries.held(organization_id).keeps(e164):
                continue
            line = own[hmac_]
            row = db.session.get(Erasure, UUID(line["id"]))
            if row is None:
                row = Erasure(
                    id=UUID(line["id"]),
                    organization_id=organization_id,
                    last_digits=e164[-2:],
                    number_hmac=hmac_,
                    reason="Erased before a backup was restored",
                    evidence="the list beside the database",
                    state=ErasureState.REPORTED,
                    report={},
                    requested_by=SYSTEM.label,
                )
                db.session.add(row)
            _do(row, e164, SYSTEM, before=datetime.fromisoformat(line["erased_at"]))
            done += 1
    return done


def hmac_of(organization_id: UUID, e164: str) -> str:
    """Return the keyed hash of a number."""
    return number_hmac(settings().erasure_pepper, organization_id, e164)


def list_file() -> Path:
    """Return where erasures are listed beside the database, by keyed hash, a JSON text a line."""
    return settings().audit_dir / "erasures"


def _do(row: Erasure, e164: str, actor: Actor, *, before: datetime | None = None) -> dict[str, int]:
    now = utcnow()
    contacts.lock_numbers(row.organization_id, [e164])  # comes first in the lock order
    counts = _wipe(row.organization_id, e164, before=before or now, is_dry=False)
    consent.add_do_not_contact(row.organization_id, e164, reason=_ON_THE_LIST, actor=actor)
    row.e164, row.state, row.report = None, ErasureState.DONE, counts
    row.erased_by, row.erased_at = actor.label, before or now
    db.session.flush()  # a second erasure of the same number finds it done
    db.session.execute(
        update(Erasure)
        .where(
            Erasure.organization_id == row.organization_id,
            Erasure.number_hmac == row.number_hmac,
            Erasure.e164.is_not(None),
        )
        .values(e164=None, state=ErasureState.DONE, erased_by=actor.label, erased_at=now)
    )
    audit.record(
        "retention:erasure:do",
        actor=actor,
        organization_id=row.organization_id,
        subject_id=row.id,
        number_hmac=row.number_hmac,
        counts=counts,
    )
    after_commit(lambda: _write_down(row))
    return counts


def _wipe(organization_id: UUID, e164: str, *, before: datetime, is_dry: bool) -> dict[str, int]:
    """Erase, or count, everything about a number that was kept by then."""
    with_it = people.contacts_with(organization_id, e164)
    ids = [contact_id for _, contact_id in with_it]
    imports = {
        *people.imports_that_brought(organization_id, ids),
        *consents.imports_of(organization_id, e164),
    }
    subjects = [*ids, *consents.subjects_of(organization_id, e164)]
    names = [e164, phone.show(e164), *map(str, ids)]
    known = [
        person
        for account_id, contact_id in with_it
        for person in contact_queries.by_ids(Tenant(organization_id, account_id), [contact_id])
    ]
    addresses = {person.email for person in known if person.email}
    counts = {
        # First: who writes in an appeal locks it before texts (RULINGS 6).
        "appeals": appeals.forget_number(organization_id, e164, before=before, is_dry=is_dry),
        "uploads": people.remove_files(organization_id, imports, is_dry=is_dry),
        "consent_records": consents.redact_number(
            organization_id, e164, before=before, is_dry=is_dry
        ),
        "exemptions": call_lists.forget_words(organization_id, e164, before=before, is_dry=is_dry),
        "bundles": proofs.forget_bundles(organization_id, e164, before=before, is_dry=is_dry),
        "text_files": exports.forget_exports(organization_id, before=before, is_dry=is_dry),
        "dossiers": dossiers.forget_dossiers(
            organization_id, words=names, before=before, is_dry=is_dry
        ),
        "visits": visits.forget_visits(organization_id, e164, before=before, is_dry=is_dry),
        "callbacks": texts.forget_callbacks_of(organization_id, e164, before=before, is_dry=is_dry),
        **texts.erase_words(organization_id, before=before, only=e164, is_dry=is_dry),
        "tasks": tasks.forget_about(
            organization_id, [e164, phone.show(e164)], ids, before=before, is_dry=is_dry
        ),
        "notices": notifications.forget_about(
            organization_id,
            names,
            [inbound.notice_key(sid) for sid in texts.heard_from(organization_id, e164)],
            before=before,
            is_dry=is_dry,
        ),
        "answers": answers.forget_about(
            organization_id, [*names, *addresses], before=before, is_dry=is_dry
        ),
        "mails": mail.forget_about(
            organization_id, [*names, *addresses], before=before, is_dry=is_dry
        ),
    }
    entries = erasing.entries_about(
        organization_id, [e164, phone.show(e164)], subjects, before=before
    )
    counts["audit_entries"] = len(entries)
    if not is_dry:
        audit.redact(organization_id, entries)
    counts["contacts"] = len(with_it) if is_dry else people.remove_people(organization_id, with_it)
    return counts


def _found(organization_id: UUID, hmacs: set[str]) -> dict[str, str]:
    """Return the numbers of an organization that have one of these hashes."""
    return {
        hmac_: e164
        for e164 in contact_queries.numbers_known(organization_id)
        if (hmac_ := hmac_of(organization_id, e164)) in hmacs
    }


def _listed() -> Iterator[dict[str, Any]]:
    if list_file().exists():
        for line in list_file().read_text().splitlines():
            yield json.loads(line)


def _write_down(row: Erasure) -> None:
    path = list_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    assert row.erased_at is not None
    line = {
        "id": str(row.id),
        "organization": str(row.organization_id),
        "number_hmac": row.number_hmac,
        "erased_at": row.erased_at.isoformat(),
    }
    if any(each["id"] == line["id"] for each in _listed()):
        return
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
        file.write(f"{json.dumps(line)}\n")
        file.flush()
        os.fsync(file.fileno())
