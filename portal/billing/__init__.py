"""Plans, subscriptions and the credit ledger of every texting account (SPEC 2)."""
