"""Checks certificates, folders and bundles of ConsentDesk, with nothing but Python (C-6).

    python consentdesk-verify.py FILE... [--key PUBLIC_KEY]

A FILE is a certificate (JSON), a bundle (ZIP) or the folder it was unpacked to. Evidence files
are looked for beside a certificate, under any name, and in a folder named evidence. Everything
about an account (ZIP or folder) is checked the same way. The exit status is 0 when all of it
holds, 1 when something does not, 2 when a file can't be read.

Without --key a certificate is held against the public key it carries itself, and that key is
printed: compare it with the one the portal shows on its page of this certificate.

What is checked: the SHA-256 of the record's facts; that this fingerprint stands in the content
of an entry of the audit log; that the entry's hash follows from its fields; that the entry
stands in the log a checkpoint was signed over (RFC 9162); the checkpoint's signature (Ed25519,
RFC 8032); and the SHA-256 of every evidence file.
"""

import argparse
import hashlib
import json
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from portal.core.offline.ed25519 import verify_ed25519
from portal.core.offline.files import why_proof_fails
from portal.core.offline.hashes import canonical
from portal.core.offline.notes import Unreadable, Verify, key_ring

CERTIFICATE_FORMAT = "consentdesk-certificate-1"
MANIFEST = "manifest.json"
EVIDENCE = "evidence/"
LOG_PROOFS = "audit/proofs.jsonl"  # of a dossier: a proof a line that an entry stands in the log
_BLOCK = 1 << 20
_MOST_EVIDENCE = 25 << 20
_FIELDS = {"format", "record", "sha256", "logged_with", "log"}

Reader = Callable[[str], "bytes | None"]  # the content of a file beside a certificate, by its name


