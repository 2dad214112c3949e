"""What people enter about do-not-call lists: a file, a relationship, a check by hand."""

from collections.abc import Sequence
from typing import Final

from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, HiddenField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from portal.compliance.rules.places import STATE_NAMES
from portal.core.base_form import BaseForm
from portal.core.errors import DomainError
from portal.dnc.values import KIND_WORDS, NATIONAL, RELATION_WORDS, FileKind

SOURCES: Final[Sequence[tuple[str, str]]] = (
    (NATIONAL, "National registry (FTC)"),
    *sorted(STATE_NAMES.items(), key=lambda item: item[1]),
)
_LATEST: Final = {"max": "2100-12-31"}


class RefusableForm(BaseForm):
    """A form that shows a service's refusal beside the field it begins with."""

    def refuse_where_it_says(self, error: DomainError, otherwise: str) -> None:
        """Put a refusal such as "as_of: choose a day" to its field."""
        name, _, said = error.message.partition(": ")
        if name in self._fields and said:
            words = said[0].upper() + said[1:]
            self[name].errors = [*self[name].errors, words]
        else:
            self.refuse(otherwise, error)


class ListFileForm(RefusableForm):
    """A downloaded list."""

    source = SelectField("Which list", choices=list(SOURCES), default=NATIONAL)
    kind = SelectField(
        "What the file holds",
        choices=[("", "Find out"), *((kind.value, words) for kind, words in KIND_WORDS.items())],
        default="",
    )
    as_of = DateField(
        "Downloaded on",
        [InputRequired("Enter the day the file was downloaded.")],
        render_kw=_LATEST,
    )
    area_code = StringField(
        "Area code",
        [Optional()],
        render_kw={"inputmode": "numeric", "autocomplete": "off", "maxlength": "3"},
    )
    file = FileField("File", [FileRequired("Choose the file you downloaded.")])

    @property
    def file_kind(self) -> FileKind | None:
        """Return what the file is said to hold; None: it is to be found out."""
        return FileKind(self.kind.data) if self.kind.data else None


class RelationshipForm(RefusableForm):
    """A business relationship with a person."""

    phone = StringField("Phone number", [DataRequired("Enter the number."), Length(max=40)])
    relation = RadioField(
        "What makes the relationship",
        choices=[(relation.value, words) for relation, words in RELATION_WORDS.items()],
        validators=[DataRequired("Choose what makes the relationship.")],
    )
    happened_on = DateField(
        "When it happened last",
        [InputRequired("Enter the day it happened.")],
        render_kw=_LATEST,
    )
    evidence = StringField(
        "How it can be shown",
        [
            DataRequired("Say how it can be shown: a closing, a form, their own text."),
            Length(max=500, message="Keep it to 500 characters."),
        ],
        render_kw={"autocomplete": "off"},
    )


class CheckForm(RefusableForm):
    """A look at the registry by hand."""

    phone = StringField("Phone number", [DataRequired("Enter the number."), Length(max=40)])
    checked_on = DateField("Checked on", [Optional()], render_kw=_LATEST)  # else today
    next = HiddenField()  # where to go on to
    how = StringField(
        "Where you looked",
        [
            DataRequired("Say where you looked, like: telemarketing.donotcall.gov."),
            Length(max=300, message="Keep it to 300 characters."),
        ],
        render_kw={"autocomplete": "off"},
    )


class EndForm(RefusableForm):
    """Why a relationship does not hold."""

    because = StringField(
        "Why it does not hold",
        [DataRequired("Say why it does not hold."), Length(max=300)],
        render_kw={"autocomplete": "off"},
    )
