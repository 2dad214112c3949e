"""What people enter about approvals: an answer with its reason, and the officers' policy (S-12)."""

from wtforms import IntegerField, StringField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from portal.core.base_form import BaseForm
from portal.messaging.rules.approvals import LEAST, MOST


class AnswerForm(BaseForm):
    """Whether a send may go; a no needs its reason."""

    shown = StringField("Shown", [Length(max=64)])
    reason = StringField(
        "Reason for a no", [Optional(), Length(max=300, message="Keep it to 300 characters.")]
    )


class PolicyForm(BaseForm):
    """Above how many recipients a second person looks; nothing switches it off."""

    above = IntegerField(
        "Above how many people",
        [Optional(), NumberRange(LEAST, MOST, f"Enter {LEAST} to {MOST:,}, or nothing.")],
        render_kw={"inputmode": "numeric"},
    )
    reason = StringField(
        "Reason",
        [
            DataRequired("Give the reason: it stands in the log."),
            Length(max=300, message="Keep it to 300 characters."),
        ],
        render_kw={"autocomplete": "off"},
    )
