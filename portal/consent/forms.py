"""What a person enters about consent."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask_wtf.file import FileField, FileRequired
from wtforms import (
    DateTimeLocalField,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.consent.rules.reading import EARLIEST
from portal.consent.rules.words import RECORDING_NOTE
from portal.consent.values import METHOD_WORDS, MessageKind, Method, NewConsent
from portal.contacts.rules import people
from portal.contacts.rules.numbers import read
from portal.core.base_form import BaseForm

ENTERED = (Method.PAPER, Method.VERBAL, Method.AGENT_STATED)


def _short(most: int) -> Length:
    return Length(max=most, message=f"Keep it to {most:,} characters.")


def _check_phone(field: StringField) -> None:
    number = read(field.data or "")
    if number.e164 is None:
        raise ValidationError(f"{number.why} Write it with its area code, like (312) 555-0150.")


class ConsentForm(BaseForm):
    """A consent entered by hand (C-2)."""

    phone = StringField("Phone number", [DataRequired("Enter the phone number."), _short(40)])
    name = StringField("Name", [_short(200)])
    email = StringField("E-mail", [_short(254)])
    postal_address = StringField("Postal address", [_short(500)])
    method = SelectField(
        "How did they agree?",
        choices=[(method.value, METHOD_WORDS[method]) for method in ENTERED],
    )
    given_at = DateTimeLocalField(
        "When did they agree?",
        [Optional()],
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"],
    )
    method_details = TextAreaField(
        "Where and how, in your words",
        [DataRequired("Say where and how they agreed, such as: open house on Briar St."), _short(450)],
    )  # fmt: skip
    kinds = SelectMultipleField(
        "What did they agree to?",
        choices=[
            (MessageKind.ONE_TO_ONE.value, "One-to-one texts"),
            (MessageKind.MARKETING.value, "Bulk texts and plans (only a signed paper with its scan counts)"),
        ],
        default=[MessageKind.ONE_TO_ONE.value],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )  # fmt: skip
    disclosure_text = TextAreaField("Disclosure they saw or heard, word for word", [_short(5000)])
    scan = FileField("Scan of the paper")
    recording_note = TextAreaField("Recording note", [_short(500)])
    request_key = HiddenField(validators=[_short(64)])
    next = HiddenField(validators=[_short(300)])

    def validate_phone(self, field: StringField) -> None:
        """Ask for a number that can be read."""
        _check_phone(field)

    def validate_email(self, field: StringField) -> None:
        """Ask for the shape of an address."""
        if field.data and field.data.strip() and not people.is_email(field.data.strip()):
            raise ValidationError("Write it like name@example.com.")

    def validate_given_at(self, field: DateTimeLocalField) -> None:
        """Keep to years a person can have agreed in; the service refuses the future."""
        if isinstance(field.data, datetime) and not EARLIEST <= field.data.year <= 9000:
            raise ValidationError(f"Write the year with four digits, {EARLIEST} or later.")

    def validate_kinds(self, field: SelectMultipleField) -> None:
        """A consent to nothing is none."""
        if not field.data:
            raise ValidationError("Tick what they agreed to.")

    def consent(self, zone: str) -> NewConsent:
        """Return what was entered; the time is the account's."""
        given_at = self.given_at.data
        return NewConsent(
            read(self.phone.data).e164 or "",
            Method(self.method.data),
            given_at=given_at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) if given_at else None,
            given_zone=zone if given_at else "",
            given_as_written=f"{given_at:%Y-%m-%d %H:%M}" if given_at else "",
            name=(self.name.data or "").strip(),
            email=(self.email.data or "").strip(),
            postal_address=(self.postal_address.data or "").strip(),
            method_details=self._details(),
            disclosure_text=(self.disclosure_text.data or "").strip(),
            kinds=tuple(MessageKind(kind) for kind in self.kinds.data),
            idempotency_key=f"form:{self.request_key.data}" if self.request_key.data else "",
        )

    def _details(self) -> str:
        details = (self.method_details.data or "").strip()
        note = (self.recording_note.data or "").strip()
        return f"{details}\n{RECORDING_NOTE} {note}" if note else details


class DoNotContactForm(BaseForm):
    """A number nobody should text."""

    phone = StringField("Phone number", [DataRequired("Enter the phone number."), _short(40)])
    reason = StringField("Why", [DataRequired("Say why, such as: asked by letter."), _short(300)])

    def validate_phone(self, field: StringField) -> None:
        """Ask for a number that can be read."""
        _check_phone(field)


class UploadForm(BaseForm):
    """A file of consents."""

    file = FileField("CSV file, or ZIP with evidence", [FileRequired("Choose the file to import.")])
