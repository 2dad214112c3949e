"""What officers enter about the content check (H-1)."""

from wtforms import SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length

from portal.core.base_form import BaseForm
from portal.messaging.forms.talking import tidy
from portal.messaging.rules.linted import FIXED, LEVELS, RULES
from portal.people.rules import is_domain


def reason_field() -> StringField:
    """Return the field every decision needs."""
    return StringField(
        "Reason",
        [
            DataRequired("Give the reason: it stands in the log."),
            Length(max=300, message="Keep it to 300 characters."),
        ],
    )


class LevelForm(BaseForm):
    """What the findings of one rule do, and why."""

    rule = SelectField(
        "Rule", choices=[(rule, name) for rule, (name, _) in RULES.items() if rule not in FIXED]
    )
    level = SelectField("From now on", choices=[("", "The default"), *LEVELS.items()])
    reason = reason_field()


class SitesForm(BaseForm):
    """The organization's own sites, one a line."""

    domains = TextAreaField(
        "Your sites, one a line",
        [Length(max=2000, message="Keep it to 2,000 characters.")],
        filters=[tidy],
    )

    def validate_domains(self, field: TextAreaField) -> None:
        """Ask for names of sites: juniper.example, without https:// and pages."""
        for place, line in enumerate(self.listed(), start=1):
            if not is_domain(line):
                raise ValidationError(
                    f"Line {place} is no name of a site: {line[:60]}. Write it like juniper.com."
                )

    def listed(self) -> list[str]:
        """Return the names as they are compared: small letters, no address around them."""
        lines = (self.domains.data or "").splitlines()
        plain = (
            line.strip().lower().removeprefix("https://").removeprefix("http://") for line in lines
        )
        names = (line.split("/")[0].removeprefix("www.") for line in plain)
        return list(dict.fromkeys(name for name in names if name))


class DecisionForm(BaseForm):
    """Whether a blocked text may go, and why."""

    reason = reason_field()
