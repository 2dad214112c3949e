"""Files about texts, sends, calls and consents."""

from typing import Final

from portal.dossiers.values import Content, Joined, Whose, columns

TEXTS: Final = (
    Content(
        "texts/texts_out.csv",
        "messages",
        "Every text the account wrote, part by part: its words, where it stands, the gate's verdict "
        "(reason_code, reason) and the consent it rested on. By number, then time.",
        columns(
            "id campaign_id kind purpose contact_id recipient_name e164 country_code "
            "from_e164 text_id part parts body body_hash media encoding segments credits "
            "is_first resend_of state reason_code reason consent_record_id is_reply timing "
            "hours not_before held_until day passed_limit attempt submitted_at sid "
            "sid_source error_code created_at changed_at created_by created_by_name"
        ),
        at="created_at",
        order=("e164", "created_at", "id"),
        joined=(
            Joined("campaign_name", "campaigns", "campaign_id", "name"),
            Joined("consent_method", "consent_records", "consent_record_id", "method"),
            Joined("consent_strength", "consent_records", "consent_record_id", "strength"),
            Joined("consent_given_at", "consent_records", "consent_record_id", "given_at"),
        ),
    ),
    Content(
        "texts/text_events.csv",
        "message_events",
        "Every step of every text of texts_out.csv: state, what caused it, and the facts it used.",
        ("id", "message_id", "at", "state", "cause", "facts"),
        order=("at", "id"),
        parent=("message_id", "texts/texts_out.csv"),
    ),
    Content(
        "texts/text_attempts.csv",
        "message_attempts",
        "Every time a text was handed to the carrier, and what came of it.",
        columns("message_id attempt started_at verdict sid code detail ended_at"),
        order=("attempt",),
        parent=("message_id", "texts/texts_out.csv"),
    ),
    Content(
        "texts/texts_in.csv",
        "inbound_texts",
        "Every text people sent to the account, with the keyword it was read as.",
        columns(
            "id sid contact_id e164 our_e164 body media keyword segments credits source "
            "received_at day look_at looks"
        ),
        at="received_at",
        order=("e164", "received_at", "id"),
    ),
    Content(
        "texts/sends.csv",
        "campaigns",
        "Every send that was confirmed: words, people, credits, the content check, and by whom.",
        columns(
            "id name kind state body media people credits scheduled_at created_at "
            "created_by created_by_name lint"
        ),
        at="created_at",
    ),
    Content(
        "texts/approvals.csv",
        "send_approvals",
        "Sends a second person was asked about.",
        columns(
            "id state asked_at asked_by_id asked_by expires_at name body people credits "
            "blocked decided_at decided_by_id decided_by reason campaign_id"
        ),
        at="asked_at",
    ),
    Content(
        "texts/content_reviews.csv",
        "lint_reviews",
        "Texts the content check blocked and an officer was asked about.",
        columns(
            "id body findings state asked_at asked_by_id asked_by decided_at decided_by reason"
        ),
        at="asked_at",
    ),
    Content(
        "texts/first_notices.csv",
        "first_notices",
        "For each number the notice after the first text, and the team's the day after.",
        columns("e164 message_id team_due_at team_message_id created_at"),
        at="created_at",
    ),
    Content(
        "texts/opt_out_causes.csv",
        "opt_out_causes",
        "Which text each opt-out came after.",
        ("id", "message_id", "said_at"),
        at="said_at",
    ),
    Content(
        "texts/drafts.csv",
        "text_drafts",
        "Texts that were begun and not sent.",
        columns("id author_id name body created_at updated_at"),
        at="created_at",
    ),
    Content(
        "texts/files.csv",
        "media_files",
        "Pictures and files that went with texts or came with them; their content is in evidence/.",
        columns(
            "id name media_type size width height sha256 is_used created_at created_by "
            "created_by_name"
        ),
        at="created_at",
    ),
    Content(
        "texts/files_in.csv",
        "inbound_media",
        "Which file came with which text.",
        columns("id message_sid position media_sid state tries file_id problem created_at"),
        at="created_at",
    ),
    Content(
        "texts/daily_limits.csv",
        "daily_limits",
        "What each day's limits were and how much of them was used.",
        columns(
            "day recipients recipients_limit segments segments_limit replies replies_limit "
            "recipients_over segments_over"
        ),
    ),
    Content(
        "texts/calls.csv",
        "calls",
        "Calls to the account's numbers; who called is not kept.",
        columns("id call_sid sender_id at day is_forwarded state seconds talk_seconds"),
        at="at",
    ),
)

