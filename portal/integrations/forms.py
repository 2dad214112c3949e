"""Forms of the page API and webhooks."""

from wtforms import DateField, IntegerField, RadioField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from portal.core.access import Scope
from portal.core.base_form import BaseForm, sane_day
from portal.integrations.values import EVENT_WORDS, SCOPE_WORDS


class _Ticks(SelectMultipleField):
    """Some of a few things, each with a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class KeyForm(BaseForm):
    """A new key."""

    name = StringField(
        "Name",
        validators=[
            DataRequired("Name the program that will use the key."),
            Length(max=80, message="Use at most 80 characters."),
        ],
    )
    scopes = _Ticks(
        "What it may do",
        choices=[SelectChoice(scope.value, SCOPE_WORDS[scope]) for scope in Scope],
        validators=[DataRequired("Choose at least one thing the key may do.")],
    )
    last_day = DateField("Last day", validators=[Optional(), sane_day])


class EndpointForm(BaseForm):
    """A new webhook."""

    url = StringField(
        "Address",
        validators=[
            DataRequired("Write the address that events are posted to."),
            Length(max=500, message="Use at most 500 characters."),
        ],
    )
    events = _Ticks(
        "Events",
        choices=[SelectChoice(event.value, words) for event, words in EVENT_WORDS.items()],
        validators=[DataRequired("Choose at least one event.")],
    )


class SecretForm(BaseForm):
    """A new signing secret for a webhook."""

    edits = IntegerField(validators=[InputRequired()], widget=HiddenInput())
    old = RadioField(
        "The secret it has now",
        choices=[
            ("day", "Signs, too, for 24 hours, while the receiver is given the new one"),
            ("ends", "Ends at once with any before it, as it may be in wrong hands"),
        ],
        default="day",
        validators=[DataRequired("Choose what becomes of the secret it has now.")],
    )
