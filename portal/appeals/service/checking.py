"""The readiness check of a case on what is known at this moment (A-4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.appeals import queries
from portal.appeals.errors import NotReady
from portal.appeals.rules import first_text, readiness, tallying
from portal.appeals.rules.proving import NumberProof
from portal.appeals.rules.readiness import Facts, Readiness
from portal.appeals.rules.templates import Template
from portal.appeals.service import ceasing, knowing, proof_gathering
from portal.appeals.values import CaseRef, PartRef, Slot, Tally
from portal.core import clock
from portal.core.settings import settings
from portal.messaging.service import linting
from portal.proofs.values import Asked
from portal.site_checks import queries as site_checks
from portal.texting_accounts.values import AccountRef


@dataclass(frozen=True, slots=True)
class Looked:
    """A case as of one moment: its template, its parts, the proof for its numbers, how it stands."""

    template: Template
    parts: Sequence[PartRef]
    proof: Sequence[NumberProof]  # each number's, where it was gathered for this
    tally: Tally | None  # what was found for them; None: no numbers are named
    readiness: Readiness


def look(case: CaseRef) -> Looked:
    """Return what a case holds, lacks, and what is weak in it, with the proof gathered now."""
    parts = queries.parts(case)
    named = _named(parts)
    proof = proof_of(case, named.numbers) if named else []
    found = tallying.tally(proof, clock.utcnow()) if proof else None
    return _looked(case, parts, proof, found)


def glance(case: CaseRef) -> Looked:
    """Return the same with what was found when proof was last looked for, which pages show."""
    parts = queries.parts(case)
    named = _named(parts)
    found = (named.tally or tally(case, named.numbers)) if named else None
    return _looked(case, parts, [], found)


def _named(parts: Sequence[PartRef]) -> PartRef | None:
    """Return the part with the numbers the carrier named; one that does not apply names none."""
    return next((part for part in parts if part.numbers and not part.is_set_aside), None)


def need_ready(case: CaseRef) -> None:
    """Raise NotReady, with every reason, where a required part is missing.

    Proof is not gathered for this: numbers without it make a part weak, none makes one missing.
    """
    missing = _looked(case, queries.parts(case), [], None).readiness.missing
    if missing:
        raise NotReady([f"part {part.number}, {part.title.lower()}" for part in missing])


def _looked(
    case: CaseRef, parts: Sequence[PartRef], proof: Sequence[NumberProof], found: Tally | None
) -> Looked:
    template = queries.template(case.organization_id, case.kind, case.template_version)
    without = found.lacking if found else 0
    ready = readiness.check(template, parts, _facts(case, parts, without))
    return Looked(template, parts, proof, found, ready)


def proof_of(case: CaseRef, numbers: Sequence[str]) -> list[NumberProof]:
    """Return what was found for each number the carrier named, E.164, in their order."""
    asked = [Asked(e164, e164) for e164 in numbers]
    return list(proof_gathering.gather(case.tenant, asked, clock.utcnow()))


def tally(case: CaseRef, numbers: Sequence[str]) -> Tally | None:
    """Look for the proof of numbers and count it. Outside a unit of work: it reads a lot."""
    return tallying.tally(proof_of(case, numbers), clock.utcnow()) if numbers else None


def look_again(case: CaseRef) -> dict[int, Tally]:
    """Look for the proof of every named number anew, by the number of its part: it may be there now."""
    named = {part.number: part.numbers for part in queries.parts(case) if part.numbers}
    return {number: found for number, numbers in named.items() if (found := tally(case, numbers))}


def first_text_of(account: AccountRef, body: str) -> first_text.FirstText | None:
    """Return what is wrong with a first text; None where nobody wrote it down.

    The notice of S-3 follows every first text, so the text itself need not say how to stop.
    """
    if not body.strip():
        return None
    names, domains = linting.sender_of(account)
    host = settings().host.partition(":")[0]
    return first_text.look(
        body, sender_names=names, own_domains=(*domains, host), notice_follows=True
    )


def _facts(case: CaseRef, parts: Sequence[PartRef], without: int) -> Facts:
    account = knowing.account_of(case)
    first = next((part for part in parts if part.slot is Slot.FIRST_TEXT), None)
    checked = [page for page in site_checks.pages(case.tenant) if page.latest]
    return Facts(
        first_text_of(account, first.text) if first else None,
        frozenset(url for _, url in knowing.form_addresses(account)),
        frozenset(page.url for page in checked if page.latest and page.latest.is_whole),
        frozenset(page.url for page in checked),
        is_traffic_stopped=ceasing.is_stopped(account),
        without_proof=without,
    )
