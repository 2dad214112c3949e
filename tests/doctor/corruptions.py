"""Kinds of corruption, each with the checks that find it: what a bug, a hand or a disk could do.

Every one here keeps the database's own constraints; those that do not are in corrupted_plans.
"""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import delete, insert, select, update

from portal.billing.models import (
    CreditAccount,
    CreditAlert,
    CreditEntry,
    CreditLot,
    CreditMonth,
    Invoice,
    LotHold,
    Subscription,
    SubscriptionChange,
)
from portal.billing.values import AlertState, Change, EntryKind, Slot
from portal.consent.models import (
    ConsentDay,
    ConsentRecord,
    ConsentStanding,
    OrganizationOptOut,
    RevocationHold,
    StandingCount,
)
from portal.consent.values import Event, HoldState
from portal.core.audit import AuditEntry
from portal.core.clock import utcnow
from portal.core.db import db
from portal.messaging.models import (
    BasisDay,
    Campaign,
    CampaignCount,
    CauseHour,
    DailyCountry,
    DailyLimit,
    DailyRecipient,
    FormDay,
    HealthHour,
    InboundText,
    Message,
    MessageAttempt,
    ReceivedDay,
    TextDay,
    WebhookEvent,
)
from portal.messaging.rules.stages import Stage
from portal.messaging.values import CampaignState, State

STRANGER = "SM" + "f" * 32
CORRUPTIONS = {}


def breaks(*checks):
    """Enter a corruption under its name with the checks that find it."""

    def enter(corrupt):
        CORRUPTIONS[corrupt.__name__] = (set(checks), corrupt)
        return corrupt

    return enter


def change(model, *where, **values):
    """Change rows behind the product's back; there must be some."""
    statement = update(model).where(*where).values(**values)
    assert run(statement.execution_options(synchronize_session=False)).rowcount


def remove(model, *where):
    assert run(delete(model).where(*where).execution_options(synchronize_session=False)).rowcount


def run(statement):
    return db.session.execute(statement)


def one(model, *where):
    return db.session.scalars(select(model).where(*where)).first()


def text_in(busy, state):
    found = one(Message, Message.account_id == busy.account.id, Message.state == state)
    assert found is not None
    return found


def entry_of(message_id, kind):
    return CreditEntry.message_id == message_id, CreditEntry.kind == kind


def add_entry(busy, kind, message_id, **values):
    """Add a line at the end of the ledger."""
    books = one(CreditAccount, CreditAccount.account_id == busy.account.id)
    like = one(CreditEntry, CreditEntry.account_id == busy.account.id)
    fields = {
        "id": uuid4(), "organization_id": like.organization_id, "account_id": like.account_id,
        "position": books.position + 1, "kind": kind, "credits": 1, "balance_after": 1,
        "month": like.month, "message_id": message_id, "slot": None, "at": busy.now,
    }  # fmt: skip
    run(insert(CreditEntry).values(fields | values))


def add_report(message, **values):
    fields = {
        "id": uuid4(), "dedupe_key": uuid4().hex, "organization_id": message.organization_id,
        "sid": message.sid, "status": "delivered", "error_code": None, "message_id": message.id,
        "attempt": 1, "payload": {}, "applied_at": message.changed_at, "outcome": "applied",
    }  # fmt: skip
    run(insert(WebhookEvent).values(fields | values))


# I1


@breaks("two_names")
def the_attempt_has_another_name(busy):
    change(MessageAttempt, MessageAttempt.message_id == busy.ids["created_201"], sid=STRANGER)


@breaks("two_names_reported")
def the_carrier_calls_back_under_a_second_name(busy):
    add_report(db.session.get(Message, busy.ids["created_201"]), sid=STRANGER)


@breaks("attempt_says_accepted", "one_name_for_two")
def two_texts_bear_one_name(busy):
    name = db.session.get(Message, busy.ids["created_201"]).sid
    change(MessageAttempt, MessageAttempt.message_id == busy.ids["rejected_21211"], sid=name)


