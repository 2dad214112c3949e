"""Filter, order and pages of the list of accounts: every key is text, so that a cursor can carry it."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from portal.core.errors import BadInput
from portal.core.typed import line
from portal.reports.values import AccountLine, AccountPage, AccountQuery
from portal.texting_accounts.values import AccountState

PER_PAGE: Final = 50
NO_PLAN: Final = "none"
BULK_PAUSED: Final = "bulk-paused"  # it sends, but no bulk and plan texts (H-4)
SHORT: Final = "short"  # of credits before the next ones come
_LONGEST: Final = 1000
_PARTS: Final = 3
_OFFSET: Final = 10**12  # so that numbers below zero sort as text, too

SORTS: Final[Mapping[str, Callable[[AccountLine], str]]] = {
    "name": lambda line: line.account.name.casefold(),
    "plan": lambda line: (line.plan_name or "").casefold(),
    "used": lambda line: _number(line.used_percent),
    "left": lambda line: _number(line.standing.balance.available),
    "runs-out": lambda line: line.standing.forecast.order.isoformat(),
    "activity": lambda line: line.last_at.isoformat() if line.last_at else date.min.isoformat(),
}
STATES: Final = (*(state.value for state in AccountState), BULK_PAUSED, NO_PLAN, SHORT)


def query_of(fields: Mapping[str, str]) -> AccountQuery:
    """Return what an address asks for. Raises BadInput naming the field and what it takes."""
    sort, state = fields.get("sort") or "name", fields.get("state", "")
    is_down = sort.startswith("-")
    if sort.removeprefix("-") not in SORTS:
        raise BadInput(
            f"sort: choose one of {', '.join(SORTS)}, with - in front for the other way."
        )
    if state and state not in STATES:
        raise BadInput(f"state: choose one of {', '.join(STATES)}.")
    words = line(fields.get("q", ""))
    return AccountQuery(
        words, state, fields.get("plan", "")[:60], sort.removeprefix("-"), is_down=is_down
    )


def matches(line: AccountLine, asked: AccountQuery) -> bool:
    """Say whether an account belongs in the list that was asked for."""
    if asked.state == NO_PLAN:
        if line.standing.subscription is not None:
            return False
    elif asked.state == SHORT:
        if not line.standing.forecast.is_short:
            return False
    elif asked.state and asked.state != _state(line):
        return False
    if asked.plan and line.plan_name != asked.plan:
        return False
    said = f"{line.account.name} {line.owner} {line.number or ''}".casefold()
    return all(word in said or _digits(word, said) for word in asked.words.casefold().split())


def page(lines: Sequence[AccountLine], asked: AccountQuery, after: str | None) -> AccountPage:
    """Return the lines that match, in order, from after a cursor on. Raises BadInput."""
    wanted = [line for line in lines if matches(line, asked)]
    every = keyed = sorted(((_key(line, asked), line) for line in wanted), key=lambda pair: pair[0],
                           reverse=asked.is_down)  # fmt: skip
    if after is not None:
        mark = _read(after)
        keyed = [(k, row) for k, row in every if (k < mark if asked.is_down else k > mark)]
    shown = keyed[:PER_PAGE]
    return AccountPage(
        lines=tuple(line for _, line in shown),
        ids=tuple(line.account.id for _, line in every),
        after=_write(shown[-1][0]) if len(keyed) > PER_PAGE else None,
    )


def _state(line: AccountLine) -> str:
    return BULK_PAUSED if line.account.is_bulk_paused else line.account.state.value


def _key(line: AccountLine, asked: AccountQuery) -> tuple[str, str, str]:
    return SORTS[asked.sort](line), line.account.name.casefold(), str(line.account.id)


def _number(count: int) -> str:
    return f"{count + _OFFSET:013d}"


def _digits(word: str, said: str) -> bool:
    """Say whether a number as people write it is in there."""
    digits = "".join(sign for sign in word if sign.isdecimal())
    return len(digits) > 2 and digits in said and not any(sign.isalpha() for sign in word)


def _write(key: tuple[str, str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[str, str, str]:
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor[:_LONGEST] + "=" * (-len(cursor) % 4)))
        if len(told) == _PARTS and all(isinstance(part, str) for part in told):
            return told[0], told[1], told[2]
    except (ValueError, TypeError, RecursionError):
        pass
    raise BadInput("after: this page mark is damaged. Start from the first page.")
