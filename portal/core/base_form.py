"""What every form can do."""

from collections.abc import Mapping
from typing import Any, Final

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Form, ValidationError

from portal.core.days import is_sane
from portal.core.errors import DomainError

# What WTForms says by itself, in our words: what is wrong and what to do.
_WORDS: Final[Mapping[str, str]] = {
    "This field is required.": "Fill this in.",
    "Not a valid choice.": "Choose one of the list.",
    "Invalid Choice: could not coerce.": "Choose one of the list.",
    "Invalid choice(s): one or more data inputs could not be coerced.": "Choose from the list.",
    "'%(value)s' is not a valid choice for this field.": "Choose from the list.",
    "'%(value)s' are not valid choices for this field.": "Choose from the list.",
    "Not a valid integer value.": "Enter a whole number, like 200.",
    "Not a valid decimal value.": "Enter a number, like 12.50.",
    "Not a valid date value.": "This is not a date. Write it like 2026-03-14.",
    "Not a valid datetime value.": "This is not a day and time. Write them like 2026-03-14 09:30.",
    "Not a valid time value.": "This is not a time. Write it like 09:30.",
    "Invalid input.": "This does not have the form it should.",
    "Invalid email address.": "This is not an e-mail address. It looks like name@example.com.",
    "Field must be at least %(min)d characters long.": "Use at least %(min)d characters.",
    "Field cannot be longer than %(max)d character.": "Use at most %(max)d character.",
    "Field cannot be longer than %(max)d characters.": "Use at most %(max)d characters.",
    "Field must be between %(min)d and %(max)d characters long.": (
        "Use %(min)d to %(max)d characters."
    ),
    "Number must be at least %(min)s.": "Enter %(min)s or more.",
    "Number must be at most %(max)s.": "Enter %(max)s or less.",
    "Number must be between %(min)s and %(max)s.": "Enter a number from %(min)s to %(max)s.",
}


class _Words:
    """The house's words in place of the library's."""

    def gettext(self, text: str) -> str:
        return _WORDS.get(text, text)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return self.gettext(singular if n == 1 else plural)


def _fitting(form: Any, sent: MultiDict[str, Any]) -> MultiDict[str, Any]:
    """Return what was sent without NUL, which no database takes, no file for a text, and no odd row."""
    takes_files = {field.name for field in form if field.type in {"FileField", "MultipleFileField"}}
    lists = tuple(f"{field.name}-" for field in form if field.type == "FieldList")
    return MultiDict(
        [
            (name, value.replace("\0", "") if isinstance(value, str) else value)
            for name, value in sent.items(multi=True)
            if (isinstance(value, str) or name in takes_files)
            and not (name.startswith(lists) and _is_odd_row(name, lists))
        ]
    )


def _is_odd_row(name: str, lists: tuple[str, ...]) -> bool:
    """Say whether the number of a row is none that a page of ours writes."""
    begun = next(begun for begun in lists if name.startswith(begun))
    number = name.removeprefix(begun).partition("-")[0]
    return not (number.isascii() and number.isdigit() and len(number) < 5)


def sane_day(_form: Any, field: Any) -> None:
    """Refuse a day of a year nobody means, with which nothing can be reckoned."""
    if field.data is not None and not is_sane(field.data):
        raise ValidationError("Check the year of this day.")


class PartForm(Form):
    """A part of a form that comes several times."""

    class Meta:
        """What holds for every part."""

        def get_translations(self, _form: object) -> _Words:
            """Return the words of refusals."""
            return _Words()


class BaseForm(FlaskForm):
    """A form whose values feed a service and whose fields can show its refusal."""

    class Meta:
        """What holds for every form."""

        def get_translations(self, _form: object) -> _Words:
            """Return the words of refusals."""
            return _Words()

        def wrap_formdata(self, form: object, formdata: Any) -> Any:
            """Read text and files, each where it belongs: never JSON, nor NUL in a text."""
            if formdata is not None and not hasattr(formdata, "getlist") and request.is_json:
                return request.form
            sent = super().wrap_formdata(form, formdata)  # type: ignore[misc]
            return sent if sent is None else _fitting(form, sent)

    def values(self) -> dict[str, Any]:
        """Return what was entered, by field name, without the CSRF token and buttons."""
        return {
            field.short_name: field.data
            for field in self
            if field.short_name != "csrf_token" and field.type != "SubmitField"
        }

    def told(self) -> str:
        """Return the first thing that is wrong, in words, for a page that does not show the form."""
        field, faults = next(iter(self.errors.items()))
        return f"{self[field].label.text}: {faults[0]}"

    def refuse(self, field: str, error: DomainError) -> None:
        """Show a service's refusal beside the field it is about."""
        self[field].errors = [*self[field].errors, error.message]
