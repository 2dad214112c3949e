"""What comes from outside can be stored, however it was written (PROMISES 2.4)."""

import pytest

from portal.gateways.received import storable


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("STOP", "STOP"),
        ("Sí 🏡", "Sí 🏡"),
        ("half \ud83d a pair", "half \N{REPLACEMENT CHARACTER} a pair"),
        ("nul \0 inside", "nul \N{REPLACEMENT CHARACTER} inside"),
    ],
)
def test_what_no_database_takes_is_replaced(words, kept):
    assert storable(words) == kept
    storable(words).encode()
