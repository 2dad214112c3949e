"""Bundles: the proofs of up to 10,000 numbers as one ZIP, made by a worker (C-6, G15).

A bundle is made a batch at a time. Each batch is a file of its own in the bundle's folder,
written whole or not at all; a run that was killed goes on with the first that is missing, and
two runs of one bundle do the same work and harm nothing. At the end the batches are joined.
Nothing is held in memory but one batch's facts and one certificate at a time.

    run = bundling.start_run(bundle_id)
    for batch in run.batches():
        with unit_of_work():
            run.certify(batch)
        run.make(batch)                       # no transaction is open while PDFs are set
        with unit_of_work():
            run.note(batch)
    if not run.is_over():
        run.join()
        with unit_of_work():
            run.finish()
"""

import json
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, update

from portal.consent.rules import allows
from portal.consent.values import MessageKind
from portal.core import audit, checkpoints, formats, jobs, private_files
from portal.core.audit import Actor
from portal.core.audit_tree import Measure, Tree
from portal.core.clock import utcnow
from portal.core.db import db
from portal.core.jobs import Job, Lane
from portal.core.settings import settings
from portal.core.tenancy import Tenant, owned
from portal.proofs import queries
from portal.proofs.errors import BundleNotReady, NumbersRefused
from portal.proofs.models import ProofBundle, ProofBundleNumber
from portal.proofs.rules import covering
from portal.proofs.service import certifying, packing, script
from portal.proofs.service.typesetting import Setter
from portal.proofs.values import (
    MOST_NUMBERS,
    Asked,
    BundleRef,
    BundleState,
    Certificate,
    Source,
    Story,
)

BATCH: Final = 200
JOB_TIMEOUT_S: Final = 7_200


@dataclass(slots=True)
class Batch:
    """Some numbers of a bundle, and what was found for them."""

    number: int
    first: int
    asked: Sequence[Asked]
    is_made: bool
    stories: dict[str, Story] = field(default_factory=dict)
    certified: dict[UUID, Certificate] = field(default_factory=dict)
    measured: Measure | None = None  # the log, where no checkpoint covers all records yet
    why_not: dict[str, str] = field(default_factory=dict)


def ask(
    tenant: Tenant,
    asked: Sequence[Asked],
    *,
    source: Source,
    title: str,
    nonce: str,
    actor: Actor,
) -> UUID:
    """Ask for a bundle and return its id; the same nonce asks once. Raises NumbersRefused."""
    assert tenant.account_id is not None
    if not 0 < len(asked) <= MOST_NUMBERS:
        raise NumbersRefused(f"Give 1 to {formats.number(MOST_NUMBERS)} numbers.")
    earlier = queries.bundle_of_nonce(tenant, nonce)
    if earlier is not None:
        return earlier
    row = ProofBundle(
        id=uuid4(),
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        nonce=nonce,
        title=title.strip()[:200] or "Proof of opt-in",
        source=source,
        numbers=len(asked),
        created_by_id=actor.id,
        created_by=actor.label[:200],
    )
    db.session.add(row)
    db.session.flush()
    db.session.execute(
        insert(ProofBundleNumber),
        [
            {
                "bundle_id": row.id,
                "position": position,
                "organization_id": tenant.organization_id,
                "account_id": tenant.account_id,
                "written": item.written,
                "e164": item.e164,
                "why": item.why,
            }
            for position, item in enumerate(asked)
        ],
    )
    request(row.id)
    audit.record(
        "proofs:bundle:start",
        actor=actor,
        organization_id=tenant.organization_id,
        account_id=tenant.account_id,
        subject_id=row.id,
        numbers=len(asked),
        source=source.value,
    )
    return row.id


def request(bundle_id: UUID) -> None:
    """Ask a worker to make, or to go on with, a bundle."""
    jobs.request(Job.MAKE_BUNDLE, bundle_id, lane=Lane.REPORTS, timeout_s=JOB_TIMEOUT_S)


def start_run(bundle_id: UUID) -> "BundleRun | None":
    """Return a run for a bundle that waits; None when there is nothing to do."""
    bundle = queries.bundle_by_id(bundle_id)
    return BundleRun(bundle) if bundle is not None and bundle.is_moving else None


