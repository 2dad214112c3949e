"""Shape and wording of the choice of mail."""

from wtforms import BooleanField, HiddenField, SelectField
from wtforms.validators import DataRequired, Length

from portal.core.base_form import BaseForm
from portal.notifications.values import KINDS, ByMail, Preferences

WHEN = [
    (ByMail.AT_ONCE.value, "At once"),
    (ByMail.DIGEST.value, "In the daily digest"),
    (ByMail.NEVER.value, "Never"),
]
_HOURS = [
    ("", "No digest"),
    *((str(hour), f"{hour % 12 or 12}:00 {'am' if hour < 12 else 'pm'}") for hour in range(24)),
]


class PreferencesForm(BaseForm):
    """When each kind of notice comes by mail; one field a kind, made below."""

    digest_hour = SelectField("Daily digest", choices=_HOURS)

    @classmethod
    def showing(cls, wants: Preferences) -> "PreferencesForm":
        """Return the form with what the person has now, or with what was sent."""
        hour = "" if wants.digest_hour is None else str(wants.digest_hour)
        return cls(
            digest_hour=hour,
            **{field_of(key): when.value for key, when in wants.by_mail.items()},
            **{push_field_of(key): wanted for key, wanted in wants.by_push.items()},
        )

    def chosen_pushes(self) -> dict[str, bool]:
        """Return which kinds are pushed to the person's devices."""
        return {key: bool(self[push_field_of(key)].data) for key in KINDS}

    def chosen(self) -> tuple[dict[str, ByMail], int | None]:
        """Return what was chosen by mail: by kind, and the digest's hour."""
        hour = self.digest_hour.data
        return (
            {key: ByMail(self[field_of(key)].data) for key in KINDS},
            int(hour) if hour else None,
        )


def field_of(kind: str) -> str:
    """Return the name of a kind's field."""
    return f"mail_{kind}"


def push_field_of(kind: str) -> str:
    """Return the name of a kind's field of pushes."""
    return f"push_{kind}"


class DeviceForm(BaseForm):
    """What a browser gives that agreed to pushes; script fills it in."""

    endpoint = HiddenField("Push service", [DataRequired(), Length(max=500)])
    p256dh = HiddenField("Key", [DataRequired(), Length(max=100)])
    auth = HiddenField("Secret", [DataRequired(), Length(max=40)])


for _kind in KINDS.values():
    setattr(PreferencesForm, push_field_of(_kind.key), BooleanField(_kind.label))
    setattr(
        PreferencesForm,
        field_of(_kind.key),
        SelectField(_kind.label, choices=WHEN, description=_kind.about.capitalize() + "."),
    )
