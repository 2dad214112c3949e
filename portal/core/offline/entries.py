"""Entries of the log as they are hashed."""

import hashlib
import json
from typing import NamedTuple

from .hashes import canonical

REDACTED = "redacted"  # who acted, once personal data was erased (C-10)


class Entry(NamedTuple):
    """One entry as it is hashed; texts as they stand in the log, `payload` as JSON text."""

    position: int
    format: int
    event: str
    at: str
    actor_id: str
    actor_label: str
    origin: str
    account_id: str
    subject_id: str
    payload: str | None
    salt: str | None
    commitment: str
    previous: str
    hash: str


def commitment_of(entry: Entry, payload: str) -> str:
    """Return the salted hash over what may be erased: the content, and a person who acted.

    Who is no user (a recipient, the carrier) stands beside the content since format 2.
    """
    if entry.format == 1 or entry.actor_id:
        said = payload
    else:
        said = (
            f'{{"actor":{canonical(entry.actor_label)},"origin":{canonical(entry.origin)},'
            f'"payload":{payload}}}'
        )
    return hashlib.sha256(((entry.salt or "") + said).encode()).hexdigest()


def entry_hash(chain: str, entry: Entry) -> str:
    """Return the hash that links an entry to the one before it."""
    fields: list[object] = [chain, entry.position, entry.event, entry.at, entry.actor_id]
    if entry.format == 1 or entry.actor_id:
        fields += [entry.actor_label, entry.origin]
    fields += [entry.account_id, entry.subject_id, entry.commitment, entry.previous]
    if entry.format != 1:
        fields.insert(0, entry.format)
    return hashlib.sha256(canonical(fields).encode()).hexdigest()


def why_entry_fails(chain: str, entry: Entry, position: int, previous: str) -> str | None:
    """Return what is wrong with the entry that should stand at position, or None."""
    if entry.position != position:
        return "entry missing or out of order"
    if entry.format not in {1, 2}:
        return "its record was changed"
    if entry.previous != previous:
        return "does not follow the entry before it"
    if entry.payload is not None:
        if entry.commitment != commitment_of(entry, entry.payload) and (
            entry.commitment != commitment_of(entry, _in_one_form(entry.payload))
        ):
            return "its content was changed"
    elif (
        entry.format == 2
        and not entry.actor_id
        and ((entry.actor_label, entry.origin) != (REDACTED, ""))
    ):
        return "its content was changed"
    if entry.hash != entry_hash(chain, entry):
        return "its record was changed"
    return None


def _in_one_form(payload: str) -> str:
    """Return JSON as it is hashed; what is no JSON stays, and fits no commitment."""
    try:
        return canonical(json.loads(payload))
    except ValueError:
        return payload