class BundleRun:
    """One pass over the numbers of a bundle, from where the last one stopped."""

    def __init__(self, bundle: BundleRef) -> None:
        """Make the bundle's folder and a compiler that serves it to the end."""
        self.bundle = bundle
        self._folder = _folder(bundle)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._setter = Setter()
        self._actor = Actor(None, bundle.created_by)
        self._joined: tuple[int, str] | None = None

    def close(self) -> None:
        """Let go of the compiler."""
        self._setter.close()

    def is_over(self) -> bool:
        """Say whether the bundle waits no more: another run made it, or it was given up (C-10)."""
        now = queries.bundle_by_id(self.bundle.id)
        return now is None or not now.is_moving

    def batches(self) -> Iterator[Batch]:
        """Give the batches in order, each with what is known of its numbers."""
        for number, first in enumerate(range(0, self.bundle.numbers, BATCH)):
            asked = queries.asked(self.bundle, first, BATCH)
            batch = Batch(number, first, asked, is_made=self._part(number).is_file())
            if not batch.is_made:
                self._look_up(batch)
            yield batch

    def certify(self, batch: Batch) -> None:
        """Make sure every record has its public address, and the log a checkpoint that covers it."""
        records = [story.record for story in batch.stories.values()]
        batch.certified = certifying.certify(self.bundle.tenant, records, actor=self._actor)
        certifying.cover(batch.measured)

    def make(self, batch: Batch) -> None:
        """Set the certificates of a batch and write its file, whole or not at all."""
        if batch.is_made:
            return
        part = self._part(batch.number)
        rows: list[list[str]] = []
        outcomes: list[list[str | None]] = []
        trees: dict[int, Tree] = {}
        with (
            private_files.whole(part) as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
        ):
            for asked in batch.asked:
                story = batch.stories.get(asked.e164 or "")
                if story is None:
                    why = batch.why_not.get(asked.e164 or asked.written, "No proof.")[:300]
                    rows.append(packing.row_without(asked, why))
                    outcomes.append([None, why])
                else:
                    certified = batch.certified[story.record.id]
                    rows.append(self._add(archive, asked, story, certified, trees))
                    outcomes.append([str(story.record.id), ""])
            archive.writestr(packing.info_of(packing.ROWS), json.dumps(rows))
            archive.writestr(packing.info_of(packing.OUTCOMES), json.dumps(outcomes))

    def note(self, batch: Batch) -> None:
        """Write down what was found for each number, and how far the bundle is."""
        if self.is_over():
            return
        with zipfile.ZipFile(self._part(batch.number)) as part:
            outcomes = json.loads(part.read(packing.OUTCOMES))
        rows = [
            {
                "bundle_id": self.bundle.id,
                "position": batch.first + place,
                "record_id": UUID(record_id) if record_id else None,
                "why": why,
            }
            for place, (record_id, why) in enumerate(outcomes)
        ]
        db.session.execute(update(ProofBundleNumber), rows)
        done = batch.first + len(batch.asked)
        self._move(done=done, proven=queries.proven(self.bundle, done))

    def join(self) -> None:
        """Join the batches into the bundle, with its list, verifier and manifest."""
        target = file_of(self.bundle)
        with (
            private_files.whole(target) as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            packing.Joiner(archive).join(self.bundle, self._parts(), self._cover())
        self._joined = target.stat().st_size, packing.sha256_of(target)

    def _cover(self) -> bytes:
        bundle = queries.bundle_by_id(self.bundle.id) or self.bundle
        organization, account = queries.names_of(bundle.tenant)
        words = covering.document(
            bundle,
            application=settings().application_name,
            organization=organization.name,
            account=account.name,
            zone=account.timezone,
            public_key=checkpoints.public_key(),
            program=script.NAME,
        )
        return self._setter.cover(words, bundle.created_at)

    def finish(self) -> None:
        """Say that the bundle is ready; of two runs that come so far, the last one's file is it."""
        assert self._joined is not None
        size, sha256 = self._joined
        if not self._move(state=BundleState.READY, finished_at=utcnow(), size=size, sha256=sha256):
            now = queries.bundle_by_id(self.bundle.id)
            if now is None or now.is_gone:  # somebody in it was erased meanwhile (C-10)
                delete_file(self.bundle)
            return
        shutil.rmtree(self._folder, ignore_errors=True)
        audit.record(
            "proofs:bundle:finish",
            actor=self._actor,
            organization_id=self.bundle.organization_id,
            account_id=self.bundle.account_id,
            subject_id=self.bundle.id,
            numbers=self.bundle.numbers,
            sha256=sha256,
        )

    def _look_up(self, batch: Batch) -> None:
        """Find what proves consent for each number, and why nothing does."""
        tenant, now = self.bundle.tenant, utcnow()
        e164s = [asked.e164 for asked in batch.asked if asked.e164]
        best, standings = queries.best_records(tenant, e164s, now)
        told = queries.stories(tenant, list(best.values()), now)
        batch.stories = {story.record.e164: story for story in told}
        batch.why_not = {a.written: a.why for a in batch.asked if a.e164 is None}
        for e164 in e164s:
            if e164 not in batch.stories:
                basis = allows(standings[e164], MessageKind.ONE_TO_ONE, now)
                batch.why_not[e164] = basis.sentence or "No consent is recorded for this number."
        last = max((s.place.position for s in told if s.place), default=0)
        if last and checkpoints.newest(tenant.organization_id, covering=last) is None:
            batch.measured = certifying.measured(tenant.organization_id)

    def _add(
        self,
        archive: zipfile.ZipFile,
        asked: Asked,
        story: Story,
        certified: Certificate,
        trees: dict[int, Tree],
    ) -> list[str]:
        record = story.record
        made = certifying.make(self._setter, story, certified, with_pictures=False, trees=trees)
        name = f"certificates/{record.e164[1:]}"
        archive.writestr(packing.info_of(f"{name}.pdf"), made.pdf.content)
        archive.writestr(packing.info_of(f"{name}.json"), made.text)
        evidence = []
        for file_name, content in certifying.files_of(story):
            evidence.append(file_name)
            if file_name not in archive.NameToInfo:
                archive.writestr(packing.info_of(file_name), content)
        return packing.row(asked, story, certified, name, "; ".join(evidence))

    def _parts(self) -> Iterator[Path]:
        for number in range((self.bundle.numbers + BATCH - 1) // BATCH):
            yield self._part(number)

    def _part(self, number: int) -> Path:
        return self._folder / f"{number:04d}.zip"

    def _move(self, **values: Any) -> bool:
        """Set columns of a bundle that still waits; say whether it does."""
        moved = db.session.scalar(
            update(ProofBundle)
            .where(
                owned(self.bundle.tenant, ProofBundle),
                ProofBundle.id == self.bundle.id,
                ProofBundle.state == BundleState.WAITING,
            )
            .values(moved_at=utcnow(), **values)
            .returning(ProofBundle.id)
            .execution_options(synchronize_session=False)
        )
        return moved is not None


def file_of(bundle: BundleRef) -> Path:
    """Return where a bundle lies once it is ready."""
    return _folder(bundle).with_suffix(".zip")


def open_bundle(bundle: BundleRef) -> Path:
    """Return the file of a bundle that is ready. Raises BundleNotReady."""
    path = file_of(bundle)
    if bundle.is_moving:
        raise BundleNotReady("This bundle is still being made. It is ready in a moment.")
    if not bundle.is_ready or not path.is_file():
        raise BundleNotReady("This bundle was deleted after its time. Make it again.")
    return path


def note_download(bundle: BundleRef, *, actor: Actor) -> None:
    """Write down that personal data left the portal with a bundle (M-4)."""
    audit.record(
        "proofs:bundle:download",
        actor=actor,
        organization_id=bundle.organization_id,
        account_id=bundle.account_id,
        subject_id=bundle.id,
        numbers=bundle.numbers,
        sha256=bundle.sha256,
    )


def let_go(bundle_id: UUID) -> bool:
    """Say that a bundle's time is over; its file is deleted by `delete_file` after the commit."""
    gone = db.session.scalar(
        update(ProofBundle)
        .where(ProofBundle.id == bundle_id, ProofBundle.state == BundleState.READY)
        .values(state=BundleState.GONE, moved_at=utcnow())
        .returning(ProofBundle.id)
        .execution_options(synchronize_session=False)
    )
    return gone is not None


def delete_file(bundle: BundleRef) -> None:
    """Delete the file of a bundle that is gone, and what was made of it so far."""
    file_of(bundle).unlink(missing_ok=True)
    shutil.rmtree(_folder(bundle), ignore_errors=True)


def _folder(bundle: BundleRef) -> Path:
    return settings().evidence_dir / "bundles" / bundle.id.hex
