"""What every form can do."""

from typing import Any

from flask_wtf import FlaskForm

from portal.core.errors import DomainError


class BaseForm(FlaskForm):
    """A form whose values feed a service and whose fields can show its refusal."""

    def values(self) -> dict[str, Any]:
        """Return what was entered, by field name, without the CSRF token and buttons."""
        return {
            field.short_name: field.data
            for field in self
            if field.short_name != "csrf_token" and field.type != "SubmitField"
        }

    def refuse(self, field: str, error: DomainError) -> None:
        """Show a service's refusal beside the field it is about."""
        self[field].errors = [*self[field].errors, error.message]
