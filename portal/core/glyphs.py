"""Signs our documents' fonts hold, and code points for those they do not (RULINGS 25)."""

from typing import Any, Final

# Scripts the fonts of a document hold; what lies beyond is given by its code points, too.
_DRAWN: Final = (
    (0x20, 0x7E),
    (0xA0, 0x24F),
    (0x2B0, 0x36F),
    (0x370, 0x52F),
    (0x1E00, 0x1EFF),
    (0x1F00, 0x1FFF),
    (0x2010, 0x2027),
    (0x2030, 0x205E),
    (0x20A0, 0x20BF),
    (0x2190, 0x2193),
)
_MOST_CODES: Final = 12


def code_points(text: str) -> str:
    """Return text with the code points of what the fonts do not hold, for a reader who needs them."""
    odd = list(dict.fromkeys(c for c in text if not _is_drawn(c)))
    if not odd:
        return text
    named = " ".join(f"U+{ord(c):04X}" for c in odd[:_MOST_CODES])
    return f"{text} ({named}{' ...' if len(odd) > _MOST_CODES else ''})"


def with_code_points(value: Any) -> Any:
    """Return the text of a document, each value with its code points where it needs them."""
    if isinstance(value, str):
        return code_points(value)
    if isinstance(value, list):
        return [with_code_points(item) for item in value]
    if isinstance(value, dict):
        return {name: with_code_points(item) for name, item in value.items()}
    return value


def _is_drawn(char: str) -> bool:
    code = ord(char)
    return char == "\n" or any(first <= code <= last for first, last in _DRAWN)
