"""Reports made of sums: tiles, charts and the tables that say the same (M-3)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.billing.rules import last_day
from portal.billing.values import Standing
from portal.core.formats import plural
from portal.messaging.rules.stages import LEFT, WENT_WRONG, Stage
from portal.messaging.values import ErrorMeaning
from portal.reports.rules import periods, words
from portal.reports.rules.charts import bar_chart
from portal.reports.rules.periods import Period
from portal.reports.values import (
    CampaignSums,
    CampaignTotal,
    CellKind,
    Column,
    MonthSums,
    Report,
    ReportName,
    Row,
    Sums,
    Table,
    Tile,
)

NAMES: Final[Mapping[str, str]] = {
    ReportName.DAYS: "Usage",
    ReportName.ACCOUNTS: "By account",
    ReportName.PEOPLE: "By person",
    ReportName.CAMPAIGNS: "By campaign",
    ReportName.PLANS: "By plan",
    ReportName.FORMS: "By form",
    ReportName.BASIS: "By consent basis",
    ReportName.DELIVERY: "Delivery",
    ReportName.CALLS: "Calls",
    ReportName.CREDITS: "Credits",
    ReportName.CONSENT: "Consent and opt-outs",
    ReportName.APPEALS: "Appeals",
}
STAGE_WORDS: Final[Mapping[Stage, str]] = {
    Stage.WAITING: "On its way or held",
    Stage.ACCEPTED: "With the carrier",
    Stage.DELIVERED: "Delivered",
    Stage.UNDELIVERED: "Not delivered",
    Stage.FAILED: "Failed before the phone",
    Stage.REJECTED: "Refused by the carrier",
    Stage.BLOCKED: "Blocked",
    Stage.CANCELED: "Canceled",
    Stage.UNCONFIRMED: "Not confirmed, not charged",
    Stage.EXPIRED: "Gave up, not charged",
}
_TEXT, _PERCENT = CellKind.TEXT, CellKind.PERCENT
_OF_TEXTS: Final = (
    Column("Sent"),
    Column("Delivered", is_wide=True),
    Column("Arrived", _PERCENT),
    Column("Went wrong", is_wide=True),
    Column("Not sent", is_wide=True),
    Column("Segments", is_wide=True),
    Column("Credits"),
)
_RECEIVED: Final = (Column("Received"), Column("Credits for received", is_wide=True))


def names(*, is_one: bool) -> dict[str, str]:
    """Return the reports there are, with what they are called; one account has none by account."""
    return {n: label for n, label in NAMES.items() if not (is_one and n == ReportName.ACCOUNTS)}


def days(period: Period, now: Mapping[date, Sums], before: Sums, *, of_one_person: bool) -> Report:
    """Return usage over time: out and in, segments against credits."""
    whole = _total(now.values())
    rows, sent, received = [], [], []
    for piece in periods.pieces(period.span):
        sums = _total(s for day, s in now.items() if piece.span.first <= day <= piece.span.last)
        cells = (piece.label, *_of_texts(sums))
        rows.append(Row(cells if of_one_person else (*cells, *_received(sums))))
        sent.append((piece.label, piece.short, sums.sent))
        received.append((piece.label, piece.short, sums.received))
    unit = periods.unit(period.span)
    charts = [bar_chart("Texts sent", unit, sent)]
    if not of_one_person:
        charts.append(bar_chart("Texts received", unit, received))
    total = ("In all", *_of_texts(whole))
    return Report(
        _tiles(period, whole, before, of_one_person=of_one_person),
        tuple(chart for chart in charts if chart is not None),
        (
            Table(
                "days",
                f"Every {unit}",
                (
                    Column(unit.capitalize(), _TEXT),
                    *_OF_TEXTS,
                    *(() if of_one_person else _RECEIVED),
                ),
                tuple(rows),
                Row(total if of_one_person else (*total, *_received(whole))),
                "A text counts on the day it was confirmed, whatever comes later, so a report of "
                "the past never moves.",
            ),
        )
        if not whole.is_empty
        else (),
    )


def accounts(
    period: Period, names: Mapping[UUID, str], now: Mapping[UUID, Sums], before: Sums
) -> Report:
    """Return what each account sent and received; those without any text stand there too."""
    whole = _total(now.values())
    rows = tuple(
        Row((name, *_of_texts(now.get(id_, Sums())), *_received(now.get(id_, Sums()))), of=id_)
        for id_, name in names.items()
    )
    table = Table(
        "accounts",
        "Accounts",
        (Column("Account", _TEXT), *_OF_TEXTS, *_RECEIVED),
        rows,
        Row(("In all", *_of_texts(whole), *_received(whole))),
        empty="No account yet.",
    )
    return Report(_tiles(period, whole, before, of_one_person=False), (), (table,))


def people(period: Period, senders: Sequence[tuple[UUID, str, Sums]], before: Sums) -> Report:
    """Return who sent what, and what all of them sent in the days before."""
    whole = _total(sums for _, _, sums in senders)
    rows = tuple(
        Row((name, *_of_texts(sums)), of=id_, note=_notices(sums)) for id_, name, sums in senders
    )
    table = Table(
        "people",
        "People",
        (Column("Person", _TEXT), *_OF_TEXTS),
        rows,
        Row(("In all", *_of_texts(whole))),
        "Who confirmed a send counts as its sender.",
        "Nobody sent anything in this period.",
    )
    return Report(_tiles(period, whole, before, of_one_person=True), (), (table,))


def plans(period: Period, found: Sequence[tuple[UUID, str, Sums]], before: Sums) -> Report:
    """Return what the texts of each SmartPlan came to."""
    rows = tuple(Row((name, *_of_texts(sums))) for _, name, sums in found)
    whole = _total(sums for _, _, sums in found)
    table = Table(
        "plans",
        "Plan by plan",
        (Column("SmartPlan", _TEXT), *_OF_TEXTS),
        rows,
        Row(("In all", *_of_texts(whole))),
        "E-mails and tasks of a plan cost no credits. A text counts on the day its step was taken.",
        "No plan sent a text in this period.",
    )
    return Report(_tiles(period, whole, before, of_one_person=True), (), (table,))


def campaigns(
    period: Period,
    found: Sequence[CampaignSums],
    cursor: str | None,
    zone: str,
    totals: tuple[CampaignTotal, CampaignTotal] | None,
) -> Report:
    """Return bulk sends and what became of each.

    `totals` are those of the days and of the days before; None where only some are looked for.
    """
    rows = tuple(
        Row(
            (
                one.name, one.account, one.at.astimezone(ZoneInfo(zone)).date(),
                one.by, one.people, *_of_texts(one.sums),
            ),
            of=one.id,
        )
        for one in found
    )  # fmt: skip
    table = Table(
        "campaigns",
        "Campaigns, newest first",
        (
            Column("Campaign", _TEXT),
            Column("Account", _TEXT, is_wide=True),
            Column("Confirmed", CellKind.DAY, is_wide=True),
            Column("By", _TEXT, is_wide=True),
            Column("People"),
            *_OF_TEXTS,
        ),
        rows,
        foot="Texts to one person are not campaigns; they are in the usage.",
        empty="No campaign was confirmed in this period.",
    )
    return Report(_of_campaigns(period, *totals) if totals else (), (), (table,), cursor)


def delivery(
    period: Period,
    stages: Sequence[tuple[Stage, int, int]],
    meanings: Mapping[int, ErrorMeaning | None],
    now: Sums,
    before: Sums,
) -> Report:
    """Return how far texts came, and what went wrong by the carrier's code with what to do."""
    whole = sum(texts for _, _, texts in stages)
    by_stage = {stage: sum(n for s, _, n in stages if s is stage) for stage in Stage}
    outcome = Table(
        "outcome",
        "How far the texts came",
        (Column("Outcome", _TEXT), Column("Texts"), Column("Share", _PERCENT)),
        tuple(
            Row((STAGE_WORDS[stage], count, count / whole))
            for stage, count in by_stage.items()
            if count
        ),
        Row(("In all", whole, 1.0)) if whole else None,
        empty="No text was confirmed in this period.",
    )
    wrong = [(code, stage, n) for stage, code, n in stages if stage in WENT_WRONG]
    errors = Table(
        "errors",
        "What went wrong",
        (
            Column("Code", _TEXT),
            Column("Outcome", _TEXT, is_wide=True),
            Column("What it means", _TEXT),
            Column("What to do", _TEXT, is_wide=True),
            Column("Texts"),
            Column("Share", _PERCENT),
        ),
        tuple(
            Row(
                (
                    str(code) if code else "None given", STAGE_WORDS[stage],
                    meaning.meaning if (meaning := meanings.get(code)) else "The carrier gave no code",
                    meaning.action if meaning else "Ask the carrier when it happens often",
                    n, n / whole,
                )
            )
            for code, stage, n in wrong
        ),
        empty="Nothing went wrong in this period.",
    )  # fmt: skip
    left = sum(by_stage[stage] for stage in LEFT)
    tiles = (
        Tile("Arrived", words.share(now.delivered_share), words.against(period, words.share(before.delivered_share))),
        Tile("Delivered", f"{now.delivered:,}", f"of {left:,} the carrier took"),
        Tile("Went wrong", f"{now.went_wrong:,}", words.change(period, now.went_wrong, before.went_wrong)),
        Tile("Not sent", f"{now.not_sent:,}", "Blocked, canceled or given up: nothing was charged"),
    )  # fmt: skip
    return Report(tiles if whole else (), (), (outcome, errors))


