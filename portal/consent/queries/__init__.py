"""Reading consent: what stands, its history, the do-not-contact list and the audit log."""

from portal.consent.queries.audit_log import audit_page
from portal.consent.queries.carrier import (
    OpenConsent,
    agreement,
    carrier_news,
    newest_ways,
    old_opt_outs,
    open_consents,
    organization_opt_out,
    organizations_to_tell,
)
from portal.consent.queries.counts import recounts
from portal.consent.queries.coverage import (
    Coverage,
    coverage,
    coverages,
    opted_out_since,
)
from portal.consent.queries.holds import (
    HoldRef,
    hold_or_404,
    holds_in,
    holds_of,
    open_holds,
    overdue_holds,
    overtaken_holds,
    standing_hold,
)
from portal.consent.queries.imports import ImportSummary, import_summary
from portal.consent.queries.marks import contact_marks
from portal.consent.queries.records import (
    find_records,
    form_names,
    history,
    logged_together,
    origins,
    origins_of,
    record_or_404,
    records,
    records_of,
)
from portal.consent.queries.standings import (
    MOST,
    consents_standing,
    do_not_contact,
    standing,
    standings,
)

__all__ = [
    "MOST",
    "Coverage",
    "HoldRef",
    "ImportSummary",
    "OpenConsent",
    "agreement",
    "audit_page",
    "carrier_news",
    "consents_standing",
    "contact_marks",
    "coverage",
    "coverages",
    "do_not_contact",
    "find_records",
    "form_names",
    "history",
    "hold_or_404",
    "holds_in",
    "holds_of",
    "import_summary",
    "logged_together",
    "newest_ways",
    "old_opt_outs",
    "open_consents",
    "open_holds",
    "opted_out_since",
    "organization_opt_out",
    "organizations_to_tell",
    "origins",
    "origins_of",
    "overdue_holds",
    "overtaken_holds",
    "record_or_404",
    "records",
    "records_of",
    "recounts",
    "standing",
    "standing_hold",
    "standings",
]
