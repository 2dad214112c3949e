"""What editors enter about forms; shape and wording of input."""

from dataclasses import replace
from typing import Any

from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from portal.consent.values import MessageKind
from portal.contacts.rules import people
from portal.contacts.values import Language
from portal.core.base_form import BaseForm
from portal.core.errors import DomainError
from portal.optin.rules import colors
from portal.optin.rules.content import LABELS
from portal.optin.rules.origins import origins_of
from portal.optin.rules.wording import LANGUAGE_WORDS, STARTERS
from portal.optin.values import ASK_WORDS, PICTURE_WORDS, Ask, Content, Picture

_ASKS = [(ask.value, words) for ask, words in ASK_WORDS.items()]
_TEXTS = (
    "title", "intro", "programme", "sender", "sender_address", "frequency", "help_contact",
    "privacy_url", "terms_url", "disclosure", "button", "thanks", "custom_label",
)  # fmt: skip
_CHOICES = ("ask_name", "ask_email", "ask_address", "ask_custom")


def _at_most(most: int) -> Length:
    return Length(max=most, message=f"Keep it to {most:,} characters.")


class BeginForm(BaseForm):
    """A new form: whose, from which wording, and the names that go into it."""

    name = StringField("What you call it", [DataRequired("Write a name."), _at_most(120)])
    account_id = SelectField("Leads go to")
    starter = RadioField("Start from", choices=[(each.key, each.name) for each in STARTERS])
    sender = StringField("Who texts", [DataRequired("Name the sender."), _at_most(120)])
    help_contact = StringField(
        "Help contact", [DataRequired("Give a phone number or an e-mail address."), _at_most(120)]
    )


