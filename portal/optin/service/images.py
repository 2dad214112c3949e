"""Pictures people upload, made anew so that nothing but the picture is left (PROMISES threat 6)."""

from io import BytesIO
from typing import Final

from PIL import Image, UnidentifiedImageError

from portal.optin.errors import PictureRefused

FORMATS: Final = ("PNG", "JPEG", "WEBP")
MAX_PIXELS: Final = 25_000_000
_UNREADABLE: Final = (
    "This is no PNG, JPEG or WebP picture we can read. Save it as PNG and try again."
)


def remade(content: bytes, *, within: tuple[int, int] | None = None) -> bytes:
    """Return a picture as a new PNG, made smaller to fit `within`. Raises PictureRefused.

    Whatever else the file held (a place, a script, a second frame) is gone.
    """
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise PictureRefused(
                    f"The picture has {opened.width:,} by {opened.height:,} pixels. "
                    "Save it smaller, to 25 million pixels at the most."
                )
            if getattr(opened, "n_frames", 1) > 1:
                raise PictureRefused("The picture moves. Save one frame of it and attach that.")
            picture = opened.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise PictureRefused(_UNREADABLE) from None
    if within is not None:
        picture.thumbnail(within)
    out = BytesIO()
    fresh = Image.new("RGBA", picture.size)
    fresh.paste(picture)
    fresh.save(out, "PNG", optimize=True)
    return out.getvalue()
