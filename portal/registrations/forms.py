"""Forms of the wizard: each page keeps what was entered; what is wrong is told beside it."""

from collections.abc import Iterable
from typing import Any, Final

from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.fields import TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length
from wtforms.widgets import HiddenInput

from portal.core.addresses import NONE, parts_of
from portal.core.base_form import BaseForm
from portal.numbers import rules as numbers
from portal.registrations.rules import wordings
from portal.registrations.values import Kind, Page, Problem

_TOO_LONG: Final = "Use at most %(max)d characters."


def _tidy(text: str | None) -> str:
    return " ".join((text or "").split())


def _trimmed(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


def _short(label: str, most: int = 120) -> StringField:
    return StringField(label, filters=[_tidy], validators=[Length(max=most, message=_TOO_LONG)])


def _is_readable(_form: BaseForm, field: Field) -> None:
    """Refuse what no browser can read, such as brackets left over from a template."""
    if field.data and parts_of(field.data) == NONE:
        raise ValidationError("Write the address as a browser shows it, like https://example.com.")


def _address(label: str) -> StringField:
    most = Length(max=500, message=_TOO_LONG)
    return StringField(label, filters=[_tidy], validators=[most, _is_readable])


def _long(label: str, most: int) -> TextAreaField:
    return TextAreaField(
        label, filters=[_trimmed], validators=[Length(max=most, message=_TOO_LONG)]
    )


def _choice(label: str, choices: Iterable[tuple[str, str]], rest: str) -> SelectField:
    listed = [SelectChoice("", rest), *(SelectChoice(value, words) for value, words in choices)]
    return SelectField(label, choices=listed)


class PageForm(BaseForm):
    """What every page of the wizard has: which state of the draft it was opened on."""

    edits = IntegerField(
        widget=HiddenInput(),
        validators=[InputRequired("Reload the page: it doesn't say which draft it shows.")],
    )

    def changes(self) -> dict[str, Any]:
        """Return what was entered, without the marks of the page."""
        values = self.values()
        del values["edits"]
        return values

    def show(self, problems: Iterable[Problem]) -> None:
        """Show what would get it rejected beside the fields it is about."""
        for problem in problems:
            if problem.field in self:
                field = self[problem.field]
                field.errors = [*field.errors, problem.sentence]


class BusinessForm(PageForm):
    """The business, as its tax papers have it."""

    legal_name = _short("Legal name")
    business_kind = _choice("Kind of business", wordings.KIND_WORDS.items(), "Choose one")
    ein = _short("EIN", 20)
    website = _address("Website")
    street = _short("Street")
    city = _short("City", 60)
    state = _choice("State", numbers.STATES, "Choose one")
    postal_code = _short("ZIP code", 12)


class BrandForm(BusinessForm):
    """The business of a brand, and how much it will text."""

    tier = RadioField("How much you will text", choices=list(wordings.TIERS.items()))


class ContactForm(PageForm):
    """Who speaks for the business."""

    first_name = _short("First name", 60)
    last_name = _short("Last name", 60)
    title = _short("Title", 60)
    position = _choice("Position", ((word, word) for word in wordings.POSITIONS), "Choose one")
    email = _short("E-mail address", 254)
    phone = _short("Phone number", 30)


class MessagesForm(PageForm):
    """What is texted from local numbers."""

    use_case = _choice("What the texts are for", wordings.USE_CASES.items(), "Choose one")
    description = _long("Who texts, whom, and about what", 4096)
    sample_1 = _long("Sample text 1", 1024)
    sample_2 = _long("Sample text 2", 1024)
    sample_3 = _long("Sample text 3", 1024)
    has_links = BooleanField("Texts hold links")
    has_phone = BooleanField("Texts hold phone numbers")
    opt_in_message = _long("Text that confirms a sign-up", 320)
    opt_out_message = _long("Text that confirms an opt-out", 320)
    help_message = _long("Answer to HELP", 320)


class TollFreeMessagesForm(PageForm):
    """What is texted from a toll-free number."""

    use_case = _choice("What the texts are for", wordings.USE_CASES.items(), "Choose one")
    description = _long("Who texts, whom, and about what", 4096)
    sample_1 = _long("Sample text", 1024)
    volume = _choice("Texts a month", ((n, n) for n in wordings.VOLUMES), "Choose one")


class OptInForm(PageForm):
    """How people agree."""

    opt_in_url = _address("Where people sign up")
    message_flow = _long("How people agree to be texted", 2048)
    privacy_url = _address("Privacy policy")
    terms_url = _address("Terms")


class TollFreeOptInForm(OptInForm):
    """How people agree, with a picture of the form."""

    image_url = _address("Picture of the form")


class FillForm(PageForm):
    """Which published form fills the page about opting in."""

    form_id = SelectField("Published form", coerce=str)


class NumberForm(BaseForm):
    """Which toll-free number is to be verified."""

    e164 = HiddenField()


_FORMS: Final[dict[Kind, dict[Page, type[PageForm]]]] = {
    Kind.A2P: {
        Page.BUSINESS: BrandForm,
        Page.CONTACT: ContactForm,
        Page.MESSAGES: MessagesForm,
        Page.OPT_IN: OptInForm,
    },
    Kind.TOLL_FREE: {
        Page.BUSINESS: BusinessForm,
        Page.CONTACT: ContactForm,
        Page.MESSAGES: TollFreeMessagesForm,
        Page.OPT_IN: TollFreeOptInForm,
    },
}


def form_of(kind: Kind, page: Page) -> type[PageForm]:
    """Return the form of a page."""
    return _FORMS[kind][page]
