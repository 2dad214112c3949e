"""What the lint found in a text being written, as pages show it (H-1, S-12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import flash, g

from portal.compliance.rules.lint import Finding
from portal.core.access import me
from portal.core.db import unit_of_work
from portal.core.errors import BadInput
from portal.messaging.forms.composing import ComposeForm
from portal.messaging.queries import linting as queries
from portal.messaging.queries.linting import ReviewRef
from portal.messaging.rules import linted
from portal.messaging.rules.linted import Verdict
from portal.messaging.rules.plan import Plan
from portal.messaging.service import linting, similar
from portal.messaging.service.similar import Outlook
from portal.messaging.values import Draft
from portal.messaging.views.sheet import Sheet

_PILLS: Final = {
    "block": ("blocked", "Blocked"),
    "warn": ("watch", "Warning"),
    "info": ("plain", "Remark"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A verdict with what a page needs beside it."""

    verdict: Verdict
    review: ReviewRef | None = None  # what an officer was asked, and said, of these words
    typed: str = ""
    fault: str = ""
    alike: Outlook | None = None  # what it is nearly the same as (H-2)

    @property
    def rows(self) -> list[tuple[Finding, str, tuple[str, str]]]:
        """Return each finding with its rule's name and its pill."""
        return [
            (
                f,
                linted.RULES[f.rule][0],
                ("good", "Released")
                if f.level == "block" and self.verdict.is_released
                else _PILLS[f.level],
            )
            for f in self.verdict.findings
        ]


def shown(
    draft: Draft | None, plan: Plan | None, options: Mapping[str, str], fault: str = ""
) -> Shown:
    """Return what stands under a text: nothing while there is none."""
    if draft is None or not draft.body.strip():
        return Shown(Verdict())
    found = linting.verdict(g.account, draft, plan)
    is_blocked = any(f.level == "block" for f in found.findings)
    review = (
        queries.review_of(g.account.tenant, linted.body_hash(draft.body)) if is_blocked else None
    )
    typed = options.get("lint_ok", "") if options.get("lint_seen") == found.key else ""
    return Shown(found, review, typed, fault, similar.outlook(g.account, draft, plan))


def of_sheet(sheet: Sheet, form: ComposeForm) -> Shown:
    """Return what stands under the text in the composer."""
    options = sheet.written.options if sheet.written else {}
    return shown(sheet.draft, sheet.plan, options, " ".join(form.lint_ok.errors))


def ask_officer(draft: Draft | None) -> None:
    """Ask an officer to let blocked words go, once for the same words. Raises BadInput."""
    found = linting.verdict(g.account, draft, None) if draft else Verdict()
    if draft is None or not found.blocks:
        raise BadInput("Nothing in this text is blocked any more. Send it again.")
    with unit_of_work():
        linting.ask(g.account, draft.body, found, actor=me().actor)
    flash("An officer is asked. You are told what they decide; the text stays as it is.", "ok")


def ok_to(options: Mapping[str, str]) -> str:
    """Return what a form or a draft says OK to."""
    return linted.ok_to(options.get("lint_ok", ""), options.get("lint_seen", ""))
