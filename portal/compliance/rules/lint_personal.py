"""Personal data that has no place in a text: numbers and secrets of a person (SPEC H-1)."""

import re
from typing import Final

from portal.compliance.rules.lint_text import Finding, Plain, Span, listed

_FIX: Final = (
    "Texts are stored and shown on lock screens, so leave it out and give it by phone or through a "
    "secure page."
)
_ssn: Final = re.compile(r"(?<![\d-])(\d{3})([- ])(\d{2})\2(\d{4})(?![\d-])")
_said_ssn: Final = re.compile(
    r"\b(?:ssn|itin|social(?: security)?(?: (?:number|no|num|#))?)\b\W{0,3}(?:is|:|=|#)?\W{0,3}"
    r"(\d{9}|\d{3}\D?\d{2}\D?\d{4})(?!\d)"
)
_ssn_end: Final = re.compile(
    r"\blast (?:4|four)(?: digits)? of (?:\w{1,6} )?(?:ssn|social(?: security)?(?: number)?)"
    r"\W{0,3}(?:is|are|:|=)?\W{0,3}\d{4}(?!\d)"
)
_card: Final = re.compile(
    r"(?<![\d.-])(?:\d{13,19}|\d{4}([ .-])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?"
    r"|\d{4}([ .-])\d{6}\2\d{4,5})(?![\d-])"
)
_password: Final = re.compile(
    r"\b(?:password|passwort|passwd|pwd|contrasena)s?(?: (?:for|to) [\w ]{1,20})?\s?"
    r"(?:(?P<sign>[:=])|is now|is|es)\s?(?P<value>[^\s,]{3,64})"
)
_pin: Final = re.compile(
    r"\b(?:bank|debit|atm|card|account|banking|credit card)(?:'s)? pin(?: (?:number|code))?"
    r"\W{0,3}(?:is|:|=)?\W{0,3}\d{4,8}(?!\d)|\b(?:cvv|cvc|cvv2|security code)\W{0,3}(?:is|:|=)?"
    r"\W{0,3}\d{3,4}(?!\d)"
)
_account: Final = re.compile(
    r"\b(?<!tax )(?<!parcel )(?:(?:bank |checking |savings |escrow )?(?:account|acct|acc)|routing|aba|"
    r"iban)(?:\s?(?:and routing))?\s?(?:number|num|no\.?|nbr|#)?\s?(?:is|:|=|#|ending in)?"
    r"\s?[#:]?\s?(?:[a-z]{2}\d{2}[a-z0-9 ]{8,30}|\d[\d -]{4,20}\d)(?![\d])"
)
_document: Final = re.compile(
    r"\b(?:passport|driver'?s?'? licen[sc]e|license number|dl)(?: (?:number|no\.?|num|#))?"
    r"\s?(?:is|:|=|#)\s?#?(?=[a-z0-9-]{0,14}\d)[a-z0-9-]{6,15}\b"
)
_birth: Final = re.compile(
    r"\b(?:date of birth|dob|birth ?date|born on)\W{0,3}(?:is|:|=)?\W{0,3}"
    r"(?:\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d{2}-\d{2})"
)
_asked: Final = re.compile(
    r"\b(?:send|text|reply with|give|tell|email|provide|share|need|confirm|what is|what's|whats)"
    r"(?: (?:me|us|over|back|him|her))?(?: (?:with|the|your|ur|full|a|copy|of|last|4|four|digits))"
    r"{0,5} (?:ssn|social security(?: number)?|social|credit card(?: number)?|card number|"
    r"debit card(?: number)?|bank (?:account|login)(?: number)?|account (?:and routing )?number|"
    r"routing number|cvv|bank password|online banking (?:password|login)|password)\b(?! (?:card|reset|media))"
)
_never: Final = re.compile(
    r"(?:don'?t|do not|never|not to|please no|nobody will|won'?t)[^.!?\n]{0,24}$"
)
_NO_PASSWORD: Final = listed("no_password")


def check(text: Plain) -> list[Finding]:
    """Find personal data in a text whose links are blanked out, one finding per kind."""
    found = (
        ("a Social Security number", _ssn_span(text.text)),
        ("a card number", _card_span(text.text)),
        ("a password", _password_span(text.text)),
        ("a bank code", _first(_pin, text.text)),
        ("an account number", _first(_account, text.text)),
        ("the number of an identity document", _first(_document, text.text)),
        ("a date of birth", _first(_birth, text.text)),
    )
    findings = [
        Finding("personal_data", "block", text.quote(span), f"This looks like {what}. {_FIX}")
        for what, span in found
        if span is not None
    ]
    asked = next((m for m in _asked.finditer(text.text) if not _is_denied(text.text, m)), None)
    if asked is not None:
        findings.append(
            Finding(
                "personal_data",
                "block",
                text.quote(asked.span()),
                "It asks for secret personal data by text, as swindlers do. Ask by phone, or send "
                "people to a secure page of yours.",
            )
        )
    return findings


def is_card(digits: str) -> bool:
    """Say whether digits are a payment card number by issuer, length and check digit (Luhn)."""
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456" or len(set(digits)) < 2:
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_denied(text: str, match: re.Match[str]) -> bool:
    return bool(_never.search(text[max(0, match.start() - 40) : match.start()]))


def _first(pattern: re.Pattern[str], text: str) -> Span | None:
    match = pattern.search(text)
    return match.span() if match else None


def _ssn_span(text: str) -> Span | None:
    for match in _ssn.finditer(text):
        area, _, group, serial = match.groups()
        if area not in {"000", "666"} and group != "00" and serial != "0000":
            return match.span()
    return _first(_said_ssn, text) or _first(_ssn_end, text)


def _card_span(text: str) -> Span | None:
    for match in _card.finditer(text):
        digits = "".join(char for char in match.group() if "0" <= char <= "9")
        if is_card(digits):
            return match.span()
    return None


def _password_span(text: str) -> Span | None:
    for match in _password.finditer(text):
        value = match["value"].rstrip(".!?\"'")
        is_plain_word = value.isalpha() or not any(char.isalnum() for char in value)
        if value in _NO_PASSWORD or (match["sign"] is None and is_plain_word):
            continue
        return match.span()
    return None
