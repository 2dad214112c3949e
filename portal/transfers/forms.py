"""Forms with which a number is brought over from another Twilio account."""

import re
from typing import Final

from wtforms import BooleanField, Field, HiddenField, PasswordField, RadioField, StringField
from wtforms.validators import DataRequired, Email, Length, ValidationError

from portal.contacts.rules.numbers import read
from portal.core.base_form import BaseForm
from portal.numbers import rules as number_rules
from portal.transfers.service import OldPlace

_ACCOUNT_SID: Final = re.compile(r"AC[0-9a-f]{32}")
_TOKEN: Final = re.compile(r"[0-9a-f]{32}")
_COPY_WHOLE: Final = (
    "An auth token has 32 digits and letters from a to f. Copy it whole from Twilio's Console."
)
WITH_TOKEN, BY_SIGNATURE = "token", "signature"


def _bare(text: str | None) -> str:
    return "".join((text or "").split())


def _tidy(text: str | None) -> str:
    return " ".join((text or "").split())


class ConnectForm(BaseForm):
    """Where the number is today, and whether the account's token is at hand."""

    account_sid = StringField(
        "Account SID",
        filters=[_bare],
        validators=[DataRequired("Enter the SID of the account the number is in today.")],
    )
    way = RadioField(
        "How can the account be opened?",
        choices=[
            (WITH_TOKEN, "I have its auth token"),
            (BY_SIGNATURE, "I don't: it is somebody else's account. Its owner signs."),
        ],
        default=WITH_TOKEN,
        validators=[DataRequired("Choose one of the two.")],
    )
    token = PasswordField("Auth token", filters=[_bare])
    number = StringField("The number", filters=[_tidy])

    def validate_account_sid(self, field: Field) -> None:
        """Refuse what is no SID of an account."""
        if not _ACCOUNT_SID.fullmatch(field.data):
            raise ValidationError(
                "An account SID is AC and 32 digits and letters from a to f. Copy it whole."
            )

    def validate_token(self, field: Field) -> None:
        """Ask for the token where it is to be had."""
        if self.way.data == WITH_TOKEN and not _TOKEN.fullmatch(field.data or ""):
            raise ValidationError(_COPY_WHOLE)

    def validate_number(self, field: Field) -> None:
        """Ask for the number where nobody can pick it from a list."""
        if self.way.data != BY_SIGNATURE:
            return
        if not field.data:
            raise ValidationError("Enter the number that is to come here.")
        number = read(field.data)
        if number.e164 is None:
            raise ValidationError(f"{number.why} Write it like (312) 555-0142.")
        if (why := number_rules.why_not_for_sale(number.e164)) is not None:
            raise ValidationError(why)

    @property
    def place(self) -> OldPlace:
        """Return where the number is; the token only where it was asked for."""
        if self.way.data == BY_SIGNATURE:
            return OldPlace(self.account_sid.data, e164=read(self.number.data).e164 or "")
        return OldPlace(self.account_sid.data, token=self.token.data)


class TokenForm(BaseForm):
    """Another token of the same account."""

    token = PasswordField("Auth token", filters=[_bare])

    def validate_token(self, field: Field) -> None:
        """Refuse what is no token."""
        if not _TOKEN.fullmatch(field.data or ""):
            raise ValidationError(_COPY_WHOLE)


class PickForm(BaseForm):
    """One number of the old account."""

    number_sid = HiddenField(validators=[DataRequired("Choose a number from the list.")])


class AgreeForm(BaseForm):
    """That somebody read what the move changes."""

    agrees = BooleanField(
        "I have read what changes, and want the number to be moved",
        validators=[DataRequired("Tick the box to go on.")],
    )


class SignForm(AgreeForm):
    """The signed authorisation of who owns the old account."""

    name = StringField(
        "Your name",
        filters=[_tidy],
        validators=[DataRequired("Sign with your full name."), Length(max=100)],
    )
    title = StringField(
        "Your role in the company that has the account",
        filters=[_tidy],
        validators=[
            DataRequired("Say what makes you the one to sign, like Owner."),
            Length(max=80),
        ],
    )
    email = StringField(
        "E-mail address of the account's owner at Twilio",
        filters=[_bare],
        validators=[
            DataRequired("Enter the address the old account was opened with."),
            Length(max=200),
            Email("This is no e-mail address. Write it like ann@example.com."),
        ],
    )


class RequestForm(BaseForm):
    """That the request went out, with the ticket Twilio gave it."""

    ticket = StringField(
        "Ticket number",
        filters=[_tidy],
        validators=[Length(max=60, message="A ticket number has at most 60 characters.")],
    )
