"""Forms of the marketplace and of the plan catalogue."""

import re
from decimal import Decimal
from typing import Any

from wtforms import BooleanField, HiddenField, IntegerField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, StopValidation

from portal.core.base_form import BaseForm

MOST_TEXTS = 1_000_000
MOST_CREDITS = 1_000_000
MOST_CENTS = 10_000_000
_WHOLE = re.compile(r"\d{1,3}(,\d{3})+|\d+")
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
    """What the confirm page sends: which click it was, and the price that was shown."""

    request_key = HiddenField(validators=[DataRequired(), Length(max=64)])
    shown_cents = CountField(validators=[InputRequired(), NumberRange(0, MOST_CENTS)])


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
