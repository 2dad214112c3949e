"""Which texts go into a file."""

from wtforms import DateField, HiddenField, SelectField
from wtforms.validators import DataRequired, InputRequired, Length

from portal.core.base_form import BaseForm, sane_day
from portal.exports.values import FILE_WORDS


class ExportForm(BaseForm):
    """All texts of some days."""

    first = DateField("From", [InputRequired("Give the first day."), sane_day])
    last = DateField("To", [InputRequired("Give the last day."), sane_day])
    kind = SelectField("As", choices=[(str(k), v) for k, v in FILE_WORDS.items()])
    nonce = HiddenField(
        validators=[DataRequired("Reload the page and try again."), Length(min=16, max=64)]
    )
