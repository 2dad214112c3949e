"""Keeps the running counts of texts in step with the texts (M-3, I11).

What a transaction changes is gathered and written in one go at its end, after the ledger: one
statement a table, however many texts there are, and a row is locked no longer than the commit
takes. Rows go in one order everywhere (RULINGS 6).
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Table

from portal.compliance.rules.health import hour_of
from portal.consent import queries as consent
from portal.core import counting
from portal.core.counting import Key
from portal.core.db import Last, db, gather_before_commit
from portal.core.tenancy import Tenant
from portal.messaging.models import (
    BasisDay,
    CampaignCount,
    CauseHour,
    FormDay,
    HealthHour,
    OptOutCause,
    ReceivedDay,
    TextDay,
)
from portal.messaging.queries import counts
from portal.messaging.queries.health import Got
from portal.messaging.rules.stages import LEFT, NO_ERROR, Stage, Standing, outcome, standing
from portal.messaging.values import Kind

_TEXTS: Final = cast(Table, TextDay.__table__)
_CAMPAIGNS: Final = cast(Table, CampaignCount.__table__)
_FORMS: Final = cast(Table, FormDay.__table__)
_BASES: Final = cast(Table, BasisDay.__table__)
_HOURS: Final = cast(Table, HealthHour.__table__)
_CAUSES: Final = cast(Table, CauseHour.__table__)
_RECEIVED: Final = cast(Table, ReceivedDay.__table__)


class _Place(NamedTuple):
    """Where a text is counted."""

    organization_id: UUID
    account_id: UUID
    day: date
    user_id: UUID
    kind: Kind
    campaign_id: UUID | None
    stage: str
    error_code: int
    record_id: UUID | None = None  # the consent it rests on, once the carrier has it
    hour: datetime | None = None  # in which it left, once the carrier has it
    from_e164: str = ""  # what it left from, likewise


class _Cause(NamedTuple):
    """Where a text that left is counted, and an opt-out at it: by the hour, as far apart as can be."""

    account_id: UUID
    hour: datetime
    campaign_id: UUID
    user_id: UUID
    record_id: UUID | None  # in the place of its source
    from_e164: str
    error_code: int
    organization_id: UUID


_Causes = dict[_Cause, list[int]]
_Changes = dict[_Place, list[int]]


class Tally:
    """What changes in one go; `keep` has it written at the end of the unit of work."""

    def __init__(self) -> None:
        self._changes: _Changes = defaultdict(lambda: [0, 0, 0])

    def confirm(self, row: Mapping[str, Any]) -> None:
        """Count the row of a text that is about to begin."""
        self._add(
            _Place(
                row["organization_id"],
                row["account_id"],
                row["day"],
                row.get("created_by") or counts.NOBODY,
                row["kind"],
                row["campaign_id"] if row["kind"].is_marketing else None,
                *standing(row["state"], None),
            ),
            1,
            row["segments"],
            row["credits"],
        )

    def move(self, one: Any, was: Standing, now: Standing) -> None:
        """Count a text, as it was locked or moved, where it stands now and no longer where it was.

        One without a day was confirmed before there were counts, and is not counted.
        """
        if was == now or one.day is None:
            return
        for sign, where in ((-1, was), (1, now)):
            has_left = _rests(one.kind, where.stage)
            place = _Place(
                one.organization_id,
                one.account_id,
                one.day,
                one.created_by or counts.NOBODY,
                one.kind,
                one.campaign_id if one.kind.is_marketing else None,
                *where,
                *(
                    (
                        one.consent_record_id,
                        hour_of(one.submitted_at or one.created_at),
                        one.from_e164 or "",
                    )
                    if has_left
                    else ()
                ),
            )
            self._add(place, sign, sign * one.segments, sign * one.credits)

    def keep(self) -> None:
        """Write it with everything else of this unit of work, once, at its end."""
        if self._changes:
            _keep(self._changes, _causes_of(self._changes))

    def _add(self, place: _Place, *by: int) -> None:
        sums = self._changes[place]
        for which, change in enumerate(by):
            sums[which] += change


def receive(tenant: Tenant, day: date, keyword: str | None, segments: int, credits: int) -> None:  # noqa: A002 (the word of the domain)
    """Count one text that came in."""
    key: Key = (tenant.account_id, day, keyword or "", tenant.organization_id)
    gather_before_commit(Last.COUNTS, _write_received, {key: [1, segments, credits]})


def opt_out(tenant: Tenant, got: Got, said_at: datetime) -> None:
    """Count one person who opted out at the last text they had got, and keep which it was (H-3)."""
    assert tenant.account_id is not None  # people opt out of an account
    db.session.add(
        OptOutCause(
            organization_id=tenant.organization_id,
            account_id=tenant.account_id,
            message_id=got.message_id,
            said_at=said_at,
        )
    )
    cause = _Cause(
        tenant.account_id,
        hour_of(said_at),
        got.campaign_id or counts.NOBODY,
        got.sent_by or counts.NOBODY,
        got.record_id,
        got.from_e164 or "",
        NO_ERROR,
        tenant.organization_id,
    )
    _keep({}, {cause: [0, 0, 0, 1]})


def recount(tenant: Tenant) -> None:
    """Make the counts of an account anew from its texts."""
    counting.make_anew(tenant, counts.recounts(tenant))


def _keep(changes: _Changes, causes: _Causes) -> None:
    gather_before_commit(Last.COUNTS, _write_health, causes)
    gather_before_commit(Last.COUNTS, _write_texts, (changes, causes))


def _write_texts(gathered: list[tuple[_Changes, _Causes]]) -> None:
    """Add the changes to the sums of days, campaigns, forms, bases and causes, in this order."""
    tallies = [tally for tally, _ in gathered]
    told = counting.together(causes for _, causes in gathered)
    days: counting.Sums = {}
    campaigns: counting.Sums = {}
    forms: counting.Sums = {}
    bases: counting.Sums = {}
    rested = {place.record_id for tally in tallies for place in tally if place.record_id}
    rested |= {cause.record_id for cause in told if cause.record_id}
    known = consent.origins_of(rested)
    for tally in tallies:
        for place, by in tally.items():
            owner = place.organization_id
            stands = place.stage, place.error_code
            key = (place.account_id, place.day, place.user_id, place.kind, *stands, owner)
            counting.gather(days, key, by)
            if place.campaign_id is not None:
                counting.gather(
                    campaigns, (place.campaign_id, *stands, owner, place.account_id), by
                )
            origin = known.get(place.record_id)
            if origin is not None:
                form = origin.form_name, origin.form_version
                counting.gather(forms, (place.account_id, place.day, *form, place.stage, owner), by)
            if _rests(place.kind, place.stage):
                rests = (origin.method.value, origin.strength.value) if origin else ("", "")
                counting.gather(bases, (place.account_id, place.day, place.kind, *rests, owner), by)
    counting.add(_TEXTS, days)
    counting.add(_CAMPAIGNS, campaigns)
    counting.add(_FORMS, forms)
    counting.add(_BASES, bases)
    counting.add(_CAUSES, _by_source(told, known))


def _causes_of(changes: _Changes) -> _Causes:
    """Return what changes of texts that left come to, each where it is counted."""
    sums: _Causes = {}
    for place, by in changes.items():
        if place.hour is None:
            continue
        cause = _Cause(
            place.account_id,
            place.hour,
            place.campaign_id or counts.NOBODY,
            place.user_id,
            place.record_id,
            place.from_e164,
            place.error_code,
            place.organization_id,
        )
        is_in = outcome(Stage(place.stage))
        counting.gather(sums, cause, [*(by[0] * each for each in is_in), 0])
    return sums


def _by_source(told: _Causes, known: Mapping[UUID | None, consent.Origin]) -> counting.Sums:
    """Put the source of the consent in its record's place."""
    sums: counting.Sums = {}
    for cause, by in told.items():
        account_id, hour, campaign_id, user_id, record_id, *rest = cause
        origin = known.get(record_id)
        source = origin.source if origin else consent.NO_SOURCE
        counting.gather(sums, (account_id, hour, campaign_id, user_id, *source, *rest), by)
    return sums


def _rests(kind: Kind, stage: str) -> bool:
    """Say whether a text counts as one on somebody's consent: no notice, and the carrier has it."""
    return kind is not Kind.SYSTEM and stage in LEFT


def _write_health(gathered: list[_Causes]) -> None:
    """Add the changes to the sums of hours, which tell neither sender nor source apart."""
    hours: counting.Sums = {}
    for cause, by in counting.together(gathered).items():
        key: Key = (
            cause.account_id, cause.hour, cause.from_e164, cause.campaign_id, cause.error_code,
            cause.organization_id,
        )  # fmt: skip
        counting.gather(hours, key, by)
    counting.add(_HOURS, hours)


def _write_received(tallies: list[counting.Sums]) -> None:
    counting.add(_RECEIVED, counting.together(tallies))
