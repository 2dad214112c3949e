"""How complete a record is, naming what is missing (C-1)."""

from dataclasses import dataclass

from portal.consent.rules.words import RECORDING_NOTE
from portal.consent.values import Checkbox, Method, RecordRef

_ON_A_SCREEN = frozenset(
    {Method.HOSTED_FORM, Method.EMBED, Method.API, Method.WEB_FORM, Method.IMPORT}
)
_BY_TEXT = frozenset({Method.JOIN_KEYWORD, Method.DOUBLE_OPT_IN, Method.INQUIRY, Method.KEYWORD})


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many of the facts a record should have it has."""

    have: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def score(self) -> int:
        """Return whole percent."""
        return len(self.have) * 100 // (len(self.have) + len(self.missing))


def completeness(record: RecordRef) -> Completeness:
    """Return which facts of C-1 a record has; what its method cannot have is not asked of it."""
    on_screen, by_text = record.method in _ON_A_SCREEN, record.method in _BY_TEXT
    facts: list[tuple[str, bool]] = [
        ("name", bool(record.name)),
        ("e-mail", bool(record.email)),
        ("postal address", bool(record.postal_address)),
        ("phone", bool(record.e164)),
        ("date and time", record.given_at is not None),
        ("kinds of text agreed to", bool(record.kinds)),
        ("who collected it", bool(record.collected_by)),
    ]
    if on_screen:
        facts += [
            ("IP address", bool(record.ip_address)),
            ("web address", bool(record.source_url)),
            ("checkbox", record.checkbox is not Checkbox.NOT_RECORDED),
            ("form and version", bool(record.form_name and record.form_version)),
            ("user agent", bool(record.user_agent)),
        ]
    else:
        facts.append(("details of the method", bool(record.method_details)))
    if not by_text or record.method is not Method.INQUIRY:
        facts.append(("disclosure text", bool(record.disclosure_text)))
    if not by_text:
        what = "the page as the person saw it" if on_screen else "scan or recording"
        has_note = not on_screen and RECORDING_NOTE in record.method_details
        facts.append((what, record.evidence is not None or has_note))
    return Completeness(
        tuple(name for name, is_there in facts if is_there),
        tuple(name for name, is_there in facts if not is_there),
    )
