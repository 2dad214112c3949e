"""What officers choose for plans' texts over a daily limit (S-5)."""

from wtforms import RadioField

from portal.core.base_form import BaseForm
from portal.messaging.forms.linting import reason_field


class PlanLimitsForm(BaseForm):
    """Whether they wait or go, and why."""

    over = RadioField(
        "Plan texts over a daily limit",
        choices=[
            ("hold", "Wait for the next day with room"),
            ("go", "Go the same day, at the sender's risk"),
        ],
        default="hold",
    )
    reason = reason_field()
