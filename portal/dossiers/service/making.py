"""Making a dossier: a file at a time, each whole or not at all, then all of them as one ZIP.

A run has a lease, which each batch begins anew; when it dies, the next run goes on with the first
file that is missing. Memory holds a batch of rows, or one file of evidence. Each run writes a ZIP
under its own number, so a run that was frozen can't change what a later one handed out.

    with unit_of_work():
        run = making.take(dossier_id, openers, terms)
    run.write(between)          # `between` opens a unit of work and calls what it is given
    with unit_of_work():
        run.finish()
"""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import update

from portal.core import checkpoints
from portal.core.clock import utcnow
from portal.core.days import moment_of
from portal.core.db import database_now, db
from portal.core.private_files import whole
from portal.core.settings import settings
from portal.core.tenancy import owned
from portal.dossiers import queries
from portal.dossiers.models import Dossier
from portal.dossiers.queries.reading import Scope
from portal.dossiers.rules import readme
from portal.dossiers.rules.readme import Facts
from portal.dossiers.service import asking, telling
from portal.dossiers.service.packing import Joiner, sha256_of
from portal.dossiers.service.pieces import Pieces
from portal.dossiers.values import LASTS, MOST_TRIES, DossierRef, DossierState, Opener
from portal.proofs import queries as proofs
from portal.proofs.rules import offline
from portal.proofs.service import certifying, script

VERSION: Final = "0.1.0"  # of the product, as pyproject.toml has it
Between = Callable[[Callable[[], object]], object]


class GivenUp(Exception):
    """Nobody waits for this dossier any more, or another run has it."""


def take(dossier_id: UUID, openers: Mapping[str, Opener], terms: Mapping[str, int]) -> "Run | None":
    """Let this run have a dossier that waits; None where there is nothing to do.

    One that broke off too often is given up, and who asked is told. Call it in a unit of work.
    """
    d, now = Dossier, database_now()
    taken = db.session.execute(
        update(d)
        .where(
            d.id == dossier_id,
            d.state == DossierState.WAITING,
            d.lease_until.is_(None) | (d.lease_until < now),
        )
        .values(lease=d.lease + 1, lease_until=now + LASTS, moved_at=utcnow())
        .returning(d.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    dossier = queries.dossier_by_id(dossier_id) if taken else None
    if dossier is None:
        return None
    run = Run(dossier, openers, terms)
    if dossier.lease > MOST_TRIES:
        run.fail(f"It broke off {MOST_TRIES} times. An administrator finds why in the log.")
        return None
    return run


class Run:
    """One pass over the files of a dossier, from where the last one stopped."""

    def __init__(
        self, dossier: DossierRef, openers: Mapping[str, Opener], terms: Mapping[str, int]
    ) -> None:
        """Work for this dossier, with what opens files and how long things are kept."""
        self.dossier = dossier
        self._terms = terms
        self._scope = _scope(dossier)
        self._pieces = Pieces(dossier, self._scope, openers)
        self._made: tuple[int, str] | None = None

    def write(self, between: Between) -> None:
        """Make all files and join them. Raises GivenUp, or OSError where the disk takes no more."""
        asking.clear_rests(self.dossier)
        organization_id = self.dossier.organization_id
        measured = certifying.measured(organization_id)
        between(lambda: certifying.cover(measured))
        for done, make in enumerate(self._pieces.all()):
            between(lambda done=done: self._note(done))  # type: ignore[misc]
            make(lambda: between(self._go_on))
        between(lambda: self._note(self._pieces.count))
        self._join(lambda: between(self._go_on))

    def finish(self) -> None:
        """Say that it is ready, tell who asked, and write its hash into the log."""
        assert self._made is not None
        size, sha256 = self._made
        rows, missing = self._pieces.rows(), len(self._pieces.missing())
        self._move(
            state=DossierState.READY,
            done=self._pieces.count,
            rows=rows,
            missing=missing,
            size=size,
            sha256=sha256,
            finished_at=utcnow(),
            lease_until=None,
        )
        self._pieces.clear()
        asking.log_end("finish", self.dossier, sha256=sha256, size=size, rows=rows, missing=missing)
        telling.ready(replace(self.dossier, rows=rows, missing=missing))

    def fail(self, why: str) -> None:
        """Say in words why it could not be made; what lies on the disk goes."""
        self._move(state=DossierState.FAILED, trouble=why[:300], lease_until=None)
        asking.clear(self.dossier)
        asking.log_end("fail", self.dossier, why=why)
        telling.failed(self.dossier, why)

    def give_up(self) -> None:
        """Delete what this run made, unless another run goes on with it."""
        now = queries.dossier_by_id(self.dossier.id)
        if now is None or not (now.is_moving or now.is_ready):
            asking.clear(self.dossier)
        else:
            asking.file_of(self.dossier).unlink(missing_ok=True)

    def _note(self, done: int) -> None:
        self._move(
            done=done,
            files=self._pieces.count,
            rows=self._pieces.rows(),
            lease_until=database_now() + LASTS,
        )

    def _go_on(self) -> None:
        self._move(rows=self._pieces.rows(), lease_until=database_now() + LASTS)

    def _move(self, **values: Any) -> None:
        """Set columns of a dossier this run has. Raises GivenUp when it has it no more."""
        moved = db.session.scalar(
            update(Dossier)
            .where(
                owned(self.dossier.tenant, Dossier),
                Dossier.id == self.dossier.id,
                Dossier.state == DossierState.WAITING,
                Dossier.lease == self.dossier.lease,
            )
            .values(moved_at=utcnow(), **values)
            .returning(Dossier.id)
            .execution_options(synchronize_session=False)
        )
        if moved is None:
            raise GivenUp

    def _join(self, between: Callable[[], object]) -> None:
        """Join the files into the ZIP, with what checks it; the manifest comes last."""
        organization, account = proofs.names_of(self.dossier.tenant)
        facts = Facts(
            application=settings().application_name,
            version=VERSION,
            organization=organization.name,
            account=account.name,
            public_key=checkpoints.public_key(),
            verifier=script.NAME,
            log_proofs=offline.LOG_PROOFS,
            terms=self._terms,
        )
        target = asking.file_of(self.dossier)
        with whole(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            joiner = Joiner(archive, between)
            counts = self._pieces.counts()
            joiner.text("README.txt", readme.readme(self.dossier, facts, counts))
            joiner.text(script.NAME, script.script())
            for path, name in self._pieces.files():
                joiner.file(name, path, counts.get(name))
            joiner.unpacked(self._pieces.evidence)
            joiner.text(readme.SUMS, readme.sums(joiner.files))
            joiner.text(
                readme.MANIFEST,
                readme.manifest(self.dossier, facts, joiner.files, self._pieces.missing()),
            )
        self._made = target.stat().st_size, sha256_of(target, between)


def _scope(dossier: DossierRef) -> Scope:
    """Return whose rows and from when: never what came after it was asked for."""
    ends: datetime = dossier.created_at
    if dossier.last is not None:
        ends = min(ends, moment_of(dossier.last + timedelta(days=1), time(0), dossier.zone))
    begins = None
    if dossier.first is not None:
        begins = moment_of(dossier.first, time(0), dossier.zone)
    return Scope(dossier.tenant, begins, ends)
