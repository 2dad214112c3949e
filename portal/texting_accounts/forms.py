"""Forms of a texting account."""

from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from portal.core.base_form import BaseForm


class AccountForm(BaseForm):
    """Name and time zone; the view fills in the zones."""

    name = StringField(
        "Name",
        validators=[
            DataRequired("Enter a name for the account."),
            Length(max=120, message="Use at most 120 characters."),
        ],
    )
    timezone = SelectField(
        "Time zone",
        description="The account's days, and so its daily limits, run in this zone.",
        choices=[],
    )


class LimitsForm(BaseForm):
    """Daily limits, with the reason of the change (S-5)."""

    daily_recipients = IntegerField(
        "People a day",
        validators=[
            InputRequired("Enter a number of people."),
            NumberRange(0, 100_000, "Enter a number from 0 to 100,000."),
        ],
    )
    daily_segments = IntegerField(
        "Segments a day",
        validators=[
            InputRequired("Enter a number of segments."),
            NumberRange(0, 1_000_000, "Enter a number from 0 to 1,000,000."),
        ],
    )
    note = StringField(
        "Why",
        description="Kept with the limits and in the audit log.",
        validators=[
            DataRequired("Write why the limits change: the note is kept with them."),
            Length(max=500, message="Use at most 500 characters."),
        ],
    )


class PauseForm(BaseForm):
    """Why sending stops."""

    reason = StringField("Reason", validators=[Optional(), Length(max=500)])


class OpenAccountForm(AccountForm):
    """A new account; the view fills in owners."""

    owner = SelectField("Whose account", choices=[])


class AccountMemberForm(BaseForm):
    """Who works in a shared account."""

    user_id = SelectField("Person", choices=[])
    monthly_cap = IntegerField(
        "Credits a month at most",
        validators=[Optional(), NumberRange(0, 10_000_000, "Enter 0 or more credits.")],
    )
