"""Secrets at rest (X-6): carrier tokens encrypted with a rotatable key ring."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from portal.core.errors import DomainError


class SecretUnreadable(DomainError):
    """A stored secret cannot be decrypted with any key of the ring."""

    code = "secret_unreadable"


class SecretsBox:
    """Encrypts with the first key of the ring and decrypts with any."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        """Take Fernet keys, newest first. Raises ValueError when one has the wrong form."""
        self._ring = MultiFernet([Fernet(key) for key in keys])
        self._newest = Fernet(keys[0])

    def seal(self, secret: str) -> str:
        """Return secret encrypted, as text."""
        return self._ring.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return the secret. Raises SecretUnreadable when no key fits."""
        try:
            return self._ring.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SecretUnreadable(
                "A stored credential can't be read. Check ENCRYPTION_KEYS."
            ) from error

    def is_newest(self, sealed: str) -> bool:
        """Say whether a secret is sealed with the first key of the ring already."""
        try:
            self._newest.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True


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
