"""What officers enter about similar texts: approved wordings and the threshold (H-2)."""

from wtforms import IntegerField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from portal.core.base_form import BaseForm
from portal.messaging.forms.linting import reason_field
from portal.messaging.forms.talking import tidy
from portal.messaging.rules.similar import JUSTIFIED_BY

_COUNT = NumberRange(2, 10_000, message="Enter a number from 2 to 10,000.")


class TemplateForm(BaseForm):
    """A wording that may go from many numbers, and the business reason for it."""

    name = StringField(
        "Name",
        [
            DataRequired("Give it a name, like Open house invitation."),
            Length(max=100, message="Keep it to 100 characters."),
        ],
    )
    body = TextAreaField(
        "Wording",
        [
            DataRequired("Enter the wording, merge fields as they are."),
            Length(max=1600, message="Keep it to 1,600 characters."),
        ],
        filters=[tidy],
    )
    justification = TextAreaField(
        "Business justification",
        [
            DataRequired("Say why this must go from several numbers: carriers read it."),
            Length(max=2000, message="Keep it to 2,000 characters."),
        ],
        filters=[tidy],
    )

    def validate_justification(self, field: TextAreaField) -> None:
        """Ask for a sentence."""
        if len((field.data or "").split()) < JUSTIFIED_BY:
            raise ValidationError("Say it in a sentence: carriers read it.")


class WithdrawalForm(BaseForm):
    """Why an approval is taken back."""

    reason = reason_field()


class ThresholdForm(BaseForm):
    """From how many numbers and texts of a day on a group is flagged, and why."""

    numbers = IntegerField("Numbers", [InputRequired("Enter how many numbers."), _COUNT])
    texts = IntegerField("Texts", [InputRequired("Enter how many texts."), _COUNT])
    reason = reason_field()
