"""What people store is shown as words, whatever it says (S4).

Every free text of the database holds what would run in a page that does not escape. Then every
page and piece of one is opened by who may open it, as officers read what agents, contacts and the
public wrote (PROMISES 4 row 25), and compared with what harmless words made of it.
"""

import re
from collections import defaultdict
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from portal.consent.service import evidence
from portal.consent.service.importing_consents import ConsentHandler
from portal.consent.values import BOTH_KINDS
from portal.contacts.models import Import
from portal.contacts.values import ImportState
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.settings import ROOT
from portal.dnc.models import DncImport
from portal.dnc.values import ImportState as ListState
from portal.gateways.email import Letter, as_message
from portal.mail.service import paper
from portal.messaging.rules.joining import JoinWords
from portal.messaging.service import joining
from portal.messaging.service.optout_import import OptOutHandler
from portal.people import service as people
from portal.proofs.service import sharing
from tests import cast
from tests.factories import dnc, proofs
from tests.factories.consent import written
from tests.factories.contacts import upload
from tests.factories.mail import kept
from tests.factories.messaging import ALICE_ACTS
from tests.house.filling import fill
from tests.house.furnishing import furnish
from tests.house.payloads import PAYLOADS, SUM, free_fields, poison
from tests.house.readers import Elements, Reader, Readers

pytestmark = pytest.mark.pages

TURNS = 2
MAILS = sorted(
    path.stem for path in (ROOT / "templates/mail").glob("*.html") if path.stem != "layout"
)
RAW = tuple(p for p in PAYLOADS if re.match(r"<[a-zA-Z/!?]", p))
A_FILE = "sends a file or a picture, and no page"
LEADS_AWAY = "leads to another address, which is read"
# Addresses that show nobody a page here, and why. One that does has to leave the list.
SHUT = {
    "people.index": LEADS_AWAY, "texting_accounts.open_account": LEADS_AWAY,
    "billing.cards": LEADS_AWAY, "billing.confirm": LEADS_AWAY, "billing.confirm_change": LEADS_AWAY,
    "transfers.new": "asks for a number while none is on its way, and shows nothing stored",
    "people.second_step": "asks for a code after a password, and shows nothing stored",
    "numbers.choose": "asks the carrier, of whom there is none",
    "hosted.logo": A_FILE,
    "site_checks.snapshot": A_FILE, "billing.download_statement_file": A_FILE,
    "messaging.download_text_file": A_FILE, "dossiers.download": A_FILE,
    "proofs.bundle_zip": A_FILE, "proofs.certificate_pdf": A_FILE,
    "proofs.certificate_json": A_FILE, "proofs.shared_pdf": A_FILE, "proofs.shared_json": A_FILE,
    "proofs.shared_evidence": A_FILE, "proofs.shared_picture": A_FILE,
}  # fmt: skip
# The content check quotes what it warns of and has OK typed (H-1); harmless words need neither.
QUOTES = {("q", ""), ("input", "size"), ("h1", "id"), *(("section", name) for name in ("", "aria-labelledby", "class", "id"))}  # fmt: skip
MAY_QUOTE = {"messaging.compose", "messaging.confirm_again", "drips.edit"}


A_DAY = datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.fixture
def readers(own, northside, alice, vera, pat, anyone):
    """Everybody who reads, and one of everything they may read."""
    own = furnish(own, northside)
    own.ids.update(_what_passes(northside))
    with unit_of_work():
        link = sharing.opened(own.ids["proofs.token"])
        sharing.note_visit(link, "page", ip="127.0.0.1", user_agent="Firefox")
    ours = {
        "organization_id": northside.organization_id,
        "account_id": northside.id,
        "user_id": cast.ALICE,
    }
    with unit_of_work():
        fill(ours)
    return Readers({"alice": alice, "vera": vera, "pat": pat, "anyone": anyone}, own)


def _what_passes(account):
    """Return by address what is shown for a while only, or to few."""
    page = evidence.store_page("<h1>Open house</h1>", "page.html")
    record = written(account, "+13125550161", evidence=page)
    moving = [
        upload(account, f"phone\n+1312555016{n}\n", "moving.csv", handler).id
        for n, handler in enumerate((None, ConsentHandler(), OptOutHandler()))
    ]
    token = proofs.share(account, record_id=record)[1]
    of_list = dnc.check_list(account, "3125559998\n").id
    words = JoinWords("Juniper Realty", "new listings", "Up to 4 messages a month", "help@juniper.example", "https://juniper.example/terms", "https://juniper.example/privacy")  # fmt: skip
    with unit_of_work():
        db.session.execute(
            update(Import).where(Import.id.in_(moving)).values(state=ImportState.CHECKING)
        )
        db.session.execute(
            update(DncImport).where(DncImport.id == of_list).values(state=ListState.CHECKING)
        )
        joining.set_keyword(
            account.tenant, "HOMES", words, BOTH_KINDS, is_on=True, actor=ALICE_ACTS
        )
        reset = people.request_reset("bob@juniper.example").token
    names = ("contacts.progress", "consent.import_progress", "messaging.opt_out_progress")
    return {
        **{f"{name}.import_id": id_ for name, id_ in zip(names, moving, strict=True)},
        "dnc.list_progress.import_id": of_list,
        "proofs.served_page.record_id": record,
        "proofs.shared_page.token": token,
        "people.reset.token": reset,
        "leaving.decide.user_id": cast.BOB,
    }  # fmt: skip


