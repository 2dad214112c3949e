"""Making and changing plans (P-1).

What a plan's texts say is checked as in the composer (H-1): blocked words are not kept until they
change or an officer releases them, and whoever saves the plan types OK to what is warned of, since
nobody is asked when its texts go (S-12).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert

from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import BadInput, NotAllowed
from portal.drips.errors import DripArchived, StepsWrong
from portal.drips.models import Drip, DripStep, DripVersion
from portal.drips.queries import library as queries
from portal.drips.rules import steps as rules
from portal.drips.rules.library import Keeper
from portal.drips.service import stopping
from portal.drips.values import (
    LONGEST_NAME,
    Because,
    DripRef,
    DripState,
    OnReply,
    Place,
    Step,
    StepFault,
    StepKind,
)
from portal.messaging.errors import ChangedMeanwhile, LintBlocks, NameTaken, OkNeeded
from portal.messaging.rules import saved
from portal.messaging.rules.linted import Verdict
from portal.messaging.service import linting, naming
from portal.messaging.values import Draft, Kind
from portal.texting_accounts.values import AccountRef

MOST_KEPT: Final = 100  # in one place, those archived left out
_NOT_YOURS: Final = "Team leads change what a team or everybody shares. Make a copy of your own."


def create(
    account: AccountRef,
    by: Keeper,
    place: Place,
    *,
    name: str,
    steps: Sequence[Step],
    on_reply: OnReply = OnReply.PAUSE,
    lint_ok: str = "",
    actor: Actor,
) -> UUID:
    """Keep a new plan, and return its id. A copy is made of another plan's steps.

    `account` is the one it is written in: its names and sites are the sender's. `lint_ok` is the
    `lint_key` of the warnings its writer typed OK to. Raises NotAllowed for a place of others,
    BadInput for a name or where no more fit, NameTaken, StepsWrong, or OkNeeded.
    """
    check_may_change(by, place)
    named = _named(name)
    _check_name(by.organization_id, place, named)
    _check_room(by.organization_id, place)
    _check(account, steps, lint_ok)
    row = Drip(
        id=uuid4(),
        organization_id=by.organization_id,
        team_id=place.team_id,
        account_id=place.account_id,
        **named,
        on_reply=on_reply,
        state=DripState.ACTIVE,
        version=1,
        changed_at=clock.utcnow(),
        changed_by=actor.label[:200],
    )
    db.session.add(row)
    with naming.named_once(row.name):
        db.session.flush()
    _write_version(by.organization_id, row.id, 1, steps, actor)
    _record(
        "create", by, row.id, actor, name=row.name, shelf=place.shelf, on_reply=on_reply,
        steps=[_told(step) for step in steps],
    )  # fmt: skip
    return row.id


def change(
    by: Keeper, drip_id: UUID, *, name: str, on_reply: OnReply, edits: int, actor: Actor
) -> None:
    """Give a plan another name, or say anew what a reply does; it holds for who is in it, too.

    `edits` is what the person saw. Raises ChangedMeanwhile, NotAllowed, NotFound, DripArchived,
    BadInput for a name, or NameTaken.
    """
    before = _changeable(by, drip_id, edits)
    new = {**_named(name), "on_reply": on_reply}
    if (new["name"], on_reply) == (before.name, before.on_reply):
        return
    _check_name(by.organization_id, before.place, new, drip_id)
    naming.change(Drip, by.organization_id, before, new, actor)
    _record("change", by, drip_id, actor, name=new["name"], on_reply=on_reply)


def save_steps(
    account: AccountRef,
    by: Keeper,
    drip_id: UUID,
    steps: Sequence[Step],
    *,
    edits: int,
    lint_ok: str = "",
    actor: Actor,
) -> int:
    """Put new steps in place of a plan's, and return the number of the version they are.

    Every save makes a version of its own, for who is enrolled from now on; who is in the plan goes
    on with the steps they began with. The same steps again change nothing. Raises what `create`
    and `change` raise, having changed nothing.
    """
    before = _changeable(by, drip_id, edits)
    tidied = tuple(map(rules.tidy, steps))
    if tidied == tuple(replace(step, id=None, position=0) for step in before.steps):
        return before.version
    _check(account, steps, lint_ok)
    number = before.version + 1
    naming.change(Drip, by.organization_id, before, {"version": number}, actor)
    _write_version(by.organization_id, drip_id, number, steps, actor)
    _record(
        "save-steps", by, drip_id, actor, version=number, steps=[_told(step) for step in tidied]
    )
    return number


def archive(by: Keeper, drip_id: UUID, *, actor: Actor) -> DripRef:
    """Take a plan out of use and end it for everybody in it; a second time changes nothing.

    It can be taken back; who was in it then has to be enrolled anew.

    Raises NotAllowed or NotFound.
    """
    before = queries.drip_or_404(by, drip_id)
    check_may_change(by, before.place)
    if before.state is not DripState.ARCHIVED:
        _set_state(by, before, DripState.ARCHIVED, actor)
        stopping.end_all(by.organization_id, drip_id, Because.ARCHIVED, actor=actor)
        _record("archive", by, drip_id, actor, name=before.name)
    return before


def restore(by: Keeper, drip_id: UUID, *, actor: Actor) -> DripRef:
    """Take an archived plan into use again. Raises NameTaken, NotAllowed, NotFound, or BadInput."""
    before = queries.drip_or_404(by, drip_id)
    check_may_change(by, before.place)
    if before.state is DripState.ARCHIVED:
        _check_room(by.organization_id, before.place)
        _check_name(by.organization_id, before.place, _named(before.name), drip_id)
        _set_state(by, before, DripState.ACTIVE, actor)
        _record("restore", by, drip_id, actor, name=before.name)
    return before


def verdicts(account: AccountRef, steps: Sequence[Step]) -> dict[int, Verdict]:
    """Return what the lint says of each text step, by its place in the list (H-1).

    The first text is read as the first that people get. A step without words is left out.
    """
    found: dict[int, Verdict] = {}
    for position, step in enumerate(steps):
        if step.kind is StepKind.TEXT and step.body.strip():
            draft = Draft(step.body.strip(), Kind.PLAN)
            found[position] = linting.verdict(account, draft, None, opens=not found)
    return found


def lint_key(found: Mapping[int, Verdict]) -> str:
    """Return what an OK to a plan's warnings stands for: exactly these; nothing where none are."""
    keys = [verdict.key for _, verdict in sorted(found.items()) if verdict.key]
    return hashlib.sha256(repr(keys).encode()).hexdigest()[:32] if keys else ""


