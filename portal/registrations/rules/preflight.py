"""What usually gets a registration rejected, found before it is sent in (N-5, FACTS 5.1).

Each problem names its field, says what is wrong and how to mend it. Problems that stop keep the
registration here; the others are shown and may be sent in all the same.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from portal.compliance.rules.lint import Finding, lint
from portal.core import phone
from portal.core.addresses import is_web
from portal.registrations.rules import pages, wordings
from portal.registrations.values import Details, Kind, Level, Page, Problem, Seen

_POINT_WORDS: Final = {
    "programme": "what the texts are about",
    "sender": "who is texting",
    "rates": "“Message and data rates may apply”",
    "frequency": "how often you text",
    "help": "“Reply HELP for help”",
    "stop": "“Reply STOP to opt out”",
    "privacy": "a link to the privacy policy",
    "terms": "a link to the terms",
    "checkbox": "a box of its own that is not ticked",
    "not_condition": "“Consent is not a condition of purchase”",
}
_EIN: Final = re.compile(r"(\d{2})-?(\d{7})")
# The first two digits the tax office has given out.
_EIN_PREFIXES: Final = frozenset(
    f"{n:02d}"
    for n in (
        *range(1, 7), *range(10, 17), *range(20, 28), *range(30, 49), *range(50, 69), 71, 72, 73, 74,
        75, 76, 77, *range(80, 89), 90, 91, 92, 93, 94, 95, 98, 99,
    )
)  # fmt: skip
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_FREE_MAIL: Final = frozenset({"gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "icloud.com", "aol.com"})  # fmt: skip
_LINK: Final = re.compile(r"https?://|\bwww\.|\b[a-z0-9-]+\.(?:com|net|org|info|example|homes|realty)\b", re.IGNORECASE)  # fmt: skip
_PLAIN_LINK: Final = re.compile(r"\bhttp://", re.IGNORECASE)
_PHONE: Final = re.compile(r"\(?\b\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}\b")
_SALES: Final = re.compile(
    r"\b(listings?|open house|for sale|just listed|new on the market|price (drop|cut|reduced)|"
    r"market (note|update|report)|sellers?|buyers?|offers?|tours?|homes? for)\b",
    re.IGNORECASE,
)
_NEEDED: Final = (
    ("legal_name", Page.BUSINESS, "Enter the legal name, as on your tax papers."),
    ("business_kind", Page.BUSINESS, "Choose what kind of business it is."),
    ("ein", Page.BUSINESS, "Enter the EIN, like 12-3456789."),
    ("website", Page.BUSINESS, "Enter the address of your website."),
    ("street", Page.BUSINESS, "Enter the street of the business."),
    ("city", Page.BUSINESS, "Enter the city."),
    ("state", Page.BUSINESS, "Choose the state."),
    ("postal_code", Page.BUSINESS, "Enter the ZIP code, like 60606."),
    ("first_name", Page.CONTACT, "Enter the first name of somebody who may speak for the business."),
    ("last_name", Page.CONTACT, "Enter the last name."),
    ("title", Page.CONTACT, "Enter the title, like Managing broker."),
    ("position", Page.CONTACT, "Choose the position."),
    ("email", Page.CONTACT, "Enter an e-mail address."),
    ("phone", Page.CONTACT, "Enter a phone number."),
    ("use_case", Page.MESSAGES, "Choose what the texts are for."),
    ("description", Page.MESSAGES, "Describe who texts, whom and about what."),
    ("sample_1", Page.MESSAGES, "Write a sample text."),
    ("opt_in_url", Page.OPT_IN, "Choose a form or enter the address where people sign up."),
    ("message_flow", Page.OPT_IN, "Describe how people agree to be texted."),
    ("privacy_url", Page.OPT_IN, "Enter the address of your privacy policy."),
    ("terms_url", Page.OPT_IN, "Enter the address of your terms."),
)  # fmt: skip
_NEEDED_A2P: Final = (
    ("sample_2", Page.MESSAGES, "Write a second sample text: carriers want two at least."),
    ("opt_in_message", Page.MESSAGES, "Write the text that confirms a sign-up."),
    ("opt_out_message", Page.MESSAGES, "Write the text that confirms an opt-out."),
    ("help_message", Page.MESSAGES, "Write the answer to HELP."),
)
_NEEDED_TOLL_FREE: Final = (
    ("volume", Page.MESSAGES, "Choose how many texts a month you expect."),
    ("image_url", Page.OPT_IN, "Enter the address of a picture of the form."),
)
# Characters the carrier takes at least and at most (FACTS 1.10).
_LENGTHS: Final = {
    "description": (40, 4096),
    "message_flow": (40, 2048),
    "sample_1": (20, 1024),
    "sample_2": (20, 1024),
    "sample_3": (20, 1024),
    "opt_in_message": (20, 320),
    "opt_out_message": (20, 320),
    "help_message": (20, 320),
}
_PAGE_OF: Final = {"message_flow": Page.OPT_IN}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known besides what was entered."""

    kind: Kind
    sender_names: tuple[str, ...] = ()
    own_domains: tuple[str, ...] = ()
    seen: Mapping[str, Seen] | None = None  # by field; None: nobody looked yet
    is_sandbox: bool = False