@breaks("handed_over_again")
def a_text_in_doubt_was_handed_over_again(busy):
    row = one(MessageAttempt, MessageAttempt.message_id == busy.ids["in_doubt"])
    values = {"attempt": 2, "epoch": 9, "owner": "w", "started_at": row.started_at}
    run(insert(MessageAttempt).values(message_id=row.message_id, **values))
    change(Message, Message.id == row.message_id, attempt=2)


@breaks("attempts_uncounted")
def an_attempt_is_gone(busy):
    remove(MessageAttempt, MessageAttempt.message_id == busy.ids["created_201"])


# I2


@breaks("never_ends")
def a_submission_never_ended(busy):
    late = busy.now - timedelta(hours=3)
    change(Message, Message.id == busy.ids["submitting"], submit_deadline=late)


@breaks("never_ends")
def a_text_in_doubt_is_never_settled(busy):
    late = busy.now - timedelta(hours=30)
    change(Message, Message.id == busy.ids["in_doubt"], submitted_at=late)


@breaks("never_ends")
def a_queued_text_is_forgotten(busy):
    change(Message, Message.id == busy.ids["queued"], not_before=busy.now - timedelta(days=3))


@breaks("ends_without_reason")
def a_blocked_text_gives_no_reason(busy):
    change(Message, Message.id == busy.ids["blocked"], reason_code=None)


@breaks("name_without_acceptance")
def an_accepted_text_lost_its_name(busy):
    change(Message, Message.id == text_in(busy, State.ACCEPTED).id, sid=None)


@breaks("waits_for_nothing")
def a_paused_text_outlives_the_pause(busy):
    paused = db.session.get(Message, busy.ids["paused"])
    change(Campaign, Campaign.id == paused.campaign_id, state=CampaignState.RUNNING)


@breaks("counted_otherwise", "state_behind_reports", "state_beyond_reports", "step_unrecorded")
def a_delivered_text_turned_undelivered(busy):
    change(Message, Message.id == busy.ids["created_201"], state=State.UNDELIVERED)


# I3


@breaks("left_after_stop")
def a_text_left_after_the_stop(busy):
    attempt = MessageAttempt.message_id == busy.ids["stopped"]
    change(MessageAttempt, attempt, started_at=busy.now)


@breaks("counted_otherwise", "left_after_stop")
def the_start_never_was(busy):
    start = one(ConsentRecord, ConsentRecord.event == Event.OPTED_IN)
    change(ConsentRecord, ConsentRecord.id == start.id, event=Event.ENDED)


@breaks("campaign_after_stop_elsewhere")
def a_campaign_went_to_who_had_left_the_brokerage(busy):
    sent = text_in(busy, State.SENT)
    change(
        OrganizationOptOut,
        OrganizationOptOut.from_account_id == busy.other.id,
        e164=sent.e164,
    )


@breaks("waits_for_the_opted_out")
def a_text_waits_for_who_opted_out(busy):
    waiting = db.session.get(Message, busy.ids["scheduled"])
    change(ConsentStanding, ConsentStanding.e164 == waiting.e164, stopped_at=busy.now)


@breaks("stop_forgotten")
def a_stop_is_forgotten(busy):
    stopped = db.session.get(Message, busy.ids["stopped"])
    change(ConsentStanding, ConsentStanding.e164 == stopped.e164, stopped_at=None)


@breaks("left_while_held")
def a_text_left_while_a_hold_stood(busy):
    text = db.session.get(Message, busy.ids["created_201"])
    run(
        insert(RevocationHold).values(
            id=uuid4(), organization_id=text.organization_id, account_id=text.account_id,
            e164=text.e164, sid=STRANGER, words="no more", said_at=text.submitted_at,
            held_at=text.submitted_at - timedelta(minutes=5), lapses_at=busy.now,
            state=HoldState.STANDING, settled_by="", reason="",
        )
    )  # fmt: skip


# I4


@breaks("books_differ", "not_reserved")
def a_reserve_is_gone(busy):
    remove(CreditEntry, *entry_of(busy.ids["scheduled"], EntryKind.RESERVE))


