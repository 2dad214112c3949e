"""The demo brokerage: Juniper Realty with thirty days of texting behind it (X-1, RULINGS 27).

Everything is done through the services, with this process's clock moved back, so that the
demo keeps the same books, chain and limits as real use. The carrier's side of the past is
told to the services directly; the number itself is bought from the running sandbox.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import click

from portal import demo_form, demo_plan, demo_registration, demo_replies
from portal.billing import queries as billing_queries
from portal.billing import service as billing
from portal.consent import service as consent
from portal.consent.values import Checkbox, Method, NewConsent
from portal.contacts import service as contacts
from portal.contacts.values import ContactDetails, ContactRef, NewNumber
from portal.core import clock
from portal.core.access import ROLE_LABELS, Role
from portal.core.audit import SYSTEM, Actor
from portal.core.db import unit_of_work
from portal.core.settings import settings
from portal.gateways.sms import Outcome, Verdict
from portal.messaging.service import claims, gate, inbound, outcomes, sending, statuses
from portal.messaging.service.incoming import Incoming
from portal.messaging.service.statuses import Callback
from portal.messaging.values import Draft, Kind, Recipient
from portal.numbers import queries as numbers_queries
from portal.numbers import service as numbers
from portal.numbers.values import NumberSearch, SenderRef, SenderState
from portal.optin.values import FormRef
from portal.people import queries as people_queries
from portal.people import service as people
from portal.people.values import OrganizationRef
from portal.texting_accounts import queries as account_queries
from portal.texting_accounts import service as accounts
from portal.texting_accounts.values import AccountRef

ZONE = ZoneInfo("America/Chicago")
DISCLOSURE = (
    "I agree to receive recurring texts about listings from Juniper Realty at this number. "
    "Message and data rates may apply. Message frequency varies. Reply HELP for help, STOP to "
    "cancel. Consent is not a condition of purchase."
)
FORM_URL = "https://juniperhomes.example/register"
OWNER_PLAN = "Agent"


@dataclass(frozen=True, slots=True)
class Lead:
    """One person of the demo's address book."""

    first: str
    last: str
    digits: str
    city: str
    state: str
    tag: str
    method: Method | None = Method.WEB_FORM


PEOPLE = (
    Lead("Maya", "Castellanos", "3125550142", "Chicago", "IL", "buyer"),
    Lead("Theo", "Brandt", "7735550117", "Chicago", "IL", "buyer"),
    Lead("Luis", "Ferreira", "3055550118", "Miami", "FL", "buyer"),
    Lead("Priscilla", "Adeyemi-Fontaine", "8475550103", "Evanston", "IL", "buyer; sphere"),
    Lead("Grace", "Nakamura", "6305550125", "Naperville", "IL", "seller"),
    Lead("Nadia", "Rahimi", "2175550139", "Springfield", "IL", "past client"),
    Lead("Ben", "Okafor", "4045550161", "Atlanta", "GA", "buyer"),
    Lead("Owen", "Pratt", "2625550150", "Kenosha", "WI", "open house", Method.VERBAL),
    Lead("Imogen", "Clarke", "+442079460142", "London", "", "buyer"),
    Lead("Hal", "Jensen", "3125550109", "Chicago", "IL", "seller", None),
    Lead("Rosa", "Villanueva", "2105550177", "San Antonio", "TX", "buyer"),
    Lead("Desmond", "Achebe", "5125550188", "Austin", "TX", "buyer; open house"),
    Lead("Ingrid", "Solberg", "9525550134", "Edina", "MN", "seller"),
    Lead("Tomas", "Havel", "4145550192", "Milwaukee", "WI", "past client"),
    Lead("Aisha", "Bello", "7085550166", "Oak Park", "IL", "open house"),
    Lead("Curtis", "Lang", "8155550121", "Joliet", "IL", "buyer", Method.PURCHASED_LIST),
)
MARKETING = (Method.WEB_FORM,)


