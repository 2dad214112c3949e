"""The content lint every text passes as it is typed and before it is sent (SPEC H-1)."""

from collections.abc import Sequence
from typing import Final

from portal.compliance.rules import lint_content, lint_links, lint_personal, lint_style
from portal.compliance.rules.lint_text import Finding, Level, Rule, plain, words

__all__ = ["Finding", "Level", "Rule", "lint"]

_GRAVITY: Final[dict[Level, int]] = {"block": 0, "warn": 1, "info": 2}


def lint(
    body: str,
    *,
    first_contact: bool,
    sender_names: Sequence[str],
    own_domains: Sequence[str] = (),
    ongoing: bool = False,
    notice_follows: bool = False,
) -> list[Finding]:
    """List what is wrong or risky in a text, gravest first; an empty text has no findings.

    `ongoing` means the person wrote within seven days: the sender need not be named again, and a
    question about selling is no cold one. `notice_follows` means the first-text notice of S-3
    goes out right after. Levels are the defaults of H-1; an officer's own levels are the
    caller's to apply.
    """
    if not body.strip():
        return []
    text = plain(body)
    spans = [link.span for link in lint_links.links(text)]
    bare = text.without(spans)
    findings = [
        *lint_personal.check(bare),
        *lint_content.check(words(bare), ongoing=ongoing),
        *([] if ongoing else lint_style.sender(bare, sender_names)),
        *(lint_style.opt_out(text, notice_follows=notice_follows) if first_contact else []),
        *lint_links.check(text, own_domains),
        *lint_style.caps(body, (text.quote(span) for span in spans), sender_names),
    ]
    return sorted(findings, key=lambda finding: _GRAVITY[finding.level])
