"""The form that closes an account for good."""

from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from portal.core.base_form import BaseForm


class CloseForm(BaseForm):
    """Closing an account: its name is typed, so that no click alone does it, and why."""

    typed = StringField(
        "The account's name",
        validators=[DataRequired("Type the name of the account you close.")],
    )
    reason = TextAreaField(
        "Why",
        description="Kept with the account and in the audit log.",
        validators=[
            DataRequired("Write why the account is closed: nobody can open it again."),
            Length(max=500, message="Use at most 500 characters."),
        ],
    )
