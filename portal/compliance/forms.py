"""What people enter about hours and thresholds: a number to try, and what an officer sets."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from portal.compliance.rules.health import LIMITS, RATES, Thresholds
from portal.compliance.rules.policy import CLOSED, Edit, Row, Span
from portal.core.base_form import BaseForm
from portal.core.days import moment_of
from portal.core.reasons import NEEDED, is_reason
from portal.texting_accounts.values import CAUSE_LABELS, Cause

DAYS: Final = (("weekday", "Monday to Friday"), ("saturday", "Saturday"), ("sunday", "Sunday"))
_MOST_DAYS: Final = 60
_MOST_A_DAY: Final = 50
_LEAST_MINUTES: Final = 30
_LATEST_YEAR: Final = 2100


class _Number(DecimalField):
    """A number one can reckon with: sNaN is a decimal too, and whatever compares it fails."""

    data: Decimal | None

    def process_formdata(self, valuelist: Any) -> None:
        """Read what was sent; what is no finite number is none."""
        super().process_formdata(valuelist)
        if self.data is not None and not self.data.is_finite():
            self.data = None
            raise ValueError(self.gettext("Not a valid decimal value."))


def _percent(label: str) -> DecimalField:
    """Return a field for a rate; how far it may go is the rule's to say."""
    return _Number(
        label,
        [InputRequired("Enter a percentage, like 0.30."), NumberRange(0, 100)],
        places=2,
        render_kw={"inputmode": "decimal"},
    )


def _count(label: str) -> IntegerField:
    return IntegerField(
        label,
        [InputRequired("Enter a whole number."), NumberRange(0, 1_000_000)],
        render_kw={"inputmode": "numeric"},
    )


class TrialForm(BaseForm):
    """A number and a time, to see which rule would decide."""

    class Meta(BaseForm.Meta):
        """It changes nothing, so it is asked by its address alone."""

        csrf = False

    number = StringField(
        "Phone number",
        [DataRequired("Enter a number, like (305) 555-0142."), Length(max=40)],
        render_kw={"autocomplete": "off", "inputmode": "tel"},
    )
    state = SelectField("State of the address", validate_choice=False, default="")
    day = DateField("Day", [InputRequired("Choose the day.")], render_kw={"max": "2100-12-31"})
    at = TimeField("Time", [InputRequired("Choose the time.")])
    kind = SelectField(
        "Kind of text",
        choices=[("automated", "Bulk, plan or program"), ("by_hand", "Typed by hand")],
        default="automated",
    )

    def validate_day(self, field: DateField) -> None:
        """Keep to days that calendars of holidays know."""
        if field.data and not 2000 <= field.data.year < _LATEST_YEAR:
            raise ValidationError("Choose a day between 2000 and 2100.")

    def moment(self, zone: str) -> datetime:
        """Return day and time in a zone, as an instant in UTC."""
        return moment_of(self.day.data, self.at.data, zone)


class HoursForm(BaseForm):
    """An organization's own hours for one state, from a day on."""

    weekday_from = TimeField("Monday to Friday from", [Optional()])
    weekday_until = TimeField("Monday to Friday until", [Optional()])
    weekday_closed = BooleanField("Closed")
    saturday_from = TimeField("Saturday from", [Optional()])
    saturday_until = TimeField("Saturday until", [Optional()])
    saturday_closed = BooleanField("Closed")
    sunday_from = TimeField("Sunday from", [Optional()])
    sunday_until = TimeField("Sunday until", [Optional()])
    sunday_closed = BooleanField("Closed")
    bars_holidays = BooleanField("No automated texts on holidays")
    max_per_day = IntegerField(
        "Texts to one person in 24 hours, at most",
        [Optional(), NumberRange(1, _MOST_A_DAY, f"Enter 1 to {_MOST_A_DAY}, or nothing.")],
        render_kw={"inputmode": "numeric"},
    )
    closed_days = TextAreaField(
        "Further closed days", [Length(max=1000, message="Keep it to 1,000 characters.")]
    )
    holds_from = DateField(
        "Holds from", [InputRequired("Choose the day.")], render_kw={"max": "2100-12-31"}
    )
    note = StringField(
        "Why",
        [
            DataRequired("Say why, such as advice of counsel of 3 March."),
            Length(max=500, message="Keep it to 500 characters."),
        ],
        render_kw={"autocomplete": "off"},
    )

    def show(self, row: Row, today: date) -> None:
        """Fill the form with the hours that hold now."""
        for day, _ in DAYS:
            span: Span = getattr(row, day)
            self[f"{day}_from"].data = _clock(span.start) if span else None
            self[f"{day}_until"].data = _clock(span.end) if span else None
            self[f"{day}_closed"].data = not span
        self.bars_holidays.data = row.bars_holidays
        self.max_per_day.data = row.max_per_day
        self.closed_days.data = "\n".join(sorted(day.isoformat() for day in row.closed_days))
        self.holds_from.data = today

    def validate_holds_from(self, field: DateField) -> None:
        """Refuse a day nobody means."""
        if field.data and field.data.year >= _LATEST_YEAR:
            raise ValidationError("Choose a day before 2100.")

    def validate_closed_days(self, field: TextAreaField) -> None:
        """Take days as a calendar writes them, one a line."""
        words = (field.data or "").replace(",", " ").split()
        for word in words:
            if _day(word) is None:
                raise ValidationError(f"{word[:20]} is no day. Write one a line, like 2027-02-16.")
        if len(words) > _MOST_DAYS:
            raise ValidationError(f"Name {_MOST_DAYS} days at most.")

    def edit(self, law: Row) -> Edit | None:
        """Return what was entered as an edit; None where a day's hours can't be read."""
        spans = {day: self._span(day, getattr(law, day)) for day, _ in DAYS}
        if any(self[f"{day}_until"].errors for day in spans):
            return None
        words = (self.closed_days.data or "").replace(",", " ").split()
        return Edit(
            weekday=spans["weekday"],
            saturday=spans["saturday"],
            sunday=spans["sunday"],
            bars_holidays=True if self.bars_holidays.data and not law.bars_holidays else None,
            max_per_day=self.max_per_day.data if self.max_per_day.data != law.max_per_day else None,
            closed_days=frozenset(day for word in words if (day := _day(word))),
        )

    def _span(self, day: str, law: Span) -> Span | None:
        """Return a day's hours, None where they are the law's or nothing was entered."""
        if self[f"{day}_closed"].data:
            return CLOSED if law else None
        start, end = self[f"{day}_from"].data, self[f"{day}_until"].data
        if start is None and end is None:
            return None
        until = self[f"{day}_until"]
        if start is None or end is None:
            until.errors = [*until.errors, "Enter both times, or neither."]
            return None
        if _minutes(end) - _minutes(start) < _LEAST_MINUTES:
            until.errors = [*until.errors, "Let it end half an hour after the start at least."]
            return None
        span = Span(_minutes(start), _minutes(end))
        return None if span == law else span


