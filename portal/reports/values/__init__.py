"""What the role homes, the list of accounts and the reports show."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from portal.billing.values import Balance, Forecast, Standing
from portal.compliance.rules.health import Band
from portal.dnc.values import SourceRef
from portal.doctor.values import KeptFinding
from portal.messaging.values import Counters
from portal.numbers.values import SenderRef
from portal.registrations.values import BrandDay
from portal.reports.values.board import Board as Board
from portal.reports.values.board import Change as Change
from portal.reports.values.board import Risk as Risk
from portal.reports.values.board import RiskLine as RiskLine
from portal.texting_accounts.values import AccountRef

COUNTED_UP_TO: Final = 10_000  # numbers of a do-not-contact list: what is more is not told apart
CHART_WIDTH: Final = 720
CHART_HEIGHT: Final = 200
CHART_LEFT: Final = 48  # where the figures end and the grid begins


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What the home of one account stands on."""

    has_subscription: bool
    sender: SenderRef | None
    contacts: int
    has_old_opt_outs: bool  # imported, or said to be none
    has_consent: bool
    has_sent: bool
    has_delivered: bool
    balance: Balance
    forecast: Forecast
    counters: Counters
    brand: BrandDay | None  # what all accounts share, where a brand is registered (S-5)
    unread: int
    health: Band  # of the last 7 days (H-3)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the set-up checklist (X-7), as the checklist component draws it."""

    text: str
    state: str  # done or todo
    note: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class ChainState:
    """Whether an organization's audit log holds."""

    entries: int
    is_checked: bool
    fault: str | None


@dataclass(frozen=True, slots=True)
class OrganizationFacts:
    """What the compliance officer's home stands on."""

    board: Board
    opted_out_week: int  # opt-outs of the last 7 days, today among them
    opted_out_today: int
    do_not_contact: int  # counting stops just past COUNTED_UP_TO
    blocked_texts: int  # that somebody asked to release (H-1)
    call_lists: tuple[SourceRef, ...]  # do-not-call lists, the one that runs out first (S-2)
    similar_texts: int  # groups that went from too many numbers (H-2)
    approvals: int  # sends that wait for a second person (S-12)
    chain: ChainState
    findings: tuple[KeptFinding, ...]

    @property
    def do_not_contact_words(self) -> str:
        """Return how many numbers the list has, as a tile says it."""
        is_more = self.do_not_contact > COUNTED_UP_TO
        return f"{COUNTED_UP_TO:,}+" if is_more else f"{self.do_not_contact:,}"


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account as a team lead's list shows it."""

    account: AccountRef
    owner: str
    standing: Standing
    number: str | None  # that it texts from, E.164
    is_registered: bool
    last_at: datetime | None  # of the newest text, out or in
    opted_out: int | None = None  # opt-outs of the last 30 days; None: not asked

    @property
    def plan_name(self) -> str | None:
        """Return the name of the running plan."""
        running = self.standing.subscription
        return running.plan.name if running else None

    @property
    def used(self) -> int:
        """Return the credits used this month, texts on their way included (B-11)."""
        return self.standing.balance.used_this_month

    @property
    def used_percent(self) -> int:
        """Return how much of the month's credits that is."""
        return self.standing.balance.used_percent


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """What of the list of accounts is asked for."""

    words: str = ""
    state: str = ""
    plan: str = ""
    sort: str = "name"
    is_down: bool = False

    @property
    def is_narrow(self) -> bool:
        """Say whether anything is filtered away."""
        return bool(self.words or self.state or self.plan)


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Some accounts, the ids of all that match, and the mark after which the next page begins."""

    lines: tuple[AccountLine, ...]
    ids: tuple[UUID, ...]  # in the order that was asked for
    after: str | None


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures a report shows: one account's, or those of several of an organization."""

    organization_id: UUID
    organization: str
    zone: str
    accounts: tuple[AccountRef, ...]
    is_one: bool  # an account's own report

    @property
    def account_ids(self) -> list[UUID]:
        """Return which accounts."""
        return [account.id for account in self.accounts]

    def by_zone(self) -> dict[str, list[UUID]]:
        """Return the accounts by their time zone."""
        zones: dict[str, list[UUID]] = {}
        for account in self.accounts:
            zones.setdefault(account.timezone, []).append(account.id)
        return zones

    @property
    def name(self) -> str:
        """Return what it is called on the page."""
        return self.accounts[0].name if self.is_one else self.organization


