"""The program that is handed out: python check-audit.pyz FILE... [--key PUBLIC_KEY].

A FILE is an exported log, a proof or a checkpoint. The exit status is 0 when all of it holds,
1 when something does not, 2 when a file can't be read. Without --key a file is held against the
public key it carries itself, and that key is printed: compare it with the one you were given.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .ed25519 import verify_ed25519
from .files import EXPORT_FORMAT, PROOF_FORMAT, check_export, why_proof_fails
from .notes import Unreadable, key_ring, read_note, why_note_fails


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the files, say of each whether it holds, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
    parser.add_argument("--key", action="append", default=[], help="a public key, base64")
    asked = parser.parse_args(arguments)
    status = 0
    for path in asked.files:
        try:
            holds, said = check_file(path, asked.key)
        except (OSError, Unreadable) as error:
            sys.stderr.write(f"{path}: can't be read: {error}\n")
            status = max(status, 2)
            continue
        (sys.stdout if holds else sys.stderr).write(f"{path}: {said}\n")
        status = max(status, 0 if holds else 1)
    return status


def check_file(path: Path, public_keys: Sequence[str]) -> tuple[bool, str]:
    """Say whether one file holds, and what was found. Raises OSError and Unreadable."""
    with path.open(encoding="utf-8", newline="\n") as lines:
        try:
            first = lines.readline()
            if first.startswith("ConsentDesk audit "):
                return _of_note(first + lines.read(), public_keys)
            lines.seek(0)
            head = json.loads(first) if first.endswith("}\n") else json.load(lines)
        except (ValueError, AttributeError) as error:
            raise Unreadable("it is neither a log, nor a proof, nor a checkpoint") from error
        if not isinstance(head, dict):
            raise Unreadable("it is neither a log, nor a proof, nor a checkpoint")
        keys, told = _keys(head, public_keys)
        if head.get("format") == EXPORT_FORMAT:
            lines.seek(0)
            verdict = check_export(lines, keys, verify_ed25519)
            if verdict.fault:
                return False, f"entry {verdict.fault.position}: {verdict.fault.reason}"
            held = f"{verdict.entries} entries hold, against {verdict.checkpoints} checkpoints"
            return True, f"{held}{told}"
        if head.get("format") == PROOF_FORMAT:
            wrong = why_proof_fails(head, keys, verify_ed25519)
            if wrong:
                return False, wrong
            return True, f"entry {head['entry']['position']} stands in the log{told}"
    raise Unreadable("it is neither a log, nor a proof, nor a checkpoint")


def _of_note(text: str, public_keys: Sequence[str]) -> tuple[bool, str]:
    if not public_keys:
        raise Unreadable("a checkpoint needs --key")
    note = read_note(text)
    wrong = why_note_fails(note, key_ring(public_keys), verify_ed25519)
    if wrong:
        return False, f"the checkpoint {wrong}"
    return True, f"signed at {note.time} over {note.size} entries"


def _keys(head: dict[str, Any], public_keys: Sequence[str]) -> tuple[dict[str, bytes], str]:
    if public_keys:
        return key_ring(public_keys), ""
    own = head.get("public_keys")
    if not isinstance(own, list) or not own:
        raise Unreadable("it names no public key: give one with --key")
    return key_ring(map(str, own)), f" (by the key in the file itself: {', '.join(map(str, own))})"


if __name__ == "__main__":
    sys.exit(main())
