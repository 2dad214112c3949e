"""How tasks say no; the messages are shown to people."""

from portal.core.errors import DomainError


class TaskChanged(DomainError):
    """Somebody changed the task after this person opened it."""

    status = 409
    code = "task_changed"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            "Somebody changed this task meanwhile. What stands now is below; change it again."
        )
