"""What people enter of a plan. What is wrong with its steps the rules say, not the form."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from werkzeug.datastructures import MultiDict
from wtforms import (
    FieldList,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import (
    DataRequired,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    ValidationError,
)

from portal.core.base_form import BaseForm, PartForm
from portal.core.columns import BIGGEST
from portal.core.reasons import NEEDED, is_reason
from portal.drips.values import (
    LONGEST_NAME,
    MOST_STEPS,
    ON_REPLY_LABELS,
    OnReply,
    Place,
    Shelf,
    Step,
    StepKind,
)

MISSING_LABELS: Final = {
    "fallback": "write something else, like “there”",
    "block": "leave that person out of this step",
}
_PARTS: Final = ("kind", "day", "at", "title", "body", "missing")


def _tidy(text: Any) -> str:
    return str(text or "").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


class StepForm(PartForm):
    """One step."""

    kind = SelectField("What it does", choices=[(k.value, k.value) for k in StepKind])
    day = IntegerField("Day", [InputRequired("Enter the day as a whole number, like 3.")])
    at = TimeField("Time", [Optional()])
    title = StringField("Title", filters=[_tidy])
    body = TextAreaField("Words", filters=[_tidy])
    missing = SelectField(
        "Where a value is missing", choices=list(MISSING_LABELS.items()), default="fallback"
    )

    @property
    def step(self) -> Step:
        """Return what was entered, as far as it could be read."""
        return Step(
            StepKind(self.kind.data) if self.kind.data in set(StepKind) else StepKind.TEXT,
            self.day.data if self.day.data is not None else 0,
            self.at.data,
            self.title.data or "",
            self.body.data or "",
            self.missing.data,
        )


class PlanForm(BaseForm):
    """A plan: its name, what a reply does, and its steps."""

    name = StringField(
        "Name",
        [
            DataRequired("Give the plan a name, like New buyer lead."),
            Length(max=LONGEST_NAME, message=f"Keep it to {LONGEST_NAME} characters."),
        ],
        filters=[lambda text: " ".join(_tidy(text).split())],
    )
    on_reply = RadioField(
        "When a person replies",
        choices=[(o.value, words) for o, words in ON_REPLY_LABELS.items()],
        default=OnReply.PAUSE.value,
    )
    steps = FieldList(FormField(StepForm), max_entries=MOST_STEPS)
    lint_ok = StringField("Type OK", [Length(max=10, message="Type OK.")])
    lint_seen = HiddenField("Warnings")


class ChangeForm(PlanForm):
    """The same, with what it was like when it was read."""

    edits = IntegerField(
        "Changes",
        [
            InputRequired("Reload the page and save again."),
            NumberRange(0, BIGGEST, message="Reload the page and save again."),
        ],
    )


class NewForm(PlanForm):
    """The same, and who may use it."""

    place = RadioField("Who uses it", default=Shelf.ACCOUNT.value)

    def offer(self, places: Mapping[Place, str]) -> None:
        """Let the person choose among these places, each with its words."""
        self.place.choices = [(code_of(place), words) for place, words in places.items()]

    def chosen(self, places: Iterable[Place]) -> Place:
        """Return which of these places was chosen; the form has seen to it that one was."""
        return next(place for place in places if code_of(place) == self.place.data)


class StopForm(BaseForm):
    """Why a whole plan is stopped, or goes on."""

    reason = StringField("Why?", [Length(max=300, message="Keep it to 300 characters.")])

    def validate_reason(self, field: StringField) -> None:
        """Ask for a few words."""
        if not is_reason(field.data or ""):
            raise ValidationError(NEEDED)


def code_of(place: Place) -> str:
    """Return what the form calls a place."""
    return f"{place.shelf}:{place.team_id}" if place.team_id else place.shelf.value


def filled(name: str, on_reply: OnReply, steps: Sequence[Step]) -> dict[str, Any]:
    """Return what a form shows of a plan."""
    return {
        "name": name,
        "on_reply": on_reply.value,
        "steps": [{part: getattr(step, part) for part in _PARTS} for step in steps],
    }


def rearranged(sent: MultiDict[str, str], do: str) -> MultiDict[str, str]:
    """Return a sent form with a step added, moved or removed, all else as it was typed.

    A step that moves changes places with its neighbour; the days stay in their order.
    """
    verb, _, what = do.partition(":")
    rows = _rows(sent)
    place = int(what) if what.isdecimal() and len(what) < 5 else -1
    place = place if place < len(rows) else -1
    if verb == "add" and what in set(StepKind) and len(rows) < MOST_STEPS:
        rows.append(_after(rows, what))
    elif verb == "remove" and place >= 0:
        del rows[place]
    elif verb in ("up", "down") and place >= 0:
        other = place - 1 if verb == "up" else place + 1
        if 0 <= other < len(rows):
            rows[place], rows[other] = (
                rows[other] | {k: rows[place].get(k, "") for k in ("day", "at")},
                rows[place] | {k: rows[other].get(k, "") for k in ("day", "at")},
            )
    kept = [(k, v) for k, v in sent.items(multi=True) if not k.startswith("steps-")]
    made = [(f"steps-{i}-{k}", v) for i, row in enumerate(rows) for k, v in row.items()]
    return MultiDict([*kept, *made])


def _rows(sent: MultiDict[str, str]) -> list[dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for name, value in sent.items():
        head, _, rest = name.partition("-")
        index, _, part = rest.partition("-")
        if head == "steps" and part in _PARTS and index.isdecimal() and len(index) < 5:
            found.setdefault(int(index), {})[part] = value
    return [row for _, row in sorted(found.items())][:MOST_STEPS]


def _after(rows: Sequence[Mapping[str, str]], kind: str) -> dict[str, str]:
    """Return a new step: at once in an empty plan, else two days after the last one."""
    if not rows and kind != StepKind.WAIT:
        return {"kind": kind, "day": "0", "at": "", "title": "", "body": "", "missing": "fallback"}
    last = rows[-1].get("day", "0") if rows else "0"
    day = int(last) + 2 if last.isdecimal() and len(last) < 5 else 2
    return {
        "kind": kind, "day": str(day), "at": "10:00", "title": "", "body": "", "missing": "fallback"
    }  # fmt: skip