@breaks("books_differ", "sent_for_nothing")
def a_sent_text_was_not_charged(busy):
    entry = entry_of(busy.ids["created_201"], EntryKind.CAPTURE)
    change(CreditEntry, *entry, kind=EntryKind.RELEASE)


@breaks("books_differ", "not_resolved")
def a_charge_is_gone(busy):
    remove(CreditEntry, *entry_of(busy.ids["created_201"], EntryKind.CAPTURE))


@breaks("books_differ", "entered_twice")
def a_text_was_charged_twice(busy):
    add_entry(busy, EntryKind.CAPTURE, busy.ids["created_201"])


@breaks("books_differ", "charged_without_proof")
def a_text_that_did_not_leave_was_charged(busy):
    entry = entry_of(busy.ids["rejected_21211"], EntryKind.RELEASE)
    change(CreditEntry, *entry, kind=EntryKind.CAPTURE)


@breaks("books_differ", "reserved_differs", "resolved_early")
def a_waiting_text_was_charged(busy):
    add_entry(busy, EntryKind.CAPTURE, busy.ids["scheduled"], slot=Slot.RESOLVE)


@breaks("entry_without_text", "not_reserved")
def a_reserve_names_no_text(busy):
    change(CreditEntry, *entry_of(busy.ids["scheduled"], EntryKind.RESERVE), message_id=uuid4())


# I5


@breaks("books_differ")
def the_balance_grew(busy):
    change(
        CreditAccount,
        CreditAccount.account_id == busy.account.id,
        available=CreditAccount.available + 10,
    )


@breaks("books_differ")
def a_lot_lost_a_credit(busy):
    lot = one(CreditLot, CreditLot.account_id == busy.account.id, CreditLot.remaining > 0)
    change(
        CreditLot,
        CreditLot.id == lot.id,
        remaining=CreditLot.remaining - 1,
        lapsed=CreditLot.lapsed + 1,
    )


@breaks("books_differ")
def a_month_lost_a_credit(busy):
    change(CreditMonth, CreditMonth.account_id == busy.account.id, used=CreditMonth.used - 1)


@breaks("books_differ", "lot_differs")
def a_grant_grew(busy):
    mine = (CreditEntry.account_id == busy.account.id, CreditEntry.reference.like("test:%"))
    change(CreditEntry, *mine, credits=CreditEntry.credits + 1)


# I6


@breaks(
    "campaign_otherwise",
    "charged_otherwise",
    "counted_otherwise",
    "reserved_differs",
    "taken_otherwise",
)
def a_text_became_dearer(busy):
    change(Message, Message.id == busy.ids["queued"], credits=Message.credits + 1)


@breaks("books_differ", "charged_otherwise")
def more_was_charged_than_shown(busy):
    change(CreditEntry, *entry_of(busy.ids["created_201"], EntryKind.CAPTURE), credits=2)


@breaks("campaign_otherwise")
def a_campaign_showed_less(busy):
    queued = db.session.get(Message, busy.ids["queued"])
    change(Campaign, Campaign.id == queued.campaign_id, credits=Campaign.credits - 1)


@breaks("words_changed")
def a_waiting_text_says_something_else(busy):
    change(Message, Message.id == busy.ids["queued"], body="Send money.")


@breaks("taken_otherwise")
def more_was_taken_from_a_lot(busy):
    change(LotHold, LotHold.message_id == busy.ids["queued"], credits=LotHold.credits + 1)


# I7


@breaks("people_miscounted")
def a_person_is_not_counted(busy):
    day = DailyLimit.account_id == busy.account.id, DailyLimit.recipients > 0
    change(DailyLimit, *day, recipients=DailyLimit.recipients - 1)


@breaks("segments_miscounted")
def a_segment_is_not_counted(busy):
    day = DailyLimit.account_id == busy.account.id, DailyLimit.segments > 0
    change(DailyLimit, *day, segments=DailyLimit.segments - 1)


