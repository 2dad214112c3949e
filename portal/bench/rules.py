"""How well the rules that read words and hours tell cases apart (issue 7): precision and recall.

Two sets a rule: the labelled tables of its tests, and one kept apart in
`tests/data/rules_extra`, written before its author read the rule's words. Cases of that one
that were used to mend the rule count with the labelled. Similar texts have a labelled table, one
kept apart beside it, and every pair of the ordinary texts that were written for the other rules. Nothing is timed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from itertools import combinations
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from portal.bench.measure import Figure, Options, Target
from portal.compliance.rules import similar, windows
from portal.compliance.rules.lint import lint
from portal.core.settings import ROOT
from portal.messaging.rules.keywords import classify
from portal.messaging.rules.revocation import detect

_EXTRA: Final = ROOT / "tests" / "data" / "rules_extra"
_NAMES: Final = ("Bob Lee", "Juniper Realty LLC")
_DOMAINS: Final = ("juniperrealty.com",)
_USED: Final = ", used to mend"
_GRAVE: Final = ("warn", "block")


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what it is about, whether the rule should speak up, and whether it did."""

    what: str
    should: bool
    did: bool


def run(options: Options) -> Iterator[Figure]:  # noqa: ARG001 (nothing is timed)
    """Yield precision, recall and false alarms of every rule on both sets."""
    for rule, recall, cases in (
        ("keywords.classify", 100.0, _keywords),
        ("revocation.detect", 100.0, _revocations),
        ("lint", 95.0, _lint),
        ("windows.next_allowed", 100.0, _windows),
    ):
        for is_extra in (False, True):
            yield from _figures(rule, "extra" if is_extra else "labelled", recall, cases(is_extra))
    yield from _figures("similar", "labelled", 95.0, _pairs())
    yield from _figures("similar", "extra", 90.0, _unseen())
    yield from _figures("similar", "others' texts", 95.0, _talk())


def _figures(rule: str, which: str, recall: float, cases: Iterable[Case]) -> Iterator[Figure]:
    """Yield what a rule gets right of some cases, and name on the way what it gets wrong."""
    listed = list(cases)
    for case in listed:
        if case.should != case.did:
            click.echo(
                f"{rule}, {which}: {'missed' if case.should else 'false'}: {case.what}", err=True
            )
    hits = sum(case.should and case.did for case in listed)
    raised = sum(case.did for case in listed)
    wanted = sum(case.should for case in listed)
    innocent = len(listed) - wanted
    said = f"{len(listed)} cases"
    for what, part, whole, target in (
        ("precision", hits, raised, Target("", 95, 98, unit=" %")),
        ("recall", hits, wanted, Target("", 90, recall, unit=" %")),
        (
            "false alarms",
            raised - hits,
            innocent,
            Target("", 2, 2, higher_is_better=False, unit=" %"),
        ),
    ):
        share = 100 * part / whole if whole else 100.0
        yield Figure(target, f"{rule}, {which}: {what}", (share,), f"{part} of {whole}", said)


def _keywords(is_extra: bool) -> Iterator[Case]:
    """Give a case each; one word taken for another counts as false and as missed."""
    if is_extra:
        table = _sections("keywords")
    else:
        known = _tables("tests.messaging.rules.test_keywords")
        table = {
            "stop": known.STOPS,
            "start": known.STARTS,
            "help": known.HELPS,
            "none": known.TALK,
        }
    for kind, bodies in table.items():
        for body in bodies:
            heard = classify(body)
            if kind == "none" or heard in (kind, None):
                yield Case(repr(body), kind != "none", heard is not None)
            else:
                yield Case(repr(body), should=True, did=False)
                yield Case(repr(body), should=False, did=True)


def _revocations(is_extra: bool) -> Iterator[Case]:
    if is_extra:
        table = _sections("revocation")
        sets = ((True, table["revoked"]), (False, table["talk"]))
    else:
        known = _tables("tests.messaging.rules.test_revocation")
        used = _sections("revocation", _USED)
        sets = (
            (True, [*known.REVOKED, *known.HELD_OUT_REVOKED, *used["revoked"]]),
            (False, [*known.TALK, *known.HELD_OUT_TALK, *used["talk"]]),
        )
    for should, bodies in sets:
        for body in bodies:
            yield Case(repr(body), should, detect(body).is_revocation)


