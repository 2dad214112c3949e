"""Matching columns of a file to fields (K-1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from portal.contacts.rules import people
from portal.contacts.rules.numbers import read

IGNORED = ""  # the field of a column that is left out


@dataclass(frozen=True, slots=True)
class Field:
    """Something a column may hold; `pattern` matches headers, folded, signs as spaces."""

    name: str
    label: str
    pattern: str
    is_many: bool = False  # several columns may hold it


CONTACT_FIELDS: Final = (
    Field("first_name", "First name", r"(?:first|given|fore|preferred) ?(?:name)?|nombre"),
    Field("last_name", "Last name", r"(?:last|family|sur) ?(?:name)?|surname|apellidos?"),
    Field("full_name", "Full name", r"(?:(?:full|contact|lead|client|display) )?names?"),
    Field(
        "phone_label",
        "Phone type",
        r".*(?:phone|mobile|cell|tel).* (?:type|label|kind)",
        is_many=True,
    ),
    Field("", "", r".*(?:phone|mobile|cell|tel).* (?:digits|ext|extension|country|status|optin)"),
    Field(
        "phone",
        "Phone number",
        r"(?!.*\bfax\b).*\b(?:phones?|mobile|cell|cellphone|telephone|tel|telefono)\b.*"
        r"|text(?:ing)? number|phonenumber",
        is_many=True,
    ),
    Field("email", "E-mail", r"(?:.* )?e ?mails?(?: (?:address|\d+))*|(?:.* )?correo.*"),
    Field(
        "street", "Street", r"(?:.* )?(?:street|address)(?: (?:line )?1| address)?|mailing address"
    ),
    Field("city", "City", r"(?:.* )?(?:city|town|ciudad)"),
    Field("state", "State", r"(?:.* )?(?:state|province|region)"),
    Field("zip", "ZIP code", r"(?:.* )?(?:zip|postal|post)(?: ?code)?"),
    Field("language", "Language", r"(?:preferred )?lang(?:uage)?|idioma"),
    Field("lead_source", "Lead source", r"(?:lead )?(?:source|origin)"),
    Field(
        "known_since",
        "Known since",
        r"created(?: (?:at|on|date))?|date (?:added|created)|known since|added",
    ),
    Field(
        "tags",
        "Tags",
        r"tags?|labels?|groups?|(?:lead )?stage|categor(?:y|ies)|lists?",
        is_many=True,
    ),
    Field("note", "Note", r"notes?|comments?|remarks?|background", is_many=True),
)


def guess(
    columns: Sequence[str], samples: Sequence[Sequence[str]], fields: Sequence[Field]
) -> list[str]:
    """Return the likely field of each column, by its header, else by what stands in it."""
    taken: set[str] = set()
    known = {field.name for field in fields}
    found = []
    for place, column in enumerate(columns):
        name = _by_header(column, fields, taken)
        if name is None and re.fullmatch(r"Column \d+", column):
            cells = [row[place] for row in samples if place < len(row) and row[place].strip()]
            name = _by_content(cells)
            if name not in known:
                name = None
        found.append(name or IGNORED)
        if name and not any(f.is_many for f in fields if f.name == name):
            taken.add(name)
    if "phone" in known and "phone" not in found:
        _find_phone(found, samples)
    return found


def _find_phone(found: list[str], samples: Sequence[Sequence[str]]) -> None:
    """Match a column that holds phone numbers, whatever its header says; an unmatched one first."""
    for place in sorted(range(len(found)), key=lambda place: found[place] != IGNORED):
        cells = [row[place] for row in samples if place < len(row) and row[place].strip()]
        if _by_content(cells) == "phone":
            found[place] = "phone"
            return


def number_label(column: str) -> str:
    """Return what a phone column's header says of the line: "Home" of "Home Phone"."""
    words = re.sub(r"[^\w ]+", " ", column).split()
    kept = [w for w in words if people.fold(w) not in {"phone", "number", "telephone", "no", "tel"}]
    kept = [w for w in kept if not w.isdigit() and people.fold(w) != "column"]
    return " ".join(kept)[:40]


def _by_header(column: str, fields: Sequence[Field], taken: set[str]) -> str | None:
    words = " ".join(re.sub(r"[\W_]+", " ", people.fold(column)).split())
    for field in fields:
        if field.name not in taken and re.fullmatch(field.pattern, words):
            return field.name
    return None


def _by_content(cells: Sequence[str]) -> str | None:
    if not cells:
        return None
    if sum(map(people.is_email, cells)) * 2 > len(cells):
        return "email"
    if sum(read(cell).is_textable for cell in cells) * 2 > len(cells):
        return "phone"
    return None
