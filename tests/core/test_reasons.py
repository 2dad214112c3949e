"""A reason is more than a word, and is kept without what stands around it (M-4)."""

import pytest

from portal.core.errors import BadInput
from portal.core.reasons import is_reason, reason_of


@pytest.mark.parametrize("typed", ["", "  ", "ok", " because "])
def test_one_word_is_none(typed):
    assert not is_reason(typed)
    with pytest.raises(BadInput, match="a few words"):
        reason_of(typed)


def test_it_is_kept_without_blanks_and_at_most_300_characters_of_it():
    assert reason_of("  She asked us to.\n") == "She asked us to."
    assert len(reason_of("very " * 100)) == 300
