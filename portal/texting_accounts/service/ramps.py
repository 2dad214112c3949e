"""The limit of people a day grows step by step where a number is new or an account begins again (H-5, H-8)."""

from datetime import date
from uuid import UUID

from portal.core.audit import Actor
from portal.texting_accounts import rules
from portal.texting_accounts.service.keeping import locked, record


def begin_ramp(account_id: UUID, *, today: date, actor: Actor, start: int | None = None) -> None:
    """Let the limit grow step by step from now on: the account's number is new (H-5).

    With a `start` in people a day it begins again after a pause (H-8). One that does so already
    keeps its start when its number changes: another number is no way around it.
    """
    row = locked(account_id)
    if start is not None or row.ramp_clean_days is None:
        row.ramp_start = start
    _set_ramp(account_id, 0, today, verb="begin", actor=actor)


def judge_ramp(
    account_id: UUID, day: date, *, people: int, is_bad: bool, figures: str, actor: Actor
) -> None:
    """Take one more day into account, once: a clean one brings the next step, a bad one the last."""
    row = locked(account_id)
    if row.ramp_clean_days is None or row.ramp_judged_on is None or row.ramp_judged_on >= day:
        return
    policy = rules.policy_on(day)
    clean = rules.clean_days_after(
        row.ramp_clean_days, policy, people=people, is_bad=is_bad, start=row.ramp_start
    )
    _set_ramp(
        account_id,
        clean,
        day,
        verb="fall" if is_bad else "grow" if clean > row.ramp_clean_days else "keep",
        actor=actor,
        people=people,
        figures=figures,
    )


def _set_ramp(
    account_id: UUID, clean_days: int, day: date, *, verb: str, actor: Actor, **figures: object
) -> None:
    row = locked(account_id)
    before = row.ramp_limit
    row.ramp_limit = rules.limit_after(clean_days, rules.policy_on(day), row.ramp_start)
    row.ramp_clean_days = clean_days if row.ramp_limit is not None else None
    row.ramp_judged_on = day if row.ramp_limit is not None else None
    record(
        f"accounts:ramp:{verb}",
        account_id,
        row.organization_id,
        actor,
        day=day.isoformat(),
        clean_days=clean_days,
        before=before,
        after=row.ramp_limit,
        **figures,
    )