def credits(  # noqa: A001 (the word of the domain)
    period: Period,
    months: Sequence[MonthSums],
    standings: Sequence[tuple[str, Standing]],
    expiring: Sequence[tuple[str, datetime, int]],
    *,
    texts: Sums,
    before: Sums,
    zone: str,
) -> Report:
    """Return credits used and left, segments against credits, and what expires.

    `zone` is the organization's, at whose midnight lots end (B-4).
    """
    left = sum(standing.balance.available for _, standing in standings)
    reserved = sum(standing.balance.reserved for _, standing in standings)
    soon = sum(standing.balance.expiring_this_month for _, standing in standings)
    tiles = (
        Tile("Credits left", f"{left:,}", f"{reserved:,} set aside for texts on their way"),
        _used(period, texts, before, is_received=True),
        Tile("Expire this month", f"{soon:,}", "Unused for a year by then (B-4)"),
        Tile(
            "Segments a credit",
            f"{texts.charged_segments / texts.credits:.2f}" if texts.credits else "–",
            f"{texts.charged_segments:,} carrier segments, {texts.credits:,} credits for texts out; "
            f"{plural(texts.segments - texts.charged_segments, 'more segment')} free"
            + (f", the house paid {plural(texts.house, 'credit')}" if texts.house else ""),
        ),
    )
    by_month = Table(
        "months",
        "Month by month",
        (Column("Month", _TEXT), Column("Granted"), Column("Used"), Column("Still set aside")),
        tuple(Row((f"{one.month:%B %Y}", one.granted, one.used, one.reserved)) for one in months),
        foot="Months run in the organization’s time zone. A text is in the month in which its "
        "credits were set aside, also when it is charged later.",
        empty="No credits moved in these months.",
    )
    lots = Table(
        "expiring",
        "What expires next",
        (Column("Last day", CellKind.DAY), Column("Account", _TEXT), Column("Credits")),
        tuple(Row((last_day(at, zone), account, n)) for account, at, n in expiring),
        foot="Credits are used oldest first and are gone a year after they were granted.",
        empty="No credits are waiting to expire.",
    )
    accounts_ = Table(
        "balances",
        "Left by account",
        (
            Column("Account", _TEXT),
            Column("Plan", _TEXT, is_wide=True),
            Column("Left"),
            Column("Set aside", is_wide=True),
            Column("Used this month"),
        ),
        tuple(
            Row(
                (
                    name,
                    standing.subscription.plan.name if standing.subscription else "No plan",
                    standing.balance.available,
                    standing.balance.reserved,
                    standing.balance.monthly_used,
                )
            )
            for name, standing in standings
        ),
        empty="No account yet.",
    )
    points = [(f"{m.month:%B %Y}", f"{m.month:%b %y}", m.used) for m in months]
    chart = bar_chart("Credits used", "month", points)
    return Report(tiles, (chart,) if chart else (), (by_month, lots, accounts_))


