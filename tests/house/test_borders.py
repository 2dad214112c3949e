"""A row refers to rows of its own organization, and the database sees to it (I12, S2)."""

from portal.core.db import Base

# One column each: the service looks the row up as `owned` before it writes. Nothing may be added.
BY_SERVICE_ALONE = {
    ("consent_records", "import_id"),
    ("consent_standings", "record_id"),
    ("contacts", "import_id"),
    ("conversations", "contact_id"),
    ("inbound_texts", "contact_id"),
    ("invoices", "subscription_id"),
    ("messages", "contact_id"),
    ("notices", "account_id"),
    ("organization_opt_outs", "record_id"),
}
OWNERS = {"organization_id", "account_id"}  # an account is of one organization, by its own key


def test_every_key_between_tenants_tables_names_the_tenant():
    tables = [t for t in Base.metadata.sorted_tables if "organization_id" in t.c]
    loose, kept = set(), 0
    for table in tables:
        for key in table.foreign_key_constraints:
            if "organization_id" not in key.referred_table.c:
                continue
            if len(key.column_keys) > 1 and OWNERS & set(key.column_keys):
                kept += 1
            else:
                loose.add((table.name, *key.column_keys))
    assert loose == BY_SERVICE_ALONE
    assert kept > 3 * len(loose)
