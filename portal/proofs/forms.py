"""What a person enters about proofs."""

from flask_wtf.file import FileField
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from portal.core.base_form import BaseForm

DAYS = (("7", "7 days"), ("14", "14 days"), ("30", "30 days"), ("90", "90 days"))


class BundleForm(BaseForm):
    """Whom to gather proof for: numbers pasted, or a file of them (C-6)."""

    title = StringField(
        "Name of the bundle",
        [Length(max=200, message="Keep it to 200 characters.")],
        description="Shown on its pages and in its README, such as: Carrier appeal, March.",
    )
    numbers = TextAreaField(
        "Phone numbers",
        [Length(max=400_000, message="Keep it to 400,000 characters, or attach a file.")],
        description="One a line, or parted by commas. Up to 10,000.",
    )
    file = FileField("Or a file of them", description="CSV or text; every cell is looked at.")
    nonce = HiddenField(
        validators=[DataRequired("Reload the page and try again."), Length(min=16, max=64)]
    )


class LinkForm(BaseForm):
    """Whom a proof or an appeal is shown to, and for how long (C-12)."""

    shared_with = StringField(
        "Who gets the link?",
        [
            DataRequired("Say who gets the link: a name, a firm or an e-mail address."),
            Length(max=200, message="Keep it to 200 characters."),
        ],
        description="Kept with the link, so that its visits can be told apart.",
    )
    days = SelectField("Open for", choices=list(DAYS), default="14")
