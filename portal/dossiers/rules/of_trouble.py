"""Files about restrictions, appeals, forms and plans, and the rules that held."""

from typing import Final

from portal.dossiers.values import Content, Whose, columns

RESTRICTIONS: Final = (
    Content(
        "restrictions/restrictions.csv",
        "restrictions",
        "Every pause and suspension: who set it, why, when, and who lifted it with which words.",
        columns("id kind cause reason set_by set_at lifted_by lifted_at lift_note"),
        at="set_at",
    ),
    Content(
        "restrictions/stopped_traffic.csv",
        "traffic_stops",
        "Traffic that was stopped because opt-outs or errors came from it.",
        columns(
            "id kind value label why placed_at placed_by_id placed_by lifted_at "
            "lifted_by_id lifted_by lift_reason"
        ),
        at="placed_at",
    ),
    Content(
        "restrictions/health_now.csv",
        "health_marks",
        "The band the account is in, and since when.",
        ("band", "since", "judged_from"),
    ),
    Content(
        "restrictions/health_by_hour.csv",
        "health_hours",
        "Texts that left, were delivered or failed, and opt-outs, by hour, number, send and error code.",
        columns("hour from_e164 campaign_id error_code attempted delivered wrong opted_out"),
        at="hour",
    ),
    Content(
        "restrictions/fences.csv",
        "sending_fences",
        "When all sending of the organization stood still after a restore, and who let it go on.",
        columns(
            "id cause since tripped_at reconciled_at recovered learned lifted_at "
            "lifted_by_name reason"
        ),
        whose=Whose.ORGANIZATION,
    ),
    Content(
        "rules/health.csv",
        "health_policies",
        "Bands and minimums of health the officers set, from their day on.",
        columns(
            "id holds_from opt_out_watch opt_out_breach error_watch error_breach "
            "least_delivered least_events pause_least short_hours judged_days long_days pauses reason set_at set_by_id set_by"
        ),
        whose=Whose.ORGANIZATION,
    ),
    Content(
        "rules/content_check.csv",
        "lint_levels",
        "Levels of the content check the officers set.",
        columns("id rule level reason set_at set_by_id set_by"),
        whose=Whose.ORGANIZATION,
    ),
    Content(
        "rules/hours.csv",
        "hour_edits",
        "Hours the officers tightened, from their day on.",
        columns(
            "id code holds_from weekday saturday sunday bars_holidays max_per_day "
            "closed_days note set_by set_at"
        ),
        whose=Whose.ORGANIZATION,
    ),
    Content(
        "rules/plan_limits.csv",
        "plan_limit_policies",
        "Whether texts of plans may pass daily limits.",
        columns("id lets_go reason set_at set_by_id set_by"),
        whose=Whose.ORGANIZATION,
    ),
    Content(
        "rules/approvals.csv",
        "approval_policies",
        "From how many people on a second person is asked.",
        columns("id above reason set_at set_by_id set_by"),
        whose=Whose.ORGANIZATION,
    ),
    Content(
        "rules/similar_texts.csv",
        "similar_policies",
        "From how many numbers and texts on alike texts are told of.",
        columns("id numbers texts reason set_at set_by_id set_by"),
        whose=Whose.ORGANIZATION,
    ),
    Content(
        "rules/retention.csv",
        "retention_policies",
        "How long things are kept.",
        ("id", "valid_from", "days", "set_by", "set_at"),
        whose=Whose.ORGANIZATION,
    ),
)

