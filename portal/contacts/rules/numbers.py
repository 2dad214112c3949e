"""Reading a contact's numbers, and telling lists made up by counting (K-2, K-3, K-7)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from portal.contacts.values import PROBLEM_WORDS, Problem, Run
from portal.core import phone
from portal.core.phone import Kind, PhoneError

LONGEST_RAW = 100
LONG_RUN = 10  # numbers in a row that nobody collects by chance
_PROBLEMS: Final = {
    Kind.TOLL_FREE: Problem.TOLL_FREE,
    Kind.PREMIUM: Problem.PREMIUM,
    Kind.SHORT: Problem.SHORT,
}
_nanp: Final = re.compile(r"\+1[2-9]\d\d[2-9]\d{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be made of a written number; `why` is for people, `remark` says what was cut."""

    raw: str
    e164: str | None
    kind: Kind = Kind.UNKNOWN
    region: str | None = None
    is_verified: bool = True
    problem: Problem | None = None
    why: str = ""
    remark: str = ""

    @property
    def is_textable(self) -> bool:
        """Whether a text may go there, as far as the number itself goes (RULINGS 19)."""
        return self.e164 is not None and self.problem is None


def read(raw: str, region: str = "US") -> Reading:
    """Return what a number is; nothing is refused, what cannot be read keeps its reason."""
    written = raw.strip()[:LONGEST_RAW]
    try:
        found = phone.parse(raw, region)
    except PhoneError as error:
        return Reading(
            written, None, problem=Problem(error.code), why=error.message, is_verified=False
        )
    problem = _PROBLEMS.get(found.kind)
    if found.country_code == 1 and not _nanp.fullmatch(found.e164):
        # The plan has no area code or exchange that begins with 0 or 1: +1 000 555 0123 is a
        # place-holder, and different people would be taken for one.
        return Reading(
            written,
            None,
            problem=Problem.NO_SUCH_AREA,
            why=PROBLEM_WORDS[Problem.NO_SUCH_AREA],
            is_verified=False,
        )
    return Reading(
        written,
        found.e164,
        found.kind,
        found.region,
        found.is_verified,
        problem,
        PROBLEM_WORDS[problem] if problem else "",
        found.remark,
    )


def runs(e164s: Iterable[str], at_least: int = LONG_RUN) -> tuple[Run, ...]:
    """Return the runs of numbers that follow each other by one, longest first (K-7)."""
    found: list[Run] = []
    first = last = -2
    for number in [*sorted({int(e164[1:]) for e164 in e164s}), -2]:
        if number == last + 1:
            last = number
            continue
        if last - first + 1 >= at_least and first >= 0:
            found.append(Run(f"+{first}", f"+{last}", last - first + 1))
        first = last = number
    return tuple(sorted(found, key=lambda run: -run.count))


def words(e164: str) -> tuple[str, str]:
    """Return the digits a number is found by: as it is dialled at home, and its last four."""
    digits = e164[1:]
    return (digits[1:] if e164.startswith("+1") else digits), digits[-4:]
