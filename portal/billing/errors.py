"""What billing refuses, in words for the person who asked."""

from portal.core.errors import DomainError, NotFound


class NotEnoughCredits(DomainError):
    """The account has fewer credits than this takes; nothing was reserved (PROMISES 3.2)."""

    code = "not_enough_credits"

    def __init__(self, needed: int, available: int) -> None:
        """Name both figures and the two ways on."""
        super().__init__(
            f"This needs {_credits(needed)} and {_credits(available)} {_are(available)} left. "
            "Buy credits or choose fewer people."
        )
        self.needed = needed
        self.available = available


class PlanNotFound(NotFound):
    """No plan has this id, or it is no longer sold."""

    code = "plan_not_found"

    def __init__(self) -> None:
        """Point back to the catalogue."""
        super().__init__("That plan is not on offer any more. Choose another in the marketplace.")


class AlreadySubscribed(DomainError):
    """The account has an active subscription; a second one is never bought by accident."""

    code = "already_subscribed"

    def __init__(self, plan_name: str) -> None:
        """Name the plan that is running."""
        super().__init__(
            f"This account already has the plan {plan_name}. One account has one subscription."
        )


class PriceChanged(DomainError):
    """The price or the plan's terms are not those the buyer was shown; nothing was bought."""

    code = "price_changed"

    def __init__(self) -> None:
        """Ask for a second look."""
        super().__init__(
            "The price changed since you opened this page, or what the plan brings did. Check both and buy again."
        )


class RequestReused(DomainError):
    """One request key stood for two purchases or changes (PROMISES I9)."""

    code = "request_reused"

    def __init__(self) -> None:
        """Ask for a fresh form."""
        super().__init__("This form was already used. Open the plan again.")


class NotSubscribed(DomainError):
    """There is no subscription that could be changed or canceled."""

    code = "not_subscribed"

    def __init__(self) -> None:
        """Point to the marketplace."""
        super().__init__("You need an active subscription. Choose a plan in the marketplace.")


class SamePlan(DomainError):
    """The account has this plan, on these very terms."""

    code = "same_plan"

    def __init__(self, plan_name: str) -> None:
        """Name the plan."""
        super().__init__(f"This account already has the plan {plan_name}. Choose another one.")


class IsCanceling(DomainError):
    """A canceled subscription does not change its plan (B-7)."""

    code = "is_canceling"

    def __init__(self) -> None:
        """Say what comes first."""
        super().__init__(
            "This subscription is canceled and ends on the 1st. "
            "Keep the subscription first, then change the plan."
        )


class RenewalUnpaid(DomainError):
    """The card has to pay this month before anything else is changed (B-12)."""

    code = "renewal_unpaid"

    def __init__(self, *, by_card: bool) -> None:
        """Say what comes first."""
        way = "Pay it first, under Connected apps, then come back."
        if not by_card:
            way = "Pay its invoice first; the administrator of this installation notes that."
        super().__init__(f"This month is not paid yet, and its credits wait for that. {way}")


class PaidByCard(DomainError):
    """What this costs is paid on the card provider's page, by a person (B-12)."""

    code = "paid_by_card"

    def __init__(self) -> None:
        """Say where that is done."""
        super().__init__("This is paid by card. Open the account's marketplace and pay there.")


class PaymentNotFound(NotFound):
    """The account has no such payment."""

    code = "payment_not_found"

    def __init__(self) -> None:
        """Point back to where payments begin."""
        super().__init__("We can't find that payment. Look under Connected apps.")


class PaymentClosed(DomainError):
    """Nobody can pay this any more, or it is paid."""

    code = "payment_closed"

    def __init__(self) -> None:
        """Say where to begin again."""
        super().__init__("This payment is over. Nothing was charged just now. Begin anew.")


class BeingCharged(DomainError):
    """The saved card is being charged in this very moment."""

    code = "being_charged"

    def __init__(self) -> None:
        """Ask for a minute."""
        super().__init__("Your card is being charged right now. Look again in a minute.")


class TermsChanged(DomainError):
    """What was paid for can't be had on the terms that were shown; the money goes back."""

    code = "terms_changed"

    def __init__(self) -> None:
        """Say what happens."""
        super().__init__("The subscription changed while you paid")


class GivenBack(DomainError):
    """Money that went back before what it was for could be given brings nothing."""

    code = "given_back"

    def __init__(self) -> None:
        """Say where it went."""
        super().__init__("The money was given back at the card provider")


class ProviderAway(DomainError):
    """The card provider did not answer; nothing is charged twice by trying again."""

    status = 503
    code = "provider_away"

    def __init__(self) -> None:
        """Ask for another try."""
        super().__init__(
            "The card provider did not answer. Try again in a minute; nothing is charged twice."
        )


class InvoiceNotFound(NotFound):
    """No invoice has this id here."""

    code = "invoice_not_found"

    def __init__(self) -> None:
        """Point back to the list."""
        super().__init__("We can't find that invoice.")


class InvoiceClosed(DomainError):
    """The invoice is paid or void already; neither is undone."""

    code = "invoice_closed"

    def __init__(self, label: str, state: str) -> None:
        """Name it and say where it stands."""
        super().__init__(f"{label} is {state} already. Nothing was changed.")


class PaidElsewhere(DomainError):
    """The provider says when this invoice is paid, not a person."""

    code = "paid_elsewhere"

    def __init__(self, label: str) -> None:
        """Say who settles it."""
        super().__init__(f"{label} is settled by the card provider. Nothing is noted by hand.")


class PriceDayPast(DomainError):
    """A new price can't begin in the past: what was bought since then would be wrong."""

    code = "price_day_past"

    def __init__(self) -> None:
        """Say which days there are."""
        super().__init__("Choose a day after today. For a price from now on, change the price.")


class PlanNameTaken(DomainError):
    """Another plan of the catalogue has this name."""

    code = "plan_name_taken"

    def __init__(self, name: str) -> None:
        """Name the clash."""
        super().__init__(f"There is already a plan called {name}. Choose another name.")


def _credits(count: int) -> str:
    return f"{count:,} credit" if count == 1 else f"{count:,} credits"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
