"""Thousands of malformed requests over all routes: none answers 500, none hangs (S19).

Every route is sent half the kinds of nonsense by who may get furthest, and any kind by anybody. The seed
is printed with what went wrong: FUZZ_SEED and FUZZ_REQUESTS run the same requests again.
"""

import os
import threading
from collections import Counter, defaultdict
from random import Random, SystemRandom
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from tests.factories.integrations import make_key
from tests.factories.numbers import make_carrier_account
from tests.house import malformed
from tests.house.test_idor import listen
from tests.house.vandal import HANG_WALL_S, Hang, Vandal, ends, no_hang

SEED = int(os.environ.get("FUZZ_SEED", "1123"))
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "2000"))
SHARES = {"anyone": 60, "alice": 10, "pat": 10, "bob": 10, "vera": 10}
SID = "SM" + "0" * 32
WEBHOOK = {
    "MessageSid": SID, "From": "+13125550142", "To": "+13125550199", "Body": "Hi", "MessageStatus": "sent",
    "NumMedia": "0", "NumSegments": "1", "ErrorCode": "30006",
}  # fmt: skip


class Fuzz:
    """One run: who asks, what was heard, and what became of it."""

    def __init__(self, vandals, credentials, token, heard, seed):
        self.vandals, self.heard = vandals, heard
        self.credentials, self.token = credentials, token  # the carrier's, and a key of the API
        self.rng = Random(seed)
        self.names = defaultdict(set)
        self.told = Counter()
        self.forms = {who: vandals[who].forms() for who in ("alice", "pat")}

    def places(self):
        """Give every route and method once, with who may get furthest there."""
        app = self.vandals["anyone"].person.app
        for rule in app.url_map.iter_rules():
            who = self._owner(rule.rule)
            vandal = self.vandals[who]
            url = vandal.person.url(rule.endpoint, **vandal.own.for_rule(rule))
            form, _ = self.forms.get(who, {}).get(url, ({}, set()))
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield who, malformed.Place(rule.endpoint, method, url, form, frozenset())

    def _owner(self, rule):
        if rule.startswith("/admin"):
            return "pat"
        return "anyone" if rule.startswith(("/webhooks", "/api")) else "alice"

    def plan(self, requests):
        """Return who sends what kind where: everything once, and the rest by chance."""
        places = list(self.places())
        once = [
            (who, place, kind)
            for who, place in places
            for kind in self._half(malformed.kinds_of(place))
        ]
        rest = [
            (*self._anywhere(places), self.rng.choice(list(malformed.KINDS)))
            for _ in range(max(0, requests - len(once)))
        ]
        self.rng.shuffle(once)
        return sorted(once + rest, key=lambda step: ends(step[1].endpoint))

    def _half(self, kinds):
        return self.rng.sample(kinds, (len(kinds) + 1) // 2)

    def _anywhere(self, places):
        who, place = self.rng.choice(places)
        [other] = self.rng.choices(list(SHARES), SHARES.values())
        return other if who == "alice" else who, place

    def run(self, requests):
        """Send them all; return how many were sent."""
        steps = self.plan(requests)
        for who, place, kind in steps:
            known = malformed.Place(
                place.endpoint, place.method, place.url, place.form,
                frozenset(self.names[place.endpoint] | set(place.form)),
            )  # fmt: skip
            self.heard.clear()
            if place.url.startswith("/webhooks"):
                method, url, sent = self._webhook(known, kind)
            else:
                method, url, sent = malformed.of_place(known, kind, self.rng)
            if place.url.startswith("/api") and self.rng.random() < 0.8:
                key = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": uuid4().hex}
                sent["headers"] = {**key, **(sent.get("headers") or {})}
            elif self.rng.random() < 0.7:  # a piece of a page costs half a page
                sent["headers"] = {"HX-Request": "true", **(sent.get("headers") or {})}
            answer = self.vandals[who].ask(method, url, **sent)
            self.names[place.endpoint] |= self.heard - {None}
            self.told[kind, answer.status_code // 100 if answer else 0] += 1
        return len(steps)

    def _webhook(self, place, kind):
        """Return what the carrier did not mean: half of it under its genuine signature."""
        if kind in {"path", "method", "json", "file"}:
            return malformed.of_place(place, kind, self.rng)
        params = {**WEBHOOK, "AccountSid": self.credentials.account_sid}
        for name in self.rng.sample(sorted(params), 2):
            params[name] = self.rng.choice((None, "", "x", "\0", "-1", "9" * 400, [SID, "x"], "+1"))
        sent = MultiDict({name: v for name, v in params.items() if v is not None})
        query = self.rng.choice(("", "?m=not-an-id&a=" + "9" * 30, "?m=&a=-1", "?a=1&a=2&m=%00"))
        url = f"{urlsplit(place.url).path}{query}"
        sign = RequestValidator(self.credentials.auth_token).compute_signature
        right = sign(f"http://localhost{url}", sent)
        given = self.rng.choice((right, right, right, "", right[:-2], "\xe9"))
        return place.method, url, {"data": sent, "headers": {"X-Twilio-Signature": given}}


# A form that breaks off leaves the file of its last part to the garbage collector (werkzeug).
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def fuzz(own, app, northside, monkeypatch, request):
    """Run the fuzz with a seed and a number; what was not answered well is told with both."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", True)  # a bug shows its cause
    heard = listen(monkeypatch)
    credentials = make_carrier_account(northside.organization_id)
    _, token = make_key(northside)
    vandals = {who: Vandal(request.getfixturevalue(who), own) for who in SHARES}

    def run(seed, requests):
        fuzzing = Fuzz(vandals, credentials, token, heard, seed)
        sent = fuzzing.run(requests)
        complaints = [c for vandal in vandals.values() for c in vandal.complaints]
        print(f"FUZZ_SEED={seed} FUZZ_REQUESTS={requests}: {sent} sent, {fuzzing.told}")
        assert not complaints, (
            f"FUZZ_SEED={seed} FUZZ_REQUESTS={requests}: {len(complaints)} of {sent}\n"
            + "\n".join(complaints[:60])
        )
        return sent

    return run


def test_what_hangs_is_noticed_whether_it_computes_or_waits():
    with pytest.raises(Hang, match="of the processor"), no_hang(cpu_s=0.02):
        while True:
            pass
    with pytest.raises(Hang, match="on the wall"), no_hang(wall_s=0.02):
        threading.Event().wait(HANG_WALL_S)


def test_no_malformed_request_breaks_a_route(fuzz):
    assert fuzz(SEED, REQUESTS) >= min(REQUESTS, 2000)


@pytest.mark.soak
def test_no_malformed_request_of_ten_thousand_breaks_a_route(fuzz):
    """The full tier, with another seed each time."""
    assert fuzz(SystemRandom().randrange(10**9), 10_000) >= 10_000