@breaks("people_miscounted", "text_without_place")
def a_place_is_gone(busy):
    queued = db.session.get(Message, busy.ids["queued"])
    remove(
        DailyRecipient,
        DailyRecipient.account_id == busy.account.id,
        DailyRecipient.e164 == queued.e164,
    )


@breaks("countries_miscounted")
def a_text_abroad_is_not_counted(busy):
    change(DailyCountry, DailyCountry.account_id == busy.account.id, used=0)


# I9


@breaks("campaign_incomplete", "counted_otherwise")
def a_text_of_a_campaign_is_gone(busy):
    remove(Message, Message.id == busy.ids["blocked"])


@breaks("campaign_incomplete")
def a_campaign_reached_more_people(busy):
    queued = db.session.get(Message, busy.ids["queued"])
    change(Campaign, Campaign.id == queued.campaign_id, people=Campaign.people + 1)


@breaks("bought_otherwise")
def an_invoice_is_of_another_click(busy):
    change(Invoice, Invoice.account_id == busy.account.id, request_key="another")


@breaks("chain_broken", "confirm_not_logged_once")
def a_confirm_is_not_in_the_log(busy):
    queued = db.session.get(Message, busy.ids["queued"])
    confirm = AuditEntry.subject_id == queued.campaign_id
    change(AuditEntry, confirm, event="messaging:campaign:pause")


# I10


@breaks("report_kept_twice")
def a_report_is_kept_twice(busy):
    add_report(db.session.get(Message, busy.ids["created_201"]))


@breaks("report_waits")
def a_report_is_never_applied(busy):
    report = WebhookEvent.message_id == busy.ids["created_201"]
    early = busy.now - timedelta(hours=1)
    change(WebhookEvent, report, applied_at=None, outcome=None, received_at=early)


@breaks("state_behind_reports")
def a_sent_text_fell_back(busy):
    change(Message, Message.id == text_in(busy, State.SENT).id, state=State.ACCEPTED)


@breaks("state_beyond_reports")
def a_delivery_nobody_reported(busy):
    remove(WebhookEvent, WebhookEvent.message_id == busy.ids["created_201"])


@breaks("charged_for_no_reply", "counted_otherwise")
def an_incoming_text_is_gone(busy):
    remove(InboundText, InboundText.account_id == busy.account.id, InboundText.credits > 0)


@breaks("counted_otherwise", "reply_charged_otherwise")
def an_incoming_text_cost_more(busy):
    change(InboundText, InboundText.credits > 0, credits=InboundText.credits + 1)


# I11


@breaks("books_differ", "month_changed")
def a_charge_moved_to_another_month(busy):
    entry = entry_of(busy.ids["created_201"], EntryKind.CAPTURE)
    month = one(CreditEntry, *entry).month
    change(CreditEntry, *entry, month=(month - timedelta(days=1)).replace(day=1))


@breaks("counted_otherwise")
def a_delivered_text_is_reported_twice(busy):
    change(TextDay, *_delivered(TextDay, busy), texts=TextDay.texts + 1)


@breaks("counted_otherwise")
def a_texts_day_moved(busy):
    day = one(TextDay, *_delivered(TextDay, busy)).day
    change(TextDay, *_delivered(TextDay, busy), TextDay.day == day, day=day - timedelta(days=9))


@breaks("counted_otherwise")
def a_campaign_lost_what_arrived(busy):
    remove(CampaignCount, *_delivered(CampaignCount, busy))


@breaks("counted_otherwise")
def a_form_lost_what_arrived(busy):
    remove(FormDay, *_delivered(FormDay, busy))


@breaks("counted_otherwise")
def an_opt_out_is_not_reported(busy):
    change(ConsentDay, ConsentDay.event == Event.OPTED_OUT, records=ConsentDay.records - 1)


@breaks("counted_otherwise")
def a_number_stands_with_a_consent_it_never_gave(busy):
    change(
        StandingCount,
        StandingCount.account_id == busy.account.id,
        numbers=StandingCount.numbers + 1,
    )


