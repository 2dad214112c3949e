"""Which texts go into a file."""

from wtforms import DateField, Field, HiddenField, SelectField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from portal.core.base_form import BaseForm
from portal.core.days import is_sane
from portal.exports.values import FILE_WORDS


def _sane(_form: BaseForm, field: Field) -> None:
    """Refuse a year nobody means."""
    if field.data is not None and not is_sane(field.data):
        raise ValidationError("Check the year of this day.")


class ExportForm(BaseForm):
    """All texts of some days."""

    first = DateField("From", [InputRequired("Give the first day."), _sane])
    last = DateField("To", [InputRequired("Give the last day."), _sane])
    kind = SelectField("As", choices=[(str(k), v) for k, v in FILE_WORDS.items()])
    nonce = HiddenField(
        validators=[DataRequired("Reload the page and try again."), Length(min=16, max=64)]
    )
