"""Letting sending go on after it stood still."""

from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from portal.core.base_form import BaseForm
from portal.messaging.service.fence import Waiting


class LiftForm(BaseForm):
    """Why sending may go on, and what becomes of texts that may have gone already."""

    reason = TextAreaField(
        "Why may sending go on?",
        validators=[
            InputRequired("Write what you found out: it is kept in the audit log."),
            Length(max=500),
        ],
    )
    waiting = RadioField(
        "Texts that may have gone already",
        choices=[
            SelectChoice(
                Waiting.DROP, "Don't send them. They end as not confirmed and cost nothing."
            ),
            SelectChoice(Waiting.SEND, "Send them. Some people may get the same text twice."),
        ],
        default=Waiting.DROP,
    )
