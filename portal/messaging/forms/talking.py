"""What people enter in a conversation and on a contact's page."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from wtforms import DateField, HiddenField, MultipleFileField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from portal.core.base_form import BaseForm, sane_day
from portal.core.clock import utcnow


def tidy(text: str | None) -> str:
    """Return a text with the line breaks a phone gets, and without characters none can show."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


class ReplyForm(BaseForm):
    """An answer, and the nonce that keeps a second click from sending it twice."""

    has_files = False  # then it needs no words
    body = TextAreaField(
        "Reply",
        filters=[tidy],
        render_kw={"autocomplete": "off"},
    )
    now_because = StringField(
        "Why can't it wait?",
        [Length(max=300, message="Keep it to 300 characters.")],
        filters=[tidy],
    )
    attach = MultipleFileField("Photos and files")
    nonce = HiddenField(
        "Form", [DataRequired("Reload the page and send again."), Length(min=8, max=64)]
    )

    def validate_body(self, field: TextAreaField) -> None:
        """Ask for words where nothing else goes."""
        if not (self.has_files or (field.data or "").strip()):
            raise ValidationError("Write a text first.")


class StatedForm(BaseForm):
    """How and when a person agreed, as the agent says (C-8)."""

    how = StringField(
        "How did they agree?",
        [
            DataRequired("Say how the person agreed, such as at the open house on Alder Ct."),
            Length(max=300, message="Keep it to 300 characters."),
        ],
        filters=[tidy],
    )
    given_on = DateField(
        "On which day?",
        [DataRequired("Choose the day."), sane_day],
        render_kw={"max": "9999-12-31"},
    )
    body = HiddenField("Text", filters=[tidy])  # what was typed before the question came up
    nonce = HiddenField("Form", [Length(max=64)])

    def given_at(self, zone: str) -> datetime | None:
        """Return the day as a moment: its noon, and never one to come on the day itself."""
        day: date | None = self.given_on.data
        if day is None:
            return None
        noon = datetime.combine(day, time(12), ZoneInfo(zone)).astimezone(UTC)
        now = utcnow()
        is_today = day == now.astimezone(ZoneInfo(zone)).date()
        return min(noon, now) if is_today else noon


class NameForm(BaseForm):
    """The name of a lead known by its number alone (K-6)."""

    first_name = StringField(
        "First name",
        [
            DataRequired("Write at least a first name."),
            Length(max=100, message="Keep it to 100 characters."),
        ],
    )
    last_name = StringField(
        "Last name", [Optional(), Length(max=100, message="Keep it to 100 characters.")]
    )


class TagsForm(BaseForm):
    """Tags to put on a contact, or one to take off."""

    add = StringField("Add tags", [Length(max=200, message="Keep it to 200 characters.")])
    remove = HiddenField("Remove", [Length(max=200)])