@dataclass(frozen=True, slots=True)
class Sums:
    """What some texts come to. What failed before the phone is not charged in the end."""

    sent: int = 0  # the carrier took them
    delivered: int = 0
    went_wrong: int = 0  # not delivered, failed, or refused by the carrier
    waiting: int = 0
    not_sent: int = 0  # blocked, canceled, given up
    segments: int = 0  # of those sent
    credits: int = 0  # of those sent and not failed
    charged_segments: int = 0  # of those that cost these credits
    house: int = 0  # credits of texts among those sent that the house paid for, not the account
    notices: int = 0  # free texts of the portal's own among those sent
    received: int = 0
    received_credits: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(getattr(self, n) + getattr(other, n) for n in self.__dataclass_fields__))

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing at all."""
        return self == Sums()

    @property
    def delivered_share(self) -> float | None:
        """Return how many of those that have an end arrived; None where none has."""
        ended = self.delivered + self.went_wrong
        return self.delivered / ended if ended else None


@dataclass(frozen=True, slots=True)
class CampaignSums:
    """One bulk send and what its texts came to."""

    id: UUID
    account_id: UUID
    account: str
    name: str
    at: datetime
    by: str
    people: int
    sums: Sums


@dataclass(frozen=True, slots=True)
class CampaignTotal:
    """How many bulk sends some days had, and what all their texts came to."""

    count: int
    sums: Sums


@dataclass(frozen=True, slots=True)
class MonthSums:
    """What the ledgers of some accounts say of one month; a text is in the month of its confirm."""

    month: date
    granted: int
    used: int
    reserved: int


class ReportName(StrEnum):
    """Which report, as addresses name it."""

    DAYS = "days"
    ACCOUNTS = "accounts"
    PEOPLE = "people"
    CAMPAIGNS = "campaigns"
    PLANS = "plans"
    FORMS = "forms"
    BASIS = "basis"
    DELIVERY = "delivery"
    CALLS = "calls"
    CREDITS = "credits"
    CONSENT = "consent"
    APPEALS = "appeals"


class CellKind(StrEnum):
    """How the cells of a column are written."""

    TEXT = "text"
    NUMBER = "number"
    PERCENT = "percent"  # a share from 0 to 1
    DAY = "day"  # a date
    RATE = "rate"  # a share from 0 to 1 that is small
    BAND = "band"  # of compliance.rules.health


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a report's table."""

    label: str
    kind: CellKind = CellKind.NUMBER
    is_wide: bool = False  # left out on phones

    @property
    def is_figure(self) -> bool:
        """Say whether its cells are figures, which stand at the right."""
        return self.kind in (CellKind.NUMBER, CellKind.PERCENT, CellKind.RATE)


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `of` is what its first cell leads to."""

    cells: tuple[str | int | float | date | None, ...]
    of: UUID | None = None
    note: str = ""
    brief: str = ""  # what its wide columns say, for phones, which leave them out


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of a report, as the page shows them and a file holds them."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: Row | None = None
    foot: str = ""
    empty: str = "Nothing in this period."


@dataclass(frozen=True, slots=True)
class Bar:
    """One piece of time: its word, its figure, and where its bar stands."""

    label: str
    value: int
    x: float
    y: float
    width: float
    height: float
    middle: float
    word: str  # below the bar; empty where there is no room for one


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the grid."""

    value: int
    y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars over time, and their sum in words for who does not see them."""

    title: str
    description: str
    bars: tuple[Bar, ...]
    grid: tuple[Line, ...]

    @property
    def width(self) -> int:
        """Return how wide it is drawn."""
        return CHART_WIDTH

    @property
    def height(self) -> int:
        """Return how high it is drawn."""
        return CHART_HEIGHT

    @property
    def left(self) -> int:
        """Return where the grid begins."""
        return CHART_LEFT

    @property
    def foot(self) -> int:
        """Return where the words below stand."""
        return CHART_HEIGHT - 6


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure above the tables, with what it was in the period before."""

    label: str
    value: str
    note: str
    unit: str = ""
    level: str = ""  # of the note: ok, warn or bad


@dataclass(frozen=True, slots=True)
class Report:
    """One report: figures, charts and their tables."""

    tiles: tuple[Tile, ...]
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    next_cursor: str | None = None