@click.command("demo")
@click.option("--if-empty", is_flag=True, help="Do nothing when there is an organization already.")
def demo_command(*, if_empty: bool) -> None:
    """Load the demo brokerage into an empty installation; needs the carrier sandbox."""
    if not settings().is_sandbox:
        raise click.ClickException("The demo needs the sandbox: unset TWILIO_ACCOUNT_SID.")
    if people_queries.organizations():
        if if_empty:
            return
        raise click.ClickException("There is data already. Run make reset first.")
    load()
    click.echo("Loaded the demo brokerage, Juniper Realty.")


def load() -> None:
    """Build the brokerage and its past month."""
    with unit_of_work():
        billing.seed_catalogue()
        organization = people.create_organization(
            "Juniper Realty", actor=SYSTEM, timezone="America/Chicago", is_demo=True
        )
    working = _people_and_accounts(organization)
    past = _Past(working)
    try:
        past.live()
    finally:
        clock.travel(timedelta())


def _people_and_accounts(organization: OrganizationRef) -> AccountRef:
    """Make one user a role, two teams, the empty shared account and the working one."""
    logins = []
    with unit_of_work():
        northside = people.create_team(organization.id, "Northside", actor=SYSTEM)
        lakefront = people.create_team(organization.id, "Lakefront", actor=SYSTEM)
        made = {}
        for name, role in (
            ("Alice Moreno", Role.TEAM_LEAD),
            ("Bob Tran", Role.AGENT),
            ("Vera Okafor", Role.COMPLIANCE_OFFICER),
            ("Pat Lindqvist", Role.ADMIN),
        ):
            email = f"{name.split()[0].lower()}@juniper.example"
            password = secrets.token_urlsafe(12)
            user = people.create_user(
                name, email, password, is_admin=role is Role.ADMIN, actor=SYSTEM
            )
            made[role] = user
            if role is not Role.ADMIN:
                people.add_member(organization.id, user.id, role, actor=SYSTEM)
            logins.append({"role": ROLE_LABELS[role], "email": email, "password": password})
        for team in (northside, lakefront):
            people.add_to_team(organization.id, team.id, made[Role.TEAM_LEAD].id, actor=SYSTEM)
        people.add_to_team(organization.id, lakefront.id, made[Role.AGENT].id, actor=SYSTEM)
        shared = accounts.open_account(
            organization.id, "Northside", team_id=northside.id, actor=SYSTEM
        )
        accounts.add_account_member(shared.id, made[Role.TEAM_LEAD].id, actor=SYSTEM)
        working = accounts.open_account(
            organization.id, "Bob Tran", owner_user_id=made[Role.AGENT].id, actor=SYSTEM
        )
    path = settings().var / people_queries.DEMO_LOGINS_FILE
    path.touch(mode=0o600)
    path.write_text(json.dumps(logins, indent=1))
    return working


