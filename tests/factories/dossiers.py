"""Everything about an account, as a worker makes it."""

import csv
import io
import json
import zipfile
from uuid import uuid4

from portal.core.audit import Actor
from portal.core.db import unit_of_work
from portal.dossiers import queries
from portal.dossiers.service import asking
from portal.dossiers.values import Wanted
from tests.cast import VERA
from workers.dossiers import make_dossier

VERA_ACTS = Actor(VERA, "Vera Okafor", "127.0.0.1")
WANTED = Wanted("Casey Ito, matter 2026-114", "A complaint about texts")


def ask(account, wanted=WANTED, *, nonce=None):
    """Ask for everything about an account; return the id."""
    with unit_of_work():
        return asking.ask(account, wanted, nonce=nonce or uuid4().hex, actor=VERA_ACTS)


def again(account, dossier_id):
    """Return a dossier as it is now."""
    return queries.dossier_or_404(account.tenant, dossier_id)


def dossier(account, wanted=WANTED):
    """Return a dossier a worker was asked to make."""
    dossier_id = ask(account, wanted)
    make_dossier(str(dossier_id))
    return again(account, dossier_id)


def opened(made):
    """Open a dossier that is ready."""
    assert made.is_ready, made.trouble
    return zipfile.ZipFile(asking.file_of(made))


def rows_of(archive, name):
    """Return the rows of a file: of a CSV as mappings of its cells, of JSON lines as they are."""
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in archive.read(name).splitlines()]
    text = archive.read(name).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def downloaded(person, made):
    """Return what somebody gets who downloads a dossier."""
    where = {"account_id": made.account_id, "dossier_id": made.id}
    return person.open("GET", person.url("dossiers.download", **where), buffered=True).data
