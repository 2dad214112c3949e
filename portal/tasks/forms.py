"""What people enter of a task."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from wtforms import (
    DateField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, ValidationError

from portal.core import clock, days
from portal.core.base_form import BaseForm
from portal.core.columns import BIGGEST
from portal.core.days import moment_of
from portal.tasks import rules
from portal.tasks.rules import LONGEST_NOTE, LONGEST_TITLE
from portal.tasks.values import PUT_OFF_WORDS, PutOff, TaskRef

_EVERYBODY: Final = ""


def _note(text: Any) -> str:
    return str(text or "").replace("\r\n", "\n").replace("\r", "\n").strip()


class TaskForm(BaseForm):
    """What is to be done, when, and by whom."""

    title = StringField(
        "What is to be done",
        [
            DataRequired("Say what is to be done, like Call about the offer."),
            Length(max=LONGEST_TITLE, message=f"Keep it to {LONGEST_TITLE} characters."),
        ],
        filters=[lambda text: rules.tidy_title(text or "")],
    )
    due_on = DateField("Day", [InputRequired("Choose the day.")], render_kw={"max": "2999-12-31"})
    due_time = TimeField("Time", [InputRequired("Choose the time, like 09:00.")])
    for_id = SelectField("For", default=_EVERYBODY)
    note = TextAreaField(
        "Note",
        [Length(max=LONGEST_NOTE, message=f"Keep the note to {LONGEST_NOTE:,} characters.")],
        filters=[_note],
    )
    contact = HiddenField("Contact")

    def offer(self, whose: dict[UUID, str]) -> None:
        """Let the task be for one of these people, or for whoever works in the account."""
        self.for_id.choices = [(_EVERYBODY, "Everybody in this account")]
        self.for_id.choices += [(str(id_), name) for id_, name in whose.items()]

    def validate_due_on(self, field: DateField) -> None:
        """Refuse a year nobody can have meant."""
        if field.data is not None and not days.is_sane(field.data):
            raise ValidationError("Check the year.")

    def due_at(self, zone: str) -> datetime:
        """Return the moment that was entered; the form has seen to it that it was."""
        assert self.due_on.data is not None
        assert self.due_time.data is not None
        return moment_of(self.due_on.data, self.due_time.data, zone)

    @property
    def person_id(self) -> UUID | None:
        """Return whom the task is for."""
        return UUID(self.for_id.data) if self.for_id.data else None


class ChangeForm(TaskForm):
    """The same, with what it was like when it was read."""

    edits = IntegerField(
        "Changes",
        [InputRequired("Reload the page."), NumberRange(0, BIGGEST, message="Reload the page.")],
    )


def filled(task: TaskRef | None, zone: str) -> dict[str, Any]:
    """Return what a form shows of a task, or of one that is still to be written."""
    here = ZoneInfo(zone)
    if task is None:
        now = clock.utcnow().astimezone(here)
        return {"due_on": now.date(), "due_time": rules.USUAL_TIME}
    due = task.due_at.astimezone(UTC).astimezone(here)
    return {
        "title": task.title,
        "note": task.note,
        "due_on": due.date(),
        "due_time": due.time(),
        "for_id": str(task.for_id or ""),
        "edits": task.edits,
    }


class PutOffForm(BaseForm):
    """How far a task is put off."""

    far = SelectField(
        "Put off",
        [InputRequired("Choose until when.")],
        choices=[(far.value, words) for far, words in PUT_OFF_WORDS.items()],
    )

    @property
    def chosen(self) -> PutOff:
        """Return what was chosen; the form has seen to it that something was."""
        return PutOff(self.far.data)
