"""What a person enters to have everything about an account."""

from wtforms import DateField, HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from portal.core.base_form import BaseForm, sane_day
from portal.dossiers.values import Wanted


class DossierForm(BaseForm):
    """Whom it is for, why, and the days."""

    counsel = StringField(
        "Who is it for, and in which matter?",
        [
            DataRequired("Say who gets it: counsel, a firm, a matter or its number."),
            Length(max=200, message="Keep it to 200 characters."),
        ],
        description="Such as: Casey Ito, Ito & Ray, matter 2026-114.",
    )
    reason = TextAreaField(
        "Why is it needed?",
        [
            DataRequired("Say why it is needed; it stands in the audit log and in the file."),
            Length(max=500, message="Keep it to 500 characters."),
        ],
    )
    first = DateField("First day", [Optional(), sane_day], description="Empty: from the beginning.")
    last = DateField("Last day", [Optional(), sane_day])
    nonce = HiddenField(
        validators=[DataRequired("Reload the page and try again."), Length(min=16, max=64)]
    )

    def wanted(self) -> Wanted:
        """Return what was asked for."""
        counsel, reason = (self.counsel.data or "").strip(), (self.reason.data or "").strip()
        return Wanted(counsel, reason, self.first.data, self.last.data)
