"""Forms with which a number is found and bought."""

import re
from typing import Any

from wtforms import Field, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, ValidationError

from portal.core.base_form import BaseForm
from portal.gateways.numbers import NO_CAPABILITIES, Available, NumberSearch
from portal.numbers import rules

_PUNCTUATION = re.compile(r"[\s().+-]")
_START_AGAIN = "Choose the number again and buy it from there."


def _tidy(text: str | None) -> str:
    return " ".join((text or "").split())


def _bare(text: str | None) -> str:
    return _PUNCTUATION.sub("", text or "")


class SearchForm(BaseForm):
    """What kind of number is looked for; read from the URL, so that it can be shared."""

    class Meta:
        """A form that changes nothing needs no token."""

        csrf = False

    area_code = StringField("Area code", filters=[_bare])
    city = StringField(
        "City",
        filters=[_tidy],
        validators=[Length(max=60, message="A city has at most 60 characters.")],
    )
    state = SelectField(
        "State",
        choices=[SelectChoice("", "Any state"), *(SelectChoice(c, n) for c, n in rules.STATES)],
        validate_choice=False,
        filters=[lambda text: (text or "").strip().upper()],
    )
    digits = StringField("Digits in it", filters=[_bare])

    def validate_area_code(self, field: Field) -> None:
        """Refuse what can't be an area code."""
        if field.data and not rules.is_area_code(field.data):
            raise ValidationError(
                f"{field.data[:20]} is not an area code. Enter three digits, like 312."
            )

    def validate_state(self, field: Field) -> None:
        """Refuse what is no state."""
        if field.data and field.data not in dict(rules.STATES):
            raise ValidationError(f"{field.data[:20]} is not a state. Choose one of the list.")

    def validate_digits(self, field: Field) -> None:
        """Refuse what can't be looked for."""
        if field.data and not rules.are_digits(field.data):
            raise ValidationError("Enter 2 to 10 digits, like 0142. A * stands for any digit.")

    def validate(self, extra_validators: Any = None) -> bool:
        """Ask for something to look for, too."""
        is_good: bool = super().validate(extra_validators)
        if is_good and not any(self.values().values()):
            self.area_code.errors = ["Enter an area code, a city or state, or some digits."]
            return False
        return is_good

    @property
    def wanted(self) -> NumberSearch:
        """Return the search as the carrier understands it."""
        is_toll_free = rules.is_toll_free(f"+1{self.area_code.data}")
        return NumberSearch(**self.values(), is_toll_free=is_toll_free)


class BuyForm(BaseForm):
    """One purchase: which number, what it is called, and which click it was."""

    name = StringField(
        "Name",
        filters=[_tidy],
        validators=[
            DataRequired("Give the number a name, so that people know it in lists."),
            Length(max=rules.NAME_LENGTH, message="A number's name has at most 64 characters."),
        ],
    )
    e164 = HiddenField(validators=[DataRequired(_START_AGAIN)])
    locality = HiddenField(validators=[Length(max=100, message=_START_AGAIN)])
    region = HiddenField(validators=[Length(max=10, message=_START_AGAIN)])
    request_key = HiddenField(
        validators=[DataRequired(_START_AGAIN), Length(max=64, message=_START_AGAIN)]
    )

    def validate_e164(self, field: Field) -> None:
        """Refuse what is no number to be bought, whatever the carrier would say (N-1)."""
        why = rules.why_not_for_sale(field.data)
        if why:
            raise ValidationError(why)

    @property
    def number(self) -> Available:
        """Return the number; what it can do is asked of the carrier when it is bought."""
        return Available(
            self.e164.data or "",
            self.locality.data or "",
            self.region.data or "",
            NO_CAPABILITIES,
        )


class ReleaseForm(BaseForm):
    """Giving a number back: it is typed, so that no click alone does it (N-4)."""

    typed = StringField(
        "The number", filters=[_tidy], validators=[DataRequired("Type the number you give back.")]
    )


def problems(form: BaseForm) -> list[str]:
    """Return what is wrong with hidden fields, which have no place to show it."""
    hidden: list[Field] = [field for field in form if isinstance(field, HiddenField)]
    return sorted({str(error) for field in hidden for error in field.errors})
