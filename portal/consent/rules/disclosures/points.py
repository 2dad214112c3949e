"""Say which of the ten points of disclosure a page shows (SPEC C-3, C-9, 14).

The words of a point stand in one sentence of one block of the page.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from portal.consent.rules.disclosures import words
from portal.consent.rules.disclosures.page import Box, Page, plain
from portal.core.addresses import parts_of

_LONGEST: Final = 160
_MOST: Final = 5
_MOST_BOXES: Final = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a point was found, in which words; `remark` says why a near miss is none."""

    found: bool
    matched: tuple[str, ...] = ()
    remark: str = ""


def check(html: str) -> dict[str, bool]:
    """Say of each of the ten points whether a page shows it (SPEC 14)."""
    return {point: finding.found for point, finding in findings(html).items()}


def findings(html: str) -> dict[str, Finding]:
    """Return what stands on a page for each of the ten points, with the words matched."""
    page = Page(html)
    text = words.SHORTENED.sub(_without_dots, plain(page.text(0, None)))
    found = {point: _in_words(pattern, text) for point, pattern in words.WORDS.items()}
    return {
        "programme": found["programme"],
        "sender": found["sender"],
        "rates": found["rates"],
        "frequency": found["frequency"],
        "help": found["help"],
        "stop": found["stop"],
        "privacy": _in_links(page, _is_privacy),
        "terms": _in_links(page, _is_terms),
        "checkbox": _in_boxes(page),
        "not_condition": found["not_condition"],
    }


def _without_dots(match: re.Match[str]) -> str:
    return match[0].replace(".", "")


def _in_words(pattern: re.Pattern[str], text: str) -> Finding:
    """Find a point in the text of a page."""
    found = [match for match in pattern.finditer(text) if _is_meant(pattern, match)]
    return Finding(bool(found), _shorten(match[0] for match in found))


def _is_meant(pattern: re.Pattern[str], match: re.Match[str]) -> bool:
    """Say whether the words mean the point: a keyword that works, a condition of the consent.

    "Not a condition" may speak of a loan or an inspection.
    """
    if pattern in (words.WORDS["stop"], words.WORDS["help"]):
        return not words.FORBIDDEN_BEFORE.search(
            match.string, max(0, match.start() - 20), match.start()
        ) and not words.VAIN_AFTER.match(match.string, match.end())
    if pattern is not words.WORDS["not_condition"]:
        return True
    before = match.string[max(0, match.start() - 200) : match.start()]
    return not words.OTHER_CONDITION.search(before) and bool(
        words.CONSENT.search(before + match[0])
    )


def _shorten(matched: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.strip()[:_LONGEST] for each in matched))[:_MOST]


def _is_privacy(text: str) -> bool:
    return bool(words.PRIVACY.search(text)) and not words.NOT_PRIVACY.search(text)


def _is_terms(text: str) -> bool:
    return bool(words.TERMS.search(text)) and not words.NOT_TERMS.search(text)


def _in_links(page: Page, is_wanted: Callable[[str], bool]) -> Finding:
    """Find a link by its text or its address; the text of a dead one is told as a near miss."""
    found, dead = [], ""
    for link in page.links:
        text = plain(page.text(link.start, link.end)).replace("\n", " ") or link.label
        path = re.sub(r"[/_.?=#%-]+", " ", _path(link.href))
        if not is_wanted(text) and (not is_wanted(path) or words.NOT_PRIVACY.search(text)):
            continue
        if words.FOREIGN.search(_host(link.href)):
            continue
        if page.leads_somewhere(link.href):
            found.append(f"{text} ({link.href})" if text else link.href)
        else:
            dead = f"The link “{text[:_LONGEST]}” leads nowhere."
    return Finding(bool(found), _shorten(found), "" if found else dead)


def _host(href: str) -> str:
    return parts_of(href.strip()).hostname or ""


def _path(href: str) -> str:
    parts = parts_of(href.strip())
    return f"{parts.path} {parts.query} {parts.fragment}"


def _in_boxes(page: Page) -> Finding:
    """Find a box of its own for texts that is neither ticked beforehand nor required."""
    found, remark = [], ""
    for box in page.boxes[:_MOST_BOXES]:
        label = plain(page.label(box)).replace("\n", " ")
        if not _asks_for_texts(label, page, box):
            continue
        if box.is_ticked:
            return Finding(
                found=False, matched=(label[:_LONGEST],), remark="It is ticked beforehand."
            )
        if box.is_required:
            remark = "It is required, so it is no choice."
            continue
        found.append(label)
    return Finding(bool(found), _shorten(found), "" if found else remark)


def _asks_for_texts(label: str, page: Page, box: Box) -> bool:
    if words.REFUSES.search(label):
        return False
    if words.SPEAKS.search(label) and words.WANTS.search(label):
        return True
    near = plain(page.near(box))
    if words.GENERIC.search(label):
        return bool(words.SPEAKS.search(near) and words.WANTS.search(near))
    said = words.BY_CHECKING.search(near)
    return bool(not label and said and words.SPEAKS.search(near, said.end()))
