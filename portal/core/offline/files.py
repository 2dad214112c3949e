"""Exported logs and proofs, as files."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .entries import Entry, commitment_of, entry_hash
from .hashes import canonical, leaf_hash, root_from_path
from .notes import Note, Unreadable, Verify, read_note, why_note_fails
from .walk import Verdict, check_chain

EXPORT_FORMAT, PROOF_FORMAT = "consentdesk-audit-export-1", "consentdesk-audit-proof-1"


def check_export(
    lines: Iterable[str], keys: Mapping[str, bytes], verify: Verify, held: Iterable[Note] = ()
) -> Verdict:
    """Check an exported log, a line at a time; `held` are checkpoints kept elsewhere.

    An export begins with a line about itself, then come its notes and its entries. Raises
    Unreadable.
    """
    rows = _objects(lines)
    head = next(rows, {})
    if head.get("format") != EXPORT_FORMAT:
        raise Unreadable("this is no export of an audit log")
    try:
        chain = str(head["chain"])
        notes = [read_note(str(note)) for note in head["notes"]]
        entries = (_entry(row) for row in rows)
        return check_chain(chain, entries, [*notes, *held], keys, verify)
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"this export is damaged ({error})") from error


def why_proof_fails(
    proof: Mapping[str, Any], keys: Mapping[str, bytes], verify: Verify
) -> str | None:
    """Return what is wrong with a proof that an entry stands in the log, or None.

    The entry's hash must follow from its fields, the checkpoint's root from that hash and the
    path, and the checkpoint must be signed. A content given along must fit its commitment.
    Raises Unreadable.
    """
    if proof.get("format") != PROOF_FORMAT:
        raise Unreadable("this is no proof of an audit log")
    try:
        note = read_note(str(proof["checkpoint"]))
        chain, entry = str(proof["chain"]), _entry(proof["entry"])
        path = [bytes.fromhex(step) for step in proof["path"]]
        if any(len(step) != 32 for step in path) or len(entry.hash) != 64:
            raise Unreadable("a hash of this proof has the wrong length")
        leaf = leaf_hash(entry.hash)
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"this proof is damaged ({error})") from error
    if note.chain != chain:
        return "the checkpoint is of another log"
    if entry.hash != entry_hash(chain, entry):
        return "the entry was changed"
    if entry.payload is not None and entry.commitment != commitment_of(entry, entry.payload):
        return "the content of the entry was changed"
    root = root_from_path(leaf, entry.position - 1, note.size, path)
    if root is None or root.hex() != note.root:
        return "the entry does not stand in the log of this checkpoint"
    wrong = why_note_fails(note, keys, verify)
    return f"the checkpoint {wrong}" if wrong else None


def entry_as_json(entry: Entry) -> dict[str, Any]:
    """Return an entry as exports and proofs hold it."""
    said = entry._asdict()
    said["payload"] = None if entry.payload is None else json.loads(entry.payload)
    return said


def _entry(row: Mapping[str, Any]) -> Entry:
    fields = {name: row[name] for name in Entry._fields}
    if set(row) != set(fields) or not all(
        isinstance(fields[name], int if name in {"position", "format"} else str)
        for name in fields
        if name not in {"payload", "salt"}
    ):
        raise Unreadable("an entry has not the fields it should have")
    payload = fields["payload"]
    return Entry(**{**fields, "payload": None if payload is None else canonical(payload)})


def _objects(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise Unreadable(f"line {number} is no JSON") from error
        if not isinstance(row, dict):
            raise Unreadable(f"line {number} is not what an export holds")
        yield row
