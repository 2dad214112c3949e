"""What is chosen when somebody leaves: a part for each account, and why."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from portal.core.base_form import BaseForm, PartForm
from portal.leaving.values import CLOSE, Choice, Choices, Held, PlanFate, Receiver

NOBODY: Final = "nobody"
_KEEP, _REMOVE = "keep", "remove"


class LeavingForm(BaseForm):
    """Why somebody leaves, and the mark of what the summary showed."""

    reason = TextAreaField(
        "Why, or a note",
        description="Kept in the audit log, and with accounts that are closed.",
        validators=[
            DataRequired("Write why, in a word or two: the audit log keeps it."),
            Length(max=500, message="Use at most 500 characters."),
        ],
    )
    seen = HiddenField()


class OwnPart(PartForm):
    """What becomes of one account of the person's own."""

    to = SelectField("What becomes of the account")
    plans = SelectField(
        "People in its SmartPlans",
        choices=[
            (PlanFate.PAUSE.value, "Pause them: whoever gets it looks first"),
            (PlanFate.GO_ON.value, "Let them go on with their next step"),
            (PlanFate.END.value, "Take them out for good"),
        ],
        default=PlanFate.PAUSE.value,
    )
    webhooks = SelectField(
        "Its webhooks",
        choices=[
            (_REMOVE, "Remove them: they may be the person’s"),
            (_KEEP, "Keep them: they are the brokerage’s"),
        ],
        default=_REMOVE,
    )


class SharedPart(PartForm):
    """Who gets the person's conversations and tasks in an account of others."""

    to = SelectField("Conversations and tasks go to", default=NOBODY)


class TypedPart(PartForm):
    """The name of an account that is closed, so that no click alone does it."""

    typed = StringField(
        "The account’s name", validators=[DataRequired("Type the name of the account you close.")]
    )


class Decisions:
    """The whole form: its parts by account, read from what was sent, or with safe defaults.

    By default an own account goes to the first who may get it, a team of the person's, with its
    SmartPlans paused and its webhooks removed; conversations and tasks of shared accounts are free.
    """

    def __init__(self, held: Held, able: list[Receiver], sent: Any) -> None:
        """Make the parts; `sent` is None for a page that was only opened."""
        self.head = LeavingForm() if sent is not None else LeavingForm(formdata=None)
        self._able = {to.value: to for to in able}
        self.own = {one.ref.id: self._own(one.ref.id, sent) for one in held.own}
        self._mates = {one.ref.id: {to.value: to for to in one.receivers} for one in held.shared}
        self.shared = {
            one.ref.id: self._shared(one.ref.id, sent)
            for one in held.shared
            if one.receivers and (one.talks or one.tasks)
        }

    @property
    def parts(self) -> list[PartForm]:
        """Return every part."""
        return [*self.own.values(), *self.shared.values()]

    def validate(self) -> bool:
        """Say whether everything is chosen, each fault by its field."""
        return all([self.head.validate(), *(part.validate() for part in self.parts)])

    def choices(self) -> Choices:
        """Return what was chosen, once it is valid."""
        return Choices(
            {
                id_: Choice(
                    self._able.get(part.to.data),
                    PlanFate(part.plans.data),
                    part.webhooks.data == _KEEP,
                )
                for id_, part in self.own.items()
            },
            {id_: self._mates[id_].get(part.to.data) for id_, part in self.shared.items()},
            (self.head.reason.data or "").strip(),
        )

    def kept(self) -> list[tuple[str, str]]:
        """Return names and values by which the summary sends what was chosen once more."""
        found = [(field.name, field.data) for part in self.parts for field in part]
        return [*found, (self.head.reason.name, self.head.reason.data or "")]

    def typed(self, sent: Any) -> Mapping[UUID, TypedPart]:
        """Return a part for each account that is to be closed."""
        return {
            id_: TypedPart(sent, prefix=f"close-{id_}")
            for id_, part in self.own.items()
            if part.to.data == CLOSE
        }

    def _own(self, id_: UUID, sent: Any) -> OwnPart:
        part = OwnPart(sent, prefix=f"own-{id_}")
        teams = [to for to in self._able.values() if to.team_id]
        others = [to for to in self._able.values() if to.user_id]
        part.to.choices = [
            *(SelectChoice(to.value, f"Team {to.name} shares it") for to in teams),
            *(SelectChoice(to.value, f"{to.name} gets it") for to in others),
            SelectChoice(CLOSE, "Close it for good"),
        ]
        if sent is None:
            part.to.data = part.to.choices[0].value
        return part

    def _shared(self, id_: UUID, sent: Any) -> SharedPart:
        part = SharedPart(sent, prefix=f"shared-{id_}")
        part.to.choices = [
            SelectChoice(NOBODY, "Nobody: whoever works there takes them"),
            *(SelectChoice(to.value, to.name) for to in self._mates[id_].values()),
        ]
        return part
