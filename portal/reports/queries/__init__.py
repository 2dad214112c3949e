"""Facts across slices; read-only."""

from portal.reports.queries.accounts import account_lines, with_opt_outs
from portal.reports.queries.homes import (
    account_facts,
    chain_state,
    installation_findings,
    latest_campaigns,
    organization_facts,
)

__all__ = [
    "account_facts",
    "account_lines",
    "chain_state",
    "installation_findings",
    "latest_campaigns",
    "organization_facts",
    "with_opt_outs",
]
