"""What became of texts, told apart by everything that may be the cause of trouble (H-8)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, case, func, literal, or_, outerjoin, select

from portal.compliance.rules.causes import Cell, Dimension
from portal.compliance.rules.health import Outcomes
from portal.compliance.rules.similar import Sketch, sketch
from portal.consent.queries import NO_LIST, Source, source_of
from portal.consent.values import METHOD_WORDS, Method
from portal.contacts.models import Import
from portal.core import formats, phone
from portal.core.db import db
from portal.core.tenancy import Tenant, owned
from portal.drips.models import Drip, DripSend, DripStep, DripVersion
from portal.messaging.models import Campaign, CauseHour
from portal.messaging.queries import error_meaning
from portal.messaging.queries.counts import NOBODY
from portal.messaging.rules.similar import Shelf
from portal.people import queries as people
from portal.reports.values import Scope

MOST_SENDS: Final = 1_000  # compared by their words, those with the most texts
_AT_ONCE: Final = 500
_LONGEST: Final = 60  # signs of a name

Value = tuple[Dimension, str]


class Told:
    """The texts of some accounts since a time as cells of causes, and what each value is called."""

    def __init__(self, scope: Scope, since: datetime) -> None:
        """Read the running counts: so many rows as there are sends, numbers, lists and codes."""
        self._scope, self._tenant = scope, Tenant(scope.organization_id)
        rows = _rows(scope, since)
        self.groups = _alike(self._bodies(rows), [a.name for a in scope.accounts])
        self._of: dict[str, str] = {id_: group for group, ids in self.groups.items() for id_ in ids}
        self.cells: list[Cell] = [self._cell(row) for row in rows]

    def name(self, values: Collection[Value]) -> dict[Value, str]:
        """Return what some values are called, as a sentence about them begins."""
        by: dict[Dimension, set[str]] = defaultdict(set)
        for dimension, value in values:
            by[dimension].add(value)
        found: dict[Value, str] = {}
        for dimension, some in by.items():
            found |= {(dimension, v): name for v, name in self._named(dimension, some).items()}
        return found

    def accounts_of(self, value: Value) -> list[UUID]:
        """Return the accounts a cause is in."""
        ids = {c.of[Dimension.ACCOUNT] for c in self.cells if c.of.get(value[0]) == value[1]}
        return sorted(map(UUID, ids))

    def _bodies(self, rows: Sequence[Any]) -> dict[str, str]:
        """Return the words of the largest sends and steps by their ids."""
        texts: dict[tuple[bool, UUID], int] = defaultdict(int)
        for row in rows:
            if row.step_id is not None or row.campaign_id != NOBODY:
                texts[row.step_id is not None, row.step_id or row.campaign_id] += row.attempted
        largest = sorted(texts, key=lambda key: (-texts[key], str(key[1])))[:MOST_SENDS]
        bodies: dict[str, str] = {}
        for model, is_step in ((Campaign, False), (DripStep, True)):
            ids = [id_ for is_of, id_ in largest if is_of is is_step]
            for some in _batches(ids):
                bodies |= {
                    str(row.id): row.body
                    for row in db.session.execute(
                        select(model.id, model.body).where(
                            owned(self._tenant, model), model.id.in_(some)
                        )
                    )
                }
        return bodies

    def _cell(self, row: Any) -> Cell:
        send = str(row.step_id or row.campaign_id)
        of = {
            Dimension.ACCOUNT: str(row.account_id),
            Dimension.SOURCE: Source(row.import_id, row.form_name, row.method).key,
        }
        if row.step_id is not None:
            of[Dimension.STEP] = send
        elif row.campaign_id != NOBODY:
            of[Dimension.CAMPAIGN] = send
        if send in self._of:
            of[Dimension.WORDING] = self._of[send]
        if row.from_e164:
            of[Dimension.NUMBER] = row.from_e164
        if row.user_id != NOBODY:
            of[Dimension.AGENT] = str(row.user_id)
        outcomes = Outcomes(row.attempted, row.delivered, row.wrong, row.opted_out)
        if outcomes.wrong:
            of[Dimension.CODE] = str(row.error_code)
        return Cell(of, outcomes)

    def _named(self, dimension: Dimension, values: set[str]) -> dict[str, str]:
        if dimension is Dimension.SOURCE:
            return self._sources(values)
        if dimension is Dimension.STEP:
            return self._steps(values)
        if dimension is Dimension.CAMPAIGN:
            return self._campaigns(values)
        if dimension is Dimension.AGENT:
            known = people.users(map(UUID, values))
            return {v: _agent(known.get(UUID(v))) for v in values}
        if dimension is Dimension.ACCOUNT:
            known_ = {str(account.id): account.name for account in self._scope.accounts}
            return {v: f"Account {_quoted(known_[v])}" for v in values}
        if dimension is Dimension.NUMBER:
            return {v: f"Number {phone.show(v)}" for v in values}
        if dimension is Dimension.CODE:
            return {v: _code(int(v)) for v in values}
        return {v: self._wording(v) for v in values}

    def _sources(self, values: set[str]) -> dict[str, str]:
        read = {value: source_of(value) for value in values}
        ids = [s.import_id for s in read.values() if s.import_id != NO_LIST]
        files = {
            row.id: row.file_name
            for row in db.session.execute(
                select(Import.id, Import.file_name).where(
                    owned(self._tenant, Import), Import.id.in_(ids)
                )
            )
        }
        return {value: _source(s, files) for value, s in read.items()}

    def _steps(self, values: set[str]) -> dict[str, str]:
        s, v, d = DripStep, DripVersion, Drip
        rows = db.session.execute(
            select(s.id, s.position, d.name)
            .join_from(s, v, and_(v.id == s.version_id, v.organization_id == s.organization_id))
            .join(d, and_(d.id == v.drip_id, d.organization_id == v.organization_id))
            .where(owned(self._tenant, s), s.id.in_(list(map(UUID, values))))
        )
        return {str(row.id): f"Step {row.position} of {_quoted(row.name)}" for row in rows}

    def _campaigns(self, values: set[str]) -> dict[str, str]:
        rows = db.session.execute(
            select(Campaign.id, Campaign.name, Campaign.body).where(
                owned(self._tenant, Campaign), Campaign.id.in_(list(map(UUID, values)))
            )
        )
        return {str(row.id): f"Campaign {_quoted(row.name or row.body)}" for row in rows}

    def _wording(self, group: str) -> str:
        sends = len(self.groups[group])
        numbers = {c.of.get(Dimension.NUMBER) for c in self.cells if _is_of(c, group)}
        return (
            f"Nearly the same words in {formats.plural(sends, 'send')} "
            f"from {formats.plural(len(numbers), 'number')}"
        )


def _rows(scope: Scope, since: datetime) -> Sequence[Any]:
    """Add up the hours: a plan's many small sends are its step's."""
    c = CauseHour
    of_step = and_(
        DripSend.campaign_id == c.campaign_id, owned(Tenant(scope.organization_id), DripSend)
    )
    nobody = literal(NOBODY, c.campaign_id.type)
    campaign = case((DripSend.step_id.is_not(None), nobody), else_=c.campaign_id)
    keys = (
        c.account_id, campaign.label("campaign_id"), DripSend.step_id, c.user_id, c.import_id,
        c.form_name, c.method, c.from_e164, c.error_code,
    )  # fmt: skip
    counted = (c.attempted, c.delivered, c.wrong, c.opted_out)
    inner = (
        select(*keys, *counted)
        .select_from(outerjoin(c, DripSend, of_step))
        .where(
            owned(Tenant(scope.organization_id), c),
            c.account_id.in_(scope.account_ids),
            c.hour >= since,
        )
        .subquery()
    )
    shared = [inner.c[key.name] for key in keys]
    sums = [func.sum(inner.c[each.name]).label(each.name) for each in counted]
    return db.session.execute(
        select(*shared, *sums)
        .group_by(*shared)
        .having(or_(*(each != 0 for each in sums)))
        .order_by(*shared)
    ).all()


def _alike(bodies: Mapping[str, str], names: Sequence[str]) -> dict[str, list[str]]:
    """Return which sends say nearly the same, by the first of them; what stands alone is left out."""
    shelf, found = Shelf(()), defaultdict[UUID, list[str]](list)
    for id_ in sorted(bodies):
        made = _sketch(bodies[id_], tuple(names) if len(names) == 1 else ())
        if not made:
            continue
        group = shelf.find(made) or shelf.add(made)[0]
        found[group].append(id_)
    return {ids[0]: ids for ids in found.values() if len(ids) > 1}


@lru_cache(maxsize=4_096)
def _sketch(body: str, names: tuple[str, ...]) -> Sketch:
    return sketch(body, names)


def _is_of(cell: Cell, group: str) -> bool:
    return cell.of.get(Dimension.WORDING) == group and Dimension.NUMBER in cell.of


def _agent(user: Any) -> str:
    return f"Texts of {user.name}" if user else "Texts of an API key or of somebody who left"


def _code(code: int) -> str:
    meaning = error_meaning(code or None)
    return f"Code {code}, {meaning.meaning}" if meaning else "Errors without a code"


def _source(source: Source, files: Mapping[UUID, str]) -> str:
    if source.import_id != NO_LIST:
        return f"List {_quoted(files.get(source.import_id, 'of an import'))}"
    if source.form_name:
        return f"Form {_quoted(source.form_name)}"
    if source.method:
        return f"Consent {_quoted(METHOD_WORDS[Method(source.method)])}"
    return "No record of consent"


def _quoted(name: str) -> str:
    short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    return f"“{short}”"


def _batches(ids: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (ids[begin : begin + _AT_ONCE] for begin in range(0, len(ids), _AT_ONCE))
