"""What a person types in the composer. All of it is kept as typed; validate() says what is wrong."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from wtforms import MultipleFileField, RadioField, StringField, TextAreaField
from wtforms.validators import Length, ValidationError

from portal.consent.rules.reading import EARLIEST
from portal.core.base_form import BaseForm
from portal.core.settings import settings
from portal.messaging.rules.merge import FIELDS
from portal.messaging.values import Draft, DraftRef, Kind, MediaRef

LONGEST_KEPT: Final = 100_000  # what is longer is no text; 8,000 characters may be sent
FURTHEST: Final = timedelta(days=365)
FALLBACK: Final = "fallback_"
NUMBER: Final = "number-"
_OPTIONS: Final = (
    "when", "send_date", "send_time", "missing", "over_limit", "preview", "picture", "now_because",
    "lint_ok", "lint_seen", "alone_because",
)  # fmt: skip
_CLEAR: Final = "clear"


class TimeRefused(ValueError):
    """A time to send at that can't be used; the message says what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _tidy(text: str | None) -> str:
    """Return a text as phones take it: one kind of line break, no character a database refuses."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")[:LONGEST_KEPT]


def _line(text: str | None) -> str:
    return " ".join(_tidy(text).split())


class ComposeForm(BaseForm):
    """A text, when it goes, and what is chosen about it."""

    body = TextAreaField("Text", filters=[_tidy])
    name = StringField(
        "Name", [Length(max=200, message="Keep the name to 200 characters.")], filters=[_line]
    )
    when = RadioField(
        "When",
        choices=[("now", "As soon as I press Send"), ("later", "Later")],
        default="now",
        validate_choice=False,
    )
    send_date = StringField("Day", filters=[_line])
    send_time = StringField("Time", filters=[_line])
    missing = RadioField(
        "When a person has no value",
        choices=[("block", "Leave that person out"), ("fallback", "Write something else")],
        default="block",
        validate_choice=False,
    )
    over_limit = RadioField(
        "Beyond today's limits",
        choices=[("trim", "Leave them out"), ("spread", "Text them over the next days")],
        validate_choice=False,
    )
    preview = StringField("Show as", filters=[_line])
    picture = StringField("Picture", filters=[_line])
    now_because = StringField("Why can't it wait?", filters=[_line])
    lint_ok = StringField("OK", filters=[_line])
    lint_seen = StringField("Warnings seen", filters=[_line])
    alone_because = StringField("Why does it go without a second look?", filters=[_line])
    attach = MultipleFileField("Photos and files")
    find = StringField("Name, number or tag", filters=[_line])
    how = TextAreaField(
        "How did they agree?",
        [Length(max=500, message="Keep it to 500 characters.")],
        filters=[_tidy],
    )
    agreed_on = StringField("When", filters=[_line])
    fallback_errors: Mapping[str, str] = MappingProxyType({})

    def options(self, sent: Mapping[str, str]) -> dict[str, str]:
        """Return what a draft keeps beside text and name; `sent` has the fallbacks too."""
        kept = {name: str(self[name].data or "") for name in _OPTIONS if name in sent}
        for name, text in sent.items():
            if name.removeprefix(FALLBACK) in FIELDS and name.startswith(FALLBACK):
                kept[name] = _line(text)
        return kept

    def show(self, written: DraftRef) -> None:
        """Fill the form with what a draft holds."""
        self.body.data, self.name.data = written.body, written.name
        for name in _OPTIONS:
            if name in written.options:
                self[name].data = written.options[name]

    def blame(self, field: str, message: str) -> None:
        """Show what is wrong beside a field."""
        if field.startswith(FALLBACK):  # one for each merge field of the text
            self.fallback_errors = {**self.fallback_errors, field: message}
            return
        self[field].errors = [*self[field].errors, message]

    def agreed_at(self, zone: str, now: datetime) -> datetime | None:
        """Return the day the person agreed on, at noon there. Raises ValidationError."""
        if not self.agreed_on.data:
            return None
        day = _day(self.agreed_on.data)
        if day is None:
            raise ValidationError("Write the day like 2026-03-14, or leave it empty.")
        if day > now.astimezone(ZoneInfo(zone)).date() or day.year < EARLIEST:
            raise ValidationError("Choose a day up to today.")
        return min(datetime.combine(day, time(12), ZoneInfo(zone)).astimezone(UTC), now)


def draft_of(
    written: DraftRef, kind: Kind, send_at: datetime | None, files: tuple[MediaRef, ...] = ()
) -> Draft:
    """Return what a draft on the server asks for with its files, as planning takes it."""
    options = written.options
    is_clear = options.get("picture") == _CLEAR and bool(written.body.strip()) and not files
    over = options.get("over_limit")
    return Draft(
        written.body,
        kind,
        media=(_clear_picture(),) if is_clear else files,
        send_at=send_at,
        missing="fallback" if options.get("missing") == "fallback" else "block",
        fallbacks={
            name.removeprefix(FALLBACK): text
            for name, text in options.items()
            if name.startswith(FALLBACK) and text
        },
        over_limit="trim" if over == "trim" else "spread" if over == "spread" else None,
        name=written.name,
    )


def _clear_picture() -> MediaRef:
    """Return the built-in picture nobody sees, which makes a long text an MMS (R-7)."""
    return MediaRef(f"{settings().public_url}/static/clear.png", "image/png", "Clear picture")


def send_time(options: Mapping[str, Any], zone: str, now: datetime) -> datetime | None:
    """Return when a text is to leave, in UTC; None is at once (S-8). Raises TimeRefused."""
    if options.get("when") != "later":
        return None
    day, at = _day(options.get("send_date", "")), _time(options.get("send_time", ""))
    if day is None:
        raise TimeRefused("send_date", "Choose the day, like 2026-03-14.")
    if at is None:
        raise TimeRefused("send_time", "Choose the time, like 09:30.")
    local = datetime.combine(day, at, ZoneInfo(zone))
    moment = local.astimezone(UTC)
    if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise TimeRefused("send_time", "The clocks go forward then: there is no such time.")
    if moment <= now:
        raise TimeRefused("send_time", "This time has passed. Choose a later one.")
    if moment > now + FURTHEST:
        raise TimeRefused("send_date", "Choose a day within the next year.")
    return moment


def chosen_numbers(sent: Mapping[str, str]) -> dict[UUID, UUID]:
    """Return which number is chosen for whom (K-2); what is no id is left out."""
    found = {}
    for name, value in sent.items():
        if name.startswith(NUMBER):
            contact, number = _id(name.removeprefix(NUMBER)), _id(value)
            if contact and number:
                found[contact] = number
    return found


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str) -> time | None:
    try:
        found = time.fromisoformat(text)
    except ValueError:
        return None
    return None if found.tzinfo else found
