"""How drips say no."""

from collections.abc import Sequence

from portal.core.errors import BadInput, DomainError
from portal.drips.values import StepFault


class StepsWrong(BadInput):
    """Steps can't be kept as they were written; `faults` says what is wrong where."""

    status = 422
    code = "steps_wrong"

    def __init__(self, faults: Sequence[StepFault]) -> None:
        """Say the first of them."""
        first = faults[0]
        where = f"Step {first.position + 1}: " if first.position >= 0 else ""
        super().__init__(f"{where}{first.message}")
        self.faults = tuple(faults)


class DripArchived(DomainError):
    """The plan is out of use."""

    code = "drip_archived"

    def __init__(self) -> None:
        """Say how to go on."""
        super().__init__("This plan is archived. Take it into use again first.")