APPEALS: Final = (
    Content(
        "appeals/cases.csv",
        "appeal_cases",
        "Every appeal and round of one, whatever the period.",
        columns(
            "id restriction_id round previous_id kind template_version state assignee_id "
            "assignee due_at carrier_ticket created_at created_by_id created_by "
            "handed_in_at submitted_at decided_at"
        ),
    ),
    Content(
        "appeals/parts.jsonl",
        "appeal_parts",
        "The answers to each part.",
        columns("case_id number slot answer text link numbers confirmed_at confirmed_by"),
    ),
    Content(
        "appeals/history.csv",
        "appeal_events",
        "Each step and comment.",
        columns("id case_id position at kind state part text by_id by_name"),
        order=("case_id", "position"),
    ),
    Content(
        "appeals/replies.csv",
        "appeal_replies",
        "What the carrier answered.",
        columns(
            "id case_id kind received_on text asked due_on recorded_at recorded_by_id recorded_by"
        ),
    ),
    Content(
        "appeals/sendings.csv",
        "appeal_sendings",
        "Each time an appeal was sent on.",
        columns(
            "id case_id number state to_address words problem note asked_at asked_by_id "
            "asked_by moved_at sent_at sent_by"
        ),
    ),
    Content(
        "appeals/files.csv",
        "appeal_files",
        "Files of appeals, the frozen PDF and ZIP that were sent included; content in evidence/.",
        columns(
            "id case_id part kind name media_type size sha256 created_at created_by_id created_by"
        ),
    ),
)

FORMS: Final = (
    Content(
        "forms/forms.csv",
        "optin_forms",
        "The account's opt-in forms.",
        columns("id name slug state latest created_at edited_at edited_by"),
    ),
    Content(
        "forms/versions.jsonl",
        "optin_form_versions",
        "Every published version with its wording and the page as it was served.",
        columns(
            "id form_id number name slug content disclosure html css page_sha256 "
            "published_at published_by_id published_by"
        ),
    ),
    Content(
        "forms/pictures.csv",
        "optin_version_pictures",
        "Screenshots of these versions; content in evidence/.",
        columns("version_id kind sha256 media_type taken_at taken_by"),
    ),
    Content(
        "forms/outside_pages.csv",
        "checked_pages",
        "Sign-up pages elsewhere that were checked.",
        columns("id url is_watched created_at"),
    ),
    Content(
        "forms/page_checks.jsonl",
        "page_checks",
        "What each check of them found; the page as it was is in evidence/.",
        columns(
            "id page_id state is_by_schedule asked_by_id asked_by asked_at finished_at "
            "final_url hops problem findings lost snapshot_sha256 snapshot_size"
        ),
        at="asked_at",
    ),
)

PLANS: Final = (
    Content(
        "plans/plans.csv",
        "drips",
        "Plans of the account, and those of its team or everybody it put people in.",
        columns(
            "id team_id name on_reply state state_reason version created_at changed_at changed_by"
        ),
        whose=Whose.PLANS,
    ),
    Content(
        "plans/versions.csv",
        "drip_versions",
        "Every version of these plans.",
        columns("id drip_id number created_at created_by"),
        whose=Whose.VERSIONS,
    ),
    Content(
        "plans/steps.csv",
        "drip_steps",
        "Every step of these versions, with its words.",
        columns("id version_id position kind day at title body missing"),
        order=("version_id", "position"),
        whose=Whose.STEPS,
    ),
    Content(
        "plans/enrolments.csv",
        "drip_enrolments",
        "Who was put in which plan, by whom, and how it ended.",
        columns(
            "id drip_id version_id contact_id e164 state because source enrolled_by_id "
            "enrolled_by started_at next_step_id due_at waits_for waits_words last_step_id "
            "last_text_id ended_at"
        ),
        at="started_at",
    ),
    Content(
        "plans/steps_taken.csv",
        "drip_runs",
        "Each step that was taken for each of them.",
        columns("id enrolment_id step_id position kind ran_at outcome words"),
        order=("position", "id"),
        parent=("enrolment_id", "plans/enrolments.csv"),
    ),
    Content(
        "plans/triggers.csv",
        "drip_triggers",
        "What puts people in a plan by itself.",
        columns("id drip_id source word created_at created_by"),
    ),
    Content(
        "plans/intakes.csv",
        "drip_intakes",
        "Many people put in a plan at once.",
        columns(
            "id drip_id state people looked_at enrolled already opted_out fault begun_by_id "
            "begun_by begun_at"
        ),
    ),
    Content(
        "plans/sends.csv",
        "drip_sends",
        "Which send was for which step.",
        ("campaign_id", "drip_id", "step_id"),
    ),
)