def _harmless(readers, **how):
    with unit_of_work():
        poison(None)
    names, odd = defaultdict(set), set()
    for who, endpoint, _, html in readers.read(**how):
        made_of = Elements(html)
        names[who, endpoint] |= made_of.names | (QUOTES if endpoint in MAY_QUOTE else set())
        odd |= {urlsplit(a)[:2] for a in made_of.addresses if not a.startswith(("/", "#", "?"))}
    return names, odd


def _complaints(readers, names, odd, **how):
    for who, endpoint, url, html in readers.read(**how):
        made_of, at = Elements(html), f"{who} at {endpoint}, {url}"
        yield from (f"{at}: {raw!r} stands as it is" for raw in RAW if raw in html)
        if SUM in html:
            yield f"{at}: a template ran"
        if more := made_of.names - names[who, endpoint]:
            yield f"{at}: new {sorted(more)}"
        for address in made_of.addresses:
            is_ours = re.match(r"[#?]|/(?![/\\])", address)
            if not is_ours and (address and urlsplit(address)[:2] not in odd):
                yield f"{at}: leads to {address[:80]!r}"


def _read_with_payloads(readers, turns=TURNS, **how):
    """Read everything with harmless words and then with payloads; return what was written where."""
    names, odd = _harmless(readers, **how)
    found, pairs = [], set()
    for turn in range(turns):
        with unit_of_work():
            pairs |= poison(turn)
        found += _complaints(readers, names, odd, **how)
    fields, payloads = ({pair[n] for pair in pairs} for n in (0, 1))
    pages = ", ".join(f"{who} {count // (turns + 1)}" for who, count in readers.pages.items())
    print(f"S4: {len(payloads)} payloads in {len(fields)} of {len(free_fields())} fields, {pages}")
    assert len(PAYLOADS) >= 400
    assert len(payloads) >= 400
    assert fields == free_fields()
    assert not found, "\n".join(sorted(set(found))[:40])


def test_what_is_stored_never_becomes_part_of_a_page(readers):
    """Each page as the first who may open it; every address of a page is opened by somebody."""
    _read_with_payloads(readers)
    assert readers.shut - readers.opened == set(SHUT)
    assert min(readers.pages[who] for who in readers.readers) > 10 * (TURNS + 1), readers.pages


@pytest.mark.soak
def test_nor_of_a_page_that_several_read_each_in_their_own_way(readers):
    """The long tier: as everybody who may open it, with more turns."""
    _read_with_payloads(readers, 8, each=True)


def test_a_mail_holds_what_is_stored_as_words(alice, pat, own, northside):
    """Names go into mails as text, and never into another header (PROMISES 4 row 23)."""
    with unit_of_work():
        poison(1)
    data = {"email": "new@juniper.example", "role": "agent", "team_id": str(own.ids["team_id"])}
    alice.post("people.invite", data=data, organization_id=northside.organization_id)
    [mail] = [each for each in kept() if each.mail.to == data["email"]]
    assert [raw for raw in RAW if raw in mail.html] == []
    letter = as_message(
        Letter("x@example.com", mail.mail.to, mail.mail.subject, mail.text, mail.html, utcnow()),
        Address(addr_spec="desk@example.com"),
    )
    message = message_from_bytes(letter.as_bytes(), policy=policy.default)
    assert len(message.get_all("Subject")) == len(message.get_all("To")) == 1
    shown = Reader(pat, own).get(f"/outbox/{mail.mail.id}").get_data(as_text=True)
    assert [raw for raw in RAW if raw in shown] == []


def _mail_of(template, words):
    """Return both parts of a mail of which every word somebody may have written is `words`."""
    of_ours = {
        "at": A_DAY, "expires_at": A_DAY, "more": 2, "files": [(words, 2)], "tiles": [(words, words)],
        "lines": [{"url": "https://desk.example/", "title": words, "text": words, "at": A_DAY}],
        "content": {"language": "en", "sender": words, "title": words}, "is_own": False, "paragraphs": [words],
    }  # fmt: skip
    source = "".join(
        (ROOT / f"templates/mail/{template}.{part}").read_text() for part in ("html", "txt")
    )
    names = set(re.findall(r"\b[a-z_]+\b", " ".join(re.findall(r"{[{%].*?[}%]}", source))))
    given = {
        name: "https://desk.example/" if name.endswith("url") else of_ours.get(name, words)
        for name in names - {"subject", "zone", "plural"}
    }
    return paper.render(template, words, given, zone="America/Chicago")


@pytest.mark.parametrize("template", MAILS)
def test_every_mail_holds_what_it_tells_of_as_words(app, template):
    """Both parts of each kind of mail, every word of which is payloads."""
    harmless = Elements(_mail_of(template, "harmless words")[1])
    text, html = _mail_of(template, "\n".join(PAYLOADS))
    made_of = Elements(html)
    assert "xss" in html
    assert [raw for raw in RAW if raw in html] == []
    assert made_of.names == harmless.names
    assert set(made_of.addresses) == set(harmless.addresses)
    assert SUM not in text + html
