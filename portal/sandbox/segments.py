"""How many parts a text takes, as the carrier counts them."""

# GSM 03.38, basic table and extension table; see facts on message-segment-calculator.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM_ONE, _GSM_MANY = 160, 153
_UCS_ONE, _UCS_MANY = 70, 67


def count(body: str) -> int:
    """Return the number of segments; an empty body takes one."""
    if all(char in _BASIC or char in _EXTENSION for char in body):
        sizes = [2 if char in _EXTENSION else 1 for char in body]
        return _parts(sizes, _GSM_ONE, _GSM_MANY)
    return _parts([len(char.encode("utf-16-le")) // 2 for char in body], _UCS_ONE, _UCS_MANY)


def _parts(sizes: list[int], alone: int, joined: int) -> int:
    """Fill parts in order; a character of two units is never split over two parts."""
    if sum(sizes) <= alone:
        return 1
    parts, used = 1, 0
    for size in sizes:
        if used + size > joined:
            parts, used = parts + 1, 0
        used += size
    return parts
