"""Which account wants the officer first, and what changed since yesterday (H-3, H-4, H-6, Q-4)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from textwrap import shorten
from typing import Final
from uuid import UUID

from portal.compliance.rules.health import Band, Outcomes, Thresholds
from portal.core import formats
from portal.messaging.queries.stops import StopRef
from portal.reports.values import Change, Risk, RiskLine
from portal.texting_accounts.values import AccountRef, AccountState, RestrictionRef

YESTERDAY: Final = timedelta(hours=24)
_NOTHING: Final = Outcomes()
_BAD: Final = "bad"
Names = Mapping[UUID, str]
Judged = tuple[UUID, Band, datetime]  # an account, its band and since when


def lines(
    accounts: Iterable[AccountRef],
    by: Thresholds,
    weeks: Mapping[UUID, Outcomes],
    waiting: Mapping[UUID, int],
    short_pages: Mapping[UUID, int],
    *,
    appeals: Mapping[UUID, str],
    stops: Iterable[tuple[UUID, StopRef]] = (),
) -> list[RiskLine]:
    """Return the accounts by risk, the gravest first.

    Of equally grave ones, the one that waits for more stands first, then the one with the higher
    opt-out rate. `waiting` counts the people of an account whose words sounded like a revocation
    (Q-4), `short_pages` its pages that miss one of the ten points (C-9), `appeals` says where its
    open appeal stands (A-5), `stops` what of an account's traffic is stopped, or was (H-8).
    """
    stopped: dict[UUID, list[str]] = defaultdict(list)
    for account_id, stop in stops:
        if stop.lifted_at is None:
            stopped[account_id].append(stop.label)
    found = [
        _line(
            account,
            by,
            weeks.get(account.id, _NOTHING),
            waiting.get(account.id, 0),
            short_pages.get(account.id, 0),
            appeal=appeals.get(account.id),
            stopped=stopped.get(account.id, ()),
        )
        for account in accounts
    ]
    return sorted(
        found,
        key=lambda each: (
            -each.risk,
            -waiting.get(each.account.id, 0),
            -each.week.opt_out_rate,
            -each.week.error_rate,
            each.account.name,
        ),
    )


def changes(
    names: Names,
    since: datetime,
    *,
    judged: Iterable[Judged],
    restrictions: Iterable[RestrictionRef],
    flagged: Iterable[tuple[datetime, str, int]],
    lost: Iterable[tuple[UUID, datetime, str, str]],
    held: Iterable[tuple[UUID, datetime, int]],
    appealed: Iterable[tuple[UUID, datetime, str]],
    stops: Iterable[tuple[UUID, StopRef]] = (),
) -> list[Change]:
    """Return what happened since then, the newest first.

    `judged`: account, its band and since when. `flagged`: when similar texts were flagged, the
    first of them, from how many numbers. `lost`: account, when a page was looked at, its address,
    the points it lost. `held`: account, when the last revocation came, how many since then.
    `appealed`: account, when its appeal moved, and where to. `stops`: what was stopped or lifted.
    """
    happened = chain(
        _crossed(names, judged),
        _restricted(names, restrictions),
        _flagged(flagged),
        _lost(names, lost),
        _held(names, held),
        _appealed(names, appealed),
        _stopped(names, stops),
    )
    lately = [each for each in happened if each.at >= since]
    return sorted(lately, key=lambda each: each.at, reverse=True)


def _line(
    account: AccountRef,
    by: Thresholds,
    week: Outcomes,
    waiting: int,
    short: int,
    *,
    appeal: str | None,
    stopped: Sequence[str],
) -> RiskLine:
    opt_outs, errors, worst = week.opt_outs(by), week.errors(by), week.worst(by)
    risk, whys = Risk.NONE, []
    if account.state is AccountState.SUSPENDED:
        risk = Risk.SUSPENDED
        whys.append(f"Suspended: {account.state_reason or 'the carrier has not said why'}")
    elif account.state is AccountState.PAUSED:
        risk = Risk.STOPPED
        whys.append(f"Paused: {account.state_reason or 'no reason was given'}")
    if appeal is not None:
        whys.append(f"Appeal: {appeal.lower()}")
    if account.bulk_pause is not None:
        risk = max(risk, Risk.STOPPED)
        whys.append(f"Bulk and plan texts wait: {account.bulk_pause}")
    if stopped:
        risk = max(risk, Risk.ASKED)
        whys.append(f"Stopped until somebody lets it go on: {'; '.join(stopped)}")
    if worst.is_bad:
        risk = max(risk, Risk.BREACH if worst is Band.BREACH else Risk.WATCH)
        whys.append(f"{worst.words}: {week.told(by)}")
    if waiting:
        risk = max(risk, Risk.ASKED)
        whys.append(f"{formats.plural(waiting, 'person', 'people')} asked to stop")
    if short:
        risk = max(risk, Risk.ASKED)
        whys.append(f"{formats.plural(short, 'page')} short of the ten points")
    if account.state is AccountState.CLOSED:
        risk, whys = Risk.OVER, ["Closed"]
    return RiskLine(account, risk, tuple(whys), week, opt_outs, errors)


def _crossed(names: Names, judged: Iterable[Judged]) -> Iterator[Change]:
    for account_id, band, at in judged:
        if band is Band.BREACH:
            yield Change(at, "flag", f"{names[account_id]} is in breach", _BAD, None)
        elif band is Band.WATCH:
            yield Change(at, "flag", f"{names[account_id]} is on watch", None, None)


def _restricted(names: Names, restrictions: Iterable[RestrictionRef]) -> Iterator[Change]:
    for each in restrictions:
        what = f"{names[each.account_id]}: {each.kind_label.lower()}"
        yield Change(each.set_at, "pause", what, _BAD, each.reason)
        if each.lifted_at is not None:
            over = f"{names[each.account_id]}: no longer {each.kind_label.lower()}"
            yield Change(each.lifted_at, "play", over, "ok", each.lift_note)


def _stopped(names: Names, stops: Iterable[tuple[UUID, StopRef]]) -> Iterator[Change]:
    for account_id, stop in stops:
        what = f"{names[account_id]}: {stop.label} stopped by {stop.placed_by}"
        yield Change(stop.placed_at, "pause", what, _BAD, stop.why)
        if stop.lifted_at is not None:
            over = f"{names[account_id]}: {stop.label} goes on"
            yield Change(stop.lifted_at, "play", over, "ok", stop.lift_reason)


def _flagged(groups: Iterable[tuple[datetime, str, int]]) -> Iterator[Change]:
    for at, sample, numbers in groups:
        words = f"One wording went from {formats.plural(numbers, 'number')}"
        yield Change(at, "copy", words, _BAD, shorten(sample, 80, placeholder=" …"))


def _lost(names: Names, lost: Iterable[tuple[UUID, datetime, str, str]]) -> Iterator[Change]:
    for account_id, at, url, points in lost:
        yield Change(at, "nodoc", f"{names[account_id]}: a page lost {points}", _BAD, url)


def _held(names: Names, held: Iterable[tuple[UUID, datetime, int]]) -> Iterator[Change]:
    for account_id, at, count in held:
        people = formats.plural(count, "person", "people")
        words = f"{names[account_id]}: {people} asked to stop in their own words"
        yield Change(at, "inbox", words, None, None)


def _appealed(names: Names, moved: Iterable[tuple[UUID, datetime, str]]) -> Iterator[Change]:
    for account_id, at, where in moved:
        yield Change(at, "scale", f"{names[account_id]}: appeal {where}", "accent", None)
