"""What a brokerage has, one of every kind, and the id of each for an address that takes one."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from portal.billing import queries as billing
from portal.compliance.rules.lint import Finding
from portal.consent import service as consent
from portal.consent.service.importing_consents import ConsentHandler
from portal.contacts import service as contacts
from portal.contacts.values import Selection
from portal.core.access import Role
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.db import Base, db, unit_of_work
from portal.dossiers.values import Wanted
from portal.drips.service import taking_in
from portal.integrations import service as integrations
from portal.integrations.values import Event
from portal.messaging import queries as messaging
from portal.messaging.rules.linted import Verdict
from portal.messaging.rules.saved import Place, Reader
from portal.messaging.service import approving, drafts, inbound, linting, saved
from portal.messaging.service.incoming import Incoming
from portal.messaging.values import Recipient
from portal.notifications import service as notifications
from portal.people import service as people
from portal.porting import service as porting
from portal.porting.values import Checked
from portal.registrations import service as registrations
from portal.site_checks import service as site_checks
from tests.factories import dossiers, proofs
from tests.factories.appeals import make_appeal
from tests.factories.billing import make_payment
from tests.factories.consent import written
from tests.factories.contacts import make_contact, upload
from tests.factories.drips import enrol, keeper_of, make_drip, text_step
from tests.factories.integrations import make_endpoint, make_key
from tests.factories.mail import make_mail
from tests.factories.media import make_file
from tests.factories.messaging import (
    agree,
    bulk,
    make_approval,
    make_campaign,
    make_ready,
    one_to_one,
    only_text,
)
from tests.factories.optin import make_published
from tests.factories.tasks import make_task
from tests.factories.transfers import make_transfer
from workers import messaging as jobs

NOBODY = UUID(int=7)
SHARED = {  # nobody owns these
    "plan_id", "country_code", "token", "name", "filename", "e164", "slug", "kiosk_token", "number", "kind", "position", "step",
    "code",
}  # fmt: skip
PLAIN = {"registrations.name": "business", "porting.name": "carrier", "appeals.name": "suspension", "step": "hand_in", "country_code": 52, "position": 1, "token": "x", "name": "x", "filename": "x", "e164": "+13125550142", "number": 1, "kind": "phone", "slug": "x", "kiosk_token": "x"}  # fmt: skip


@dataclass(frozen=True)
class Property:
    """What one brokerage owns: its ids by the name addresses give them, and its words."""

    ids: dict[str, UUID | str]
    words: tuple[str, ...] = ()

    def for_rule(self, rule) -> dict[str, object]:
        """Return these ids for an address of the portal; what has none gets one nobody has."""
        slice_ = rule.endpoint.partition(".")[0]
        found = {}
        for name in rule.arguments:
            names = (f"{rule.endpoint}.{name}", f"{slice_}.{name}", name)
            known = (of[n] for of in (self.ids, PLAIN) for n in names if of.get(n))
            found[name] = next(known, NOBODY)
        return found


def settle(account, user_id, team_id, e164, other_e164, word="Quillfeather"):
    """Give an account one of everything a person can own there, all of it with a word that tells whose."""
    actor = Actor(user_id, "Somebody", "127.0.0.1")
    sender = make_ready(account)
    contact = make_contact(account, "Zelda", word, e164, email=f"zelda@{word}.example")
    record = written(account, e164, name=f"Zelda {word}")
    csv = f"First name,Last name,Phone\nZora,{word},{other_e164}\n"
    import_ = upload(account, csv, f"{word}.csv")
    consents = upload(account, f"phone,name,method\n{other_e164},{word},paper\n", f"{word}-2.csv", ConsentHandler())  # fmt: skip
    agree(account, e164)
    campaign = make_campaign(
        account, [Recipient(contact, contact.preferred)], one_to_one(f"{word}, call me.")
    )
    message = only_text(account)
    with unit_of_work():
        inbound.receive(
            Incoming(
                account.organization_id,
                f"SM{message.id.hex}",
                e164,
                sender.e164,
                f"{word} here",
                1,
                [],
                None,
                {},
            )
        )
    with unit_of_work():
        draft = drafts.start_draft(account, [contact.id], actor=actor, body=f"{word} draft")
        kept = contacts.keep_selection(account.tenant, user_id, Selection(ids=(contact.id,)))
        contacts.tag_contacts(account.tenant, Selection(ids=(contact.id,)), f"{word}ed", actor=actor)  # fmt: skip
        contacts.add_note(account.tenant, contact.id, f"{word} note", actor=actor)
        consent.add_do_not_contact(account.organization_id, other_e164, reason=word, actor=actor)  # fmt: skip
        invited = people.invite(
            account.organization_id, f"{account.id.hex[:6]}@{word}.example", Role.AGENT, team_id, actor=actor
        )  # fmt: skip
        session = people.start_session(user_id, ip="127.0.0.1", user_agent=word)
        notifications.notify(
            organization_id=account.organization_id, account_id=account.id, user_ids=[user_id],
            kind="lead", title=f"{word} wrote", text=word, url=None, dedupe_key=str(account.id),
        )  # fmt: skip
    bundle_id = proofs.ask(account, e164)
    dossier_id = dossiers.ask(account, Wanted(f"{word} counsel", f"{word} complained"))
    link, token = proofs.share(account, record_id=record, shared_with=f"{word} counsel")
    key, _ = make_key(account, name=f"{word} CRM")
    endpoint, _ = make_endpoint(account, f"https://{word.lower()}.example.com/in")
    with unit_of_work():
        integrations.tell(account.tenant, Event.OPT_OUT, {"number": e164})
    with unit_of_work():
        check = site_checks.ask(account.tenant, f"https://{word.lower()}.example.com/", actor=actor)
        begun = registrations.begin(account.organization_id, actor=actor)
        registrations.save(
            begun.tenant, begun.id, {"legal_name": f"{word} LLC"}, edits=begun.edits, actor=actor
        )
        port_in = porting.begin(account, Checked(f"{e164[:-2]}85", "", True, ""), actor=actor)
        porting.save(
            port_in.tenant, port_in.id, {"customer_name": f"{word} LLC"}, edits=0, actor=actor
        )
    checked_page = row_of("checked_pages", account_id=account.id)["id"]
    delivery = row_of("webhook_deliveries", account_id=account.id)["id"]
    told = f"{word} houses sell above asking while buyers outnumber listings everywhere nearby."
    make_campaign(account, [Recipient(contact, contact.preferred)], bulk(told))
    jobs.sort_texts()
    with unit_of_work():
        approval = approving.approve_template(
            account.organization_id, name=f"{word} news", body=f"{told} Shall I visit {word}?",
            justification=f"Every agent of {word} writes to clients of their own", actor=actor,
        )  # fmt: skip
    with unit_of_work():
        hold = consent.place_hold(
            account.tenant, e164, words=f"{word} said no more", sid=f"SM{message.id.hex}",
            said_at=utcnow(), lapses_at=utcnow() + timedelta(days=14), actor=actor,
        )  # fmt: skip
    with unit_of_work():
        asked = linting.ask(
            account, f"{word} loans", Verdict((Finding("forbidden", "block", word, "No"),)), actor=actor
        )  # fmt: skip
    with unit_of_work():
        reply_id = saved.keep(
            account, Reader(account.organization_id, user_id, ()), Place(user_id=user_id),
            name=f"{word} greets", body=f"{word} says hello", actor=actor,
        )  # fmt: skip
    case, shown = make_appeal(account, f"{word} asks to be let on", actor)
    task_id = make_task(
        account, f"Call {word}", note=f"{word} note", contact_id=contact.id, actor=actor
    )
    drip = make_drip(
        account, [text_step(body=f"{word}: hi {{first_name|there}}. Reply STOP to end.")],
        f"{word} plan", by=keeper_of(account, user_id),
    )  # fmt: skip
    enrol(account, drip, Recipient(contact, contact.preferred))
    with unit_of_work():
        intake_id = taking_in.begin(account, drip.id, Selection(ids=(contact.id,)), actor=actor)
    talk = messaging.conversation(account.tenant, e164)
    notice = row_of("notices", user_id=user_id)["id"]
    make_mail(f"{word} asks", to=f"zelda@{word.lower()}.example", user_id=user_id)
    mail = row_of("outgoing_mails", user_id=user_id)["id"]
    payment_id = make_payment(account, f"{word} plan")
    return Property(
        {
            "account_id": account.id, "organization_id": account.organization_id,
            "contact_id": contact.id, "number_id": contact.preferred.id, "record_id": record,
            "review_id": asked, "approval_id": approval, "reply_id": reply_id, "task_id": task_id, "drip_id": drip.id, "intake_id": intake_id, "enrolment_id": row_of("drip_enrolments", account_id=account.id)["id"],
            "group_id": row_of("text_groups", organization_id=account.organization_id)["id"],
            "asked_id": make_approval(account, [Recipient(contact, contact.preferred)], f"{word} sale", actor),
            "import_id": import_.id, "consent.import_id": consents.id, "campaign_id": campaign.id,
            "message_id": message.id, "conversation_id": talk.id, "draft_id": draft,
            "selection_id": kept, "sender_id": sender.id, "user_id": user_id, "team_id": team_id,
            "invitation_id": invited.id, "session_id": session.id, "notice_id": notice, "mail_id": mail,
            "bundle_id": bundle_id, "dossier_id": dossier_id, "link_id": link.id, "proofs.token": token,
            "key_id": key.id, "endpoint_id": endpoint.id, "delivery_id": delivery,
            "form_id": make_published(account, name=f"{word} form").id,
            "file_id": make_file(account, name=f"{word}.png").id,
            "check_id": check, "page_id": checked_page,
            "registration_id": begun.id, "hold_id": hold, "port_in_id": port_in.id,
            "case_id": case.id, "attachment_id": shown.id,
            "transfer_id": make_transfer(account, e164=f"{other_e164[:-1]}9").id,
            "token": invited.token,
            "plan_id": billing.subscription(account.id).plan.id,
            "payment_id": payment_id,
            "invoice_id": billing.invoices(account.tenant)[0].id,
        },
        (word.lower(), e164.removeprefix("+1"), other_e164.removeprefix("+1")),
    )  # fmt: skip


def row_of(table, **where):
    query = select(Base.metadata.tables[table]).filter_by(**where)
    return db.session.execute(query).mappings().first()
