"""Secrets at rest (X-6): tokens and files encrypted with a rotatable key ring, each for its place.

AES-256-GCM, with the place as associated data (PROMISES 4, row 9): whoever may write to the
database can't have one row's secret opened as another's.
"""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Column

from portal.core.errors import DomainError

_FORM: Final = "v2"
_FILE: Final = "f1"
_NONCE_BYTES: Final = 12
_KEY_ID_CHARS: Final = 16


class SecretUnreadable(DomainError):
    """A stored secret cannot be decrypted with any key of the ring, or belongs elsewhere."""

    code = "secret_unreadable"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret belongs: one column of one row of one organization."""

    column: str  # table.column
    row_id: UUID
    organization_id: UUID | None  # None: the table has none

    @classmethod
    def of(cls, column: Column[Any], row_id: UUID, organization_id: UUID | None) -> "Place":
        """Return the place of a value in a table."""
        return cls(f"{column.table.name}.{column.name}", row_id, organization_id)


class SecretsBox:
    """Encrypts with the first key of the ring and decrypts with any, in the same place only."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        """Take Fernet keys, newest first. Raises ValueError when one has the wrong form."""
        self._unbound = MultiFernet([Fernet(key) for key in keys])
        self._ring = dict(_named(key) for key in keys)
        self._newest = next(iter(self._ring))

    def seal(self, secret: str, place: Place) -> str:
        """Return secret encrypted for this place, as text."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = self._ring[self._newest]
        sealed = nonce + cipher.encrypt(nonce, secret.encode(), _bound(place, self._newest))
        return f"{_FORM}.{self._newest}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, place: Place) -> str:
        """Return the secret. Raises SecretUnreadable when no key fits or it is not from here."""
        form, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        cipher = self._ring.get(key_id)
        if form == _FORM and cipher is not None:
            try:
                whole = base64.b64decode(text, altchars=b"-_", validate=True)
                nonce, body = whole[:_NONCE_BYTES], whole[_NONCE_BYTES:]
                return cipher.decrypt(nonce, body, _bound(place, key_id)).decode()
            except (InvalidTag, ValueError, binascii.Error) as error:
                raise _unreadable() from error
        raise _unreadable()

    def seal_file(self, content: bytes, name: str) -> bytes:
        """Return a file's content encrypted, to be opened under this name alone."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        bound = _bound_file(name, self._newest)
        return (
            f"{_FILE}.{self._newest}.".encode()
            + nonce
            + self._ring[self._newest].encrypt(nonce, content, bound)
        )

    def open_file(self, sealed: bytes, name: str) -> bytes:
        """Return a file's content. Raises SecretUnreadable: no key, changed, or another's file."""
        head = sealed[: len(_FILE) + _KEY_ID_CHARS + 2].decode("latin-1")
        cipher = self._ring.get(head[len(_FILE) + 1 : -1])
        if cipher is None or not head.startswith(f"{_FILE}."):
            raise _unreadable_file()
        nonce, body = sealed[len(head) :][:_NONCE_BYTES], sealed[len(head) + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, _bound_file(name, head[len(_FILE) + 1 : -1]))
        except (InvalidTag, ValueError) as error:
            raise _unreadable_file() from error

    def is_newest_file(self, sealed: bytes) -> bool:
        """Say whether a file claims to be sealed with the first key of the ring already."""
        return sealed.startswith(f"{_FILE}.{self._newest}.".encode())

    def open_unbound(self, sealed: str) -> str:
        """Return what was sealed before secrets had a place: for the rotation alone.

        Raises SecretUnreadable.
        """
        try:
            return self._unbound.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise _unreadable() from error

    def is_newest(self, sealed: str) -> bool:
        """Say whether a secret claims to be sealed with the first key of the ring already."""
        return sealed.startswith(f"{_FORM}.{self._newest}.")


def _named(key: str) -> tuple[str, AESGCM]:
    """Return the name and the cipher of a key; neither tells the key."""
    raw = base64.urlsafe_b64decode(key)
    derived = HKDF(SHA256(), 32, salt=None, info=b"consentdesk secrets v2").derive(raw)
    return hashlib.sha256(b"consentdesk key id" + raw).hexdigest()[:_KEY_ID_CHARS], AESGCM(derived)


def _bound(place: Place, key_id: str) -> bytes:
    organization = place.organization_id.hex if place.organization_id else ""
    return f"{_FORM}\n{key_id}\n{place.column}\n{place.row_id.hex}\n{organization}".encode()


def _bound_file(name: str, key_id: str) -> bytes:
    return f"{_FILE}\n{key_id}\n{name}".encode()


def _unreadable_file() -> SecretUnreadable:
    return SecretUnreadable(
        "A stored file can't be read: it was changed, or its key is missing. Check ENCRYPTION_KEYS."
    )


def _unreadable() -> SecretUnreadable:
    return SecretUnreadable("A stored credential can't be read. Check ENCRYPTION_KEYS.")


_box: SecretsBox | None = None


def use(box: SecretsBox) -> None:
    """Say which key ring to use; the factory does this once."""
    global _box  # noqa: PLW0603 (set once for the process)
    _box = box


def box() -> SecretsBox:
    """Return the key ring in use."""
    if _box is None:
        raise RuntimeError("use() first")
    return _box