CONSENTS: Final = (
    Content(
        "consents/records.csv",
        "consent_records",
        "Every consent, opt-out and revocation with what was shown and how it was given; the file "
        "behind it is evidence/<evidence_sha256>. sha256 is the record's fingerprint in the audit log.",
        columns(
            "id e164 event method strength kinds is_imported is_staff_entry name email "
            "postal_address given_at given_zone given_as_written recorded_at day expires_at "
            "ip_address method_details source_url disclosure_text checkbox form_name "
            "form_version user_agent collected_by_id collected_by evidence_sha256 "
            "evidence_file_name evidence_media_type import_id audit_subject_id sha256 "
            "redacted_at"
        ),
        at="recorded_at",
    ),
    Content(
        "consents/standings.csv",
        "consent_standings",
        "What stands for each number now, whatever the period.",
        columns(
            "e164 strength kinds record_id given_at expires_at stopped_at started_at "
            "own_act_at not_valid_reason updated_at"
        ),
    ),
    Content(
        "consents/certificates.csv",
        "proof_certificates",
        "Which records were certified, when, and by whom.",
        ("record_id", "issued_at", "issued_by"),
    ),
    Content(
        "consents/holds.csv",
        "revocation_holds",
        "Plain words that may ask for no more texts, and how each was settled.",
        columns(
            "id e164 sid words said_at held_at lapses_at state settled_at settled_by_id "
            "settled_by reason"
        ),
        at="held_at",
    ),
    Content(
        "consents/told_to_carrier.csv",
        "carrier_consents",
        "What the carrier was told of each number's opt-out or opt-in.",
        columns("e164 is_out acted_at since state tries told_at told_to trouble"),
    ),
    Content(
        "consents/double_opt_ins.csv",
        "optin_confirmations",
        "Requests for a YES, and whether it came.",
        columns(
            "id e164 record_id form_name sender_name frequency language state asked_at "
            "expires_at texted_at settled_at confirmed_record_id"
        ),
        at="asked_at",
    ),
    Content(
        "consents/form_entries.csv",
        "optin_captures",
        "Every entry of an opt-in form.",
        columns(
            "id form_id version_id version channel e164 record_id contact_id page_url "
            "origin served_at at"
        ),
        at="at",
    ),
    Content(
        "consents/join_keyword.csv",
        "join_keywords",
        "The account's join keyword and what it answers.",
        columns(
            "word is_on programme frequency help_contact terms_url privacy_url kinds "
            "language version changed_at changed_by"
        ),
    ),
    Content(
        "consents/old_opt_outs.csv",
        "old_opt_out_answers",
        "What was said of the opt-outs of the tool used before.",
        columns("answer note said_at said_by_id said_by"),
    ),
    Content(
        "consents/organization_opt_outs.csv",
        "organization_opt_outs",
        "Opt-outs that reach all accounts of the organization, of numbers this account knows.",
        columns("e164 opted_out_at reach reach_reason reach_set_by reach_set_at"),
        whose=Whose.NUMBERS,
    ),
    Content(
        "consents/do_not_contact.csv",
        "do_not_contact",
        "Numbers of this account on the organization's do-not-contact list.",
        columns("e164 reason added_at added_by_id added_by"),
        whose=Whose.NUMBERS,
    ),
    Content(
        "consents/do_not_call_exemptions.csv",
        "dnc_exemptions",
        "Business relationships that exempt numbers of this account from do-not-call lists.",
        columns(
            "id e164 relation happened_on evidence recorded_at recorded_by_id recorded_by "
            "ended_at ended_by ended_because"
        ),
        whose=Whose.NUMBERS,
    ),
    Content(
        "consents/do_not_call_checks.csv",
        "dnc_checks",
        "Checks by hand of do-not-call registries, of numbers of this account.",
        columns("id e164 checked_on how recorded_at recorded_by_id recorded_by"),
        whose=Whose.NUMBERS,
    ),
    Content(
        "consents/proof_bundles.csv",
        "proof_bundles",
        "Bundles of proofs that were made.",
        columns(
            "id title source state numbers done proven created_at created_by finished_at "
            "size sha256"
        ),
    ),
    Content(
        "consents/proof_bundle_numbers.csv",
        "proof_bundle_numbers",
        "The numbers of these bundles, each with its record or why it has none.",
        columns("bundle_id position written e164 record_id why"),
    ),
    Content(
        "consents/shared_links.csv",
        "shared_links",
        "Links that show a record, bundle or appeal without a login.",
        columns(
            "id shared_with record_id bundle_id case_id expires_at revoked_at revoked_by "
            "created_at created_by_id created_by"
        ),
    ),
    Content(
        "consents/shared_link_visits.csv",
        "shared_link_visits",
        "Each opening of these links.",
        columns("id link_id at ip_address user_agent what"),
        at="at",
    ),
)
