"""The keyword by which people sign up for an account's texts (Q-6)."""

from typing import Any

from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, ValidationError

from portal.consent.values import BOTH_KINDS, TALK_ONLY, MessageKind
from portal.contacts.values import Language
from portal.core.addresses import is_web, parts_of
from portal.core.base_form import BaseForm
from portal.messaging.rules import joining
from portal.messaging.rules.joining import JoinWords

_KINDS = {"both": BOTH_KINDS, "one_to_one": TALK_ONLY}


def _given(words: str, most: int) -> list[Any]:
    return [DataRequired(words), Length(max=most, message=f"Keep it to {most} characters.")]


class JoinKeywordForm(BaseForm):
    """The keyword and what it is answered with."""

    word = StringField("Keyword", _given("Choose a keyword, like HOMES.", 20))
    programme = StringField("What they get", _given("Say what the texts are about.", 120))
    frequency = StringField("How often", _given("Say how often you text.", 120))
    help_contact = StringField("Help contact", _given("Give an e-mail address or a number.", 120))
    terms_url = StringField("Terms", _given("Give the web address of your terms.", 200))
    privacy_url = StringField(
        "Privacy policy", _given("Give the web address of your privacy policy.", 200)
    )
    kinds = RadioField(
        "What they agree to",
        choices=[
            SelectChoice("both", "One-to-one texts, bulk texts and plans"),
            SelectChoice("one_to_one", "One-to-one texts only"),
        ],
        default="both",
    )
    language = SelectField(
        "Language of the answer",
        choices=[(Language.EN.value, "English"), (Language.ES.value, "Spanish")],
    )
    is_on = BooleanField("The keyword signs people up", default=True)

    def validate_word(self, field: StringField) -> None:
        """Refuse what means something else when a person texts it."""
        if (why := joining.problem(field.data or "")) is not None:
            raise ValidationError(why)

    def validate_terms_url(self, field: StringField) -> None:
        """Ask for an address people can open."""
        _check_address(field)

    def validate_privacy_url(self, field: StringField) -> None:
        """Ask for an address people can open."""
        _check_address(field)

    def words(self, sender: str) -> JoinWords:
        """Return what the answer is made of."""
        return JoinWords(
            sender,
            (self.programme.data or "").strip().rstrip("."),
            (self.frequency.data or "").strip(),
            (self.help_contact.data or "").strip().rstrip("."),
            (self.terms_url.data or "").strip(),
            (self.privacy_url.data or "").strip(),
            Language(self.language.data or Language.EN),
        )

    def agreed_kinds(self) -> tuple[MessageKind, ...]:
        """Return the kinds of text a person agrees to."""
        return _KINDS[self.kinds.data]


def _check_address(field: StringField) -> None:
    text = (field.data or "").strip()
    is_address = is_web(text) and "." in (parts_of(text).hostname or "")
    if not is_address or any(c.isspace() or c in "<>\"'" for c in text):
        raise ValidationError("Write it like https://www.example.com/terms.")
