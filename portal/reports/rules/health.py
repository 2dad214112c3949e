"""Rates of opt-outs and errors with what they are made of, as tiles, charts and tables (H-3)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.compliance.rules.health import Band, Outcomes, Thresholds, Window
from portal.core import formats, phone
from portal.drips.queries.health import OfStep
from portal.messaging.queries.health import OfCampaign
from portal.messaging.values import ErrorMeaning
from portal.reports.rules import periods
from portal.reports.rules.charts import bar_chart
from portal.reports.rules.periods import Span
from portal.reports.values import CellKind, Column, Report, Row, Table, Tile

_TEXT, _RATE, _BAND = CellKind.TEXT, CellKind.RATE, CellKind.BAND
_LEVELS: Final = {Band.GOOD: "ok", Band.FEW: "", Band.WATCH: "warn", Band.BREACH: "bad"}
_HOUR: Final = timedelta(hours=1)
_COUNTS: Final = (
    Column("Delivered", is_wide=True),
    Column("Opt-outs", is_wide=True),
    Column("Opt-out rate", _RATE),
)
_ERRORS: Final = (
    Column("Sent", is_wide=True),
    Column("Errors", is_wide=True),
    Column("Error rate", _RATE),
)
_JUDGED: Final = (
    *_COUNTS[:-1],
    Column("Opt-out rate", _RATE, is_wide=True),
    Column("Opt-outs are", _BAND),
    *_ERRORS[:-1],
    Column("Error rate", _RATE, is_wide=True),
    Column("Errors are", _BAND),
)
K = TypeVar("K")
Piece = tuple[str, str, Outcomes]  # of time: its label, a short one, and what became of its texts


def of_account(
    by: Thresholds,
    window: Window,
    *,
    hours: Mapping[datetime, Outcomes],
    numbers: Mapping[str, Outcomes],
    campaigns: Sequence[OfCampaign],
    steps: Sequence[OfStep] = (),
    most: int = 20,
    codes: Iterable[tuple[int, ErrorMeaning | None, int]],
    now: datetime,
    zone: str,
) -> Report:
    """Return one account's health. `hours` are those of the longest window, the rest is its own's."""
    whole = {each: _since(hours, each.since(now, by)) for each in Window}
    pieces = list(_pieces(hours, window, now, ZoneInfo(zone), by))
    unit = "hour" if window is Window.DAY else "day"
    charts = (
        bar_chart("Opt-outs", unit, [(long, short, o.opted_out) for long, short, o in pieces]),
        bar_chart("Errors", unit, [(long, short, o.wrong) for long, short, o in pieces]),
    )
    if whole[Window.MONTH] == Outcomes():
        return Report((), (), ())
    return Report(
        tuple(_tiles(whole, by)),
        tuple(chart for chart in charts if chart is not None),
        (
            _judged(
                "windows",
                "Rates",
                "Over the last",
                [(each.words(by), None, whole[each]) for each in Window],
                by,
            ),
            _judged(
                "numbers",
                "Numbers",
                "Number",
                [(phone.show(e164) or "Not known", None, o) for e164, o in _worst(numbers, by)],
                by,
            ),
            _judged(
                "campaigns",
                "Campaigns",
                "Campaign",
                [(_name(each), each.id, each.outcomes) for each in campaigns],
                by,
                foot="Those with the most trouble. An opt-out counts at the last text the person had got. "
                "Outside campaigns: texts to one person.",
            ),
            *(
                [
                    _judged(
                        "steps",
                        "SmartPlans, step by step",
                        "Step",
                        [
                            (one.label, one.drip_id, o)
                            for one, o in _worst({one: one.outcomes for one in steps}, by)[:most]
                        ],
                        by,
                        foot="Those with the most trouble.",
                    )
                ]
                if steps
                else []
            ),
            _codes(codes),
            _trend(unit, pieces),
        ),
    )


def of_accounts(
    by: Thresholds, names: Mapping[UUID, str], found: Mapping[UUID, Outcomes]
) -> Report:
    """Return how each account stands, those in most trouble first; without texts at the end."""
    texted = [(names[id_], id_, outcomes) for id_, outcomes in _worst(found, by)]
    silent = [(name, id_, Outcomes()) for id_, name in names.items() if id_ not in found]
    table = _judged("accounts", "Accounts", "Account", [*texted, *silent], by)
    return Report((), (), (table,))


def _since(hours: Mapping[datetime, Outcomes], since: datetime) -> Outcomes:
    return sum((each for hour, each in hours.items() if hour >= since), Outcomes())


def _pieces(
    hours: Mapping[datetime, Outcomes],
    window: Window,
    now: datetime,
    here: ZoneInfo,
    by: Thresholds,
) -> Iterator[Piece]:
    """Cut a window into its hours, or into days of the account; an hour is of the day it begins in."""
    first = window.since(now, by)
    if window is Window.DAY:
        for hour in (first + n * _HOUR for n in range((now - first) // _HOUR + 1)):
            at = hour.astimezone(here)
            label = f"{at:%a} {formats.clock_time(at)}"
            yield label, f"{at.hour % 12 or 12} {at:%p}".lower(), hours.get(hour, Outcomes())
        return
    days: dict[date, Outcomes] = {}
    for hour, each in hours.items():
        if hour >= first:
            day = hour.astimezone(here).date()
            days[day] = days.get(day, Outcomes()) + each
    for piece in periods.pieces(Span(first.astimezone(here).date(), now.astimezone(here).date())):
        yield piece.label, piece.short, days.get(piece.span.first, Outcomes())


def _tiles(whole: Mapping[Window, Outcomes], by: Thresholds) -> Iterator[Tile]:
    for window in (Window.WEEK, Window.DAY):
        outcomes = whole[window]
        for name, done, (of, events, rate), band in (
            ("Opt-outs", "delivered", _opt_outs(outcomes), outcomes.opt_outs(by)),
            ("Errors", "sent", _errors(outcomes), outcomes.errors(by)),
        ):
            yield Tile(
                f"{name}, {window.words(by)}",
                "–" if rate is None else f"{rate * 100:.2f}",
                f"{band.words}: {events:,} of {of:,} {done}",
                unit="" if rate is None else "%",
                level=_LEVELS[band],
            )


def _worst(found: Mapping[K, Outcomes], by: Thresholds) -> list[tuple[K, Outcomes]]:
    """Return what is judged worst first, then what has the most texts."""
    return sorted(
        found.items(),
        key=lambda one: (-one[1].worst(by).gravity, -one[1].attempted, str(one[0])),
    )


def _name(campaign: OfCampaign) -> str:
    if campaign.id is None:
        return "Outside campaigns"
    return campaign.name if len(campaign.name) <= 60 else f"{campaign.name[:59]}…"


def _judged(
    name: str,
    title: str,
    first: str,
    rows: Iterable[tuple[str, UUID | None, Outcomes]],
    by: Thresholds,
    *,
    foot: str = "",
) -> Table:
    return Table(
        name,
        title,
        (Column(first, _TEXT), *_JUDGED),
        tuple(
            Row(
                (
                    label,
                    *_opt_outs(each), each.opt_outs(by),
                    *_errors(each), each.errors(by),
                ),
                of=id_,
                brief=_brief(each),
            )
            for label, id_, each in rows
        ),
        foot=foot,
        empty="No text left in this time.",
    )  # fmt: skip


def _brief(outcomes: Outcomes) -> str:
    """Return in a line what a phone shows in place of the columns."""
    if not (outcomes.attempted or outcomes.delivered):
        return "No text left"
    return (
        f"{outcomes.opt_out_rate * 100:.2f} % of {outcomes.delivered:,} opted out, "
        f"{outcomes.error_rate * 100:.2f} % of {outcomes.attempted:,} went wrong"
    )


def _codes(codes: Iterable[tuple[int, ErrorMeaning | None, int]]) -> Table:
    found = sorted(codes, key=lambda one: (-one[2], one[0]))
    whole = sum(texts for _, _, texts in found)
    return Table(
        "codes",
        "Errors by code",
        (
            Column("Code", _TEXT),
            Column("What it means", _TEXT),
            Column("What to do", _TEXT, is_wide=True),
            Column("Texts"),
            Column("Share", CellKind.PERCENT),
        ),
        tuple(
            Row(
                (
                    str(code) if code else "None given",
                    meaning.meaning if meaning else "The carrier gave no code",
                    meaning.action if meaning else "Ask the carrier when it happens often",
                    texts,
                    texts / whole,
                )
            )
            for code, meaning, texts in found
        ),
        empty="Nothing went wrong in this time.",
    )


def _trend(unit: str, pieces: Sequence[Piece]) -> Table:
    return Table(
        "trend",
        f"Every {unit}",
        (Column(unit.capitalize(), _TEXT), *_COUNTS, *_ERRORS),
        tuple(Row((label, *_opt_outs(each), *_errors(each))) for label, _, each in pieces),
    )


def _opt_outs(each: Outcomes) -> tuple[int, int, float | None]:
    rate = each.opt_out_rate if each.delivered else None
    return each.delivered, each.opted_out, rate


def _errors(each: Outcomes) -> tuple[int, int, float | None]:
    return each.attempted, each.wrong, each.error_rate if each.attempted else None
