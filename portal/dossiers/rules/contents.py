"""All files of a dossier, in the order they are made, and what is left out with the reason."""

from collections.abc import Mapping
from typing import Final

from portal.dossiers.rules.of_account import LOG, MONEY, NUMBERS, PEOPLE
from portal.dossiers.rules.of_texts import CONSENTS, TEXTS
from portal.dossiers.rules.of_trouble import APPEALS, FORMS, PLANS, RESTRICTIONS
from portal.dossiers.values import Content, Evidence

CONTENTS: Final = (
    *PEOPLE, *TEXTS, *CONSENTS, *RESTRICTIONS, *APPEALS, *FORMS, *PLANS, *NUMBERS, *MONEY, *LOG,
)  # fmt: skip
BY_NAME: Final[Mapping[str, Content]] = {content.name: content for content in CONTENTS}

EVIDENCE: Final = (
    Evidence(
        "consent", "consent_records", ("id",), "evidence_sha256", "evidence_media_type",
        "evidence_file_name", "recorded_at",
    ),
    Evidence(
        "picture", "optin_version_pictures", ("version_id", "kind"), "sha256", "media_type", "kind"
    ),
    Evidence("page", "page_checks", ("id",), "snapshot_sha256", "", "final_url", "asked_at"),
    Evidence("appeal", "appeal_files", ("id",), "sha256", "media_type", "name"),
    Evidence("media", "media_files", ("id",), "sha256", "media_type", "name", "created_at"),
)  # fmt: skip

_COUNTS: Final = "a running count of rows that are in the dossier themselves"
_WORKING: Final = "what the portal needs to go on working; it says nothing that is not elsewhere"
LEFT_OUT: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "basis_days", "call_days", "campaign_counts", "cause_hours", "consent_days",
            "contact_counts", "credit_accounts", "credit_months", "daily_countries",
            "daily_recipients", "drip_counts", "form_days", "received_days", "standing_counts",
            "text_days",
        ),
        _COUNTS,
    ),
    **dict.fromkeys(
        (
            "appeal_reminders", "campaign_media", "consent_words", "contact_words", "conversations",
            "dossiers", "kept_selections", "lot_holds", "report_schedules", "text_exports",
            "text_group_hours", "text_groups", "unsorted_texts",
        ),
        _WORKING,
    ),
    "api_answers": "answers kept for a week so that a program may ask twice",
    "doctor_findings": "what the installation's own check found; it is about the software",
    "import_findings": "rows of imported files that were refused, which became nobody",
    "notices": "what was told to single people; each rests on something in the dossier",
    "payment_customers": "how the payment provider names the account",
    "webhook_deliveries": "what other programs were told; each rests on something in the dossier",
}  # fmt: skip
