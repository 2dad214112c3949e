"""How each check stands: a table of cases (X-1)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from portal.go_live import rules
from portal.go_live.rules import brokerages, carrier, machine, mail, reach
from portal.go_live.values import (
    Answer,
    BrokerageFacts,
    CallFacts,
    CarrierFacts,
    Facts,
    MachineFacts,
    MailFacts,
    Place,
    ReachFacts,
    Said,
    Standing,
    TrialMail,
)
from portal.mail.values import MailState
from portal.registrations.values import State

NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
ACTIVE = Answer(NOW, status="active")
GOOD, TODO, FAILING = Standing.GOOD, Standing.TODO, Standing.FAILING
CARRIER = CarrierFacts(is_sandbox=False, api_base=None, answer=ACTIVE)
CALL = CallFacts(NOW, True, "The portal was reached, and the signature holds.", "")
REACH = ReachFacts("https://texts.juniper.com", False, (CALL, CALL))
MAIL = MailFacts(
    has_server=True,
    is_in_the_clear=False,
    sender="texts@juniper.com",
    support="help@juniper.com",
    answer=Answer(NOW),
    test=TrialMail("pat@juniper.com", MailState.SENT, NOW, ""),
)
JUNIPER = BrokerageFacts(
    id=UUID(int=1),
    name="Juniper",
    is_sandbox=False,
    has_account=True,
    answer=ACTIVE,
    local=2,
    registration=State.REGISTERED,
)
MACHINE = MachineFacts(
    is_sandbox=False,
    is_demo=False,
    has_demo_keys=False,
    made_keys=(),
    is_weak=False,
    database="postgresql",
    is_embedded_queue=False,
    queue_answers=True,
    workers=2,
    hosts=1,
    scheduler_at=NOW,
    failed=(),
    is_signed=True,
    log=Answer(NOW),
    backup=Said(NOW, "Pat"),
)


def _only(checks, title):
    [found] = [check for check in checks if check.title.endswith(title)]
    return found


def _words(check):
    return f"{check.sentence} {check.mend}"


@pytest.mark.parametrize(
    ("changes", "title", "standing", "words"),
    [
        ({}, "Where texts go", GOOD, "to Twilio."),
        ({"is_sandbox": True}, "Where texts go", TODO, "no text leaves this machine"),
        (
            {"api_base": "http://127.0.0.1:8001"},
            "Where texts go",
            FAILING,
            "leads to 127.0.0.1:8001, which is not Twilio's",
        ),
        (
            {"api_base": "https://twilio.com.evil.example"},
            "Where texts go",
            FAILING,
            "not Twilio's",
        ),
        ({"api_base": "https://u:pw@old.example"}, "Where texts go", FAILING, "to old.example,"),
        ({"api_base": "http://api.twilio.com"}, "Where texts go", FAILING, "can be read"),
        ({"api_base": "https://api.dublin.ie1.twilio.com"}, "Where texts go", GOOD, "dublin"),
        ({}, "Credentials", GOOD, "Twilio accepts"),
        ({"is_sandbox": True}, "Credentials", GOOD, "The sandbox accepts"),
        ({"answer": None}, "Credentials", TODO, "Nobody has looked yet"),
        (
            {"answer": Answer(NOW, problem="Twilio does not accept the token.")},
            "Credentials",
            FAILING,
            "TWILIO_AUTH_TOKEN with Twilio's Console",
        ),
        (
            {"answer": Answer(NOW, problem="Twilio did not answer.", is_reached=False)},
            "Credentials",
            FAILING,
            "in a minute",
        ),
        ({"answer": Answer(NOW, status="suspended")}, "Credentials", FAILING, "has suspended"),
        ({"answer": Answer(NOW, status="closed")}, "Credentials", FAILING, "is closed at Twilio"),
        ({"answer": Answer(NOW, "active", is_trial=True)}, "Credentials", TODO, "trial account"),
    ],
)
def test_the_carrier(changes, title, standing, words):
    check = _only(carrier.checks(replace(CARRIER, **changes)), title)
    assert check.standing is standing
    assert words in _words(check)
    assert check.mend or standing is GOOD  # every no has a way on


@pytest.mark.parametrize(
    ("changes", "title", "standing", "words"),
    [
        ({}, "Public address", GOOD, "https://texts.juniper.com"),
        ({"public_url": "http://texts.juniper.com"}, "Public address", FAILING, "without https"),
        ({"public_url": "http://localhost:8000"}, "Public address", FAILING, "only this machine"),
        ({"public_url": "https://10.0.0.7"}, "Public address", FAILING, "its network"),
        ({"public_url": "https://[fd00::1]"}, "Public address", FAILING, "its network"),
        ({"public_url": "https://[2606:4700::1111]"}, "Public address", GOOD, "2606"),
        ({"public_url": "https://desk"}, "Public address", FAILING, "its network"),
        ({"public_url": "https://desk.example"}, "Public address", FAILING, "its network"),
        (
            {"public_url": "http://localhost:8000", "is_sandbox": True},
            "Public address",
            TODO,
            "Set PUBLIC_URL",
        ),
        ({}, "Webhooks", GOOD, "signature holds"),
        ({"calls": ()}, "Webhooks", TODO, "No test call"),
        (
            {"calls": (CALL, CallFacts(NOW, False, "It was refused.", "Mend the proxy."))},
            "Webhooks",
            FAILING,
            "It was refused. Mend the proxy.",
        ),
    ],
)
def test_the_address_and_the_webhooks(changes, title, standing, words):
    check = _only(reach.checks(replace(REACH, **changes)), title)
    assert check.standing is standing
    assert words in _words(check)
    assert title != "Webhooks" or check.place is Place.WEBHOOKS


def _test(state, error=""):
    return {"test": TrialMail("pat@juniper.com", state, NOW, error)}


@pytest.mark.parametrize(
    ("changes", "title", "standing", "words"),
    [
        ({}, "Mail server", GOOD, "lets the portal in."),
        ({"is_in_the_clear": True}, "Mail server", GOOD, "in the clear"),
        ({"has_server": False}, "Mail server", TODO, "SMTP_URL is not set"),
        ({"answer": None}, "Mail server", TODO, "Nobody has looked yet"),
        (
            {"answer": Answer(NOW, problem="It refused user and password.")},
            "Mail server",
            FAILING,
            "refused user and password. Mail waits",
        ),
        ({}, "Addresses", GOOD, "texts@juniper.com"),
        (
            {"sender": "consentdesk@localhost.example"},
            "Addresses",
            TODO,
            "SENDER_EMAIL is still the example",
        ),
        (
            {"sender": "a@localhost.example", "support": "b@localhost.example"},
            "Addresses",
            TODO,
            "SENDER_EMAIL and SUPPORT_EMAIL are still",
        ),
        ({}, "Test mail", GOOD, "took a test mail to pat@juniper.com"),
        ({"test": None}, "Test mail", TODO, "Send one to yourself"),
        (_test(MailState.WAITING), "Test mail", TODO, "on its way"),
        (_test(MailState.WAITING, "450 later"), "Test mail", FAILING, "450 later"),
        (_test(MailState.FAILED, "550 no"), "Test mail", FAILING, "refused the test mail"),
        (_test(MailState.KEPT), "Test mail", TODO, "was kept"),
    ],
)
def test_mail(changes, title, standing, words):
    check = _only(mail.checks(replace(MAIL, **changes)), title)
    assert check.standing is standing
    assert words in _words(check)


@pytest.mark.parametrize(
    ("changes", "title", "standing", "words"),
    [
        ({}, "numbers", GOOD, "2 numbers lead here"),
        ({"local": 1}, "numbers", GOOD, "1 number leads here"),
        ({"has_account": False}, "numbers", TODO, "no account at the carrier"),
        ({"answer": None}, "numbers", TODO, "Nobody has looked yet"),
        ({"local": 0}, "numbers", TODO, "no number yet"),
        ({"answer": Answer(NOW, "active", strays=1)}, "numbers", FAILING, "a STOP among it"),
        ({"answer": Answer(NOW, "active", not_looked="Away.")}, "numbers", FAILING, "Away."),
        ({"answer": Answer(NOW, "suspended")}, "numbers", FAILING, "has suspended"),
        (
            {"answer": Answer(NOW, problem="Twilio no longer accepts the saved token.")},
            "numbers",
            FAILING,
            "opened in the sandbox, Twilio does not know it",
        ),
        (
            {"answer": Answer(NOW, problem="It forgot."), "is_sandbox": True},
            "numbers",
            FAILING,
            "make reset",
        ),
        ({}, "registration", GOOD, "are registered."),
        ({"toll_free": 1}, "registration", GOOD, "toll-free numbers are verified"),
        ({"registration": None}, "registration", TODO, "are not registered"),
        ({"registration": State.DRAFT}, "registration", TODO, "a draft"),
        ({"registration": State.SUBMITTING}, "registration", TODO, "being sent in"),
        ({"registration": State.IN_REVIEW}, "registration", TODO, "look at brand"),
        (
            {"registration": State.IN_REVIEW, "trouble": "No funds."},
            "registration",
            FAILING,
            "No funds.",
        ),
        (
            {"registration": State.REJECTED, "trouble": "EIN is wrong."},
            "registration",
            FAILING,
            "EIN is wrong.",
        ),
        ({"registration": State.REJECTED}, "registration", FAILING, "rejected brand"),
        ({"registration": State.SUSPENDED}, "registration", FAILING, "suspended brand"),
        (
            {"registration": None, "local": 0, "toll_free": 1},
            "registration",
            GOOD,
            "toll-free numbers alone",
        ),
        ({"toll_free": 2, "unverified": 1}, "registration", TODO, "1 toll-free number can't send"),
        ({"toll_free": 2, "unverified": 2}, "registration", TODO, "they are not verified"),
        (
            {"toll_free": 1, "unverified": 1, "toll_free_trouble": "No such page."},
            "registration",
            FAILING,
            "Toll-free verification: No such page.",
        ),
        (
            {"registration": State.REJECTED, "toll_free": 1, "unverified": 1},
            "registration",
            FAILING,
            "rejected brand",
        ),
    ],
)
def test_a_brokerage(changes, title, standing, words):
    check = _only(brokerages.checks([replace(JUNIPER, **changes)]), title)
    assert check.standing is standing
    assert words in _words(check)
    assert check.organization_id == JUNIPER.id
    assert check.mend or standing is GOOD


def test_without_a_brokerage_the_first_is_to_be_created():
    [check] = brokerages.checks([])
    assert (check.standing, check.place) == (TODO, Place.ORGANIZATIONS)


OWN = ("SECRET_KEY", "ENCRYPTION_KEYS")


@pytest.mark.parametrize(
    ("changes", "title", "standing", "words"),
    [
        ({}, "Demo data", GOOD, "none can come"),
        ({"is_demo": True}, "Demo data", FAILING, "Real credentials are refused"),
        ({"is_demo": True, "is_sandbox": True}, "Demo data", TODO, "name an empty database"),
        ({}, "Keys", GOOD, "from the environment"),
        ({"made_keys": OWN}, "Keys", GOOD, "SECRET_KEY, ENCRYPTION_KEYS: made for this"),
        ({"made_keys": OWN, "hosts": 2}, "Keys", FAILING, "Give all machines the same"),
        ({"made_keys": OWN, "has_demo_keys": True}, "Keys", FAILING, "are the demo's"),
        (
            {"made_keys": OWN, "has_demo_keys": True, "is_sandbox": True},
            "Keys",
            TODO,
            "are the demo's",
        ),
        ({"is_weak": True}, "Keys", FAILING, "no random one"),
        ({}, "Database", GOOD, "PostgreSQL"),
        ({"database": "sqlite"}, "Database", GOOD, "one file on this machine"),
        ({"database": "sqlite", "hosts": 2}, "Database", FAILING, "workers run on 2"),
        ({}, "Queue", GOOD, "Redis answers"),
        ({"is_embedded_queue": True}, "Queue", GOOD, "embedded Valkey"),
        ({"queue_answers": False}, "Queue", FAILING, "mend REDIS_URL"),
        ({}, "Workers", GOOD, "2 workers heard of."),
        ({"hosts": 3}, "Workers", GOOD, "on 3 machines"),
        ({"workers": 0}, "Workers", FAILING, "python -m workers worker"),
        ({"workers": 0, "queue_answers": False}, "Workers", FAILING, "queue does not answer"),
        ({}, "Scheduler", GOOD, "runs"),
        ({"scheduler_at": None}, "Scheduler", FAILING, "No scheduler has ever run"),
        (
            {"scheduler_at": NOW - timedelta(minutes=3)},
            "Scheduler",
            FAILING,
            "more than two minutes",
        ),
        ({"failed": ("reconcile", "sort-texts")}, "Scheduler", FAILING, "reconcile, sort-texts."),
        ({}, "Audit log", GOOD, "signed"),
        ({"log": None}, "Audit log", TODO, "Nobody has looked yet"),
        ({"log": Answer(NOW, problem="Entry 3 lies.")}, "Audit log", FAILING, "Entry 3 lies."),
        ({"is_signed": False}, "Audit log", TODO, "no signed checkpoint yet"),
        ({}, "Backups", GOOD, "Pat said"),
        ({"backup": None}, "Backups", TODO, "can't see backups"),
        ({"backup": None, "made_keys": OWN}, "Backups", TODO, "var/keys, apart from it"),
        ({"backup": Said(NOW - timedelta(days=32), "Pat")}, "Backups", TODO, "more than 31 days"),
    ],
)
def test_the_installation_itself(changes, title, standing, words):
    check = _only(machine.checks(replace(MACHINE, **changes), NOW), title)
    assert check.standing is standing
    assert words in _words(check)
    assert check.mend or standing is GOOD


@pytest.mark.parametrize(
    ("secret", "is_weak"),
    [("x" * 48, True), ("change-me-" * 5, True), ("k3Vt9qLw8ZbN1xYcR5uPmG7sHdJf2aQe", False)],
)
def test_a_secret_that_is_no_random_one_is_seen(secret, is_weak):
    assert machine.is_weak(secret) is is_weak


def test_all_of_it_is_ready_only_when_nothing_is_left():
    facts = Facts(CARRIER, REACH, MAIL, (JUNIPER,), MACHINE)
    ready = rules.summary(rules.judge(facts, NOW))
    assert ready.is_ready
    assert (ready.failing, ready.todo) == (0, 0)
    sandbox = replace(facts, carrier=replace(CARRIER, is_sandbox=True))
    left = rules.summary(rules.judge(sandbox, NOW))
    assert (left.failing, left.todo, left.good) == (0, 1, ready.good - 1)
    assert not left.is_ready


def test_an_answer_comes_back_as_it_was_kept():
    answer = Answer(NOW, "active", is_trial=True, strays=2, not_looked="Away.")
    assert Answer.from_json(answer.to_json()) == answer
