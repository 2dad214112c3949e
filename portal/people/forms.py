"""Forms of sign-in, profile, members and administration."""

from wtforms import (
    BooleanField,
    EmailField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Email, Length, Optional, ValidationError

from portal.core.base_form import BaseForm
from portal.people import rules

_PASSWORD_KEYS = {"autocomplete": "new-password", "minlength": rules.PASSWORD_MIN}
_CODE_KEYS = {"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": 10}


def zone_choices() -> list[SelectChoice]:
    """Return time zones for a select: the usual ones first, then all."""
    return [SelectChoice(z.name, z.label, optgroup=z.group) for z in rules.time_zones()]


def _email() -> EmailField:
    return EmailField(
        "E-mail",
        validators=[
            DataRequired("Enter an e-mail address."),
            Length(max=254, message="An e-mail address has at most 254 characters."),
            Email("This is not an e-mail address. It looks like name@example.com."),
        ],
        render_kw={"autocomplete": "username"},
    )


def _name(label: str, most: int = 120) -> StringField:
    return StringField(
        label,
        validators=[
            DataRequired(f"{label} is missing. Enter it."),
            Length(max=most, message=f"Use at most {most} characters."),
        ],
    )


def _new_password(label: str = "New password") -> PasswordField:
    return PasswordField(
        label,
        description=f"At least {rules.PASSWORD_MIN} characters. A short sentence is a good one.",
        validators=[
            DataRequired("Choose a password."),
            Length(max=rules.PASSWORD_MAX, message="Use at most 128 characters."),
        ],
        render_kw=_PASSWORD_KEYS,
    )


def _code() -> StringField:
    return StringField(
        "One-time code",
        validators=[
            DataRequired("Enter the code your app shows."),
            Length(max=10, message="A code has six digits."),
        ],
        render_kw=_CODE_KEYS,
    )


class SignInForm(BaseForm):
    """E-mail and password."""

    email = StringField(
        "E-mail",
        validators=[DataRequired("Enter your e-mail address."), Length(max=254)],
        render_kw={"autocomplete": "username", "type": "email", "autocapitalize": "none"},
    )
    password = PasswordField(
        "Password",
        validators=[DataRequired("Enter your password."), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )


class CodeForm(BaseForm):
    """One code from the app."""

    code = _code()


class ForgotForm(BaseForm):
    """Where to send a reset link."""

    email = _email()


class NewPasswordForm(BaseForm):
    """A new password from a reset link."""

    password = _new_password()


class AcceptForm(BaseForm):
    """Name and password of a person who accepts an invitation."""

    name = _name("Your name")
    password = _new_password("Password")


class JoinForm(BaseForm):
    """A person with a login joins another organization: nothing to fill in."""


class ProfileForm(BaseForm):
    """A person's own name and time zone."""

    name = _name("Your name")
    timezone = SelectField("Time zone", choices=zone_choices)


class ChangePasswordForm(BaseForm):
    """The present password and a new one."""

    current = PasswordField(
        "Present password",
        validators=[DataRequired("Enter your present password."), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )
    password = _new_password()


class InviteForm(BaseForm):
    """Whom to invite, in which role; the view fills in roles and teams."""

    email = _email()
    role = SelectField("Role", choices=[])
    team_id = SelectField("Team", choices=[], validators=[Optional()])


class MemberForm(BaseForm):
    """A member's role."""

    role = SelectField("Role", choices=[])


class TeamForm(BaseForm):
    """A new team."""

    name = _name("Name")


class OrganizationForm(BaseForm):
    """A new brokerage and its first team lead."""

    name = _name("Name")
    timezone = SelectField("Time zone", choices=zone_choices, default="America/Chicago")
    lead_email = EmailField(
        "E-mail of the first team lead",
        description="Gets an invitation. Without one, invite somebody later.",
        validators=[Optional(), Email("This is not an e-mail address.")],
    )


class OrganizationSettingsForm(BaseForm):
    """What holds for all accounts of an organization."""

    sender_name = _name("Brokerage name in texts", 60)
    application_name = _name("Name of this application in notes", 60)
    timezone = SelectField("Time zone", choices=zone_choices)
    first_notice_en = TextAreaField("First-text notice, English", [DataRequired(), Length(max=480)])
    first_notice_es = TextAreaField("First-text notice, Spanish", [DataRequired(), Length(max=480)])
    hold_notice_en = TextAreaField("Confirmation, English", [DataRequired(), Length(max=480)])
    hold_notice_es = TextAreaField("Confirmation, Spanish", [DataRequired(), Length(max=480)])
    reserves_account_changes = BooleanField(
        "Only team leads change subscriptions and numbers",
        description="Otherwise an agent may do so in their own account.",
    )
    requires_totp = BooleanField(
        "Team leads and officers must use one-time codes",
        description="They are asked to set up an app at their next sign-in.",
    )

    shares_talks = BooleanField(
        "Team mates read one another's conversations",
        description="Only those with people whom the team's notice has told so. They can't answer, and each look is logged.",
    )

    def validate_first_notice_en(self, field: TextAreaField) -> None:
        """Refuse a notice without an opt-out keyword (S-3)."""
        _check_notice(field)

    validate_first_notice_es = validate_first_notice_en
    validate_hold_notice_en = validate_first_notice_en
    validate_hold_notice_es = validate_first_notice_en


def _check_notice(field: TextAreaField) -> None:
    if not rules.keeps_opt_out(field.data or ""):
        raise ValidationError(
            "The notice must tell people how to opt out: keep the word STOP in it."
        )