def _tiles(period: Period, now: Sums, before: Sums, *, of_one_person: bool) -> tuple[Tile, ...]:
    if now.is_empty and before.is_empty:
        return ()
    tiles = [
        Tile("Sent", f"{now.sent:,}", words.change(period, now.sent, before.sent), unit="texts"),
        Tile(
            "Arrived",
            words.share(now.delivered_share),
            words.against(period, words.share(before.delivered_share)),
        ),
    ]
    if not of_one_person:
        note = words.change(period, now.received, before.received)
        tiles.append(Tile("Received", f"{now.received:,}", note, unit="texts"))
    tiles.append(_used(period, now, before, is_received=not of_one_person))
    return tuple(tiles)


def _of_campaigns(period: Period, now: CampaignTotal, before: CampaignTotal) -> tuple[Tile, ...]:
    tiles = _tiles(period, now.sums, before.sums, of_one_person=True)
    if not (now.count or before.count or tiles):
        return ()
    note = words.change(period, now.count, before.count)
    return (Tile("Campaigns", f"{now.count:,}", note, unit="confirmed"), *tiles)


def _used(period: Period, now: Sums, before: Sums, *, is_received: bool) -> Tile:
    """Return the credits that texts of these days cost; a person is charged for none received."""
    used, was = (
        one.credits + (one.received_credits if is_received else 0) for one in (now, before)
    )
    return Tile("Credits", f"{used:,}", words.change(period, used, was), unit="used")


def _of_texts(sums: Sums) -> tuple[int | float | None, ...]:
    return (
        sums.sent, sums.delivered, sums.delivered_share, sums.went_wrong, sums.not_sent,
        sums.segments, sums.credits,
    )  # fmt: skip


def _received(sums: Sums) -> tuple[int, int]:
    return sums.received, sums.received_credits


def _notices(sums: Sums) -> str:
    return f"{sums.notices:,} of them free notices and answers" if sums.notices else ""


def _total(several: Iterable[Sums]) -> Sums:
    return sum(several, Sums())
