"""What people enter of a saved reply or team template (Q-5)."""

from collections.abc import Iterable, Mapping

from wtforms import IntegerField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from portal.core.base_form import BaseForm
from portal.core.columns import BIGGEST
from portal.messaging.forms.talking import tidy
from portal.messaging.rules.saved import LONGEST_BODY, LONGEST_NAME, Place, Shelf, tidy_name


def _line(text: str | None) -> str:
    return tidy_name(text or "")


class SavedForm(BaseForm):
    """A name and the words."""

    name = StringField(
        "Name",
        [
            DataRequired("Give it a name you find it by, like Showing tomorrow."),
            Length(max=LONGEST_NAME, message=f"Keep the name to {LONGEST_NAME} characters."),
        ],
        filters=[_line],
    )
    body = TextAreaField(
        "Text",
        [
            DataRequired("Write the text."),
            Length(max=LONGEST_BODY, message=f"Keep it to {LONGEST_BODY:,} characters."),
        ],
        filters=[tidy],
    )


class ChangeForm(SavedForm):
    """The same, with what it was like when it was read."""

    edits = IntegerField(
        "Changes",
        [
            InputRequired("Reload the page and save again."),
            NumberRange(0, BIGGEST, message="Reload the page and save again."),
        ],
    )


class NewForm(SavedForm):
    """The same, and who may use it."""

    place = RadioField("Who uses it", default=Shelf.OWN.value)

    def offer(self, places: Mapping[Place, str]) -> None:
        """Let the person choose among these places, each with its words."""
        self.place.choices = [(_code(place), words) for place, words in places.items()]

    def chosen(self, places: Iterable[Place]) -> Place:
        """Return which of these places was chosen; the form has seen to it that one was."""
        return next(place for place in places if _code(place) == self.place.data)


def _code(place: Place) -> str:
    """Return what the form calls a place."""
    return f"{place.shelf}:{place.team_id}" if place.team_id else place.shelf.value
