"""How messaging says no."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from portal.consent.values import HoldState
from portal.core.errors import BadInput, DomainError
from portal.messaging.values import Gate


class TextRefused(DomainError):
    """A gate stops the whole send; `gate` names it."""

    code = "text_refused"

    def __init__(self, gate: Gate) -> None:
        """Say the gate's own sentence."""
        super().__init__(gate.sentence, fix_label=gate.fix_label)
        self.gate = gate


class AccountStopped(TextRefused):
    """A gate stops the whole account; `shut` has who could not be texted anyway, and why."""

    def __init__(self, gate: Gate, shut: Mapping[UUID, Gate]) -> None:
        """Say the gate's own sentence."""
        super().__init__(gate)
        self.shut = shut


class NameNotTyped(DomainError):
    """What closes an account for good asks for its name, typed."""

    status = 422
    code = "name_not_typed"

    def __init__(self, name: str) -> None:
        """Say what to type."""
        super().__init__(f"Type {name}, the name of the account you close.")


class AnswerLacks(BadInput):
    """The answer to a join keyword lacks points; `lacks` says which, by the field that mends it."""

    def __init__(self, lacks: Mapping[str, list[str]]) -> None:
        """Name all that is missing."""
        every = [told for points in lacks.values() for told in points]
        super().__init__(f"The answer must say {', '.join(every)}.")
        self.lacks = lacks


class LintBlocks(TextRefused):
    """The text's own words stop it, until they change or an officer releases them (H-1)."""

    code = "lint_blocked"


class OkNeeded(DomainError):
    """The lint warns of something, and the sender has not typed OK to exactly that (S-12)."""

    code = "lint_warning"

    def __init__(self, warnings: Sequence[str]) -> None:
        """Ask to read them and to type it; `warnings` is what each of them says."""
        many = len(warnings)
        there = "There is a warning" if many == 1 else f"There are {many} warnings"
        super().__init__(f"{there} about this text. Read what it says and type OK to send anyway.")
        self.warnings = tuple(warnings)


class AssignedMeanwhile(DomainError):
    """A conversation went to somebody since the page was shown (Q-5)."""

    status = 409
    code = "assigned_meanwhile"

    def __init__(self, name: str | None) -> None:
        """Say who has it now."""
        now = f"{name} has this conversation now" if name else "Nobody has this conversation now"
        super().__init__(f"{now}: it changed since you opened it. Choose again if you want to.")


class NameTaken(BadInput):
    """Another saved reply of the same keeper has this name (Q-5)."""

    code = "name_taken"

    def __init__(self, name: str) -> None:
        """Name it and say what to do."""
        super().__init__(f"“{name}” is there already. Choose another name, or change that one.")


class ChangedMeanwhile(DomainError):
    """Somebody changed a saved reply since it was read (Q-5)."""

    code = "changed_meanwhile"

    def __init__(self, by: str) -> None:
        """Say who, and that nothing is lost."""
        super().__init__(
            f"{by} changed this meanwhile; it stands below. What you wrote is kept: save again to "
            "put it in its place."
        )


class ApprovalNeeded(DomainError):
    """A send to so many needs a second person, and none has looked (S-12)."""

    code = "approval_needed"

    def __init__(self) -> None:
        """Say what has to happen first."""
        super().__init__("A send to so many needs a second person's approval. Ask for it first.")


class ApprovalSettled(DomainError):
    """Somebody, or time, has answered the question for approval already (S-12)."""

    code = "approval_settled"

    def __init__(self, label: str, by: str) -> None:
        """Say what became of it and who did it."""
        super().__init__(f"{label} already{f', by {by}' if by else ''}. Nothing was changed.")


class HoldSettled(DomainError):
    """Somebody, or time, has settled the hold already (Q-4)."""

    code = "hold_settled"

    def __init__(self, state: HoldState, by: str) -> None:
        """Say what became of it and who did it."""
        said = "was released" if state is HoldState.RELEASED else "is an opt-out"
        super().__init__(f"This hold {said} already, by {by}. Nothing was changed.")


class NothingToSend(DomainError):
    """Every recipient is blocked, or there is none."""

    code = "nothing_to_send"


class CostChanged(DomainError):
    """Text, recipients or cost are no longer what was shown (R-8)."""

    code = "cost_changed"

    def __init__(self) -> None:
        """Ask to look again."""
        super().__init__("The cost has changed since it was shown. Check it and send again.")


class LimitChoiceNeeded(DomainError):
    """A bulk send passes today's limits: trim it or spread it over days (RULINGS 16)."""

    code = "limit_choice_needed"

    def __init__(self, over: int) -> None:
        """Say how many are over."""
        people = "1 person is" if over == 1 else f"{over:,} people are"
        super().__init__(
            f"{people} beyond today's limits. Choose to leave them out or to text them "
            "over the next days."
        )
        self.over = over


class NonceReused(DomainError):
    """The form was already sent with other content (I9)."""

    code = "nonce_reused"

    def __init__(self) -> None:
        """Say that the first one stands."""
        super().__init__("This form was already sent with another text. Open a new one.")


class EmptyText(BadInput):
    """There is neither text nor media."""

    code = "empty_text"

    def __init__(self) -> None:
        """Ask for a text."""
        super().__init__("Write a text first.")


class TooLate(DomainError):
    """The text has left already, or has come to its end."""

    code = "too_late"


class SentAgainAlready(TooLate):
    """The text was sent again, and that one is on its way or has left (I9)."""

    code = "sent_again_already"

    def __init__(self) -> None:
        """Say so."""
        super().__init__("This text was sent again already.")


class TextTooLong(BadInput):
    """The text is longer than anybody would read."""

    code = "text_too_long"

    def __init__(self, length: int, longest: int) -> None:
        """Say how long it is and may be."""
        super().__init__(
            f"The text has {length:,} characters; {longest:,} is the most. Shorten it."
        )


class FenceNotReady(DomainError):
    """Sending can't go on yet, or never stood still (I14)."""

    code = "fence_not_ready"


class NotPaused(DomainError):
    """Somebody else let bulk and plan texts go on, or they never waited (H-8)."""

    code = "not_paused"

    def __init__(self) -> None:
        """Say so in the words of a page."""
        super().__init__("Bulk and plan texts of this account are not paused any more.")
