"""The lint at work: on what is typed, at every confirm, and what officers decide of it (H-1)."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal.compliance.rules.lint import Finding, lint
from portal.core import audit, clock
from portal.core.audit import Actor
from portal.core.db import db, is_sqlite
from portal.core.errors import BadInput
from portal.core.reasons import reason_of
from portal.core.settings import settings
from portal.messaging.errors import LintBlocks, OkNeeded
from portal.messaging.models import Conversation, LintLevel, LintReview
from portal.messaging.queries import linting as queries
from portal.messaging.rules import linted
from portal.messaging.rules.linted import ReviewState, Verdict
from portal.messaging.rules.plan import Plan
from portal.messaging.rules.whys import LINT
from portal.messaging.values import Draft, Fate, Gate, Kind
from portal.notifications import service as notifications
from portal.people import queries as people
from portal.texting_accounts.values import AccountRef

SENT_BEFORE: Final = "*"  # words that went before, or a program that says it has read the warnings
ONGOING_FOR: Final = timedelta(days=7)  # H-1
VARIANTS: Final = 3  # of a template are read whole
SUSPECTS: Final = 20  # and as many more whose values hold a link, a long number or money
_suspect: Final = re.compile(r"://|www\.|\w\.\w{2,4}/|[\d -]{9,}|\$", re.ASCII)


def verdict(
    account: AccountRef, draft: Draft, planned: Plan | None, *, opens: bool = False
) -> Verdict:
    """Return what the lint says of a text to these people, as the organization's officers set it.

    A template is read once, and some of what it became, not the text of every recipient. The
    notice of S-3 follows every first text. With nobody planned yet, `opens` says that it is to be
    the first that people get.
    """
    texts = planned.texts if planned else ()
    is_first = opens or any(text.is_first and text.outcome is not Fate.BLOCKED for text in texts)
    numbers = [text.e164 for text in texts if text.e164]
    is_ongoing = len(texts) == 1 and bool(numbers) and _wrote_lately(account, numbers[0])
    own_names, domains = sender_of(account)
    domains = (*domains, settings().host.partition(":")[0])  # where links to files lead

    def read(body: str) -> list[Finding]:
        return lint(
            body,
            first_contact=is_first,
            sender_names=own_names,
            own_domains=domains,
            ongoing=is_ongoing,
            notice_follows=is_first,
        )

    if draft.kind is Kind.ONE_TO_ONE and len(texts) == 1:
        found = read(texts[0].body)
    else:
        bodies = _telling(draft.body, (text.body for text in texts))
        found = linted.together(read(draft.body), map(read, bodies))
    graded = linted.graded(found, queries.levels(account.organization_id))
    whole = linted.together(graded, ())
    is_released = any(f.level == "block" for f in whole) and queries.is_released(
        account.tenant, linted.body_hash(draft.body)
    )
    return Verdict(tuple(whole), is_released, draft.body)


def check(found: Verdict, ok_to: str) -> None:
    """Refuse what is blocked, and what is warned of until its sender has typed OK (S-12).

    `ok_to` is the key of the warnings they typed it to. Raises LintBlocks or OkNeeded.
    """
    if found.blocks:
        names = ", ".join(dict.fromkeys(linted.RULES[f.rule][0].lower() for f in found.blocks))
        raise LintBlocks(
            Gate(
                LINT,
                f"The words of this text are blocked: {names}. Change them, or ask an officer to "
                "release them.",
                fix_endpoint="messaging.lint_rules",
                fix_label="See the rules",
            )
        )
    if found.warnings and ok_to not in (found.key, SENT_BEFORE):
        raise OkNeeded([f.message for f in found.warnings])


def set_level(organization_id: UUID, rule: str, level: str, *, reason: str, actor: Actor) -> None:
    """Set what a rule's findings do from now on; an empty level is the default again.

    Raises BadInput without a reason, for an unknown rule or level, or for one that stays.
    """
    if rule not in linted.RULES or (level and level not in linted.LEVELS):
        raise BadInput("level: choose one of the list.")
    if rule in linted.FIXED:
        raise BadInput("Carriers block this, so its level stays. Release single texts instead.")
    reason = reason_of(reason)
    before = queries.levels(organization_id).get(rule, "")
    if before == level:
        return
    db.session.add(
        LintLevel(
            organization_id=organization_id,
            rule=rule,
            level=level,
            reason=reason,
            set_at=clock.utcnow(),
            set_by_id=actor.id,
            set_by=actor.label[:200],
        )
    )
    audit.record(
        "messaging:lint-level:set",
        actor=actor,
        organization_id=organization_id,
        rule=rule,
        before=before or "default",
        after=level or "default",
        reason=reason,
    )


def ask(account: AccountRef, body: str, found: Verdict, *, actor: Actor) -> UUID:
    """Ask an officer to release a blocked text; again for the same words asks the same."""
    before = queries.review_of(account.tenant, linted.body_hash(body))
    if before is not None and before.state is not ReviewState.REFUSED:
        return before.id
    insert = (sqlite if is_sqlite() else postgresql).insert(LintReview)
    asked = {
        "findings": found.stored(is_ok=False),
        "state": ReviewState.ASKED,
        "asked_at": clock.utcnow(),
        "asked_by_id": actor.id,
        "asked_by": actor.label[:200],
    }
    row = insert.values(
        organization_id=account.organization_id,
        account_id=account.id,
        body_hash=linted.body_hash(body),
        body=body.strip(),
        **asked,
    )
    db.session.execute(
        row.on_conflict_do_update(
            index_elements=["account_id", "body_hash"],
            set_=asked,
            where=LintReview.state == ReviewState.REFUSED,
        )
    )
    review = queries.review_of(account.tenant, linted.body_hash(body))
    assert review is not None
    audit.record(
        "messaging:lint-review:ask",
        actor=actor,
        organization_id=account.organization_id,
        account_id=account.id,
        subject_id=review.id,
        rules=sorted({finding.rule for finding in found.blocks}),
    )
    notifications.notify(
        organization_id=account.organization_id,
        account_id=account.id,
        user_ids=[officer.id for officer in people.officers(account.organization_id)],
        kind="lint",
        title=f"{actor.label} asks to release a blocked text",
        text=body.strip()[:200],
        url=f"/organizations/{account.organization_id}/blocked-texts/{review.id}",
        dedupe_key=f"lint:{review.id}:{review.asked_at.isoformat()}",
    )
    return review.id


def decide(
    organization_id: UUID, review_id: UUID, *, is_released: bool, reason: str, actor: Actor
) -> None:
    """Release a blocked text or refuse it, and tell who asked.

    Raises BadInput without a reason, or where another officer was faster; NotFound.
    """
    reason = reason_of(reason)
    review = queries.review_or_404(organization_id, review_id)
    state = ReviewState.RELEASED if is_released else ReviewState.REFUSED
    decided = db.session.scalar(
        update(LintReview)
        .where(
            LintReview.organization_id == organization_id,
            LintReview.id == review_id,
            LintReview.state == ReviewState.ASKED,
        )
        .values(
            state=state,
            decided_at=clock.utcnow(),
            decided_by=actor.label[:200],
            reason=reason,
        )
        .returning(LintReview.id)
        .execution_options(synchronize_session=False)
    )
    if decided is None:
        raise BadInput(f"{review.decided_by} has decided this already. Open the list again.")
    audit.record(
        "messaging:lint-review:release" if is_released else "messaging:lint-review:refuse",
        actor=actor,
        organization_id=organization_id,
        account_id=review.account_id,
        subject_id=review_id,
        reason=reason,
    )
    if review.asked_by_id is None:
        return
    notifications.notify(
        organization_id=organization_id,
        account_id=review.account_id,
        user_ids=[review.asked_by_id],
        kind="lint",
        title="Your text was released" if is_released else "Your text stays blocked",
        text=reason.strip()[:200],
        url=f"/accounts/{review.account_id}/texts/new",
        dedupe_key=f"lint:{review_id}:{state.value}:{clock.utcnow().isoformat()}",
    )


def _telling(template: str, bodies: Iterable[str]) -> list[str]:
    """Return what a template became that is worth reading: some, and what brings something new."""
    marks = len(_suspect.findall(template))
    read: dict[str, None] = {}
    suspects = 0
    for body in dict.fromkeys(bodies):
        if body == template:
            continue
        if len(read) - suspects < VARIANTS:
            read[body] = None
        elif suspects < SUSPECTS and len(_suspect.findall(body)) > marks:
            read[body] = None
            suspects += 1
    return list(read)


def _wrote_lately(account: AccountRef, e164: str) -> bool:
    wrote: datetime | None = db.session.scalar(
        select(Conversation.last_inbound_at).where(
            Conversation.account_id == account.id, Conversation.e164 == e164
        )
    )
    return wrote is not None and clock.utcnow() - wrote < ONGOING_FOR


def sender_of(account: AccountRef) -> tuple[list[str], tuple[str, ...]]:
    """Return the names a text may be signed with, and the organization's own sites."""
    settings = people.organization_settings(account.organization_id)
    owner = people.user(account.owner_user_id) if account.owner_user_id else None
    names = [settings.sender_name, settings.name, account.name, owner.name if owner else ""]
    return [name for name in dict.fromkeys(names) if name], settings.website_domains