def _check(account: AccountRef, steps: Sequence[Step], lint_ok: str) -> None:
    """Raise what is wrong with steps: their form, then what the lint blocks, then its warnings."""
    if wrong := rules.faults(steps):
        raise StepsWrong(wrong)
    found = verdicts(account, steps)
    blocked = [
        StepFault(position, "body", refusal.message)
        for position, verdict in found.items()
        if (refusal := _blocked(verdict)) is not None
    ]
    if blocked:
        raise StepsWrong(blocked)
    key = lint_key(found)
    if key and lint_ok != key:
        raise OkNeeded([f.message for verdict in found.values() for f in verdict.warnings])


def _blocked(verdict: Verdict) -> LintBlocks | None:
    try:
        linting.check(verdict, linting.SENT_BEFORE)
    except LintBlocks as refusal:
        return refusal
    return None


def _changeable(by: Keeper, drip_id: UUID, edits: int) -> DripRef:
    """Return a plan that this person may change and has seen as it is."""
    before = queries.drip_or_404(by, drip_id)
    check_may_change(by, before.place)
    if before.edits != edits:
        raise ChangedMeanwhile(before.changed_by)
    if before.state is DripState.ARCHIVED:
        raise DripArchived
    return before


def check_may_change(by: Keeper, place: Place) -> None:
    """Raise NotAllowed where a person may not change what is kept in a place."""
    if not by.may_change(place):
        raise NotAllowed(_NOT_YOURS)


def _check_room(organization_id: UUID, place: Place) -> None:
    if queries.kept_at(organization_id, place) >= MOST_KEPT:
        raise BadInput(f"{MOST_KEPT} are kept here, and no more fit. Archive one first.")


def _named(name: str) -> dict[str, str]:
    tidied = saved.tidy_name(name)
    if not tidied:
        raise BadInput("Name: give the plan a name.")
    if len(tidied) > LONGEST_NAME:
        raise BadInput(f"Name: keep it to {LONGEST_NAME} characters.")
    return {"name": tidied, "name_key": saved.name_key(name)}


def _check_name(
    organization_id: UUID, place: Place, named: Mapping[str, str], drip_id: UUID | None = None
) -> None:
    taken = queries.named(organization_id, place, named["name_key"])
    if taken is not None and taken != drip_id:
        raise NameTaken(named["name"])


def _write_version(
    organization_id: UUID, drip_id: UUID, number: int, steps: Sequence[Step], actor: Actor
) -> None:
    version = DripVersion(
        id=uuid4(),
        organization_id=organization_id,
        drip_id=drip_id,
        number=number,
        created_by=actor.label[:200],
    )
    db.session.add(version)
    db.session.flush()
    db.session.execute(
        insert(DripStep),
        [
            {
                "id": uuid4(),
                "organization_id": organization_id,
                "version_id": version.id,
                "position": position,
                **_columns(rules.tidy(step)),
            }
            for position, step in enumerate(steps, start=1)
        ],
    )


def _columns(step: Step) -> dict[str, Any]:
    names = ("kind", "day", "at", "title", "body", "missing")
    return {name: getattr(step, name) for name in names}


def _told(step: Step) -> dict[str, Any]:
    """Return a step as the audit log keeps it."""
    at = step.at.isoformat("minutes") if step.at else None
    return {**_columns(step), "at": at}


def _set_state(by: Keeper, before: DripRef, state: DripState, actor: Actor) -> None:
    new = {"state": state, "state_reason": ""}
    naming.change(Drip, by.organization_id, before, new, actor)


def _record(verb: str, by: Keeper, drip_id: UUID, actor: Actor, **said: Any) -> None:
    audit.record(
        f"drips:drip:{verb}",
        actor=actor,
        organization_id=by.organization_id,
        subject_id=drip_id,
        **said,
    )