def _lint(is_extra: bool) -> Iterator[Case]:
    """Give a case each: that the rule is found, or that a lawful text raises no more than remarks."""
    if is_extra:
        table = _sections("lint")
        wrong = [(rule, body) for rule in table if rule != "clean" for body in table[rule]]
        lawful, ongoing = table["clean"], False
    else:
        known = _tables("tests.compliance.test_lint")
        lists = ("solicitation", "forbidden", "shortener", "bait", "personal_data")
        named = (known.SOLICITATIONS, known.FORBIDDEN, known.SHORTENERS, known.BAIT, known.PERSONAL)
        wrong = [*known.EXAMPLES]
        wrong += [(r, body) for r, bodies in zip(lists, named, strict=True) for body in bodies]
        used = _sections("lint", _USED)
        wrong += [(rule, body) for rule in used for body in used[rule]]
        lawful, ongoing = known.LAWFUL, True  # they answer somebody and name nobody
    for rule, body in wrong:
        yield Case(f"{rule}: {body!r}", should=True, did=rule in _found(body, ongoing=False))
    for body in lawful:
        raised = _found(body, ongoing=ongoing)
        yield Case(f"{', '.join(sorted(raised))}: {body!r}", should=False, did=bool(raised))


def _found(body: str, *, ongoing: bool) -> set[str]:
    findings = lint(
        body,
        first_contact=False,
        sender_names=_NAMES,
        own_domains=_DOMAINS,
        ongoing=ongoing,
    )
    return {finding.rule for finding in findings if finding.level in _GRAVE}


def _windows(is_extra: bool) -> Iterator[Case]:
    """Give two cases each: whether the text must wait, and that it then goes at the very time."""
    for told, state, phone, automated, at, opens in _kept_hours() if is_extra else _known_hours():
        found = windows.next_allowed(at, state=state, phone=phone, automated=automated)
        yield Case(told, opens > at, found > at)
        if opens > at:
            yield Case(f"{told}: {found.isoformat()}", should=True, did=found == opens)


def _pairs() -> Iterator[Case]:
    """Give a case for each pair of texts: whether they should be taken for alike, and are."""
    known = _tables("tests.compliance.likeness")
    for should, pairs in ((True, known.ALIKE), (False, known.APART)):
        for told, (one, other) in pairs.items():
            did = similar.are_alike(similar.sketch(one), similar.sketch(other))
            yield Case(told, should, did)


def _unseen() -> Iterator[Case]:
    """Give a case for each two texts of one message, for each two of others, and for close calls."""
    known = _tables("tests.compliance.likeness_unseen")
    read = [
        (place, body, similar.sketch(body))
        for place, bodies in enumerate(known.FAMILIES)
        for body in bodies
    ]
    for (place, one, its), (other_place, other, others) in combinations(read, 2):
        did = similar.are_alike(its, others)
        yield Case(f"{one!r} / {other!r}", place == other_place, did)
    for one, other in known.APART:
        did = similar.are_alike(similar.sketch(one), similar.sketch(other))
        yield Case(f"{one!r} / {other!r}", should=False, did=did)


def _talk() -> Iterator[Case]:
    """Give a case for each two ordinary texts of the other rules' sets that are long enough."""
    lint_, revocations = (
        _tables(f"tests.{name}")
        for name in ("compliance.test_lint", "messaging.rules.test_revocation")
    )
    bodies = {
        *lint_.LAWFUL,
        *revocations.TALK,
        *revocations.HELD_OUT_TALK,
        *_sections("lint")["clean"],
        *_sections("revocation")["talk"],
    }
    known = _tables("tests.compliance.likeness").ALIKE_IN_TALK
    read = [(body, made) for body in sorted(bodies) if (made := similar.sketch(body))]
    for (one, its), (other, others) in combinations(read, 2):
        yield Case(f"{one!r} / {other!r}", {one, other} in known, similar.are_alike(its, others))


_Hours = tuple[str, str | None, str, bool, datetime, datetime]


def _known_hours() -> Iterator[_Hours]:
    for param in _tables("tests.compliance.test_windows").CASES:
        state, phone, automated, at, opens = param.values
        yield param.id, state, phone, automated, at, opens


def _kept_hours() -> Iterator[_Hours]:
    for line in _lines("windows"):
        state, phone, zone, how, at, opens = line.split()
        here = ZoneInfo(zone)
        yield (
            line,
            state,
            phone,
            how == "a",
            datetime.fromisoformat(at).replace(tzinfo=here),
            datetime.fromisoformat(opens).replace(tzinfo=here),
        )


def _tables(module: str) -> Any:
    """Return a module of tests for its labelled tables. Raises ClickException without them."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise click.ClickException(
            "The labelled tables stand in the tests: run this in a checkout with "
            "pip install -r requirements-dev.txt"
        ) from None


def _sections(name: str, mark: str = "") -> dict[str, list[str]]:
    """Return the texts of a set kept apart by what they are: the unseen, or those with a mark."""
    sections: dict[str, list[str]] = {}
    for line in _lines(name):
        if line.startswith("["):
            sections[line.strip("[]")] = []
        else:
            sections[list(sections)[-1]].append(line)
    return {
        title.removesuffix(mark): bodies
        for title, bodies in sections.items()
        if title.endswith(mark) and (mark or not title.endswith(_USED))
    }


def _lines(name: str) -> Sequence[str]:
    path: Path = _EXTRA / f"{name}.txt"
    if not path.exists():
        raise click.ClickException(f"{path} is not here: run this in a checkout.")
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("# ")]
