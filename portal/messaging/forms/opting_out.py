"""What people enter about opt-outs: lists of other tools, what was said to them, how far it reaches."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask_wtf.file import FileField, FileRequired
from wtforms import DateTimeLocalField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length, Optional

from portal.consent.rules.reading import EARLIEST
from portal.consent.values import METHOD_WORDS, OPT_OUT_METHODS, REACH_WORDS, Method, Reach
from portal.contacts.rules.numbers import read
from portal.core.base_form import BaseForm
from portal.messaging.forms.talking import tidy


class ListForm(BaseForm):
    """A file of opt-outs."""

    file = FileField("CSV, TXT or XLSX file", [FileRequired("Choose the file to import.")])


class NoneForm(BaseForm):
    """A lead's word that there is nothing to bring over."""

    note = StringField(
        "How do you know?",
        [
            DataRequired("Say how you know: which tool it was, or that there was none."),
            Length(max=300, message="Keep it to 300 characters."),
        ],
    )


class SaidForm(BaseForm):
    """An opt-out somebody spoke or wrote: what was said, when, and what shows it (Q-7)."""

    method = SelectField(
        "How did they say it?", choices=[(m.value, METHOD_WORDS[m]) for m in OPT_OUT_METHODS]
    )
    said_at = DateTimeLocalField(
        "When was it received?", [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )
    details = TextAreaField(
        "What did they say, and to whom?",
        [
            DataRequired("Write down what the person said, and to whom."),
            Length(max=900, message="Keep it to 900 characters."),
        ],
        filters=[tidy],
    )
    scan = FileField("Letter, e-mail or note as a file", [Optional()])

    def validate_said_at(self, field: DateTimeLocalField) -> None:
        """Keep to years in which somebody can have texted them."""
        if isinstance(field.data, datetime) and not EARLIEST <= field.data.year <= 9000:
            raise ValidationError(f"Write the year with four digits, {EARLIEST} or later.")

    def how(self) -> Method:
        """Return the way it was said."""
        return Method(self.method.data)

    def received_at(self, zone: str) -> datetime | None:
        """Return when it was received as a moment; what was typed is in the account's zone."""
        at: datetime | None = self.said_at.data
        return at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) if at else None


class OptOutForm(SaidForm):
    """The same for one of a contact's numbers."""

    number = SelectField("Which number?", validate_choice=True)


class NumberSaidForm(SaidForm):
    """The same for a number, whether a contact has it or not."""

    phone = StringField(
        "Phone number",
        [DataRequired("Enter the phone number."), Length(max=40, message="That is too long.")],
    )

    def validate_phone(self, field: StringField) -> None:
        """Ask for a number that can be read."""
        number = read(field.data or "")
        if number.e164 is None:
            raise ValidationError(f"{number.why} Enter it with its area code: (312) 555-0142.")


class ReachForm(BaseForm):
    """How far an opt-out reaches, and why an officer says so (Q-7)."""

    reach = SelectField(
        "What it ends", choices=[(reach.value, REACH_WORDS[reach]) for reach in Reach]
    )
    reason = StringField(
        "Reason",
        [
            DataRequired("Give the reason: it stands in the log."),
            Length(max=300, message="Keep it to 300 characters."),
        ],
    )


class ReleaseForm(BaseForm):
    """Why somebody's words were no revocation after all (Q-4)."""

    reason = StringField(
        "Reason",
        [
            DataRequired("Give the reason: it stands in the log."),
            Length(max=300, message="Keep it to 300 characters."),
        ],
    )
