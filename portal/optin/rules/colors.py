"""Brand colors that people can read (WCAG 2.1, contrast ratio, success criterion 1.4.3)."""

import re
from dataclasses import dataclass
from typing import Final

READABLE: Final = 4.5
_DAY, _NIGHT = (255, 255, 255), (21, 29, 32)  # the sheet by day and by night, as in tokens.css
_BLACK: Final = (0, 0, 0)
_HEX: Final = re.compile(r"#?([0-9a-fA-F]{6})")
Color = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Shades:
    """A brand color by day and by night, each with the color of text on it."""

    day: str
    on_day: str
    night: str
    on_night: str


def tidy(text: str) -> str | None:
    """Return "#rrggbb", nothing for nothing, None for what is no color."""
    if not text.strip():
        return ""
    found = _HEX.fullmatch(text.strip())
    return f"#{found[1].lower()}" if found else None


def contrast(one: Color, other: Color) -> float:
    """Return the contrast ratio of two colors, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def refusal(text: str) -> str | None:
    """Return why a brand color can't be read, with one near it that can; None when it can."""
    ratio = contrast(_parts(text), _DAY)
    if ratio >= READABLE:
        return None
    return (
        f"{text} is too pale on white: its contrast is {ratio:.1f} to 1, readable is "
        f"{READABLE} to 1. {_written(_towards(_parts(text), _BLACK, _DAY))} is near and readable."
    )


def shades(text: str) -> Shades:
    """Return a readable brand color for day and night."""
    day = _parts(text)
    night = _towards(day, _DAY, _NIGHT)
    return Shades(_written(day), _written(_on(day)), _written(night), _written(_on(night)))


def _on(ground: Color) -> Color:
    return max((_DAY, _BLACK), key=lambda ink: contrast(ink, ground))


def _towards(color: Color, end: Color, ground: Color) -> Color:
    """Return the color nearest to this one on the way to `end` that can be read on a ground."""
    mixed = color
    for step in range(101):
        mixed = _mix(color, end, step / 100)
        if contrast(mixed, ground) >= READABLE:
            break
    return mixed


def _mix(one: Color, other: Color, share: float) -> Color:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _luminance(color: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(text: str) -> Color:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _written(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
