"""What a person enters about contacts and imports."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_wtf.file import FileField, FileRequired
from wtforms import (
    DateField,
    FieldList,
    Form,
    FormField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from portal.contacts.errors import NumberRefused, NumberTaken
from portal.contacts.rules import people
from portal.contacts.values import (
    CONSENT_SOURCE_WORDS,
    ConsentSource,
    ContactDetails,
    ContactRef,
    Language,
    NewNumber,
)
from portal.core.base_form import BaseForm
from portal.core.errors import DomainError
from portal.core.phone import show

SPARE_NUMBERS = 2
MOST_NUMBERS = 10


def _short(most: int) -> Length:
    return Length(max=most, message=f"Keep it to {most} characters.")


class NumberForm(Form):
    """One number, as written, with what it is called."""

    raw = StringField("Phone number", [_short(100)])
    label = StringField("Kind", [_short(40)])


class ContactForm(BaseForm):
    """A contact, new or known."""

    first_name = StringField("First name", [_short(100)])
    last_name = StringField("Last name", [_short(100)])
    email = StringField("E-mail", [_short(254)])
    numbers = FieldList(FormField(NumberForm), max_entries=MOST_NUMBERS)
    preferred = StringField("Preferred number")
    street = StringField("Street", [_short(200)])
    city = StringField("City", [_short(100)])
    state = StringField("State", [_short(50)])
    zip = StringField("ZIP code", [_short(20)])
    language = SelectField("Language", choices=[("en", "English"), ("es", "Spanish")])
    lead_source = StringField("Lead source", [_short(100)])
    known_since = DateField("Known since", [Optional()], render_kw={"max": "9999-12-31"})
    tags = StringField("Tags", [_short(1000)])

    def validate_email(self, field: StringField) -> None:
        """Ask for the shape of an address."""
        if field.data and field.data.strip() and not people.is_email(field.data.strip()):
            raise ValidationError("Write it like name@example.com.")

    def validate_known_since(self, field: DateField) -> None:
        """Keep to years a calendar of people holds."""
        if isinstance(field.data, date) and field.data.year < people.EARLIEST:
            raise ValidationError(f"Write a year from {people.EARLIEST} on.")

    def validate_tags(self, field: StringField) -> None:
        """Keep to as many tags as a contact takes."""
        if len(people.split_tags(field.data or "")) > people.MAX_TAGS:
            raise ValidationError(f"{people.MAX_TAGS} tags are the most. Take some away.")

    def details(self) -> ContactDetails:
        """Return what was entered."""
        return ContactDetails(
            first_name=self.first_name.data or "",
            last_name=self.last_name.data or "",
            email=self.email.data or "",
            street=self.street.data or "",
            city=self.city.data or "",
            state=self.state.data or "",
            zip=self.zip.data or "",
            language=Language(self.language.data),
            lead_source=self.lead_source.data or "",
            known_since=self.known_since.data,
            tags=tuple(people.split_tags(self.tags.data or "")),
            numbers=tuple(
                NewNumber(entry.raw.data, entry.label.data or "", self.preferred.data == str(place))
                for place, entry in self._filled()
            ),
        )

    def refuse_contact(self, error: DomainError) -> None:
        """Show a refusal beside the number it is about, else beside the name."""
        if isinstance(error, NumberRefused | NumberTaken):
            _, entry = self._filled()[error.place]
            entry.raw.errors = [*entry.raw.errors, error.message]
        elif error.message.startswith("E-mail"):
            self.refuse("email", error)
        else:
            self.refuse("first_name", error)

    def spare(self) -> None:
        """Have empty lines for further numbers."""
        empty = len(self.numbers) - len(self._filled())
        while empty < SPARE_NUMBERS and len(self.numbers) < MOST_NUMBERS:
            self.numbers.append_entry()
            empty += 1

    @classmethod
    def of(cls, contact: ContactRef) -> "ContactForm":
        """Return the form filled with what is known."""
        form = cls(
            formdata=None,
            data={
                name: getattr(contact, name)
                for name in [
                    "first_name",
                    "last_name",
                    "email",
                    "street",
                    "city",
                    "state",
                    "zip",
                    "lead_source",
                    "known_since",
                ]
            }
            | {
                "language": contact.language.value,
                "tags": ", ".join(contact.tags),
                "numbers": [
                    {"raw": show(n.e164) if n.e164 else n.raw, "label": n.label}
                    for n in contact.numbers
                ],
                "preferred": next(
                    (str(i) for i, n in enumerate(contact.numbers) if n.is_preferred), ""
                ),
            },
        )
        form.spare()
        return form

    def _filled(self) -> list[tuple[int, Any]]:
        return [
            (place, entry.form)
            for place, entry in enumerate(self.numbers)
            if (entry.form.raw.data or "").strip()
        ]


class NoteForm(BaseForm):
    """Something to write down about a contact."""

    body = TextAreaField(
        "Note",
        [
            DataRequired("Write something first."),
            Length(max=5000, message="Keep it to 5,000 characters."),
        ],
    )


class TagForm(BaseForm):
    """Tags to put on or take off."""

    tags = StringField(
        "Tags", [DataRequired("Write at least one tag, such as open house."), _short(200)]
    )
    verb = RadioField(
        "What to do",
        choices=[("add", "Add these tags"), ("remove", "Remove these tags")],
        default="add",
    )


class UploadForm(BaseForm):
    """A file to import."""

    file = FileField("CSV file", [FileRequired("Choose the CSV file to import.")])


class MappingForm(BaseForm):
    """What the columns hold and where consent came from; the columns come beside it."""

    consent_source = RadioField(
        "Where did these people agree to be texted?",
        choices=[(source.value, words) for source, words in CONSENT_SOURCE_WORDS.items()],
        validators=[DataRequired("Choose where these people agreed, or that they have not yet.")],
    )
    consent_note = StringField("Where and when they agreed", [_short(300)])
    tags = StringField("Tags for everybody in this file", [_short(200)])
    lead_source = StringField("Lead source where the file names none", [_short(100)])
    columns: Sequence[str] = ()

    def validate_consent_note(self, field: StringField) -> None:
        """Ask for the place where consent was given when it is claimed (K-7)."""
        claims = {ConsentSource.RECORDS_FOLLOW.value, ConsentSource.RECORDED.value}
        if self.consent_source.data in claims and not (field.data or "").strip():
            raise ValidationError(
                "Name where they agreed, such as open house sign-in sheets, spring 2026."
            )
