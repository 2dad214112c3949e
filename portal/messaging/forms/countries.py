"""Which countries outside country code 1 an account may text, and how much a day (S-2)."""

from typing import Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from wtforms import IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange

from portal.core.base_form import BaseForm
from portal.core.phone import country_name

MOST: Final = 10_000
_UNKNOWN: Final = country_name(None)


def _names() -> dict[int, str]:
    """Return the country codes with the countries they reach, the main one first."""
    found = {}
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        named = [name for region in regions if (name := country_name(region)) != _UNKNOWN]
        if code != 1 and named:
            found[code] = named[0] + (f" and {len(named) - 1} more" if len(named) > 1 else "")
    return found


NAMES: Final = _names()


class CountryForm(BaseForm):
    """One country to switch on."""

    country_code = SelectField(
        "Country",
        coerce=int,
        choices=sorted(
            ((code, f"{name} (+{code})") for code, name in NAMES.items()), key=lambda c: c[1]
        ),
    )
    daily_limit = IntegerField(
        "Texts a day",
        default=100,
        validators=[
            InputRequired("Write how many texts a day, like 100."),
            NumberRange(1, MOST, message=f"Write a number from 1 to {MOST:,}."),
        ],
    )
