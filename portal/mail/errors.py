"""How mail says no."""

from portal.core.errors import BadInput


class BadHeader(BadInput):
    """Something that stands in a header of a mail has a line break or another sign of control."""

    code = "bad_header"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name}: a mail can't carry line breaks or control characters here. Take them out."
        )


class BadAddress(BadInput):
    """Mail can't go to such an address."""

    code = "bad_address"

    def __init__(self) -> None:
        super().__init__("to: must be one e-mail address, such as ana@example.com.")
