"""Forms with which a number is checked, described, signed for and sent in."""

from collections.abc import Iterable
from typing import Any, Final

from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, IntegerField, RadioField, SelectField, StringField
from wtforms.fields import DateField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from portal.core.base_form import BaseForm
from portal.numbers import rules as numbers
from portal.porting.values import Page, Problem

_TOO_LONG: Final = "Use at most %(max)d characters."


def _tidy(text: str | None) -> str:
    return " ".join((text or "").split())


def _short(label: str, most: int = 120) -> StringField:
    return StringField(label, filters=[_tidy], validators=[Length(max=most, message=_TOO_LONG)])


class CheckForm(BaseForm):
    """Which numbers are checked; read from the URL, so that it can be shared."""

    class Meta:
        """A form that changes nothing needs no token."""

        csrf = False

    numbers = TextAreaField(
        "Numbers",
        validators=[InputRequired("Enter a number."), Length(max=500, message=_TOO_LONG)],
    )


class BeginForm(BaseForm):
    """Which number is to be brought over."""

    e164 = HiddenField(validators=[InputRequired("Check the number first."), Length(max=20)])


class PageForm(BaseForm):
    """What every page of the wizard has: which state of the draft it was opened on."""

    edits = IntegerField(
        widget=HiddenInput(),
        validators=[InputRequired("Reload the page: it doesn't say which draft it shows.")],
    )

    def changes(self) -> dict[str, Any]:
        """Return what was entered, without the marks of the page and its files."""
        values = self.values()
        return {name: values[name] for name in values if name not in {"edits", "bill"}}

    def show(self, problems: Iterable[Problem]) -> None:
        """Show what is to be mended beside the fields it is about."""
        for problem in problems:
            if problem.field in self:
                field = self[problem.field]
                field.errors = [*field.errors, problem.sentence]


class CarrierForm(PageForm):
    """The account at the carrier that has the number, as its bill has it."""

    name = _short("Name of the number here", numbers.NAME_LENGTH)
    customer_type = RadioField(
        "The account is", choices=[("Business", "A business's"), ("Individual", "A person's")]
    )
    customer_name = _short("Name on the account")
    account_number = _short("Account number", 60)
    pin = _short("PIN for moving a number", 30)
    account_phone = _short("Main number of the account", 30)
    street = _short("Service address")
    street_2 = _short("Floor or suite", 60)
    city = _short("City", 60)
    state = SelectField(
        "State",
        choices=[SelectChoice("", "Choose one"), *(SelectChoice(c, n) for c, n in numbers.STATES)],
    )
    postal_code = _short("ZIP code", 12)


class AuthorityForm(PageForm):
    """Who may let the number go, and a bill that shows it."""

    representative = _short("Who signs")
    email = _short("E-mail address of whoever signs", 200)
    may_sign = BooleanField("This person owns the account, or is listed on it")
    bill = FileField("Newest bill of your current carrier")


class LetterForm(PageForm):
    """When it should move, and the signature."""

    on = DateField("Move it on", validators=[Optional()])
    signature = _short("Your signature: type the name", 200)


FORMS: Final[dict[Page, type[PageForm]]] = {
    Page.CARRIER: CarrierForm,
    Page.AUTHORITY: AuthorityForm,
}
