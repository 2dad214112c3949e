"""What other slices may know of opt-in forms, their versions and what came in through them."""

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from portal.consent.values import MessageKind
from portal.contacts.values import Language
from portal.core.tenancy import Tenant


class FormState(StrEnum):
    """Whether people can sign up."""

    DRAFT = "draft"  # never published
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"


STATE_WORDS = {
    FormState.DRAFT: "Draft",
    FormState.PUBLISHED: "Published",
    FormState.UNPUBLISHED: "Not published",
}


class Ask(StrEnum):
    """Whether a form asks for a fact about the person."""

    NO = "no"
    OPTIONAL = "optional"
    REQUIRED = "required"


ASK_WORDS = {Ask.NO: "Not asked", Ask.OPTIONAL: "Optional", Ask.REQUIRED: "Required"}


class Channel(StrEnum):
    """Where a form was filled in."""

    HOSTED = "hosted"  # its own page
    EMBED = "embed"  # in a frame on a site of the brokerage
    KIOSK = "kiosk"  # a device staff put up at an open house


class Picture(StrEnum):
    """A picture of a version's page (C-4)."""

    DESKTOP = "desktop"
    PHONE = "phone"


PICTURE_WORDS = {Picture.DESKTOP: "Desktop, 1280 px wide", Picture.PHONE: "Phone, 390 px wide"}


class ConfirmationState(StrEnum):
    """Where a double opt-in stands, or the text that tells of a sign-up."""

    TOLD = "told"  # signed up already; a text says so and waits for nothing
    ASKED = "asked"  # waits for the person's YES
    CONFIRMED = "confirmed"
    DECLINED = "declined"  # the person opted out instead
    EXPIRED = "expired"


# Who is texted: whom nobody waits for any more is not.
TEXTED_STATES = frozenset({ConfirmationState.TOLD, ConfirmationState.ASKED})


@dataclass(frozen=True, slots=True)
class Content:
    """Everything a version of a form says and asks; a published one never changes (C-3)."""

    language: Language = Language.EN
    title: str = ""
    intro: str = ""
    programme: str = ""  # what the texts are about
    sender: str = ""  # who texts
    sender_address: str = ""
    kinds: tuple[MessageKind, ...] = (MessageKind.ONE_TO_ONE, MessageKind.MARKETING)
    frequency: str = ""
    help_contact: str = ""
    privacy_url: str = ""
    terms_url: str = ""
    disclosure: str = ""  # beside the box; {programme} and the like stand for the facts above
    button: str = ""
    thanks: str = ""
    ask_name: Ask = Ask.REQUIRED
    ask_email: Ask = Ask.REQUIRED
    ask_address: Ask = Ask.REQUIRED
    ask_custom: Ask = Ask.NO
    custom_label: str = ""
    is_single_message: bool = False
    is_double_opt_in: bool = False
    has_confirmation_text: bool = False  # one text says that they are signed up, and how to stop
    color: str = ""  # "#0b6479", or empty for ours
    logo: str = ""  # its file name
    tags: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()  # sites that may hold the form in a frame

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, every field named."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Content":
        """Return what was stored; a field that is not there has its default."""
        known = {f.name: stored[f.name] for f in fields(cls) if f.name in stored}
        for name in ("tags", "origins"):
            known[name] = tuple(known.get(name, ()))
        known["kinds"] = tuple(MessageKind(kind) for kind in known.get("kinds", ()))
        known["language"] = Language(known.get("language", Language.EN))
        for name in ("ask_name", "ask_email", "ask_address", "ask_custom"):
            known[name] = Ask(known.get(name, Ask.NO))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class FormRef:
    """One form of an account, with its draft."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    name: str
    slug: str
    state: FormState
    draft: Content
    latest: int  # the newest version's number, 0 before the first
    edited_at: datetime
    edited_by: str
    edits: int  # how often the draft was saved: two editors notice each other

    @property
    def tenant(self) -> Tenant:
        """Return whose form it is."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def state_label(self) -> str:
        """Return the state in words."""
        return STATE_WORDS[self.state]

    @property
    def path(self) -> str:
        """Return where its page is."""
        return f"/f/{self.slug}"


@dataclass(frozen=True, slots=True)
class VersionRef:
    """One published version: what was served, for ever."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    form_id: UUID
    number: int
    name: str
    slug: str
    content: Content
    disclosure: str  # as it stood beside the box
    html: str  # what is served, but for the one-time token
    css: str
    page_sha256: str  # of the self-contained page
    published_at: datetime
    published_by: str

    @property
    def tenant(self) -> Tenant:
        """Return whose version it is."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def page_name(self) -> str:
        """Return the name of its self-contained page among the evidence."""
        return f"{self.page_sha256}.html"


@dataclass(frozen=True, slots=True)
class PictureRef:
    """A stored picture of a version."""

    version_id: UUID
    kind: Picture
    name: str
    sha256: str
    media_type: str
    taken_at: datetime
    taken_by: str  # "Chromium 120", or who uploaded it


@dataclass(frozen=True, slots=True)
class Drawn:
    """A form as a page: `html` is served, `page` holds everything in itself."""

    html: str
    css: str
    page: str
    disclosure: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person entered."""

    e164: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    custom: str = ""

    @property
    def name(self) -> str:
        """Return the whole name."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def postal_address(self) -> str:
        """Return the address in one line."""
        place = " ".join(part for part in (self.state, self.zip) if part)
        return ", ".join(part for part in (self.street, self.city, place) if part)


@dataclass(frozen=True, slots=True)
class Visit:
    """What the server saw of a submission, and what the signed token said of the page."""

    nonce: str  # of the one-time token
    channel: Channel
    issued_at: datetime
    ip: str
    user_agent: str
    page_url: str  # of our page, or of the page around the frame as it was claimed
    origin: str = ""  # the allowed site around the frame
    opened_by: str = ""  # who put the kiosk up
    visitor: str = ""  # the browser's own cookie, hashed
    is_redrawn: bool = False  # the page was drawn for this person, not served as published


@dataclass(frozen=True, slots=True)
class CaptureRef:
    """What came in through a form."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    form_id: UUID
    version_id: UUID
    version: int
    channel: Channel
    e164: str
    record_id: UUID
    contact_id: UUID
    page_url: str
    origin: str
    at: datetime
    is_repeat: bool = field(default=False)  # this very submission had been taken already


@dataclass(frozen=True, slots=True)
class ConfirmationRef:
    """A person who signed up and is told so by text, or asked by text to say YES."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    e164: str
    record_id: UUID  # the record of the form; one that is asked allows nothing alone
    form_name: str
    sender_name: str
    frequency: str  # how often they are texted, as the form said
    language: Language
    state: ConfirmationState
    asked_at: datetime
    expires_at: datetime
    texted_at: datetime | None
    confirmed_record_id: UUID | None

    @property
    def tenant(self) -> Tenant:
        """Return whose it is."""
        return Tenant(self.organization_id, self.account_id)
