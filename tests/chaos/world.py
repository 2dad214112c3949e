"""The brokerage of a chaos run, and the front door through which its campaigns are confirmed."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid4

import urllib3
from sqlalchemy.exc import SQLAlchemyError

from portal.billing import service as billing
from portal.compliance import queries as compliance_queries
from portal.compliance import service as compliance
from portal.consent import service as consent
from portal.consent.values import Checkbox, Method, NewConsent
from portal.contacts import queries as contacts_queries
from portal.contacts import service as contacts
from portal.contacts.values import ContactDetails, NewNumber
from portal.core.access import Scope
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.errors import DomainError
from portal.integrations.service import keys
from portal.messaging.service import sending
from portal.messaging.values import Draft, Kind, Recipient
from portal.people.models import User
from portal.people.service.passwords import set_password
from portal.texting_accounts import service as accounts
from portal.texting_accounts.models import AccountMember, TextingAccount
from tests import cast
from tests.chaos.judge import Intent
from tests.chaos.weather import Plan, Send
from tests.factories.billing import make_subscription
from tests.factories.numbers import make_carrier_account, make_sender
from tests.sandbox.server import Sandbox

log = logging.getLogger("chaos")

PASSWORD = "correct horse battery staple"
EMAIL = "alice@juniper.example"
_WEBHOOK = "/webhooks/twilio/sms#rc=5&rp=all&ct=3000&rt=8000"
_PATIENCE_S = (
    300.0  # of a page: a database that is stopped again and again starts slowly on a busy machine
)
_TOO_MANY = 429
_AREAS = (773, 630, 847, 708, 312, 815, 618, 217, 309, 224, 331, 872)


@dataclass(frozen=True, slots=True)
class Desk:
    """One account of the run: its number, its people and their numbers, by place."""

    id: UUID
    number: str
    contact_ids: Sequence[UUID]
    e164s: Sequence[str]
    token: str  # of its API key


def build(plan: Plan, sandbox: Sandbox, public_url: str) -> list[Desk]:
    """Fill an empty database and the carrier: accounts, numbers, credits, people who agreed."""
    cast.assemble()
    with unit_of_work():
        set_password(db.session.get_one(User, cast.ALICE), PASSWORD)
    client = sandbox.client()
    service = client.messaging.v1.services.create(
        friendly_name="Juniper Realty", use_inbound_webhook_on_number=True
    )
    make_carrier_account(
        cast.JUNIPER, account_sid=sandbox.sid, auth_token=sandbox.token, service_sid=service.sid
    )
    desks = []
    for place in range(plan.accounts):
        number = f"+1312555{170 + place:04d}"
        bought = client.incoming_phone_numbers.create(
            phone_number=number, sms_url=public_url + _WEBHOOK
        )
        service.phone_numbers.create(phone_number_sid=bought.sid)
        desks.append(_desk(place, number, plan.people))
    client.http_client.session.close()
    _let_breaches_pass()
    return desks


def _let_breaches_pass() -> None:
    """Have an officer set that a breach pauses nothing (H-7).

    In the storm one person in ten opts out, three times what pauses an account (H-4): its sends
    would be refused before anything can go wrong with them.
    """
    today = utcnow().date() - timedelta(days=1)  # the organization's day may be the one before
    holding = compliance_queries.thresholds(cast.JUNIPER, today)
    with unit_of_work():
        compliance.set_thresholds(
            cast.JUNIPER,
            replace(holding, holds_from=today, pauses=False),
            reason="Everybody here may say STOP at any time.",
            today=today,
            actor=SYSTEM,
        )


def _desk(place: int, number: str, people: int) -> Desk:
    account_id = uuid4()
    with unit_of_work():
        db.session.add(
            TextingAccount(
                id=account_id,
                organization_id=cast.JUNIPER,
                name=f"Desk {place}",
                timezone="America/Chicago",
                team_id=cast.NORTHSIDE_TEAM,
            )
        )
        db.session.flush()  # its member refers to it
        db.session.add(
            AccountMember(organization_id=cast.JUNIPER, account_id=account_id, user_id=cast.ALICE)
        )
    account = cast.account(account_id)
    make_subscription(account)
    make_sender(account, e164=number, segments_per_second=1000)
    e164s = [f"+1{_AREAS[place]}556{n:04d}" for n in range(people)]
    with unit_of_work():
        accounts.set_limits(
            account_id,
            daily_recipients=100_000,
            daily_segments=1_000_000,
            note="chaos",
            actor=SYSTEM,
        )
        billing.grant(account, 100_000, reference="chaos")
        ids = [_person(account.tenant, n, e164) for n, e164 in enumerate(e164s)]
        _, token = keys.make_key(
            account.tenant, name="CRM", scopes=[Scope.SEND_MESSAGES], expires_at=None, actor=SYSTEM
        )
    return Desk(account_id, number, ids, e164s, token)


def _person(tenant, n: int, e164: str) -> UUID:
    details = ContactDetails(f"P{n}", "Reyes", numbers=(NewNumber(e164),))
    contact = contacts.create_contact(tenant, details, actor=SYSTEM)
    given = NewConsent(
        e164,
        Method.HOSTED_FORM,
        given_at=utcnow(),
        name=f"P{n} Reyes",
        disclosure_text="I agree to texts from Juniper Realty.",
        checkbox=Checkbox.CHECKED,
        source_url="https://juniper.example/join",
    )
    consent.record_consent(tenant, given, SYSTEM)
    return contact.id


def confirm(send: Send, desk: Desk, body: str, nonce: str) -> Intent:
    """Confirm a send by the service itself, again until the database has taken it."""
    times = 2 if send.is_doubled else 1
    end = time.monotonic() + _PATIENCE_S
    while times:
        try:
            account = cast.account(desk.id)
            people = [
                contacts_queries.get_or_404(account.tenant, desk.contact_ids[place])
                for place in send.people
            ]
            with unit_of_work():
                sending.confirm(
                    account,
                    [Recipient(person, person.preferred) for person in people],
                    Draft(body, Kind.BULK, name=f"Chaos {send.number}"),
                    nonce=nonce,
                    shown_key=None,
                    actor=SYSTEM,
                )
        except SQLAlchemyError:
            db.session.rollback()
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        except DomainError as error:  # as it may say: nobody on the list can be texted
            log.info("send %d was refused: %s", send.number, error)
            return Intent(
                nonce, len(send.people), is_acknowledged=False, is_refused=True, words=body
            )
        else:
            times -= 1
    return Intent(nonce, len(send.people), is_acknowledged=True, words=body)


class FrontDoor:
    """Alice's browser: signs in and confirms sends over HTTP, again until she is answered."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._http = urllib3.PoolManager(retries=False, maxsize=8, timeout=5)
        self._cookie = ""
        self._csrf = ""
        self.is_in = False
        self.ended = threading.Event()
        self.stumbles = 0  # requests that met a dead or dying process

    def wait(self, timeout_s: float = _PATIENCE_S) -> None:
        """Return once the product answers."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            try:
                if self._http.request("GET", f"{self._base}/readyz").status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                time.sleep(0.05)
        raise TimeoutError("the product did not come up")

    def is_open(self) -> bool:
        """Say whether the product answers right now."""
        try:
            return self._http.request("GET", f"{self._base}/healthz", timeout=0.5).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def sign_in(self) -> None:
        """Sign in with e-mail and password, as a person does."""
        page = self._insist("GET", "/sign-in")
        form = {"csrf_token": _field(page, "csrf_token"), "email": EMAIL, "password": PASSWORD}
        _leads_to(self._insist("POST", "/sign-in", form.items()))
        self.is_in = True
        self._insist("GET", "/profile")  # any form of hers holds her token

    def confirm(self, send: Send, desk: Desk, body: str) -> Intent:
        """Write, see the cost, and send. A lost answer is asked for again with the same nonce."""
        drafts = f"/accounts/{desk.id}/texts/drafts"
        chosen = [("ids", str(desk.contact_ids[place])) for place in send.people]
        where = _leads_to(self._insist("POST", drafts, [*chosen, ("body", body)]))
        page = self._insist("GET", where)
        form = {"nonce": _field(page, "nonce"), "body": body, "name": f"Chaos {send.number}"}
        self._insist("POST", where, [*form.items(), ("do", "cost")])
        click = [*form.items(), ("do", "send")]
        intent = Intent(form["nonce"], len(send.people), is_acknowledged=False, words=body)
        if send.is_doubled:
            second = threading.Thread(target=self._try, args=("POST", where, click))
            second.start()
        try:
            for _ in range(5):  # the cost may change under her: she looks and sends again
                answer = self._insist("POST", where, click)
                if "/campaigns/" in answer.headers.get("Location", ""):
                    return replace(intent, is_acknowledged=True)
                if answer.status in {409, 422}:
                    return replace(intent, is_refused=True)
        except TimeoutError:
            if not self.ended.is_set():
                raise
        finally:
            if send.is_doubled:
                second.join()
        return intent

    def _insist(
        self, method: str, path: str, form: Iterable[tuple[str, str]] = ()
    ) -> urllib3.BaseHTTPResponse:
        """Ask until there is an answer that is not of a broken process."""
        form = list(form)
        return _until_answered(lambda: self._try(method, path, form), path, self.ended)

    def _try(
        self, method: str, path: str, form: Iterable[tuple[str, str]] = ()
    ) -> urllib3.BaseHTTPResponse | None:
        try:
            return self._ask(method, path, form)
        except (urllib3.exceptions.HTTPError, _Broken):
            self.stumbles += 1
            return None

    def _ask(
        self, method: str, path: str, form: Iterable[tuple[str, str]] | dict[str, str] = ()
    ) -> urllib3.BaseHTTPResponse:
        fields = list(form.items()) if isinstance(form, dict) else list(form)
        if fields and self._csrf and "csrf_token" not in dict(fields):
            fields.append(("csrf_token", self._csrf))
        url = path if path.startswith("http") else self._base + path
        answer = self._http.request(
            method,
            url,
            body=urlencode(fields) if fields else None,
            headers={
                "Cookie": self._cookie,
                "Content-Type": "application/x-www-form-urlencoded",
                "Referer": self._base,
            },
            redirect=False,
        )
        if answer.status >= 500:
            raise _Broken(answer.status)
        if not self.is_in:  # a stumbling process may hand out a guest's
            for set_ in answer.headers.getlist("Set-Cookie"):
                self._cookie = set_.partition(";")[0]
        if token := re.search(r'name="csrf_token" value="([^"]+)"', answer.data.decode()):
            self._csrf = token[1]
        return answer


class Program:
    """A program that texts by the API: without an answer it asks again, with the same key (I9)."""

    def __init__(self, base: str, ended: threading.Event) -> None:
        self._url = f"{base}/api/v1/messages"
        self._ended = ended
        self._http = urllib3.PoolManager(retries=False, maxsize=8, timeout=5)
        self.stumbles = 0  # requests that met a dead or dying process

    def text(self, send: Send, desk: Desk, place: int, body: str) -> Intent:
        """Text one person, twice at the same moment if the send says so."""
        words = f"{body} To no. {place}."
        intent = Intent(f"api-{send.number}-{place}", 1, is_acknowledged=False, words=words)
        ask = {"to": desk.e164s[place], "body": words, "accept_warnings": True}
        twin: list[urllib3.BaseHTTPResponse | None] = []
        if send.is_doubled:
            second = threading.Thread(
                target=lambda: twin.append(self._try(desk.token, intent.nonce, ask))
            )
            second.start()
        try:
            answer = self._insist(desk.token, intent.nonce, ask)
        except TimeoutError:
            if not self._ended.is_set():
                raise
            return intent
        finally:
            if send.is_doubled:
                second.join()
        for other in filter(None, twin):
            if other.status != _TOO_MANY and other.data != answer.data:
                raise AssertionError(f"one key, two answers: {answer.data!r}, {other.data!r}")
        if answer.status not in {202, 422}:
            raise AssertionError(f"the API answered {answer.status}: {answer.data!r}")
        return replace(
            intent, is_acknowledged=answer.status == 202, is_refused=answer.status == 422
        )

    def _insist(self, token: str, key: str, ask: Mapping[str, object]) -> urllib3.BaseHTTPResponse:
        def attempt() -> urllib3.BaseHTTPResponse | None:
            answer = self._try(token, key, ask)
            if answer is not None and answer.status == _TOO_MANY:
                self._ended.wait(1.0)
                return None
            return answer

        return _until_answered(attempt, self._url, self._ended)

    def _try(
        self, token: str, key: str, ask: Mapping[str, object]
    ) -> urllib3.BaseHTTPResponse | None:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        try:
            answer = self._http.request("POST", self._url, json=ask, headers=headers)
        except urllib3.exceptions.HTTPError:
            self.stumbles += 1
            return None
        if answer.status >= 500:
            self.stumbles += 1
            return None
        return answer


def _until_answered(
    attempt: Callable[[], urllib3.BaseHTTPResponse | None], what: str, ended: threading.Event
) -> urllib3.BaseHTTPResponse:
    """Ask until there is an answer. Raises TimeoutError after very long, or when the run is over."""
    end = time.monotonic() + _PATIENCE_S
    while not ended.is_set():
        answer = attempt()
        if answer is not None:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"{what} was not answered for {_PATIENCE_S} s")
        time.sleep(0.1)
    raise TimeoutError("the run is over")


class _Broken(Exception):
    """A 5xx: the process that answered is in trouble."""


def _leads_to(answer: urllib3.BaseHTTPResponse) -> str:
    if "Location" not in answer.headers:
        raise AssertionError(f"{answer.status} leads nowhere: {answer.data.decode()[-3000:]}")
    return answer.headers["Location"].partition("#")[0]


def _field(page: urllib3.BaseHTTPResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.data.decode())
    if found is None:
        raise AssertionError(f"no field {name} on a page of status {page.status}")
    return found[1]
