"""Notes: signed statements about how far a chain had come."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

CHECKPOINT, RESTORE = "checkpoint", "restore"
Verify = Callable[[bytes, bytes, bytes], bool]  # public key, signature, message


class Unreadable(Exception):
    """A file or a note is not of the form it should have."""


def key_id(public_key: bytes) -> str:
    """Return the short name of a public key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


_NOTE = re.compile(
    r"ConsentDesk audit (?P<kind>checkpoint|restore) 1\n"
    r"origin (?P<origin>[!-~]{1,300})\n"
    r"chain (?P<chain>[0-9a-f-]{36})\n"
    r"size (?P<size>0|[1-9][0-9]{0,17})\n"
    r"root (?P<root>[0-9a-f]{64})\n"
    r"head (?P<head>[0-9a-f]{64})\n"
    r"time (?P<time>[0-9T:Z.+-]{20,32})\n"
    r"key (?P<key>[0-9a-f]{16})\n"
    r"\n(?P<signature>[A-Za-z0-9+/]{86}==)\n"
)


@dataclass(frozen=True, slots=True)
class Note:
    """What was signed: how long a chain was at a time, its Merkle root and its newest hash."""

    kind: str
    origin: str
    chain: str
    size: int
    root: str
    head: str
    time: str
    key: str
    signature: str = ""

    @property
    def statement(self) -> str:
        """Return the text that is signed."""
        return (
            f"ConsentDesk audit {self.kind} 1\norigin {self.origin}\nchain {self.chain}\n"
            f"size {self.size}\nroot {self.root}\nhead {self.head}\ntime {self.time}\n"
            f"key {self.key}\n"
        )

    @property
    def text(self) -> str:
        """Return the note as it is stored and handed out."""
        return f"{self.statement}\n{self.signature}\n"


def read_note(text: str) -> Note:
    """Return a note. Raises Unreadable for what differs in a single sign from the form."""
    found = _NOTE.fullmatch(text)
    if found is None:
        raise Unreadable("this is no checkpoint, or it was changed")
    said = found.groupdict()
    return Note(**{**said, "size": int(said["size"])})  # type: ignore[arg-type]


def why_note_fails(note: Note, keys: Mapping[str, bytes], verify: Verify) -> str | None:
    """Return what is wrong with a note's signature, or None; keys go by their short names."""
    key = keys.get(note.key)
    if key is None:
        return f"is signed by a key we don't know ({note.key})"
    try:
        signature = base64.b64decode(note.signature, validate=True)
    except ValueError:
        signature = b""
    # 86 signs of base64 hold 4 bits too many: only the one form is taken.
    if base64.b64encode(signature).decode() != note.signature:
        return "bears a signature that does not fit"
    if not verify(key, signature, note.statement.encode()):
        return "bears a signature that does not fit"
    return None


def key_ring(public_keys: Iterable[str]) -> dict[str, bytes]:
    """Return public keys (base64) by their short names. Raises Unreadable for a damaged one."""
    ring = {}
    for text in public_keys:
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError) as error:
            raise Unreadable(f"{text.strip()[:60]} is no public key") from error
        if len(key) != 32:
            raise Unreadable(f"{text.strip()[:60]} is no public key")
        ring[key_id(key)] = key
    return ring
