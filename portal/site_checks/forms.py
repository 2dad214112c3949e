"""The address of a page to check."""

from wtforms import StringField
from wtforms.validators import DataRequired, Length

from portal.core.base_form import BaseForm


class PageForm(BaseForm):
    """One page."""

    url = StringField(
        "Web address of the page",
        [
            DataRequired("Paste the address of the page, like https://example.com/sign-up."),
            Length(max=2000, message="Keep it to 2,000 characters."),
        ],
    )
