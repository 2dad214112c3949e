"""How fast segments are counted, beside the package that counts them the plain way (G10)."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Final

import click

from portal.bench.measure import Figure, Options, Target, compare, rate
from portal.core.settings import ROOT
from portal.messaging.rules.segments import analyze

COUNTED: Final = Target("G10", 8, 8)
_ORACLE: Final = ROOT / "tests" / "data" / "gsm7.json"
_SIZE: Final = 20_000
_ODD: Final = 2_000  # random texts on which both must agree
_LONGEST: Final = 400
_PLAIN: Final = (
    "Hi Maya, it's Bob at Juniper Realty. Three open houses near you this Saturday, 1-3 pm. "
    "Shall I send you the addresses? Reply STOP to opt out."
)
_MIXED: Final = (
    _PLAIN,
    "Price drop: 418 Alder Ct is now $389,000 [was $412,000]. See it before the weekend?",
    "Hola María, mañana abrimos la casa de la calle Olmo a las 2. ¿Le mando la dirección?",
    "Congratulations on your new home! 🏡🎉 Here is to many happy years. ",
    "It’s time: your listing goes live tomorrow — photos at 9, sign at 10…",
    "Every room, every street, every price of this week in one long list. " * 9,
)
_SIGNS: Final = "abcdefghijk ABCDE 0123456789 .,!?'\n€[]{}^~|\\éñàÇí’“…😀👩‍👧🏡"


def run(options: Options) -> Iterator[Figure]:
    """Check both against the oracle and each other, then measure them."""
    split = _split()
    _check(split)
    size = options.size or _SIZE
    for what, texts in (("one plain text", (_PLAIN,)), ("six kinds of text", _MIXED)):
        bodies = [texts[place % len(texts)] for place in range(size)]
        yield compare(
            COUNTED,
            what,
            lambda bodies=bodies: _rate(bodies, _ours),  # type: ignore[misc]
            lambda bodies=bodies: _rate(bodies, split),  # type: ignore[misc]
            rounds=options.rounds,
        )


def _split() -> Callable[[str], int]:
    """Return the limit's way to count. Raises ClickException where its package is missing."""
    try:
        smsutil = import_module("smsutil")
    except ModuleNotFoundError:
        raise click.ClickException(
            "G10 is measured beside smsutil, which is not installed: "
            "pip install -r requirements-dev.txt"
        ) from None
    return lambda body: len(smsutil.split(body).parts)


def _ours(body: str) -> int:
    return analyze(body).segments


def _check(split: Callable[[str], int]) -> None:
    """Raise ClickException for the first text that is counted otherwise than it should be."""
    vectors = json.loads(_ORACLE.read_text(encoding="utf-8"))["vectors"]
    known = [(vector["body"], vector["segments"]) for vector in vectors if vector["body"]]
    for body, segments in known:
        if not _ours(body) == split(body) == segments:
            raise click.ClickException(f"{body!r} has {segments} segments")
    dice = random.Random(10)  # noqa: S311 (the same texts every time)
    for _ in range(_ODD):
        body = "".join(dice.choices(_SIGNS, k=dice.randint(1, _LONGEST)))
        if _ours(body) != split(body):
            raise click.ClickException(f"{body!r}: {_ours(body)} or {split(body)} segments?")


def _rate(bodies: Sequence[str], count: Callable[[str], int]) -> float:
    return rate(len(bodies), lambda: [count(body) for body in bodies])
