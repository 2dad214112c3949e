"""What people enter about an appeal."""

from typing import Final, Self
from uuid import UUID

from flask_wtf.file import FileField
from wtforms import (
    DateField,
    FieldList,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from portal.appeals.errors import BadPart
from portal.appeals.rules import waiting
from portal.appeals.rules.templates import LONGEST_HEADING
from portal.appeals.service import tickets
from portal.appeals.service.parts import LONGEST_LINK, LONGEST_TEXT
from portal.appeals.values import (
    KIND_LABELS,
    REPLY_LABELS,
    Kind,
    Reply,
    ReplyKind,
    SettingsRef,
)
from portal.core.base_form import BaseForm
from portal.core.reasons import NEEDED, is_reason

TAKES: Final = "image/png,image/jpeg,image/webp,application/pdf,video/mp4,video/3gpp"


def _long(what: str) -> Length:
    """Return how long the words of a letter may be."""
    return Length(
        max=waiting.LONGEST,
        message=f"Use at most {waiting.LONGEST:,} characters, or attach the {what} as a file.",
    )


def _ticket(id_: str) -> StringField:
    """Return the field of the carrier's own number of a case; a page shows it in several forms."""
    return StringField(
        "Ticket number of the carrier",
        [Optional(), Length(max=tickets.LONGEST, message="Enter the ticket number alone.")],
        id=id_,
        render_kw={"autocomplete": "off"},
    )


class BeginForm(BaseForm):
    """Which template a new appeal follows."""

    kind = SelectField(
        "What the carrier asks about",
        choices=[(one.value, label) for one, label in KIND_LABELS.items()],
    )

    @property
    def chosen(self) -> Kind:
        """Return the template, of a form that is valid."""
        return Kind(self.kind.data)


class PartForm(BaseForm):
    """One part of a case, as it was seen."""

    edits = IntegerField(validators=[InputRequired()], widget=HiddenInput())
    text = TextAreaField(
        "Answer",
        [Optional(), Length(max=LONGEST_TEXT, message=f"Use at most {LONGEST_TEXT:,} characters.")],
    )
    link = StringField(
        "Web address",
        [Optional(), Length(max=LONGEST_LINK, message=f"Use at most {LONGEST_LINK} characters.")],
        render_kw={"inputmode": "url", "autocomplete": "off"},
    )
    file = FileField("Add a file", render_kw={"accept": TAKES})

    def show(self, error: BadPart) -> None:
        """Show a refusal beside the field it names."""
        self.refuse(error.field if error.field in self else "text", error)


class AsideForm(BaseForm):
    """Why a part does not apply."""

    edits = IntegerField(validators=[InputRequired()], widget=HiddenInput())
    because = StringField(
        "Not applicable, because",
        [
            DataRequired("Say in a sentence why this part does not apply."),
            Length(max=1000, message="Use at most 1,000 characters."),
        ],
        render_kw={"autocomplete": "off"},
    )


class NumbersForm(BaseForm):
    """The numbers the carrier names: pasted, or in a file of text."""

    named = TextAreaField(
        "Numbers the carrier named",
        [Optional(), Length(max=1_000_000, message="Paste at most a million characters.")],
        render_kw={"autocomplete": "off"},
    )
    list = FileField("Or a CSV", render_kw={"accept": ".csv,.txt,text/csv,text/plain"})


class ShownForm(BaseForm):
    """Something the portal knows, to be shown in a part: a plan's text or a form's screenshot."""

    shown = SelectField("Show", validate_choice=False, default="")

    def parsed(self) -> tuple[str, UUID, str] | None:
        """Return what it is, whose, and which picture of it; None for what no page of ours sends."""
        what, _, rest = (self.shown.data or "").partition(":")
        id_, _, which = rest.partition(":")
        try:
            return what, UUID(id_), which
        except ValueError:
            return None


class MoveForm(BaseForm):
    """A step of a case, with a reason where one is asked for."""

    edits = IntegerField(validators=[InputRequired()], widget=HiddenInput())
    reason = TextAreaField(
        "Reason", [Optional(), Length(max=300, message="Keep it to 300 characters.")]
    )


class AssigneeForm(BaseForm):
    """Who works on a case."""

    edits = IntegerField(validators=[InputRequired()], widget=HiddenInput())
    assignee = SelectField("Works on it", validate_choice=False, default="")

    @property
    def chosen(self) -> UUID | None:
        """Return the person; None is nobody. Raises BadPart."""
        if not self.assignee.data:
            return None
        try:
            return UUID(self.assignee.data)
        except ValueError as error:
            raise BadPart("assignee", "Choose one of the list.") from error


class WordingForm(BaseForm):
    """The wording of a template."""

    version = HiddenField()
    heading = FieldList(
        TextAreaField(
            "What the part asks",
            [
                DataRequired("Write what this part asks."),
                Length(max=LONGEST_HEADING, message=f"Use at most {LONGEST_HEADING} characters."),
            ],
        ),
        max_entries=9,
    )
    reason = StringField(
        "Reason",
        [
            DataRequired("Give the reason: it stands in the log."),
            Length(max=300, message="Keep it to 300 characters."),
        ],
        render_kw={"autocomplete": "off"},
    )

    def validate_reason(self, field: StringField) -> None:
        """Ask for a few words."""
        if not is_reason(field.data or ""):
            raise ValidationError(NEEDED)

    @property
    def seen(self) -> int:
        """Return the version the person changed; 0 where that is no number."""
        written = self.version.data or ""
        is_number = written.isascii() and written.isdigit() and len(written) < 10
        return int(written) if is_number else 0


class ReplyForm(BaseForm):
    """What the carrier answered (A-6)."""

    edits = IntegerField(validators=[InputRequired()], widget=HiddenInput())
    kind = SelectField(
        "What came of it",
        [DataRequired("Choose what came of it.")],
        choices=[("", "Choose")] + [(one.value, label) for one, label in REPLY_LABELS.items()],
    )
    received_on = DateField("Day of the reply", [InputRequired("Give the day the reply came.")])
    text = TextAreaField("Their words", [Optional(), _long("text")])
    asked = TextAreaField("What they ask for", [Optional(), _long("asked")])
    due_on = DateField("They want it by", [Optional()])
    ticket = _ticket("reply-ticket")
    reply_file = FileField("Their file", render_kw={"accept": TAKES})

    @property
    def reply(self) -> Reply:
        """Return what was entered, of a form that is valid."""
        return Reply(
            ReplyKind(self.kind.data),
            self.received_on.data,
            self.text.data or "",
            self.asked.data or "",
            self.due_on.data,
            self.ticket.data or "",
        )


class AnswerForm(BaseForm):
    """What goes back to the carrier in the same round."""

    edits = IntegerField(validators=[InputRequired()], widget=HiddenInput())
    words = TextAreaField("Your answer", [DataRequired("Write the answer."), _long("answer")])
    answer_file = FileField("A file with it", render_kw={"accept": TAKES})


class CommentForm(BaseForm):
    """A comment among us."""

    comment = TextAreaField(
        "Comment",
        [
            DataRequired("Write the comment."),
            Length(max=5_000, message="Use at most 5,000 characters."),
        ],
    )
    comment_file = FileField("A file with it", render_kw={"accept": TAKES})


class ByHandForm(BaseForm):
    """That a person sent it, when and how."""

    sent_on = DateField("Sent on", [InputRequired("Give the day it was sent.")])
    note = StringField(
        "How",
        [
            DataRequired("Say how it was sent, such as: ticket 4711 on the carrier's page."),
            Length(max=300, message="Keep it to 300 characters."),
        ],
        render_kw={"autocomplete": "off"},
    )
    ticket = _ticket("by-hand-ticket")

    def at(self, number: int) -> Self:
        """Return this form with ids of its own: a page shows one for each letter that waits."""
        for field in self:
            field.id = f"{field.id}-{number}"
        return self


class TicketForm(BaseForm):
    """The carrier's own number of a case; empty takes it away."""

    seen = HiddenField(default="")  # the number it replaces
    ticket = _ticket("ticket")


class SettingsForm(BaseForm):
    """Where appeals go, and how long what is waited for may take."""

    edits = IntegerField(validators=[InputRequired()], widget=HiddenInput())
    support_address = StringField(
        "Support address of the carrier",
        [Optional(), Length(max=254, message="Use at most 254 characters.")],
        render_kw={"inputmode": "email", "autocomplete": "off"},
    )
    answer_days = IntegerField(
        "Business days the carrier has to answer",
        [InputRequired("Enter a number of business days from 1 to 60.")],
    )
    round_days = IntegerField(
        "Business days for the next round after a denial",
        [InputRequired("Enter a number of business days from 1 to 60.")],
    )

    @property
    def wanted(self) -> SettingsRef:
        """Return what was entered, of a form that is valid."""
        return SettingsRef(
            (self.support_address.data or "").strip(),
            self.answer_days.data,
            self.round_days.data,
            self.edits.data,
        )
