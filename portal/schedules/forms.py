"""Which report goes by mail, how often, and to whom."""

from wtforms import SelectField, TextAreaField
from wtforms.validators import Length

from portal.core.base_form import BaseForm
from portal.exports.values import FILE_WORDS
from portal.schedules.values import RHYTHM_WORDS


class ScheduleForm(BaseForm):
    """One report by mail; the view fills in the reports there are."""

    report = SelectField("Report", choices=[])
    rhythm = SelectField("When", choices=[(str(k), v) for k, v in RHYTHM_WORDS.items()])
    file_kind = SelectField("Attached as", choices=[(str(k), v) for k, v in FILE_WORDS.items()])
    addresses = TextAreaField(
        "To",
        [Length(max=4000, message="Keep it to 4,000 characters.")],
        description="E-mail addresses of people here who may see it, one a line. Empty: to you.",
    )