class EditorForm(BaseForm):
    """Everything a form says and asks."""

    name = StringField("What you call it", [DataRequired("Write a name."), _at_most(120)])
    edits = IntegerField(widget=HiddenInput(), default=0)
    language = SelectField(
        LABELS["language"], choices=[(each.value, words) for each, words in LANGUAGE_WORDS.items()]
    )
    title = StringField(LABELS["title"], [DataRequired("Write a heading."), _at_most(120)])
    intro = TextAreaField(LABELS["intro"], [_at_most(400)])
    programme = StringField(LABELS["programme"], [_at_most(200)])
    sender = StringField(LABELS["sender"], [_at_most(120)])
    sender_address = StringField(LABELS["sender_address"], [_at_most(200)])
    kinds = SelectMultipleField(
        LABELS["kinds"],
        choices=[
            (MessageKind.ONE_TO_ONE.value, "One-to-one texts"),
            (MessageKind.MARKETING.value, "Bulk texts and plans"),
        ],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    frequency = StringField(LABELS["frequency"], [_at_most(200)])
    help_contact = StringField(LABELS["help_contact"], [_at_most(120)])
    privacy_url = StringField(LABELS["privacy_url"], [_at_most(500)])
    terms_url = StringField(LABELS["terms_url"], [_at_most(500)])
    disclosure = TextAreaField(LABELS["disclosure"], [_at_most(2000)])
    button = StringField(LABELS["button"], [DataRequired("Write what it says."), _at_most(40)])
    thanks = StringField(LABELS["thanks"], [DataRequired("Write a line."), _at_most(300)])
    ask_name = SelectField(LABELS["ask_name"], choices=_ASKS)
    ask_email = SelectField(LABELS["ask_email"], choices=_ASKS)
    ask_address = SelectField(LABELS["ask_address"], choices=_ASKS)
    ask_custom = SelectField(LABELS["ask_custom"], choices=_ASKS)
    custom_label = StringField(LABELS["custom_label"], [_at_most(120)])
    is_single_message = BooleanField("People get one text only")
    is_double_opt_in = BooleanField("Ask for a YES by text before anything is sent")
    has_confirmation_text = BooleanField("Text people that they are signed up")
    color = StringField(LABELS["color"], [_at_most(7)])
    logo = FileField(LABELS["logo"])
    has_logo = BooleanField("Show the logo")
    tags = StringField("Tags for the people", [_at_most(300)])
    origins = TextAreaField(LABELS["origins"], [_at_most(2000)])

    @classmethod
    def of(cls, name: str, content: Content, edits: int) -> "EditorForm":
        """Return the editor as it opens on a draft."""
        data: dict[str, Any] = {field: getattr(content, field) for field in _TEXTS}
        data |= {field: getattr(content, field).value for field in _CHOICES}
        data |= {
            "name": name,
            "edits": edits,
            "language": content.language.value,
            "kinds": [kind.value for kind in content.kinds],
            "is_single_message": content.is_single_message,
            "is_double_opt_in": content.is_double_opt_in,
            "has_confirmation_text": content.has_confirmation_text,
            "color": content.color,
            "has_logo": bool(content.logo),
            "tags": ", ".join(content.tags),
            "origins": "\n".join(content.origins),
        }
        return cls(formdata=None, data=data)

    def validate_kinds(self, field: SelectMultipleField) -> None:
        """A consent to nothing is none."""
        if not field.data:
            raise ValidationError("Tick what people agree to.")

    def validate_color(self, field: StringField) -> None:
        """Ask for a color that can be read, written as style guides write it."""
        color = colors.tidy(field.data or "")
        if color is None:
            raise ValidationError("Write it as six figures and letters a to f, like #0b6479.")
        if color and (why := colors.refusal(color)):
            raise ValidationError(why)

    def validate_origins(self, field: TextAreaField) -> None:
        """Ask for sites, one a line."""
        try:
            origins_of(field.data or "")
        except DomainError as error:
            raise ValidationError(error.message) from None

    def content(self, before: Content) -> Content:
        """Return what was entered as a draft; the logo stays what it was before.

        A color that can't be read or a site that is none is left out: a preview shows the rest.
        """
        entered: dict[str, Any] = {name: (self[name].data or "").strip() for name in _TEXTS}
        entered |= {name: _ask(self[name].data) for name in _CHOICES}
        known = {kind.value for kind in MessageKind}
        language = self.language.data
        return replace(
            before,
            **entered,
            language=Language(language) if language in set(Language) else before.language,
            kinds=tuple(MessageKind(kind) for kind in self.kinds.data or () if kind in known),
            is_single_message=self.is_single_message.data,
            is_double_opt_in=self.is_double_opt_in.data,
            has_confirmation_text=self.has_confirmation_text.data,
            color=before.color if self.color.errors else colors.tidy(self.color.data or "") or "",
            logo=before.logo if self.has_logo.data else "",
            tags=tuple(people.split_tags((self.tags.data or "").replace(",", ";"))),
            origins=before.origins if self.origins.errors else origins_of(self.origins.data or ""),
        )


class InvitationForm(BaseForm):
    """An invitation by e-mail to one contact."""

    contact = HiddenField(validators=[_at_most(40)])
    email = StringField("E-mail", [DataRequired("Enter the e-mail address."), _at_most(254)])
    note = TextAreaField("A line of your own", [_at_most(500)])

    def validate_email(self, field: StringField) -> None:
        """Ask for the shape of an address."""
        if not people.is_email((field.data or "").strip()):
            raise ValidationError("Write it like name@example.com.")


class PictureForm(BaseForm):
    """A picture of a version's page, taken by a person."""

    kind = SelectField(
        "Which picture", choices=[(kind.value, words) for kind, words in PICTURE_WORDS.items()]
    )
    picture = FileField("Picture", [FileRequired("Choose the picture.")])

    @property
    def picture_kind(self) -> Picture:
        """Return which picture it is."""
        return Picture(self.kind.data)


def _ask(value: str | None) -> Ask:
    return Ask(value) if value in set(Ask) else Ask.NO
