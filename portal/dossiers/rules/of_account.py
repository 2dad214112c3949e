"""Files about the account: people, contacts, numbers, money, the log."""

from typing import Final

from portal.dossiers.values import Content, Joined, Whose, columns

_USER: Final = (
    Joined("user_name", "users", "user_id", "name"),
    Joined("user_email", "users", "user_id", "email"),
)

PEOPLE: Final = (
    Content(
        "account/account.csv",
        "texting_accounts",
        "The account as it stands: owner or team, zone, state and why, limits, pause of bulk texts.",
        columns(
            "id organization_id name owner_user_id team_id timezone state state_reason "
            "state_changed_at daily_recipient_limit daily_segment_limit limits_note "
            "ramp_limit ramp_clean_days ramp_start ramp_judged_on bulk_pause created_at"
        ),
        whose=Whose.ITSELF,
    ),
    Content(
        "account/people.csv",
        "memberships",
        "Who owns the account, works in it, or is in its team, and the role each has now.",
        ("user_id", "role", "created_at"),
        order=("user_id",),
        whose=Whose.PEOPLE,
        joined=_USER,
    ),
    Content(
        "account/members.csv",
        "account_members",
        "Who was given a place in the shared account, with the credits a month.",
        ("user_id", "monthly_cap"),
        joined=_USER,
    ),
    Content(
        "account/countries.csv",
        "allowed_countries",
        "Countries that were switched on.",
        columns("country_code daily_limit allowed_at allowed_by"),
    ),
    Content(
        "account/api_keys.csv",
        "api_keys",
        "Keys other programs used, without the keys.",
        columns("id name scopes created_at created_by last_used_at expires_at revoked_at"),
    ),
    Content(
        "account/webhooks.csv",
        "webhook_endpoints",
        "What other programs were told of; where is left out, for such addresses may be secret.",
        columns("id events state off_reason created_at created_by removed_at"),
    ),
    Content(
        "account/saved_replies.csv",
        "saved_replies",
        "Saved replies and templates of everybody, of the account's team and of its owner.",
        columns("id user_id team_id name body created_at changed_at changed_by archived_at"),
        whose=Whose.REPLIES,
    ),
    Content(
        "account/approved_wordings.csv",
        "approved_templates",
        "Wordings the organization's officers approved with a justification.",
        columns(
            "id name body justification approved_at approved_by_id approved_by withdrawn_at "
            "withdrawn_by withdrawn_because"
        ),
        whose=Whose.ORGANIZATION,
    ),
    Content(
        "contacts/contacts.csv",
        "contacts",
        "The address book as it stands, whatever the period.",
        columns(
            "id first_name last_name email street city state zip language lead_source "
            "known_since preferred_e164 import_id created_at updated_at"
        ),
        order=("created_at", "id"),
    ),
    Content(
        "contacts/numbers.csv",
        "contact_numbers",
        "Each contact's numbers.",
        columns(
            "id contact_id position e164 raw label kind region is_preferred is_verified problem"
        ),
        order=("position", "id"),
        parent=("contact_id", "contacts/contacts.csv"),
    ),
    Content(
        "contacts/notes.csv",
        "notes",
        "What people wrote about contacts.",
        columns("id contact_id body author_id author created_at"),
        order=("created_at", "id"),
        parent=("contact_id", "contacts/contacts.csv"),
    ),
    Content("contacts/tags.csv", "tags", "The account's tags.", ("id", "name")),
    Content(
        "contacts/tagged.csv",
        "contact_tags",
        "Which contact has which tag.",
        ("contact_id", "tag_id"),
        order=("tag_id",),
        parent=("contact_id", "contacts/contacts.csv"),
    ),
    Content(
        "contacts/imports.csv",
        "imports",
        "Files that were imported, and where the consents in them were said to come from.",
        columns(
            "id kind state file_name size sha256 columns mapping options consent_source "
            "consent_note total_rows imported merged rejected untextable noted error "
            "created_by_id created_by created_at finished_at"
        ),
        at="created_at",
    ),
    Content(
        "contacts/tasks.csv",
        "tasks",
        "Reminders about contacts.",
        columns(
            "id contact_id for_id title note due_at source created_at created_by done_at done_by"
        ),
        at="created_at",
    ),
)

