"""The helper that keeps tenants apart asks nothing it cannot answer (SPEC 1)."""

import pytest

from portal.contacts import queries as contacts
from portal.core.tenancy import Tenant


def test_what_is_asked_of_one_account_is_not_answered_with_nobody(northside):
    """A statement made for one account would find nobody in a whole organization, and say so."""
    with pytest.raises(ValueError, match="one account"):
        contacts.by_numbers(Tenant(northside.organization_id), ["+13125550142"])
    assert contacts.by_numbers(northside.tenant, ["+13125550142"]) == {}
