"""What is entered to forward calls."""

from typing import Any

from wtforms import RadioField, StringField
from wtforms.validators import InputRequired, Length

from portal.calls.values import Shown
from portal.core.base_form import BaseForm


def _trim(text: Any) -> str:
    return str(text or "").strip()


class PhoneForm(BaseForm):
    """The phone calls go to, and what it shows."""

    phone = StringField(
        "Phone that takes the calls",
        filters=[_trim],
        validators=[InputRequired("Enter a phone number with its area code."), Length(max=40)],
    )
    shown = RadioField(
        "It shows",
        choices=[
            (Shown.CALLER.value, "The caller's number"),
            (Shown.OURS.value, "The texting number, so that you know it is a work call"),
        ],
        default=Shown.CALLER.value,
    )


class CodeForm(BaseForm):
    """The code that was said on the phone."""

    code = StringField(
        "Code",
        filters=[_trim],
        validators=[InputRequired("Enter the six digits you heard."), Length(max=20)],
    )
