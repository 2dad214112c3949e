"""What officers enter about erasing and keeping."""

from flask_wtf.file import FileField, FileRequired
from wtforms import IntegerField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from portal.core.base_form import BaseForm
from portal.retention.values import TERMS, Keeping

_SHORT = Length(max=500, message="Keep it to 500 characters.")


class ErasureForm(BaseForm):
    """A request to be forgotten."""

    phone = StringField(
        "Phone number",
        [DataRequired("Enter the phone number."), Length(max=40, message="Keep it to 40 signs.")],
    )
    reason = StringField("Why", [DataRequired("Say what the person asked for."), _SHORT])
    evidence = TextAreaField(
        "Evidence of the request",
        [DataRequired("Say how you know that the person asked, and where it is kept."), _SHORT],
    )


class HoldForm(BaseForm):
    """A legal hold."""

    phone = StringField("Phone number", [Length(max=40, message="Keep it to 40 signs.")])
    reason = StringField("Why", [DataRequired("Name the dispute or request."), _SHORT])


class ReleaseForm(BaseForm):
    """Why a hold may go."""

    reason = StringField("Why", [DataRequired("Say why it may be released."), _SHORT])


class TermsForm(BaseForm):
    """How many days each class is kept."""

    def terms(self) -> dict[Keeping, int]:
        """Return what was entered."""
        return {kind: self[kind.value].data for kind in Keeping}


for _kind, _term in TERMS.items():
    setattr(
        TermsForm,
        _kind.value,
        IntegerField(_term.words, [InputRequired("Enter a number of days.")]),
    )


class AnswerForm(BaseForm):
    """The answer of a database of reassigned numbers."""

    file = FileField("Answer file", [FileRequired("Choose the file the database gave back.")])
