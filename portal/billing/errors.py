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
    """Today's price is not the one the buyer was shown; nothing was bought."""

    code = "price_changed"

    def __init__(self) -> None:
        """Ask for a second look."""
        super().__init__("The price changed since you opened this page. Check it and buy again.")


class RequestReused(DomainError):
    """One request key stood for two different purchases (PROMISES I9)."""

    code = "request_reused"

    def __init__(self) -> None:
        """Ask for a fresh form."""
        super().__init__("This form was already used for another plan. Open the plan again.")


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
