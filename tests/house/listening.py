"""Hears every statement that requests make, and says which one asks beyond its own house (S2).

Two things are asked of a statement that reads or changes a tenant's table. It has a condition on
whose rows they are, or on a key. And one that names anything of another organization also names
the asker's own organization, account or person: then that key cannot have found a row.
"""

import re
from collections import Counter
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Uuid, event

from portal.core.db import Base, db

_TABLES = re.compile(r'\b(?:FROM|JOIN|UPDATE)\s+"?(\w+)')
_CONDITION = re.compile(
    r'\b(?:organization_id|account_id|(?:\w+_)?id|token\w*|nonce|slug|chain)\b"?\)?\s*(?:=|IN\b)'
)
# Statements that may name what is not the asker's own, by a piece of their text, with the reason.
ALLOWED = {
    # The guard of every page of an account: it reads whose the account is, then asks whether this
    # person may in; before that nothing else is read.
    "FROM texting_accounts WHERE texting_accounts.id = ": "whose account it is",
    # A webhook has no session: the signature is checked with the token that is looked up so.
    "FROM carrier_accounts WHERE carrier_accounts.account_sid = ": "who signed a webhook",
    # The health page counts what the monitor found on this installation, and shows no row.
    "SELECT doctor_findings.invariant, count(*)": "how the installation is",
    # So is the age of the mail that waits longest: the queue is one, whoever writes, and a mail
    # to a person in no organization waits in it too. An age is said, and no row.
    "SELECT min(outgoing_mails.created_at) AS min_1 FROM outgoing_mails WHERE outgoing_mails.state = ": "how long the queue is",
    # So is how long the do-not-call list counts that runs out first.
    "SELECT min(dnc_areas.as_of) AS min_1 FROM dnc_areas": "how old lists are",
}


def tenant_tables():
    return {
        table.name
        for table in Base.metadata.sorted_tables
        if {"organization_id", "account_id"} & set(table.c.keys())
    }


def ids_in(organization_id):
    """Return every id that stands in a row of an organization."""
    found = {organization_id}
    for table in Base.metadata.sorted_tables:
        columns = [c for c in table.c if isinstance(c.type, Uuid)]
        if "organization_id" in table.c:
            rows = db.session.execute(
                table.select().where(table.c.organization_id == organization_id)
            ).mappings()
            found |= {row[c.name] for row in rows for c in columns}
    return {id_.hex for id_ in found if id_ is not None}


def _hexes(parameters):
    """Return the ids among the parameters, however the driver wants them."""
    rows = parameters if isinstance(parameters, list) else [parameters]
    for row in rows:
        for value in row.values() if isinstance(row, dict) else row:
            if isinstance(value, UUID):
                yield value.hex
            elif isinstance(value, str) and len(value) in (32, 36):
                yield value.replace("-", "")


class Ear:
    """What was heard: how many statements, and the complaints, each once."""

    def __init__(self, known, scopes, theirs):
        self.scopes, self.theirs = scopes, theirs - known
        self.tenants, self.heard, self.complaints = tenant_tables(), 0, Counter()

    def hear(self, _connection, _cursor, statement, parameters, *_):
        if statement.lstrip().startswith("INSERT"):
            return
        touched = set(_TABLES.findall(statement)) & self.tenants
        if not touched:
            return
        self.heard += 1
        named = set(_hexes(parameters))
        _, _, condition = statement.partition("WHERE")
        if not _CONDITION.search(condition):
            self._complain("asks for everybody's", statement)
        elif named & self.theirs and not named & self.scopes:
            self._complain("asks by another's key alone", statement)

    def _complain(self, what, statement):
        said = " ".join(statement.split())
        if not any(piece in said for piece in ALLOWED):
            self.complaints[f"{what}: {said}"] += 1

    @contextmanager
    def listening(self):
        event.listen(db.engine, "before_cursor_execute", self.hear)
        try:
            yield
        finally:
            event.remove(db.engine, "before_cursor_execute", self.hear)