class SuspensionForm(BaseForm):
    """What the carrier wrote to somebody about an account (A-1)."""

    cause = SelectField(
        "The carrier's reason",
        choices=[("", "Choose one"), *((one.value, CAUSE_LABELS[one]) for one in Cause)],
        validators=[DataRequired("Choose the reason, or Other.")],
    )
    words = TextAreaField(
        "What the carrier wrote",
        [
            DataRequired("Write what it said, when, and its ticket: an appeal answers that."),
            Length(max=400, message="Use at most 400 characters."),
        ],
    )

    @property
    def chosen(self) -> Cause:
        """Return the reason, of a form that is valid."""
        return Cause(self.cause.data)


class LiftForm(BaseForm):
    """Why a suspension is lifted."""

    carrier_note = StringField(
        "What the carrier said",
        [
            DataRequired("Say what the carrier told you, and when."),
            Length(max=400, message="Use at most 400 characters."),
        ],
    )


class GoOnForm(BaseForm):
    """Why bulk and plan texts go on again (H-8)."""

    reason = StringField(
        "What was the cause, and what did you do about it?",
        [
            DataRequired("Give the reason: it stands in the history and in the log."),
            Length(max=300, message="Keep it to 300 characters."),
        ],
        render_kw={"autocomplete": "off"},
    )

    def validate_reason(self, field: StringField) -> None:
        """Ask for a few words."""
        if not is_reason(field.data or ""):
            raise ValidationError(NEEDED)


class ThresholdsForm(BaseForm):
    """From which rates on accounts are watched, from a day on, and why (H-7)."""

    opt_out_watch = _percent("Opt-outs: good up to, %")
    opt_out_breach = _percent("Opt-outs: breach from, %")
    error_watch = _percent("Errors: good up to, %")
    error_breach = _percent("Errors: breach from, %")
    least_delivered = _count("Texts that are enough to judge")
    least_events = _count("Opt-outs or errors that are enough to judge")
    pauses = BooleanField("A breach pauses bulk and plan texts until a person has looked")
    pause_least = _count("Texts that are enough to pause for")
    judged_days = _count("Days by which accounts are judged")
    short_hours = _count("Shorter window shown beside them, hours")
    long_days = _count("Longer window shown beside them, days")
    holds_from = DateField(
        "Holds from", [InputRequired("Choose the day.")], render_kw={"max": "2100-12-31"}
    )
    reason = StringField(
        "Reason",
        [
            DataRequired("Give the reason: it stands in the log."),
            Length(max=300, message="Keep it to 300 characters."),
        ],
        render_kw={"autocomplete": "off"},
    )

    def validate_holds_from(self, field: DateField) -> None:
        """Refuse a day nobody means."""
        if field.data and field.data.year >= _LATEST_YEAR:
            raise ValidationError("Choose a day before 2100.")

    def validate_reason(self, field: StringField) -> None:
        """Ask for a few words."""
        if not is_reason(field.data or ""):
            raise ValidationError(NEEDED)

    def show(self, by: Thresholds, today: date) -> None:
        """Fill the form with what holds now."""
        for name in LIMITS:
            value = getattr(by, name)
            self[name].data = Decimal(value) / 100 if name in RATES else value
        self.pauses.data = by.pauses
        self.holds_from.data = today

    def wanted(self) -> Thresholds:
        """Return what was entered; percents become ten-thousandths."""
        entered = {
            name: round(self[name].data * 100) if name in RATES else self[name].data
            for name in LIMITS
        }
        return Thresholds(self.holds_from.data, **entered, pauses=self.pauses.data)


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _clock(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < _LATEST_YEAR else None
