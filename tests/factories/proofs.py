"""Proofs as they are handed out."""

from uuid import uuid4

from portal.consent.service import evidence
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.proofs import queries
from portal.proofs.rules import numbers
from portal.proofs.service import bundling, certifying, sharing
from portal.proofs.values import Source
from tests.factories import consent as make
from workers.proofs import make_bundle

ALICE_ACTS = Actor(None, "Alice Moreno", "127.0.0.1")


def scan(content=b"%PDF-1.7 a signed paper"):
    """Keep a file as evidence."""
    return evidence.keep_file(content, "paper.pdf", "application/pdf")


def certify(account, record_id):
    """Certify a record and have a checkpoint cover it."""
    measured = certifying.measured(account.organization_id)
    record = queries.story(account.tenant, record_id, utcnow()).record
    with unit_of_work():
        certifying.cover(measured)
        return certifying.certify(account.tenant, [record], actor=ALICE_ACTS)[record_id]


def certificate(account, record_id):
    """Return the JSON of a record's certificate."""
    certify(account, record_id)
    return certifying.written(queries.story(account.tenant, record_id, utcnow()))


def ask(account, text, *, nonce=None):
    """Ask for a bundle of the numbers in a text."""
    with unit_of_work():
        return bundling.ask(
            account.tenant,
            numbers.asked_in(text),
            source=Source.LIST,
            title="Carrier appeal",
            nonce=nonce or uuid4().hex,
            actor=ALICE_ACTS,
        )


def bundle(account, text=make.CAROL):
    """Return a bundle that is ready."""
    bundle_id = ask(account, text)
    make_bundle(str(bundle_id))
    return queries.bundle_or_404(account.tenant, bundle_id)


def share(account, *, days=14, shared_with="Casey Ito, counsel", **shown):
    """Make a link and return it with its token."""
    measured = certifying.measured(account.organization_id)
    with unit_of_work():
        certifying.cover(measured)
        return sharing.share(
            account.tenant, shared_with=shared_with, days=days, actor=ALICE_ACTS, **shown
        )