@breaks("counted_otherwise")
def a_basis_lost_what_left(busy):
    remove(BasisDay, BasisDay.account_id == busy.account.id)


@breaks("counted_otherwise")
def an_hour_lost_what_arrived(busy):
    remove(HealthHour, HealthHour.account_id == busy.account.id, HealthHour.delivered > 0)


@breaks("counted_otherwise")
def a_list_lost_what_arrived(busy):
    remove(CauseHour, CauseHour.account_id == busy.account.id, CauseHour.delivered > 0)


@breaks("counted_otherwise")
def a_reply_is_not_reported(busy):
    received = ReceivedDay.account_id == busy.account.id, ReceivedDay.keyword == ""
    change(ReceivedDay, *received, texts=ReceivedDay.texts - 1)


def _delivered(model, busy):
    return model.account_id == busy.account.id, model.stage == Stage.DELIVERED


@breaks("grants_differ")
def a_month_was_granted_twice(busy):
    mine = (CreditEntry.account_id == busy.account.id, CreditEntry.reference.like("test:%"))
    first = one(CreditEntry, CreditEntry.account_id == busy.account.id, CreditEntry.position == 1)
    change(CreditEntry, *mine, reference=f"{first.reference}-again")


@breaks("grants_differ")
def a_subscription_granted_nothing(busy):
    mine = CreditEntry.account_id == busy.account.id, CreditEntry.position == 1
    change(CreditEntry, *mine, reference="a gift")


@breaks("renewal_missed")
def a_renewal_was_forgotten(busy):
    mine = Subscription.account_id == busy.account.id
    due_at = one(Subscription, mine).next_charge_at
    change(Subscription, mine, next_charge_at=due_at - timedelta(days=62))


@breaks("grants_differ")
def a_plan_change_moved_nothing(busy):
    mine = one(Subscription, Subscription.account_id == busy.account.id)
    db.session.add(
        SubscriptionChange(
            organization_id=mine.organization_id,
            account_id=mine.account_id,
            subscription_id=mine.id,
            request_key="k",
            change=Change.UPGRADE,
            from_plan_name=mine.plan_name,
            from_credits_per_month=mine.credits_per_month,
            from_price_cents=mine.price_cents,
            to_plan_id=mine.plan_id,
            to_plan_name=mine.plan_name,
            to_credits_per_month=mine.credits_per_month,
            to_price_cents=mine.price_cents,
            charged_cents=0,
            credits=100,
            at=mine.started_at + timedelta(seconds=5),
        )
    )
    db.session.flush()


@breaks("lot_differs")
def a_lot_came_from_nowhere(busy):
    lot = one(CreditLot, CreditLot.account_id == busy.account.id)
    change(CreditLot, CreditLot.id == lot.id, position=999_999)


# I8


@breaks("alert_not_told")
def an_alert_was_left_out_for_one_that_was_never_told(busy):
    mine = one(CreditMonth, CreditMonth.account_id == busy.account.id)
    db.session.add(
        CreditAlert(
            account_id=mine.account_id, organization_id=mine.organization_id, month=mine.month,
            limit_epoch=99, threshold=80, state=AlertState.SUPERSEDED, used=8, remaining=2,
            at=utcnow(),
        )
    )  # fmt: skip
    db.session.flush()


# I13


@breaks("chain_broken")
def a_log_entry_says_something_else(busy):
    bought = AuditEntry.event == "billing:subscription:buy"
    change(AuditEntry, bought, payload={"plan": "free"})


@breaks("chain_broken")
def a_log_entry_is_gone(busy):
    remove(AuditEntry, AuditEntry.event == "billing:subscription:buy")


@breaks("chain_broken", "confirm_not_logged_once")
def the_end_of_the_log_is_gone(busy):
    last = db.session.scalar(
        select(AuditEntry.id)
        .where(AuditEntry.chain == busy.account.organization_id)
        .order_by(AuditEntry.position.desc())
        .limit(1)
    )
    remove(AuditEntry, AuditEntry.id == last)
