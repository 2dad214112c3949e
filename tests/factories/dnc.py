"""Do-not-call lists in use, brought in as an officer brings them."""

import io
from pathlib import Path

from portal.core import clock
from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.dnc import queries
from portal.dnc import service as dnc
from portal.dnc.service import loading
from portal.dnc.values import NATIONAL, ImportState, Relation
from portal.texting_accounts import queries as accounts
from tests.cast import VERA

DATA = Path(__file__).parents[1] / "data" / "do_not_call"
VERA_ACTS = Actor(VERA, "Vera Okafor", "127.0.0.1")


def today_of(organization):
    """Return the day of an organization in the Central zone, as the cast's are."""
    return accounts.today(organization, clock.utcnow())


def run(import_):
    """Do what an import waits for, as its job does; return it as it stands then."""
    passing = loading.start_run(import_.id)
    while passing.more():
        with unit_of_work():
            passing.step()
    return queries.import_or_404(import_.organization_id, import_.id)


def check_list(account, content, *, as_of=None, source=NATIONAL, name="list.txt", **options):
    """Take a file in and do its dry run."""
    today = today_of(account)
    with unit_of_work():
        import_ = dnc.receive(
            account.organization_id,
            name,
            io.BytesIO(content.encode() if isinstance(content, str) else content),
            source=source,
            kind=options.pop("kind", None),
            as_of=as_of or today,
            today=today,
            actor=VERA_ACTS,
            in_job=False,
            **options,
        )
    return run(import_)


def load_list(account, content, **options):
    """Take a file all the way in; return its import."""
    import_ = check_list(account, content, **options)
    assert import_.state is ImportState.CHECKED, import_.error
    with unit_of_work():
        dnc.confirm(account.organization_id, import_.id, actor=VERA_ACTS, in_job=False)
    return run(import_)


def cover(account, *area_codes):
    """Have a current national list of these area codes that holds nobody of the cast."""
    return load_list(account, "".join(f"{code}5559999\n" for code in area_codes))


def relate(
    account, e164, relation=Relation.TRANSACTION, *, on=None, evidence="Closing of 12 Oak St"
):
    """Write a business relationship down; return its id."""
    today = today_of(account)
    with unit_of_work():
        return dnc.record_relationship(
            account.organization_id,
            e164,
            relation,
            happened_on=on or today,
            evidence=evidence,
            today=today,
            actor=VERA_ACTS,
        )


def look_up_by_hand(account, e164, on=None):
    """Confirm a check of the registry by hand."""
    today = today_of(account)
    with unit_of_work():
        return dnc.confirm_check(
            account.organization_id,
            e164,
            checked_on=on or today,
            how="telemarketing.donotcall.gov",
            today=today,
            actor=VERA_ACTS,
        )