class _Past:
    """Lives the month before today, day by day."""

    def __init__(self, account: AccountRef) -> None:
        self.account = account
        owner = people_queries.user(account.owner_user_id) if account.owner_user_id else None
        self.bob = Actor(account.owner_user_id, owner.name if owner else "Bob", "demo")
        self.today = clock.utcnow().astimezone(ZONE)
        self.book: dict[str, ContactRef] = {}
        self.serial = 0
        self.form: FormRef

    def live(self) -> None:
        """Set the account up, gather consent, text, hear back."""
        self._on(31, 9, self._set_up)  # in a month before this one: a renewal is seen too
        self._on(29, 11, self._gather_people)
        self._on(28, 9, self._publish_form)
        self._on(28, 10, self._register)
        self._on(27, 9, lambda: demo_replies.save(self.account, self.bob, self._alice()))
        buyers = [p for p in PEOPLE if "buyer" in p.tag and p.method in MARKETING]
        everyone = [p for p in PEOPLE if p.method in MARKETING]
        # At one, for Texas takes nothing before noon on a Sunday, and any of these may be one (P-3).
        self._on(26, 13, lambda: self._campaign("Autumn open houses", _OPEN_HOUSE, everyone))
        self._on(26, 15, lambda: self._hears("Maya", "Is the one on Alder Ct still available?"))
        self._on(26, 16, lambda: self._answers("Maya", _YES_AVAILABLE))
        self._signs_up(0)
        self._on(19, 13, lambda: self._campaign("Price drop, 418 Alder Ct", _PRICE_DROP, buyers))
        self._on(19, 14, lambda: self._hears("Grace", "STOP"))
        self._on(19, 15, lambda: self._hears("Theo", "Could we see it Saturday?"))
        self._on(18, 9, lambda: self._answers("Theo", _SATURDAY))
        self._signs_up(1)
        self._on(9, 13, lambda: self._campaign("November market note", _MARKET, everyone))
        self._on(9, 14, lambda: self._hears("Rosa", "Thanks, send me more like this please"))
        self._signs_up(2)
        self._on(2, 16, lambda: self._hears("Desmond", "What did it sell for in the end?"))
        self._on(1, 17, lambda: self._stranger_texts("+13125550173", "Hi, saw your sign on Elm"))
        sphere = [self.book[p.first].id for p in everyone if "sphere" in p.tag or "past" in p.tag]
        self._on(1, 18, lambda: demo_plan.begin(self.account, self.bob, sphere))

    def _on(self, days_ago: int, hour: int, happen: Callable[[], object]) -> None:
        moment = (self.today - timedelta(days=days_ago)).replace(hour=hour, minute=5, second=0)
        clock.travel(timedelta())  # back to what all processes call now
        clock.travel(moment - clock.utcnow())
        happen()

    def _set_up(self) -> None:
        plan = next(p for p in billing_queries.plans() if p.name == OWNER_PLAN)
        with unit_of_work():
            billing.subscribe(self.account, plan.id, actor=self.bob, request_key=uuid4().hex)
        self._buy_number()

    def _buy_number(self) -> SenderRef:
        wanted = NumberSearch(country="US", area_code="312")
        number = numbers.search(self.account.organization_id, wanted)[0]
        with unit_of_work():
            order = numbers.place_order(
                self.account, number, "Bob's line", request_key=uuid4().hex, actor=self.bob
            )
        purchase = numbers.carry_out(order)
        with unit_of_work():
            sender = numbers.settle(order, purchase, actor=self.bob)
        if sender.state is not SenderState.READY:
            raise click.ClickException("The sandbox did not sell the demo its number.")
        return sender

    def _gather_people(self) -> None:
        for lead in PEOPLE:
            with unit_of_work():
                person = contacts.create_contact(
                    self.account.tenant,
                    ContactDetails(
                        first_name=lead.first,
                        last_name=lead.last,
                        email=f"{lead.first.lower()}@example.com",
                        city=lead.city,
                        state=lead.state,
                        lead_source="website",
                        tags=tuple(t.strip() for t in lead.tag.split(";")),
                        numbers=(NewNumber(lead.digits, "mobile", is_preferred=True),),
                    ),
                    actor=self.bob,
                )
            self.book[lead.first] = person
            self._consents(lead, person)

    def _consents(self, lead: Lead, person: ContactRef) -> None:
        e164 = person.numbers[0].e164
        if lead.method is None or e164 is None:
            return
        is_form = lead.method is Method.WEB_FORM
        with unit_of_work():
            consent.record_consent(
                self.account.tenant,
                NewConsent(
                    e164=e164,
                    method=lead.method,
                    given_at=clock.utcnow() - timedelta(days=20),
                    given_zone="America/Chicago",
                    name=person.full_name,
                    email=person.email,
                    postal_address=f"{lead.city}, {lead.state}",
                    ip_address="203.0.113.64" if is_form else "",
                    source_url=FORM_URL if is_form else "",
                    method_details="" if is_form else "Entered by the agent",
                    disclosure_text=DISCLOSURE if is_form else "",
                    checkbox=Checkbox.CHECKED if is_form else Checkbox.NOT_RECORDED,
                ),
                self.bob,
            )

    def _publish_form(self) -> None:
        self.form = demo_form.publish(self.account, self._alice())

    def _register(self) -> None:
        demo_registration.register(self.account.organization_id, self._alice())

    def _alice(self) -> Actor:
        lead = people_queries.user_by_email("alice@juniper.example")
        return Actor(lead.id, lead.name, "demo") if lead else self.bob

    def _signs_up(self, number: int) -> None:
        days_ago, channel, answer = demo_form.SIGN_UPS[number]
        self._on(
            days_ago,
            15,
            lambda: demo_form.sign_up(self.form, channel, answer, opened_by=self.bob.label),
        )

    def _campaign(self, name: str, body: str, leads: Sequence[Lead]) -> None:
        persons = [self.book[lead.first] for lead in leads]
        recipients = [Recipient(p, p.preferred) for p in persons]
        with unit_of_work():
            sending.confirm(
                self._fresh(),
                recipients,
                Draft(body, Kind.BULK, name=name),
                nonce=uuid4().hex,
                shown_key=None,
                actor=self.bob,
            )
        self._carrier_takes_it()

    def _answers(self, first: str, body: str) -> None:
        e164 = self.book[first].numbers[0].e164 or ""
        with unit_of_work():
            sending.reply(
                self._fresh(), e164, Draft(body, Kind.ONE_TO_ONE), nonce=uuid4().hex, actor=self.bob
            )
        self._carrier_takes_it()

    def _carrier_takes_it(self) -> None:
        """Hand every waiting text over to a carrier that takes and delivers all but a few."""
        for _ in range(20):  # first texts bring notices, which come due after them
            with unit_of_work():
                taken = claims.claim(self.account.id, "demo")
            if not taken:
                return
            for one in taken:
                with unit_of_work():
                    submission = gate.clear(one)
                if submission is None:
                    continue
                self.serial += 1
                sid = f"SM{self.serial:032x}"
                with unit_of_work():
                    outcomes.record(submission, Outcome(Verdict.ACCEPTED, sid=sid))
                failed = self.serial % 23 == 0
                self._status(sid, submission.message_id, "undelivered" if failed else "delivered")
            with unit_of_work():
                statuses.apply_batch(statuses.waiting())

    def _status(self, sid: str, message_id: object, status: str) -> None:
        with unit_of_work():
            statuses.store(
                Callback(
                    organization_id=self.account.organization_id,
                    sid=sid,
                    status=status,
                    error_code=30003 if status == "undelivered" else None,
                    message_id=message_id,  # type: ignore[arg-type]
                    attempt=1,
                    payload={},
                )
            )

    def _hears(self, first: str, body: str) -> None:
        self._stranger_texts(self.book[first].numbers[0].e164 or "", body)

    def _stranger_texts(self, e164: str, body: str) -> None:
        sender = numbers_queries.default_sender(self.account.id)
        if sender is None:
            return
        self.serial += 1
        with unit_of_work():
            inbound.receive(
                Incoming(
                    organization_id=self.account.organization_id,
                    sid=f"SM{self.serial:032x}",
                    from_number=e164,
                    to=sender.e164,
                    body=body,
                    segments=1,
                    media=(),
                    opt_out_type=None,
                    payload={},
                )
            )
        self._carrier_takes_it()

    def _fresh(self) -> AccountRef:
        return account_queries.account(self.account.id) or self.account


_OPEN_HOUSE = (
    "Hi {first_name}, it's Bob at Juniper Realty. Three open houses near you this Saturday, "
    "1-3 pm. Shall I send the addresses? Reply STOP to opt out."
)
_PRICE_DROP = (
    "Hi {first_name}, Bob at Juniper Realty: 418 Alder Ct just dropped to $389,000. "
    "Want to see it before the weekend?"
)
_MARKET = (
    "Hi {first_name}, Bob at Juniper Realty. Homes near you now sell in 19 days on average. "
    "Ask me for the full note any time."
)
_YES_AVAILABLE = "Hi Maya, yes it is. I can show it to you Thursday or Friday after 4 pm."
_SATURDAY = "Saturday works, Theo. Does 11:30 suit you? I will meet you at the door."