def certificate_text(certificate: Mapping[str, Any]) -> str:
    """Return a certificate as it is handed out; any other text of it is not taken."""
    return json.dumps(certificate, indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def fingerprint(facts: object) -> str:
    """Return the SHA-256 over facts in canonical JSON."""
    return hashlib.sha256(canonical(facts).encode()).hexdigest()


def why_certificate_fails(
    certificate: Mapping[str, Any], keys: Mapping[str, bytes], verify: Verify = verify_ed25519
) -> Iterator[str]:
    """Give what is wrong with a certificate: nothing, when the record is what was logged."""
    if set(certificate) != _FIELDS or certificate["format"] != CERTIFICATE_FORMAT:
        yield "it has not the fields a certificate has"
        return
    facts, told, log = certificate["record"], certificate["sha256"], certificate["log"]
    if not isinstance(facts, dict) or not isinstance(log, dict):
        yield "it has not the fields a certificate has"
        return
    if fingerprint(facts) != told:
        yield "the record was changed: its facts do not give its fingerprint"
    entry = log.get("entry")
    content = entry.get("payload") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(content, dict):
        yield "the log entry has no content to hold the record against"
        return
    if not str(entry.get("event", "")).startswith("consent:"):
        yield "the log entry is not about a consent"
    if log.get("chain") != facts.get("organization"):
        yield "the log entry is of another organization"
    if content.get("sha256") != _logged(certificate):
        yield "the record is not the one in the log: the entry holds another fingerprint"
    wrong = why_proof_fails(log, keys, verify)
    if wrong:
        yield wrong


def _logged(certificate: Mapping[str, Any]) -> str | None:
    """Return the fingerprint the entry should hold: of the record, or of a batch it is in."""
    told, batch = certificate["sha256"], certificate["logged_with"]
    if batch is None:
        return str(told)
    own = str(certificate["record"].get("id", "")).replace("-", "")
    if not isinstance(batch, dict) or batch.get(own) != told:
        return None
    return fingerprint(batch)


def why_evidence_fails(certificate: Mapping[str, Any], read: Reader) -> Iterator[str]:
    """Give what is wrong with the evidence file a record names; one that is not here is told, too."""
    told = certificate["record"].get("evidence_sha256")
    if not told:
        return
    content = read(str(told))
    if content is None:
        yield f"its evidence file is not here, or it was changed ({told}): put it beside"
    elif hashlib.sha256(content).hexdigest() != told:
        yield f"its evidence file was changed ({told})"


def read_certificate(content: bytes) -> dict[str, Any]:
    """Return a certificate. Raises Unreadable for what differs in a byte from how one is written."""
    try:
        read = json.loads(content.decode("ascii"))
    except ValueError as error:
        raise Unreadable("it is no certificate, or it was changed") from error
    if not isinstance(read, dict) or certificate_text(read).encode() != content:
        raise Unreadable("it is no certificate, or it was changed")
    return read


class Place:
    """Where files lie: a folder or a ZIP."""

    def names(self) -> list[str]:
        """Return the names of all files."""
        raise NotImplementedError

    def blocks(self, name: str) -> Iterator[bytes]:
        """Give a file piece by piece. Raises OSError or KeyError."""
        raise NotImplementedError

    def read(self, name: str) -> bytes:
        """Return a whole file. Raises OSError or KeyError."""
        return b"".join(self.blocks(name))


class Folder(Place):
    """Files in a folder."""

    def __init__(self, path: Path) -> None:
        """Look into this folder."""
        self._path = path

    def names(self) -> list[str]:
        """Return the names of all files, with forward slashes."""
        found = (path for path in self._path.rglob("*") if path.is_file())
        return sorted(path.relative_to(self._path).as_posix() for path in found)

    def blocks(self, name: str) -> Iterator[bytes]:
        """Give a file piece by piece."""
        with (self._path / name).open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


class Archive(Place):
    """Files in a ZIP."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Look into this ZIP."""
        self._archive = archive

    def names(self) -> list[str]:
        """Return the names of all files."""
        return sorted(info.filename for info in self._archive.infolist() if not info.is_dir())

    def blocks(self, name: str) -> Iterator[bytes]:
        """Give a file piece by piece."""
        with self._archive.open(name) as file:
            while block := file.read(_BLOCK):
                yield block


def check_bundle(place: Place, public_keys: Sequence[str]) -> Iterator[str]:
    """Check everything a bundle holds; give what is wrong, by the file it is about."""
    names = place.names()
    try:
        files = json.loads(place.read(MANIFEST))["files"]
        listed = {str(name): str(sha256) for name, sha256 in files.items()}
    except (OSError, KeyError, ValueError, TypeError, AttributeError):
        yield f"{MANIFEST}: it is missing, or it was changed"
        return
    for name in sorted(set(names) - set(listed) - {MANIFEST}):
        yield f"{name}: it is not in the manifest"
    for name in sorted(set(listed) - set(names)):
        yield f"{name}: it is missing"
    evidence = _evidence_in(place, names)
    for name in names:
        if name in listed:
            for wrong in _of_file(place, name, listed[name], public_keys, evidence):
                yield f"{name}: {wrong}"


def _evidence_in(place: Place, names: Iterable[str]) -> Reader:
    by_hash = {Path(name).stem: name for name in names if name.startswith(EVIDENCE)}
    return lambda sha256: place.read(by_hash[sha256]) if sha256 in by_hash else None


def _of_file(
    place: Place, name: str, told: str, public_keys: Sequence[str], evidence: Reader
) -> Iterator[str]:
    """Give what is wrong with one file of a bundle."""
    total = hashlib.sha256()
    try:
        for block in place.blocks(name):
            total.update(block)
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        yield f"it can't be read ({error})"
        return
    if total.hexdigest() != told:
        yield "its SHA-256 is not the one in the manifest: it was changed"
    elif name.startswith("certificates/") and name.endswith(".json"):
        yield from _of_certificate(place.read(name), public_keys, evidence)
    elif name == LOG_PROOFS:
        yield from _of_log_proofs(place.blocks(name), public_keys)


def _of_log_proofs(blocks: Iterable[bytes], public_keys: Sequence[str]) -> Iterator[str]:
    """Give the entries of the log that do not lead to a signed checkpoint, by their line."""
    verified: dict[tuple[bytes, bytes, bytes], bool] = {}

    def verify(key: bytes, signature: bytes, message: bytes) -> bool:
        asked = key, signature, message
        if asked not in verified:  # all lines lead to few checkpoints
            verified[asked] = verify_ed25519(key, signature, message)
        return verified[asked]

    for number, line in enumerate(_lines(blocks), 1):
        try:
            proof = json.loads(line)
            wrong = why_proof_fails(proof, _ring({"log": proof}, public_keys), verify)
        except (Unreadable, KeyError, TypeError, ValueError, AttributeError) as error:
            wrong = str(error) if isinstance(error, Unreadable) else "it was changed"
        if wrong:
            yield f"line {number}: {wrong}"


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _of_certificate(content: bytes, public_keys: Sequence[str], evidence: Reader) -> Iterator[str]:
    try:
        certificate = read_certificate(content)
        faults = [
            *why_certificate_fails(certificate, _ring(certificate, public_keys)),
            *why_evidence_fails(certificate, evidence),
        ]
    except (Unreadable, KeyError, TypeError, ValueError, AttributeError) as error:
        yield str(error) if isinstance(error, Unreadable) else "it was changed"
        return
    yield from faults


def _ring(certificate: Mapping[str, Any], public_keys: Sequence[str]) -> dict[str, bytes]:
    own = own_keys(certificate)
    if public_keys and not set(own) <= set(public_keys):
        raise Unreadable("it names a public key other than the one given")
    return key_ring(public_keys or own)


def own_keys(certificate: Mapping[str, Any]) -> list[str]:
    """Return the public keys a certificate carries itself."""
    log = certificate.get("log")
    keys = log.get("public_keys") if isinstance(log, dict) else None
    return [str(key) for key in keys] if isinstance(keys, list) else []


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the files, say of each whether it holds, and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
    parser.add_argument("--key", action="append", default=[], help="a public key, base64")
    asked = parser.parse_args(arguments)
    status = 0
    for path in asked.files:
        try:
            faults, said = _check(path, asked.key)
        except (OSError, Unreadable, zipfile.BadZipFile) as error:
            sys.stderr.write(f"{path}: can't be read: {error}\n")
            status = max(status, 2)
            continue
        for fault in faults:
            sys.stderr.write(f"WRONG  {path}: {fault}\n")
        if faults:
            status = max(status, 1)
        else:
            sys.stdout.write(f"HOLDS  {path}: {said}\n")
    return status


def _check(path: Path, public_keys: Sequence[str]) -> tuple[list[str], str]:
    if path.is_dir():
        place = Folder(path)
        return list(check_bundle(place, public_keys)), _counted(place, public_keys)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            there = Archive(archive)
            faults = list(check_bundle(there, public_keys))
            return faults, "" if faults else _counted(there, public_keys)
    content = path.read_bytes()
    faults = list(_of_certificate(content, public_keys, _beside(path)))
    if faults:
        return faults, ""
    certificate = read_certificate(content)
    record = certificate["record"]
    entry, keys = certificate["log"]["entry"], own_keys(certificate)
    return [], (
        f"record {record['id']} of {record['phone']}, recorded {record['recorded_at']}, is entry "
        f"{entry['position']} of the log{_by(keys, public_keys)}"
    )


def _beside(path: Path) -> Reader:
    """Look for evidence beside a certificate: in its folder's evidence, the one above, or right there.

    Right there it may have any name: that under which it was downloaded is the one it came with.
    """

    def read(sha256: str) -> bytes | None:
        for folder in (path.parent / EVIDENCE, path.parent.parent / EVIDENCE, path.parent):
            for found in sorted(folder.glob(f"{sha256}.*")):
                return found.read_bytes()
        return _by_content(path.parent, sha256)

    return read


def _by_content(folder: Path, sha256: str) -> bytes | None:
    for found in sorted(folder.iterdir()):
        with suppress(OSError):  # what somebody else keeps there is none of our business
            if found.is_file() and found.stat().st_size <= _MOST_EVIDENCE:
                content = found.read_bytes()
                if hashlib.sha256(content).hexdigest() == sha256:
                    return content
    return None


def _counted(place: Place, public_keys: Sequence[str]) -> str:
    names = place.names()
    certificates = [n for n in names if n.startswith("certificates/") and n.endswith(".json")]
    keys = _distinct(own_keys(json.loads(place.read(name))) for name in certificates[:1])
    told = f"{len(names)} files, {len(certificates)} certificates"
    if LOG_PROOFS in names:
        first = islice(_lines(place.blocks(LOG_PROOFS)), 1)
        keys = _distinct([keys, *(own_keys({"log": json.loads(line)}) for line in first)])
        entries = sum(1 for _ in _lines(place.blocks(LOG_PROOFS)))
        told += f", {entries} entries of the log"
    return f"{told}{_by(keys, public_keys)}"


def _distinct(lists: Iterable[list[str]]) -> list[str]:
    return sorted({key for keys in lists for key in keys})


def _by(keys: Sequence[str], given: Sequence[str]) -> str:
    return "" if given or not keys else f" (by the key in the file itself: {', '.join(keys)})"
