"""Every text is read before it goes: what carriers and the law mind is named (H-1)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.compliance.rules.lint import lint
from portal.compliance.rules.lint_personal import is_card

NAMES = ("Bob Lee", "Juniper Realty LLC")
DOMAINS = ("juniperrealty.com",)
LEVELS = {
    "forbidden": "block", "personal_data": "block", "sender": "warn", "solicitation": "warn",
    "shortener": "warn", "bait": "warn", "opt_out": "warn",
}  # fmt: skip

# The six examples of violations that suspended accounts were shown.
EXAMPLES = [
    ("solicitation", "Hello, my name is Crystelle, and I'm seeking to buy a few houses in the area. If you're interested, I'd like to make you an offer on 984 Michael Cv. Is there a price range at which you'd consider selling?"),
    ("solicitation", "Hello Zina. Do you own of1768 Woodtree Cir? Really wanna talk about it if you have time."),
    ("bait", "Hey, this is Karan from the XXXXXXX Center. If you didn't finish signing up to get your Allowance Card, give us a call back ASAP: (800) 000-0000"),
    ("bait", "KATE, it's Daniel. You can get up to $30K/person who worked during COVID. Let me help you in 2023. YES for info."),
    ("bait", "Hey Shubham, it's Shivam. Let's start 2023 by claiming your XXXXX (up to $26K/person). Interested? YES for more information!"),
    ("bait", "Last chance to receive January $5 coupon by joining XXXXXXX Salon Club by the end of the year 2022!https://msgsndr.com/l/XXXXXXXX"),
]  # fmt: skip
SOLICITATIONS = [
    "Would you consider selling your home on Oak St?", "Hi, are you the owner of 12 Elm St?",
    "Have you thought about selling your house this year?", "Are you still interested in selling your property?",
    "Do you still own the house at 55 Pine?", "I have a cash buyer for your home. Interested?",
    "Would you sell 14 Oak if the price was right?", "Thinking of selling? I can help", "Any interest in selling 44 Birch?",
    "How much would you take for your land?", "¿Le interesaría vender su casa?", "Would you be open to an offer on your home?",
    "I'd like to buy your house at 99 Main", "Do you want to sell at the end of summer?", "¿Es usted el dueño de la casa?",
]  # fmt: skip
FORBIDDEN = [
    "We buy houses cash, any condition, no fees!", "Get a cash offer for your home in 24 hours", "Wholesale deals every week",
    "Get pre-approved in minutes, rates from 5.99%!", "Mortgage rates as low as 5.5% APR, apply now", "Refinance today and save",
    "You've been pre-approved for a $50,000 loan", "Need a payday loan?", "Get your auto loan approved today",
    "student loan forgiveness ends soon", "Buy Bitcoin now", "invest in crypto with me", "Exclusive seller leads for agents, $20 per lead",
    "Join our affiliate program", "Debt relief program", "Credit repair in 30 days", "Rent to own, bad credit ok", "Stop foreclosure now",
    "Make $5,000/week working from home", "Work from home and earn $500 a day", "Get rich quick with real estate", "Online casino bonus",
    "CBD gummies 20% off", "Cannabis dispensary opening next door", "best vape shop deals", "Cheap Viagra, no prescription",
    "Guns for sale", "Hot singles in your area", "Whites only neighborhood", "20% off vodka this weekend", "Cheap cigarettes",
    "Verify your account at juniperrealty.com", "New wiring instructions attached", "Compramos casas", "саsіnо bonus", "p0rn",
    "ｂｉｔｃｏｉｎ", "pay\u200bday loans",
]  # fmt: skip
SHORTENERS = [
    "See photos bit.ly/abc", "https://bit.ly/3xYz", "http://www.tinyurl.com/abc", "hxxp://bit[.]ly/abc", "bit . ly / abc",
    "bit dot ly/abc", "BIT.LY/ABC", "https://bіt.ly/x", "https://t.co/abc", "https://user@bit.ly/x", "https://b\u200bit.ly/x",
    "https://juniperrealty.com@bit.ly/x", "(rb.gy/abc)", "https://bit.ly:443/x", "see:https://cutt.us/z", "https:\\\\bit.ly\\x",
    "ｂｉｔ．ｌｙ/x", "bit(.)ly/x",
]  # fmt: skip
FOREIGN = [
    ("info", "See https://www.zillow.com/homedetails/12"), ("info", "https://att.com/deal"), ("info", "www.example.org"),
    ("warn", "https://juniperrealty.com.evil.ru/login"), ("warn", "http://192.168.0.1/x"), ("warn", "https://notjuniperrealty.com"),
    ("warn", "https://foo.com/b https://bar.com/c"), ("warn", "https://xn--80ak6aa92e.com"), ("warn", "https://msgsndr.com/l/Ab3dE"),
    ("warn", "https://juniperreаlty.org"), ("warn", "http://[::1]/x"), ("info", "juniper-realty.net/homes"),
]  # fmt: skip
CAPS = [
    ("warn", "LAST CALL TO BUY THIS HOME"), ("warn", "BUY NOW!!! PRICE DROP"), ("warn", "Great home!!!!! $$$"),
    ("warn", "CALL ME NOW about this HOT DEAL"), ("info", "🔥🔥🔥🔥🔥 new listing"), ("info", "Sold!!!"),
    ("warn", "F R E E valuation of your home"), ("info", "They said THE HOUSE NEVER floods, not once in all of the forty years they have lived there"),
]  # fmt: skip
BAIT = [
    "You won a free cruise", "Claim your prize", "Free gift card for touring", "Stimulus checks for homeowners", "Enter to win an iPad",
    "Act now, limited time offer", "Final notice", "ÚLTIMA OPORTUNIDAD", "Relief funds up to $9K per person", "LAST-CHANCE",
]  # fmt: skip
PERSONAL = [
    "My SSN is 123-45-6789", "ssn 123456789", "SSN: 123 45 6789", "last 4 of your social is 1234", "Card 4111 1111 1111 1111 exp 12/27",
    "4111111111111111", "amex 3782-822463-10005", "password: hunter2", "the password is Sunny$day1", "account number 123456789",
    "routing 021000021", "wire to acct# 00012345678", "debit card PIN is 4821", "cvv 123", "DOB 01/02/1980", "driver's license: D1234567",
    "Please text me your social security number", "reply with your SSN", "１２３-４５-６７８９",
]  # fmt: skip
LAWFUL = [
    "12 Elm St just came up: 3 bed, 2 bath, $425,000. Want to see it Saturday?", "Your showing at 44 Pine is confirmed for 2pm. Gate code 4455#, lockbox 1234.",
    "Open house Sunday 1-3pm at 12 Oak. Details juniperrealty.com/oak", "OPEN HOUSE Sunday 1-3", "JUST LISTED 12 Elm, 3bd/2ba",
    "Are you pre-approved yet? Happy to introduce you to a lender.", "Since you're pre-approved up to $450k, here are three: https://www.juniperrealty.com/s/3",
    "Mortgage rates fell to 6.2% this week. Good time to look again.", "Great home office, perfect for working from home. RV hookups, washer/dryer hookups.",
    "There is a lead paint disclosure and a lead time of 3 weeks; the trail leads to the lake.", "It has a wine cellar, gun safe and poker room.",
    "Walking distance to the CBD and near the casino.", "Time slots open Saturday: 10, 11, 2", "We received a cash offer on your home! Call me.",
    "The seller accepted your offer! Congratulations, you won the bid.", "Your offer expires Friday at 5.", "Do you own or rent now?",
    "Do you need to sell your current home first?", "Congrats on closing! Don't forget to claim your homestead exemption.",
    "Appraisal came in at $512,000, parcel 14-28-123-045-0000.", "Call me at 303-555-0123 or (720) 555-0188 or 303.555.0199.", "MLS 9876543 ZIP 80202-1234",
    "Closing is on 12/05/2026 at 10am, bring your driver's license.", "Never text your SSN to anyone, please.", "Wire instructions never change. Call us before wiring.",
    "Weed control and lawn care are included in the HOA.", "Shotgun house in the Marigny, 2 bd", "No smoking or vaping in the unit",
    "Sex offender registry info is at the county.", "Are you interested in buying the house on Elm?", "Ready to buy your first home?",
    "What price range are you looking in?", "The seller would consider offers above 500k.", "Can we make an offer today? Seller is reviewing at 5.",
    "I'll email bob@juniperrealty.com the docs.", "Meet at 5 p.m. at St. Mary's. Bring ID.", "See you Sat.Come by at 2. 3.5 bath, approx. 2,100 sq.ft.",
    "2.5% down and/or FHA works.", "HOA, MLS, FHA and VA all ok. TX and CO.", "¿Le gustaría ver la casa el sábado?", "Sewer hookup is new.",
    "The affordable housing lottery session is Tuesday", "The Zoom passcode is 123456, meeting 987 6543 2101", "The wifi password is on the fridge",
    "USDA loan, zero down, ok for this home", "Passive income potential: duplex rents at $3,200/month.", "Would you want to list in March or April?",
    "Student loans count toward your DTI.", "Bring the whole family, kids welcome!", "Title, loan docs and keys ready", "Your loan was approved today, congrats!",
    "How much do you want to spend?", "Homes on your street are selling quickly.", "This won't last. Tour tomorrow?", "Final reminder: closing tomorrow at 10.",
    "Seller will credit repairs at closing.", "tracking 1Z999AA10123456784, ID 1234567890123", "White cabinets only in the kitchen.", "See I-25/Hampden, visit Sat/Sun",
    "Join us for wine and cheese Friday 5-7.", "Price reduced by $10K!!", "https://homes.juniperrealty.com:8443/x?u=bit.ly/x", "Yay!! 🎉🎉",
]  # fmt: skip


def found(body, *, first_contact=False, ongoing=True, **more):
    """Lint as in an ongoing exchange, where sender and opt-out are no question."""
    more = {"sender_names": NAMES, "own_domains": DOMAINS, **more}
    return lint(body, first_contact=first_contact, ongoing=ongoing, **more)


def rules_of(findings):
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(
    ("rule", "body"),
    [
        *EXAMPLES,
        *(("solicitation", body) for body in SOLICITATIONS),
        *(("forbidden", body) for body in FORBIDDEN),
        *(("shortener", body) for body in SHORTENERS),
        *(("bait", body) for body in BAIT),
        *(("personal_data", body) for body in PERSONAL),
    ],
)
def test_what_is_wrong_is_named_with_its_words(rule, body):
    findings = [f for f in found(body, ongoing=False) if f.rule == rule]
    assert findings
    for finding in findings:
        assert finding.level == LEVELS[rule]
        assert finding.matched
        assert finding.matched in body
        assert finding.message.endswith(".")


@pytest.mark.parametrize(("rule", "body"), EXAMPLES)
def test_the_examples_lack_sender_and_opt_out_too(rule, body):
    rules = rules_of(found(body, ongoing=False, first_contact=True))
    assert {rule, "sender", "opt_out"} <= set(rules)


def test_the_shared_link_of_an_example_is_foreign():
    assert "foreign_link" in rules_of(found(EXAMPLES[5][1]))


@pytest.mark.parametrize("body", LAWFUL)
def test_ordinary_lawful_texts_have_no_findings(body):
    assert found(f"Bob Lee: {body}", ongoing=False) == []


@pytest.mark.parametrize(("level", "body"), FOREIGN)
def test_links_elsewhere_are_remarked_or_warned_of(level, body):
    findings = [f for f in found(body) if f.rule == "foreign_link"]
    assert {f.level for f in findings} == {level}


@pytest.mark.parametrize(
    ("body", "domains"),
    [
        ("juniperrealty.com", DOMAINS),
        ("https://homes.juniperrealty.com/12", DOMAINS),
        ("HTTPS://WWW.JUNIPERREALTY.COM", ["https://www.JuniperRealty.com/"]),
        ("go.juniper.link/x", ["juniper.link"]),
        ("https://bl.ink/x", ["bl.ink"]),
    ],
)
def test_own_domains_and_those_below_are_fine(body, domains):
    assert found(body, own_domains=domains) == []


@pytest.mark.parametrize(
    "body", ["att.com", "abit.ly.example.com", "not.co", "bob@t.co", "u.to go"]
)
def test_a_shortener_is_compared_as_a_whole_host(body):
    assert "shortener" not in rules_of(found(body))


@pytest.mark.parametrize(("level", "body"), CAPS)
def test_shouting_is_remarked_or_warned_of(level, body):
    assert [f.level for f in found(body) if f.rule == "caps"] == [level]
    assert all(f.matched and f.matched in body for f in found(body))


@pytest.mark.parametrize(
    ("body", "is_named"),
    [
        ("It's Bob from the office", True), ("This is Bob.", True), ("Bob here with news", True), ("See you at 5. - Bob", True),
        ("See you at 5\nBob", True), ("juniper realty has news", True), ("JUNIPER REALTY, LLC: hi", True), ("Bob Lee's here", True),
        ("Hi, it's {agent_name} with {brokerage}", True), ("Soy Bob de Juniper", True), ("I'm with Juniper", True),
        ("Hi Bob, coming?", False), ("Juniper trees are nice", False), ("It's Alice", False), ("Boblee", False), ("Are you free at 2?", False),
    ],
)  # fmt: skip
def test_the_sender_is_named_in_full_or_introduced(body, is_named):
    assert ("sender" not in rules_of(found(body, ongoing=False))) is is_named


def test_an_ongoing_exchange_needs_no_name_and_asks_freely():
    assert found("Are you free at 2?") == []
    asked = found("Would you consider selling in May?")
    assert [(f.rule, f.level) for f in asked] == [("solicitation", "info")]


def test_without_any_sender_name_the_setting_is_asked_for():
    (finding,) = found("Free at 2?", ongoing=False, sender_names=["", " "])
    assert finding.rule == "sender"
    assert "Set the name" in finding.message


@pytest.mark.parametrize(
    ("body", "has_way_out"),
    [
        ("Reply STOP to unsubscribe", True), ("reply stop to opt out", True), ("Text STOP to end", True), ("STOP to end", True),
        ("Reply with STOP", True), ("Reply 'STOP'", True), ("Responda STOP para cancelar", True), ("Reply END to end", True),
        ("Reply UNSUBSCRIBE", True), ("Txt STOP 2 quit", True), ("STOP=end", True), ("Reply “STOP”", True),
        ("stop by anytime", False), ("I'll text, stop by", False), ("text end of day", False), ("Call me to cancel", False), ("", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("notice_follows", "level"), [(True, "info"), (False, "warn")])
def test_a_first_text_says_how_to_stop(body, has_way_out, notice_follows, level):
    findings = found(f"Hello. {body}", first_contact=True, notice_follows=notice_follows)
    assert [(f.rule, f.level) for f in findings] == ([] if has_way_out else [("opt_out", level)])
    assert found(f"Hello. {body}") == []


def test_the_gravest_finding_comes_first():
    levels = [
        f.level for f in found("SSN 123-45-6789 Act now!!! https://zillow.com/x", ongoing=False)
    ]
    assert levels == sorted(levels, key=["block", "warn", "info"].index)
    assert levels[0] == "block"


@pytest.mark.parametrize("body", ["", " ", "\n", "\u200b"])
def test_an_empty_text_is_left_alone(body):
    assert found(body) == []


@pytest.mark.parametrize(
    ("digits", "is_one"),
    [("4111111111111111", True), ("378282246310005", True), ("4111111111111112", False), ("1234567890123", False), ("4444444444444444", False)],
)  # fmt: skip
def test_a_card_number_has_its_check_digit(digits, is_one):
    assert is_card(digits) is is_one


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=3), st.booleans())
def test_any_text_can_be_linted(body, names, flag):
    for finding in lint(body, first_contact=flag, sender_names=names, own_domains=names):
        assert finding.level in {"info", "warn", "block"}
        assert finding.rule in {*LEVELS, "caps", "foreign_link"}
        assert finding.message


@given(
    st.lists(
        st.sampled_from(
            [
                "http://",
                "bit.ly",
                "/x",
                "[.]",
                " ",
                "@",
                ":",
                "xn--",
                "STOP",
                "$5",
                "١",
                "ﬁ",
                "4111",
                "-",
            ]
        ),
        max_size=12,
    )
)
def test_any_mix_of_pieces_can_be_linted(pieces):
    found("".join(pieces), first_contact=True, ongoing=False)


@pytest.mark.parametrize(
    "piece",
    [
        "a ", "1", "1234-", "!", ".", "http://", "a.", "a-", "(", "bit . ", "[.]", " dot ", "would you ", "make $1 ", "password ",
        "https://a.co/b ", "A ", "🔥", "е", "never wire ", "send me the your ", "account number is ", "bob ", "{", "credit ", "@",
        "earn $5 ", "\u0301", "we are is am also ", "reply ",
    ],
)  # fmt: skip
def test_a_flood_takes_no_time(piece):
    begun = time.process_time()
    found((piece * 20_000)[:20_000], first_contact=True, ongoing=False)
    assert time.process_time() - begun < 2
