"""Reads the TwiML that a webhook answers with."""

from dataclasses import dataclass
from xml.etree import ElementTree as ET

_LARGEST = 64 * 1024


@dataclass(frozen=True)
class Reply:
    """One <Message> to send."""

    body: str
    to: str = ""
    sender: str = ""
    callback: str = ""
    media: tuple[str, ...] = ()


class TwimlError(Exception):
    """The answer is not TwiML; code is Twilio's."""

    def __init__(self, code: int, words: str) -> None:
        self.code = code
        super().__init__(f"{code}: {words}")


def read(content_type: str, body: bytes) -> list[Reply]:
    """Return the replies in an answer; an empty answer has none."""
    if not body.strip():
        return []
    root = document(content_type, body)
    return [_reply(verb) for verb in root if verb.tag in {"Message", "Sms"}]


def document(content_type: str, body: bytes) -> ET.Element:
    """Return the verbs of an answer. Raises TwimlError."""
    if content_type.partition(";")[0].strip().lower() not in {"text/xml", "application/xml"}:
        raise TwimlError(12300, "invalid Content-Type")
    if len(body) > _LARGEST:
        raise TwimlError(11750, "response body too large")
    try:
        root = ET.fromstring(body)  # noqa: S314  it is our own portal, over loopback
    except ET.ParseError as error:
        raise TwimlError(12100, "document parse failure") from error
    if root.tag != "Response":
        raise TwimlError(12100, "document parse failure")
    return root


def _reply(verb: ET.Element) -> Reply:
    parts = [verb.text or "", *(part.text or "" for part in verb if part.tag == "Body")]
    return Reply(
        body="".join(parts).strip(),
        to=verb.get("to", ""),
        sender=verb.get("from", ""),
        callback=verb.get("statusCallback", ""),
        media=tuple((part.text or "").strip() for part in verb if part.tag == "Media"),
    )
