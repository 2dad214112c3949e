"""What tests of dossiers share with those of proofs: the verifier as a program of its own.

Imported, not named in `pytest_plugins`: pytest finds that file by itself too, and takes it once.
"""

from tests.proofs.conftest import verifier

__all__ = ["verifier"]
