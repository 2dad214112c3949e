"""Forms of the marketplace, the plan catalogue and invoices."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import (
    DataRequired,
    Email,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    Regexp,
    StopValidation,
    ValidationError,
)

from portal.core.base_form import BaseForm, sane_day
from portal.exports.values import FILE_WORDS

MOST_TEXTS = 1_000_000
MOST_CREDITS = 1_000_000
MOST_CENTS = 10_000_000
_WHOLE = re.compile(r"\d{1,3}(,\d{3})+|\d+")
_KEY = re.compile(r"[0-9a-f]{32}\Z")  # as our pages make them: renewals have keys of another form
_DOLLARS = re.compile(r"\$?\s?((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,2})?)")


class CountField(IntegerField):
    """A whole number as people type it, thousands separated or not."""

    def pre_validate(self, _form: object) -> None:
        """Say one thing at a time: what can't be read is not measured as well."""
        if self.process_errors:
            raise StopValidation

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the number. Raises ValueError with what to type instead."""
        if not valuelist:
            return
        self.data = None
        text = str(valuelist[0]).strip()
        if not text:
            return
        if not (text.isascii() and _WHOLE.fullmatch(text)):
            raise ValueError("Enter a whole number, like 500.")
        self.data = int(text.replace(",", "")[:12])


class DollarsField(StringField):
    """An amount of money as people type it; its data is cents."""

    def pre_validate(self, _form: object) -> None:
        """Say one thing at a time: what can't be read is not measured as well."""
        if self.process_errors:
            raise StopValidation

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the amount. Raises ValueError with what to type instead."""
        if not valuelist:
            return
        self.data = None
        text = str(valuelist[0]).strip()
        if not text:
            return
        found = _DOLLARS.fullmatch(text) if text.isascii() else None
        if found is None:
            raise ValueError("Enter an amount in dollars, like 16 or 16.50.")
        self.data = int(Decimal(found[1].replace(",", "")[:14]) * 100)

    def _value(self) -> str:
        """Show what was typed, or the amount as dollars and cents."""
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data // 100}.{self.data % 100:02d}" if self.data is not None else ""


def _count(label: str, most: int, *, least: int = 1) -> CountField:
    return CountField(
        label,
        validators=[
            InputRequired("Enter a number."),
            NumberRange(least, most, message=f"Enter a number from {least:,} to {most:,}."),
        ],
    )


class SuggestionForm(BaseForm):
    """How many texts a month somebody sends; read from the URL, so that it can be shared."""

    class Meta:
        """A form that changes nothing needs no token."""

        csrf = False

    texts = _count("Texts a month", MOST_TEXTS)


class BuyForm(BaseForm):
    """What the confirm page sends: which click it was, and the price and terms that were shown."""

    request_key = HiddenField(validators=[DataRequired(), Regexp(_KEY)])
    shown_cents = CountField(validators=[InputRequired(), NumberRange(0, MOST_CENTS)])
    shown_terms = HiddenField(validators=[DataRequired(), Length(max=150)])


class SeveralForm(BaseForm):
    """The plan that several accounts are to have; the view fills in the plans on offer."""

    plan_id = SelectField(
        "Plan", choices=[], validators=[InputRequired("Choose a plan that is on offer.")]
    )
    request_key = HiddenField(validators=[Optional(), Regexp(_KEY)])


class CancelForm(BaseForm):
    """The tick with which a person says that they know what ends (B-7)."""

    is_sure = BooleanField(
        "I know that the number and the unused credits go on the 1st",
        validators=[DataRequired("Tick the box to say that you know what ends.")],
    )


class PlanForm(BaseForm):
    """One plan of the catalogue."""

    name = StringField(
        "Name",
        validators=[
            DataRequired("Give the plan a name."),
            Length(max=60, message="A plan's name has at most 60 characters."),
        ],
        filters=[lambda text: " ".join(text.split()) if text else text],
    )
    credits_per_month = _count("Credits a month", MOST_CREDITS)
    price_cents = DollarsField(
        "Price a month in dollars",
        validators=[
            InputRequired("Enter a price. A free plan costs 0."),
            NumberRange(0, MOST_CENTS, message="Enter an amount from 0 to 100,000 dollars."),
        ],
    )
    is_offered = BooleanField("On offer in the marketplace", default=True)
    next_price_cents = DollarsField(
        "New price later, in dollars",
        validators=[
            Optional(),
            NumberRange(0, MOST_CENTS, message="Enter an amount from 0 to 100,000 dollars."),
        ],
    )
    next_price_on = DateField("from this day on", validators=[Optional(), sane_day])

    def validate_next_price_cents(self, field: DollarsField) -> None:
        """Ask for the day from which this price holds."""
        if field.data is not None and self.next_price_on.data is None:
            raise ValidationError("Choose the day from which the new price holds.")

    def validate_next_price_on(self, field: DateField) -> None:
        """Ask for the price that holds from this day on."""
        if field.data is not None and self.next_price_cents.data is None:
            raise ValidationError("Enter the new price, or leave its day empty too.")


def _line(label: str, most: int, *further: Any) -> StringField:
    return StringField(label, validators=[*further, Length(max=most)], filters=[_tidy])


def _block(label: str) -> TextAreaField:
    return TextAreaField(label, validators=[Length(max=500)], filters=[_without_returns])


def _email(label: str) -> StringField:
    return StringField(label, validators=[Optional(), Email(), Length(max=254)], filters=[_tidy])


def _tidy(text: str | None) -> str:
    return " ".join(text.split()) if text else ""


def _without_returns(text: str | None) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines()) if text else ""


class IssuerForm(BaseForm):
    """Who writes the invoices of this installation."""

    name = _line("Name", 120, DataRequired("Say who writes the invoices."))
    address = _block("Address")
    tax_number = _line("Tax number", 40)
    email = _email("E-mail for questions")
    pay_to = _block("How to pay")
    due_days = _count("Days until an invoice is due", 180, least=0)


class PayerForm(BaseForm):
    """Who pays the invoices of an organization."""

    name = _line("Name on invoices", 120, DataRequired("Say who pays the invoices."))
    address = _block("Address")
    tax_number = _line("Tax number", 40)
    order_number = _line("Your order number", 60)
    contact_email = _email("Send invoices to")


class PaidForm(BaseForm):
    """When the money of an invoice came, and under which reference."""

    paid_on = DateField("Paid on", validators=[InputRequired("Say when the money came.")])
    reference = _line(
        "Reference", 200, DataRequired("Name the transfer or check, so that it is found again.")
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        """Know which day it is."""
        super().__init__(*args, **kwargs)
        self._today = today

    def validate_paid_on(self, field: DateField) -> None:
        """Refuse a day to come, and one so far back that it is a slip."""
        if field.data is None:
            return  # it could not be read, and that is said already
        if field.data > self._today:
            raise ValidationError("That day is still to come. Enter the day the money came.")
        if field.data < self._today - timedelta(days=3_660):
            raise ValidationError("That is more than ten years ago. Check the year.")


class VoidForm(BaseForm):
    """Why an invoice is not to be paid."""

    reason = _line("Reason", 200, DataRequired("Say why, so that whoever reads the books knows."))


class StatementFileForm(BaseForm):
    """Which kind of file the statement is to be."""

    file = SelectField("As", choices=[(str(kind), words) for kind, words in FILE_WORDS.items()])
    nonce = HiddenField(
        validators=[DataRequired("Reload the page and try again."), Length(min=16, max=64)]
    )
