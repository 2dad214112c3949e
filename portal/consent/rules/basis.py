"""Whether consent covers a text, and if not, why and what would help (C-7, C-8, Q-7)."""

from datetime import datetime

from portal.consent.values import Basis, MessageKind, Reach, Standing, Strength

_OK = Basis(ok=True, code="ok", sentence="")
HELD = "revocation_hold"
HELD_SENTENCE = (
    "This person seems to have asked for no more texts. Texts wait until somebody has looked at it."
)


def allows(standing: Standing, kind: MessageKind, now: datetime) -> Basis:
    """Return whether a text of this kind may go to the number now, as far as consent goes.

    Opt-outs and the do-not-contact list beat every consent.
    """
    return _stopped(standing, kind) or _covered(standing, kind, now)


def is_held(standing: Standing, kind: MessageKind) -> bool:
    """Say whether the person's own words keep this kind of text back until somebody looks (Q-4)."""
    if standing.held_at is None:
        return False
    return standing.held_reach is Reach.EVERYTHING or kind is MessageKind.MARKETING


def _stopped(standing: Standing, kind: MessageKind) -> Basis | None:
    if standing.opted_out_at is not None:
        return Basis(
            ok=False,
            code="opted_out",
            sentence="This person opted out. Only they can opt in again, with START.",
            fix="They can text START, fill in your opt-in form or confirm a double opt-in.",
        )
    if standing.org_opted_out_at is not None and standing.org_reach is Reach.EVERYTHING:
        return Basis(
            ok=False,
            code="org_opted_out",
            sentence="This person opted out of every text from your organization.",
            fix="Texts need their own new consent to this account.",
        )
    if standing.org_opted_out_at is not None and kind is MessageKind.MARKETING:
        return Basis(
            ok=False,
            code="org_opted_out",
            sentence="This person opted out of marketing texts from your organization.",
            fix="A one-to-one text may go. Marketing needs their own new consent to this account.",
        )
    if is_held(standing, kind):
        return Basis(
            ok=False,
            code=HELD,
            sentence=HELD_SENTENCE,
            fix="Read what they wrote. An officer or a team lead can release the hold.",
        )
    if standing.dnc_at is not None:
        return Basis(
            ok=False,
            code="do_not_contact",
            sentence="This number is on your organization's do-not-contact list.",
            fix="Take it off the list if it should not be there.",
        )
    return None


def _covered(standing: Standing, kind: MessageKind, now: datetime) -> Basis:
    expired = standing.expires_at is not None and now >= standing.expires_at
    strength = Strength.NONE if expired else standing.strength
    if strength is not Strength.NONE and kind in standing.kinds:
        return _OK
    if strength is Strength.EXPRESS_WRITTEN:
        return Basis(
            ok=False,
            code="consent_kind",
            sentence=f"What this person agreed to does not include {_KINDS[kind]}.",
            fix="Ask them to agree to it on your opt-in form.",
        )
    if strength is Strength.EXPRESS:
        return Basis(
            ok=False,
            code="consent_insufficient",
            sentence="This person agreed to one-to-one texts only, not to bulk texts or plans.",
            fix="Text them one to one, or ask them to sign up on your opt-in form.",
        )
    if strength is Strength.INQUIRY:
        return Basis(
            ok=False,
            code="consent_insufficient",
            sentence="This person wrote first, which allows one-to-one answers only.",
            fix="Answer them one to one, or ask them to sign up on your opt-in form.",
        )
    if standing.not_valid_reason:
        return Basis(
            ok=False,
            code="consent_not_valid",
            sentence=f"{standing.not_valid_reason} Consent can't be bought or lent.",
            fix="Invite them by mail or in person to sign up on your opt-in form.",
        )
    if expired:
        return Basis(
            ok=False,
            code="consent_expired",
            sentence="This person's own text is more than 90 days old, and they agreed to no more.",
            fix="Record how and when they agreed, or wait until they write.",
        )
    return Basis(
        ok=False,
        code="consent_missing",
        sentence="There is no record that this person agreed to be texted.",
        fix="Record how and when they agreed.",
    )


_KINDS = {
    MessageKind.ONE_TO_ONE: "one-to-one texts",
    MessageKind.MARKETING: "bulk texts and plans",
}