Check = Callable[[Details, Facts], Iterator[Problem]]


def check(details: Details, facts: Facts) -> tuple[Problem, ...]:
    """Return every problem, those of the first page first; one a field and sentence."""
    found = [problem for rule in _CHECKS for problem in rule(details, facts)]
    order = list(Page)
    found.sort(key=lambda problem: (problem.level is not Level.STOP, order.index(problem.page)))
    return tuple(dict.fromkeys(found))


def stopping(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return the problems that keep a registration from being sent in."""
    return tuple(problem for problem in problems if problem.level is Level.STOP)


def addresses(details: Details) -> dict[str, str]:
    """Return the addresses that are looked at, by field."""
    names = ("website", "opt_in_url", "privacy_url", "terms_url")
    return {name: url for name in names if (url := getattr(details, name))}


def _filled_in(details: Details, facts: Facts) -> Iterator[Problem]:
    more = _NEEDED_A2P if facts.kind is Kind.A2P else _NEEDED_TOLL_FREE
    for name, page, sentence in (*_NEEDED, *more):
        if not getattr(details, name):
            yield Problem(name, page, sentence)


def _business(details: Details, _facts: Facts) -> Iterator[Problem]:
    """EIN and name: the commonest rejection of all."""
    if details.ein:
        found = _EIN.fullmatch(details.ein)
        if found is None:
            yield Problem("ein", Page.BUSINESS, "An EIN has nine digits, like 12-3456789.")
        elif found[1] not in _EIN_PREFIXES:
            yield Problem(
                "ein",
                Page.BUSINESS,
                f"No EIN begins with {found[1]}. Copy it from your tax papers.",
            )
    if details.legal_name and details.business_kind:
        yield from _name_fits(details)
    if details.postal_code and not re.fullmatch(r"\d{5}(-\d{4})?", details.postal_code):
        yield Problem("postal_code", Page.BUSINESS, "A ZIP code looks like 60606.")
    if re.search(r"\bp\.? ?o\.? box\b", details.street, re.IGNORECASE):
        yield Problem(
            "street", Page.BUSINESS, "A post office box is often refused. Enter a street address.",
            Level.WARN,
        )  # fmt: skip


def _name_fits(details: Details) -> Iterator[Problem]:
    suffix = wordings.suffix_of(details.legal_name)
    if suffix is None and details.business_kind in wordings.SUFFIXED:
        yield Problem(
            "legal_name", Page.BUSINESS,
            f"The legal name of a {wordings.KIND_WORDS[details.business_kind].lower()} mostly ends with "
            f"{wordings.SUFFIXED[details.business_kind]}. Enter it as on your tax papers, not as a brand.",
            Level.WARN,
        )  # fmt: skip
    elif suffix is not None and suffix != details.business_kind:
        yield Problem(
            "business_kind", Page.BUSINESS,
            f"The legal name is that of a {wordings.KIND_WORDS[suffix].lower()}, but the kind of business "
            "is another. Choose the kind that fits the name.",
        )  # fmt: skip


def _contact(details: Details, _facts: Facts) -> Iterator[Problem]:
    if details.email and not _MAIL.fullmatch(details.email):
        yield Problem("email", Page.CONTACT, "This is not an e-mail address like name@example.com.")
    elif details.email.rpartition("@")[2].lower() in _FREE_MAIL:
        yield Problem(
            "email", Page.CONTACT,
            "Reviewers mistrust free mailboxes. Use an address on the domain of your website.",
            Level.WARN,
        )  # fmt: skip
    if details.phone:
        try:
            found = phone.parse(details.phone)
        except phone.PhoneError as error:
            yield Problem("phone", Page.CONTACT, error.message)
        else:
            if found.country_code != 1:
                yield Problem("phone", Page.CONTACT, "Enter a US phone number.")


def _lengths(details: Details, facts: Facts) -> Iterator[Problem]:
    for name, (least, most) in _LENGTHS.items():
        size = len(getattr(details, name))
        is_there = size and (
            facts.kind is Kind.A2P or name in {"description", "message_flow", "sample_1"}
        )
        if is_there and not least <= size <= most:
            yield Problem(
                name,
                _PAGE_OF.get(name, Page.MESSAGES),
                f"Carriers take {least} to {most:,} characters here; this has {size:,}.",
            )


def _samples(details: Details, facts: Facts) -> Iterator[Problem]:
    named = [(name, getattr(details, name)) for name in ("sample_1", "sample_2", "sample_3")]
    filled = [(name, text) for name, text in named if text]
    if not filled:
        return
    found = {
        name: lint(
            text, first_contact=True, sender_names=facts.sender_names, own_domains=facts.own_domains
        )
        for name, text in filled
    }
    rules = {name: {finding.rule for finding in findings} for name, findings in found.items()}
    first = filled[0][0]
    if facts.sender_names and all("sender" in of for of in rules.values()):
        yield Problem(
            first, Page.MESSAGES,
            f"No sample names who texts. Begin one with “{facts.sender_names[0]}:”.",
        )  # fmt: skip
    if all("opt_out" in of for of in rules.values()):
        yield Problem(
            first,
            Page.MESSAGES,
            "No sample says how to opt out. End one with “Reply STOP to opt out.”",
        )
    for name, findings in found.items():
        yield from _of_words(name, findings)
    for name, text in filled:
        if _PLAIN_LINK.search(text):
            yield Problem(name, Page.MESSAGES, "A link must begin with https://.")
    if len({text.strip().lower() for _, text in filled}) < len(filled):
        yield Problem(
            filled[-1][0], Page.MESSAGES, "Two samples are the same. Write different ones."
        )


def _of_words(name: str, findings: Sequence[Finding]) -> Iterator[Problem]:
    for finding in findings:
        if finding.rule == "shortener":
            words = (
                f"“{finding.matched}” is a public link shortener. Use a link on your own domain."
            )
            yield Problem(name, Page.MESSAGES, words)
        elif finding.rule in {"forbidden", "personal_data", "bait", "solicitation"}:
            yield Problem(name, Page.MESSAGES, finding.message)


def _marks(details: Details, facts: Facts) -> Iterator[Problem]:
    """The two marks must agree with the samples (30889)."""
    if facts.kind is not Kind.A2P or not details.samples:
        return
    text = "\n".join(details.samples)
    if _LINK.search(text) and not details.has_links:
        yield Problem(
            "has_links", Page.MESSAGES, "A sample holds a link. Tick that texts hold links."
        )
    if _PHONE.search(text) and not details.has_phone:
        yield Problem(
            "has_phone", Page.MESSAGES,
            "A sample holds a phone number. Tick that texts hold phone numbers.",
        )  # fmt: skip
    if details.has_links and not _LINK.search(text):
        yield Problem(
            "sample_1", Page.MESSAGES,
            "You ticked that texts hold links, but no sample shows one. Show one, or take the tick off.",
        )  # fmt: skip
    if details.has_phone and not _PHONE.search(text):
        yield Problem(
            "sample_1", Page.MESSAGES,
            "You ticked that texts hold phone numbers, but no sample shows one.",
        )  # fmt: skip


def _use_case(details: Details, _facts: Facts) -> Iterator[Problem]:
    """Samples must be of the kind that the campaign is for (30893)."""
    if not details.samples:
        return
    sells = [bool(_SALES.search(text)) for text in details.samples]
    if details.use_case in {"CUSTOMER_CARE", "ACCOUNT_NOTIFICATION"} and any(sells):
        yield Problem(
            f"sample_{sells.index(True) + 1}", Page.MESSAGES,
            f"This sample advertises, but the campaign is for {wordings.USE_CASES[details.use_case].lower()}. "
            "Choose “Marketing” or “Low volume, mixed”, or write another sample.",
        )  # fmt: skip
    if details.use_case == "MARKETING" and not any(sells):
        yield Problem(
            "sample_1", Page.MESSAGES,
            "The campaign is for marketing, but no sample is about listings, open houses or the market.",
        )  # fmt: skip


def _flow(details: Details, _facts: Facts) -> Iterator[Problem]:
    text = details.message_flow.lower()
    if not text:
        return
    address = details.opt_in_url.lower().partition("://")[2].rstrip("/")
    if details.opt_in_url and address not in text:
        yield Problem(
            "message_flow", Page.OPT_IN,
            "Name the address of the form, so that a reviewer can open it.",
        )  # fmt: skip
    if not re.search(r"\b(box|checkbox|tick|check|agree|consent|opt)", text):
        yield Problem(
            "message_flow",
            Page.OPT_IN,
            "Say what people do to agree, such as ticking a box of its own.",
        )


def _addresses(details: Details, _facts: Facts) -> Iterator[Problem]:
    for name, url in (addresses(details) | {"image_url": details.image_url}).items():
        if url and not is_web(url):
            page = Page.BUSINESS if name == "website" else Page.OPT_IN
            yield Problem(name, page, "Enter a whole address, like https://example.com/privacy.")


def _looked_at(details: Details, facts: Facts) -> Iterator[Problem]:
    """What a reviewer would find at the addresses."""
    wanted = addresses(details)
    if facts.seen is None:
        return
    for name, url in wanted.items():
        seen = facts.seen.get(name)
        page = Page.BUSINESS if name == "website" else Page.OPT_IN
        if seen is None or seen.url != url:
            yield Problem(name, page, "This address was not looked at yet. Press “Look again”.")
        elif seen.problem:
            yield Problem(name, page, f"A reviewer could not open this page. {seen.problem}")
        elif not seen.is_taken_as_read:
            yield from _page_says(name, page, seen)
    form = facts.seen.get("opt_in_url")
    if form and pages.is_local(form.url) and not facts.is_sandbox:
        yield Problem(
            "opt_in_url",
            Page.OPT_IN,
            "This address leads to your own machine: nobody else can open it.",
        )


def _page_says(name: str, page: Page, seen: Seen) -> Iterator[Problem]:
    if seen.is_login:
        yield Problem(
            name, page,
            "This page asks for a login, so a reviewer can't see it. Give an address that opens for everybody.",
        )  # fmt: skip
    elif name == "opt_in_url" and seen.missing:
        lacking = ", ".join(_POINT_WORDS.get(point, point) for point in seen.missing)
        yield Problem(name, page, f"The form does not show: {lacking}.")
    elif name == "privacy_url" and not seen.says_no_sharing:
        yield Problem(
            name, page,
            "The privacy policy does not say that mobile numbers are not shared. Add: “We do not share mobile "
            "numbers or text messaging consent with third parties for marketing.”",
        )  # fmt: skip
    elif name == "terms_url" and not seen.says_stop_and_help:
        yield Problem(
            name, page, "The terms don't name STOP and HELP. Add how to opt out and get help."
        )


_CHECKS: Final[tuple[Check, ...]] = (
    _filled_in,
    _business,
    _contact,
    _lengths,
    _samples,
    _marks,
    _use_case,
    _addresses,
    _flow,
    _looked_at,
)