NUMBERS: Final = (
    Content(
        "numbers/numbers.csv",
        "sender_numbers",
        "Numbers the account texts from, those that left included.",
        columns(
            "id e164 name state carrier_sid is_default is_registered can_sms can_mms "
            "can_voice locality region ordered_at ready_at release_at release_asked_by "
            "leaving_since trouble trouble_cause trouble_code"
        ),
        order=("id",),
    ),
    Content(
        "numbers/forwarding.csv",
        "call_forwardings",
        "Where calls go.",
        columns("sender_id phone shown verified_at verified_by_id verified_by"),
    ),
    Content(
        "numbers/registrations.jsonl",
        "registrations",
        "What the carriers were told of who texts: brand, campaign, and the account's toll-free numbers.",
        columns(
            "id kind e164 state details sids carrier_status reasons score submitted_at "
            "decided_at round edited_by edited_at created_at ended_at"
        ),
        whose=Whose.ORGANIZATION,
    ),
    Content(
        "numbers/transfers.csv",
        "transfers",
        "Numbers that moved between Twilio accounts.",
        columns(
            "id path old_account_sid old_account_name e164 number_sid number_name findings "
            "looked_at requested_at ticket carried carried_at sender_id started_by "
            "started_at moved_at ended_at ending trouble trouble_cause"
        ),
        at="started_at",
    ),
    Content(
        "numbers/port_ins.csv",
        "port_ins",
        "Numbers that were brought over from another carrier.",
        columns(
            "id e164 name state details number_type request_sid carrier_sid sender_id "
            "carrier_status port_date problems signed_by signed_at submitted_at ended_at "
            "round edited_by created_at trouble trouble_cause"
        ),
        at="created_at",
    ),
    Content(
        "numbers/port_in_events.csv",
        "port_in_events",
        "What happened to each of them.",
        ("id", "port_in_id", "at", "text"),
        at="at",
    ),
)

MONEY: Final = (
    Content(
        "credits/ledger.csv",
        "credit_entries",
        "Every line of the credit ledger; balance_after is the balance once it was written.",
        columns("id position kind credits balance_after month message_id slot reference note at"),
        at="at",
        order=("position",),
    ),
    Content(
        "credits/lots.csv",
        "credit_lots",
        "Credits by when they were granted and when they expire, whatever the period.",
        columns("id position credits remaining held spent lapsed granted_at expires_at"),
        order=("position",),
    ),
    Content(
        "credits/free_texts.csv",
        "house_entries",
        "Texts that cost the account nothing.",
        ("message_id", "kind", "credits", "at"),
        at="at",
    ),
    Content(
        "credits/alerts.csv",
        "credit_alerts",
        "When people were told that credits run low.",
        columns("month limit_epoch threshold state used remaining at"),
        at="at",
    ),
    Content(
        "credits/subscriptions.csv",
        "subscriptions",
        "Subscriptions of the account.",
        columns(
            "id plan_id plan_name credits_per_month price_cents state started_at "
            "next_charge_at ends_at is_unpaid"
        ),
    ),
    Content(
        "credits/subscription_changes.csv",
        "subscription_changes",
        "Each change of plan with its arithmetic.",
        columns(
            "id subscription_id change from_plan_name from_credits_per_month "
            "from_price_cents to_plan_name to_credits_per_month to_price_cents "
            "charged_cents credits at"
        ),
        at="at",
    ),
    Content(
        "credits/invoices.csv",
        "invoices",
        "Invoices to the account.",
        columns(
            "id number description amount_cents period_start period_end provider state "
            "created_at due_on seller_name seller_lines buyer_name buyer_lines closed_at "
            "closed_by closing_note paid_on mail_to mailed_at"
        ),
        at="created_at",
    ),
    Content(
        "credits/payments.csv",
        "payments",
        "Payments by card, without what opens a checkout.",
        columns(
            "id kind state subscription_id plan_name credits_per_month price_cents "
            "amount_cents description period_start period_end created_at actor_id "
            "actor_label problem paid_at refunded_cents"
        ),
        at="created_at",
    ),
    Content(
        "credits/refunds.csv",
        "payment_refunds",
        "Money that went back.",
        columns("payment_id amount_cents reason created_at done_at"),
        at="created_at",
    ),
)

# They name the address of a webhook, which may be as good as a key (S10).
SILENT: Final = frozenset({"integrations:webhook:add", "integrations:webhook:remove"})

LOG: Final = (
    Content(
        "audit/entries.csv",
        "audit_entries",
        "Every entry of the audit log about the account, to read; proofs.jsonl has them to check. "
        "What entries about addresses of webhooks say is left out of both: they may be secret.",
        columns("position event at actor_id actor_label origin subject_id payload commitment hash"),
        at="at",
        order=("position",),
        whose=Whose.LOG,
        silent=SILENT,
    ),
)
