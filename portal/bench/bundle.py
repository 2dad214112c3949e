"""What a bundle of proofs costs beside setting the very same pages alone (G15)."""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Final
from uuid import UUID, uuid4

from portal.bench import brokerage
from portal.bench.measure import Figure, Options, Target, compare, figure, rate
from portal.bench.memory import held_mb, peak_mb
from portal.bench.scratch import open_scratch
from portal.consent import service as consent
from portal.consent.values import Checkbox, Method, NewConsent
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.proofs import queries
from portal.proofs.service import bundling, certifying
from portal.proofs.service.typesetting import Setter
from portal.proofs.values import Asked, Certificate, Source, Story
from portal.texting_accounts.values import AccountRef

PAGES: Final = Target("G15", 0.4, 0.7)
MEMORY: Final = Target("G15 memory", 200, 120, higher_is_better=False, unit=" MB")
_SIZE: Final = 1_000
_MOST_ROUNDS: Final = 2
_CHUNK: Final = 100
_PAGE: Final = re.compile(rb"/Type\s*/Page\b(?!s)")
_DISCLOSURE: Final = (
    "I agree to receive recurring texts about listings from Bench Realty at this number. Message "
    "and data rates may apply. Message frequency varies. Reply HELP for help, STOP to cancel. "
    "Consent is not a condition of purchase. Privacy: bench.example/privacy."
)


def run(options: Options) -> Iterator[Figure]:
    """Make a bundle of 1,000 numbers with proof, and set its pages alone, by turns.

    A round sets 4,000 pages, so there are two at most.
    """
    size = options.size or _SIZE
    for engine in options.engines:
        with open_scratch(engine) as here:
            bench = _Bench(brokerage.open_account(here, credits=1), size)
            about = f"{engine}, {size:,} numbers"
            yield figure(MEMORY, f"{about}, above idle", bench.peak_above_idle)
            what = f"{about}, {bench.pages:,} pages"
            rounds = min(options.rounds, _MOST_ROUNDS)
            yield compare(PAGES, what, bench.bundle_rate, bench.typst_rate, rounds=rounds)


class _Bench:
    """Numbers that agreed on a form, and the pages of their certificates."""

    def __init__(self, account: AccountRef, size: int) -> None:
        self._account = account
        self._asked = [Asked(brokerage.number(p), brokerage.number(p)) for p in range(size)]
        self.pages = 0
        self._documents: Sequence[tuple[dict[str, Any], Any]] = []
        for start in range(0, size, _CHUNK):
            with unit_of_work():
                for place in range(start, min(start + _CHUNK, size)):
                    consent.record_consent(account.tenant, _agreed(place), brokerage.actor())

    def peak_above_idle(self) -> float:
        """Make a bundle once; return how much memory that took."""
        idle = held_mb()
        ids: list[UUID] = []
        peak = peak_mb(lambda: ids.append(self._bundle()))
        self.pages = _pages_of(self._account, ids[0])
        return peak - idle

    def bundle_rate(self) -> float:
        return rate(self.pages, self._bundle)

    def typst_rate(self) -> float:
        """Set the same documents with one compiler, with nothing to read, check, hash or pack."""
        self._documents = self._documents or list(self._read_documents())
        with Setter() as setter:
            return rate(self.pages, lambda: self._set(setter))

    def _set(self, setter: Setter) -> None:
        for data, at in self._documents:
            setter.compile(data, at, archival=True)

    def _bundle(self) -> UUID:
        with unit_of_work():
            bundle_id = bundling.ask(
                self._account.tenant,
                self._asked,
                source=Source.LIST,
                title="Bench",
                nonce=uuid4().hex,
                actor=brokerage.actor(),
            )
        run_ = bundling.start_run(bundle_id)
        assert run_ is not None
        with closing(run_):
            for batch in run_.batches():
                with unit_of_work():
                    run_.certify(batch)
                run_.make(batch)
                with unit_of_work():
                    run_.note(batch)
            run_.join()
            with unit_of_work():
                run_.finish()
        return bundle_id

    def _read_documents(self) -> Iterator[tuple[dict[str, Any], Any]]:
        tenant, actor = self._account.tenant, brokerage.actor()
        with Setter() as setter:
            for start in range(0, len(self._asked), _CHUNK):
                e164s = [a.e164 for a in self._asked[start : start + _CHUNK] if a.e164]
                best, _ = queries.best_records(tenant, e164s, utcnow())
                told = queries.stories(tenant, list(best.values()), utcnow())
                with unit_of_work():
                    certified = certifying.certify(tenant, list(best.values()), actor=actor)
                for story in told:
                    yield _dressed(setter, story, certified), story.read_at


def _dressed(setter: Setter, story: Story, certified: Mapping[UUID, Certificate]) -> dict[str, Any]:
    mine = certified[story.record.id]
    log = certifying.log_of(story)
    return setter.dressed(certifying.document(story, mine, log), certifying.address(mine))


def _pages_of(account: AccountRef, bundle_id: UUID) -> int:
    bundle = queries.bundle_or_404(account.tenant, bundle_id)
    with zipfile.ZipFile(bundling.open_bundle(bundle)) as archive:
        names = [n for n in archive.namelist() if n.endswith(".pdf") and n != "cover.pdf"]
        return sum(len(_PAGE.findall(archive.read(name))) for name in names)


def _agreed(place: int) -> NewConsent:
    return NewConsent(
        brokerage.number(place),
        Method.HOSTED_FORM,
        name=f"Ann{place % 977} Lee{place % 1013}",
        email=f"ann{place}@example.com",
        postal_address=f"{place} Oak Ave, Chicago, IL 60614",
        ip_address="203.0.113.9",
        source_url="https://bench.example/f/open-house",
        disclosure_text=_DISCLOSURE,
        checkbox=Checkbox.CHECKED,
        form_name="Open house",
        form_version="3",
        user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15",
    )
