"""How strong a consent is, by its method (C-7, C-8)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from portal.consent.values import (
    BOTH_KINDS,
    NOT_VALID_METHODS,
    TALK_ONLY,
    Checkbox,
    MessageKind,
    Method,
    Strength,
)

INQUIRY_LASTS: Final = timedelta(days=90)  # C-8
_RANKS: Final[Mapping[Strength, int]] = {
    Strength.NONE: 0,
    Strength.INQUIRY: 1,
    Strength.EXPRESS: 2,
    Strength.EXPRESS_WRITTEN: 3,
}
_SHOWS_A_FORM: Final = frozenset(
    {Method.HOSTED_FORM, Method.EMBED, Method.API, Method.WEB_FORM, Method.IMPORT}
)
_SPOKEN: Final = frozenset({Method.VERBAL, Method.AGENT_STATED})
_OWN_WORDS: Final = frozenset({Method.JOIN_KEYWORD, Method.DOUBLE_OPT_IN})
_OWN_ACTS: Final = _OWN_WORDS | {Method.HOSTED_FORM, Method.EMBED}


def strength_of(
    method: Method,
    *,
    has_disclosure: bool,
    checkbox: Checkbox,
    has_scan: bool = False,
    is_imported: bool = False,
) -> Strength:
    """Return the strength of a consent given by a method, as the table of C-8 has it.

    An unticked box is no consent at all, whatever the form said. What was only spoken has no box
    that could be ticked, whatever a file claims.
    """
    if method in NOT_VALID_METHODS or checkbox is Checkbox.UNCHECKED:
        return Strength.NONE
    if method is Method.INQUIRY:
        return Strength.INQUIRY
    if method is Method.PAPER and has_scan:
        return Strength.EXPRESS_WRITTEN
    is_agreed_form = has_disclosure and checkbox is Checkbox.CHECKED
    if method in _SHOWS_A_FORM or (is_imported and method not in _SPOKEN):
        return Strength.EXPRESS_WRITTEN if is_agreed_form else Strength.EXPRESS
    return Strength.EXPRESS_WRITTEN if method in _OWN_WORDS else Strength.EXPRESS


def kinds_of(
    strength: Strength, named: Sequence[MessageKind] | None = None
) -> tuple[MessageKind, ...]:
    """Return the kinds a consent covers: those it names, as far as its strength goes."""
    possible: Mapping[Strength, tuple[MessageKind, ...]] = {
        Strength.EXPRESS_WRITTEN: BOTH_KINDS,
        Strength.EXPRESS: TALK_ONLY,
        Strength.INQUIRY: TALK_ONLY,
    }
    return tuple(k for k in possible.get(strength, ()) if named is None or k in named)


def is_own_act(method: Method, *, is_imported: bool = False) -> bool:
    """Say whether the person did it here, so that it counts even after an opt-out (Q-2)."""
    return method in _OWN_ACTS and not is_imported


def is_stronger(one: Strength, other: Strength) -> bool:
    """Say whether one carries more than other."""
    return _RANKS[one] > _RANKS[other]
