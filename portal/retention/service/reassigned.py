"""Numbers that changed hands (C-13): ask with a file, take the answer in, end the consents.

Any other checker plugs in at `apply`: it gives the same answers. The FCC's database is asked
with a number and the date of the consent, and says whether the number was permanently
disconnected since (47 CFR 64.1200(m)).
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date
from uuid import UUID, uuid4

from portal.consent import queries as consent_queries
from portal.consent import service as consent
from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.tenancy import Tenant
from portal.retention.errors import AnswerRefused
from portal.retention.models import ReassignedCheck
from portal.retention.rules import Answer, Verdict, read_answers

MOST_BYTES = 20_000_000


def question(organization_id: UUID) -> Iterator[str]:
    """Give a CSV file of every number with a consent and its date; US and Canada alone."""
    yield "phone_number,date\r\n"
    asked = set()
    for _, e164, given_at in consent_queries.consents_standing(organization_id):
        pair = (e164, given_at.date())
        if e164.startswith("+1") and pair not in asked:
            asked.add(pair)
            yield f"{e164[2:]},{given_at.date().isoformat()}\r\n"


def take_answer(organization_id: UUID, content: bytes, file_name: str, *, actor: Actor) -> UUID:
    """Take in an answer file and end the consents of its hits. Raises AnswerRefused, naming a line.

    The same file again ends nothing more.
    """
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise AnswerRefused(
            "This is no CSV file in UTF-8. Save the answer as CSV again."
        ) from error
    answers: list[Answer] = []
    for told in read_answers(lines):
        if isinstance(told, int):
            raise AnswerRefused(
                f"Line {told}: expected a phone number, and yes, no or no data. Nothing was changed."
            )
        answers.append(told)
    if not answers:
        raise AnswerRefused("The file holds no answer. Choose the file the database gave back.")
    return apply(
        organization_id,
        answers,
        source=file_name,
        sha256=hashlib.sha256(content).hexdigest(),
        actor=actor,
    )


def apply(
    organization_id: UUID, answers: Iterable[Answer], *, source: str, sha256: str, actor: Actor
) -> UUID:
    """End each consent that was given before its number was disconnected; return the check."""
    standing: dict[str, list[tuple[UUID, date]]] = {}
    for account_id, e164, given_at in consent_queries.consents_standing(organization_id):
        standing.setdefault(e164, []).append((account_id, given_at.date()))
    checked = hits = no_data = unknown = 0
    for answer in answers:
        checked += 1
        no_data += answer.verdict is Verdict.NO_DATA
        consents = standing.get(answer.e164)
        if consents is None:
            unknown += 1
            continue
        if answer.verdict is not Verdict.YES:
            continue
        for account_id, given_on in consents:
            # A consent younger than the date that was asked about may be the new owner's.
            if answer.since is None or given_on <= answer.since:
                ended = consent.end_consent(
                    Tenant(organization_id, account_id),
                    answer.e164,
                    reason=_reason(answer, source),
                    actor=actor,
                )
                hits += ended is not None
    row = ReassignedCheck(
        id=uuid4(),
        organization_id=organization_id,
        file_name=source[-200:],
        sha256=sha256,
        checked=checked,
        hits=hits,
        no_data=no_data,
        unknown=unknown,
        by=actor.label,
    )
    db.session.add(row)
    audit.record(
        "retention:reassigned:check",
        actor=actor,
        organization_id=organization_id,
        subject_id=row.id,
        file_name=row.file_name,
        sha256=sha256,
        checked=checked,
        hits=hits,
    )
    return row.id


def _reason(answer: Answer, source: str) -> str:
    since = f" since {answer.since.isoformat()}" if answer.since else ""
    return f"Number reassigned: permanently disconnected{since}, says {source[-100:]}."
