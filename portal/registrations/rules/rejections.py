"""The carriers' reasons in plain words, each with the field that mends it (N-5)."""

from collections.abc import Iterable
from typing import Final

from portal.gateways.registrations import Reason
from portal.registrations.values import Page, Rejected, Step

_P = Page
# By the carrier's code: the field, its page, and what to do.
_CODES: Final[dict[int, tuple[str, Page, str]]] = {
    30841: ("message_flow", _P.OPT_IN, "The form does not ask for consent to texts clearly enough. Ask for it in a box of its own, apart from terms and privacy policy, and say so here."),
    30863: ("description", _P.MESSAGES, "Debt collection for others can't be texted from a toll-free number. This registration can't be sent in again."),
    30885: ("description", _P.MESSAGES, "The carriers see a high risk of fraud or deception in this campaign, and take it no second time."),
    30886: ("description", _P.MESSAGES, "The description says too little. Say who texts, whom, about what, and how people agreed."),
    30889: ("has_phone", _P.MESSAGES, "The samples and the mark “texts hold phone numbers” don't agree. Tick it when a sample holds a phone number."),
    30892: ("sample_1", _P.MESSAGES, "A sample holds a link by a public shortener, or one without https. Use a link on your own domain."),
    30893: ("sample_1", _P.MESSAGES, "The samples don't fit what the campaign is for. Write at least two as they would be sent, with your name and how to opt out."),
    30896: ("message_flow", _P.OPT_IN, "How people agree is not described well enough. Name every way they sign up, where, and what they read beside the box."),
    30897: ("description", _P.MESSAGES, "What is texted is on the carriers' list of forbidden categories. They take this campaign no second time: leave that out of another one."),
    30899: ("description", _P.MESSAGES, "A carrier rejected the campaign and did not say why. Twilio's support can ask."),
    30900: ("use_case", _P.MESSAGES, "This kind of campaign is not open to your brand. Choose another one, like “Low volume, mixed”."),
    30902: ("description", _P.MESSAGES, "A company between the carriers rejected the campaign and did not say why. Twilio's support can ask."),
    30908: ("privacy_url", _P.OPT_IN, "The privacy policy is missing, or does not say that mobile numbers and consents are not shared for marketing. Add that sentence."),
    30909: ("opt_in_url", _P.OPT_IN, "The carriers could not see how people agree. Give the address of a form that opens without a login."),
    30934: ("terms_url", _P.OPT_IN, "The terms are missing something: the programme's name, how often, “Message and data rates may apply”, HELP and STOP."),
    21717: ("legal_name", _P.BUSINESS, "The brand is not approved, so its campaign can't be registered."),
}  # fmt: skip
_FEEDBACK: Final[dict[str, tuple[str, Page, str]]] = {
    "TAX_ID": ("ein", _P.BUSINESS, "The EIN and the legal name don't match the tax office's records. Copy both from the letter that gave you the EIN (form CP 575 or 147C)."),
    "NONPROFIT": ("business_kind", _P.BUSINESS, "The business is not on record as a nonprofit. Choose its real kind."),
    "GOVERNMENT_ENTITY": ("business_kind", _P.BUSINESS, "The business is not on record as a government body. Choose its real kind."),
    "STOCK_SYMBOL": ("business_kind", _P.BUSINESS, "The stock symbol was not found. Choose a kind that is not listed on an exchange."),
    "OTHERS": ("legal_name", _P.BUSINESS, "The business could not be verified. Check legal name, EIN, address and website, and that the website names the business."),
}  # fmt: skip
_ONLY_SUPPORT_KNOWS: Final = frozenset({30885, 30897, 30899, 30902})
_WHERE: Final = {
    Step.AWAIT_BRAND: ("legal_name", Page.BUSINESS),
    Step.AWAIT_CAMPAIGN: ("description", Page.MESSAGES),
    Step.AWAIT_VERIFICATION: ("message_flow", Page.OPT_IN),
    Step.CAMPAIGN: ("description", Page.MESSAGES),
    Step.RESUBMIT_CAMPAIGN: ("description", Page.MESSAGES),
    Step.WITHDRAW_CAMPAIGN: ("description", Page.MESSAGES),
    Step.VERIFICATION: ("description", Page.MESSAGES),
    Step.RESUBMIT_VERIFICATION: ("description", Page.MESSAGES),
    Step.REPRESENTATIVE: ("first_name", Page.CONTACT),
    Step.ADDRESS: ("street", Page.BUSINESS),
}
_UNKNOWN: Final = "The carriers rejected this without a reason we know. Check it, and message support if it stays."


def explain(reasons: Iterable[Reason], step: Step) -> tuple[Rejected, ...]:
    """Return reasons in plain words; there is always one, and each names a field."""
    found = [each for reason in reasons for each in _explained(reason, step)]
    if not found:
        found = [Rejected(None, _UNKNOWN, *_where(step))]
    return tuple({(one.code, one.field, one.sentence): one for one in found}.values())


def is_for_support(reasons: Iterable[Rejected]) -> bool:
    """Say whether a campaign's reasons are such that Twilio's support is to be asked."""
    return any(one.code in _ONLY_SUPPORT_KNOWS for one in reasons)


def _explained(reason: Reason, step: Step) -> list[Rejected]:
    said = " ".join(reason.words.split())[:300]
    if reason.code in _CODES:
        field, page, sentence = _CODES[reason.code]
        return [Rejected(reason.code, sentence, field, page, said)]
    by_feedback = [_FEEDBACK[word] for word in reason.about if word in _FEEDBACK]
    if by_feedback:
        return [
            Rejected(reason.code, words, field, page, said) for field, page, words in by_feedback
        ]
    sentence = f"Twilio said: {said.rstrip('.')}." if said else _UNKNOWN
    return [Rejected(reason.code, sentence, *_where(step))]


def _where(step: Step) -> tuple[str, Page]:
    return _WHERE.get(step, ("legal_name", Page.BUSINESS))
