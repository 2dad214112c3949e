"""Short words as an address or a form bears them."""


def line(text: str, most: int | None = 100) -> str:
    """Return a short text on one line, without what a database refuses; at most so long."""
    return " ".join(text.replace("\0", "").split())[:most]
