"""A program of its own: decode one picture from stdin and write it anew to stdout.

    python picture_reader.py KIND            the picture, as large as it is
    python picture_reader.py KIND 480 160    a PNG of that size at most
    python picture_reader.py KIND text       as it goes with a text, and a small one to show (S-7)

It runs alone, under limits of memory and time, and is given nothing but the bytes: a decoder
that a hostile file breaks, breaks here (PROMISES 4, threat 6). It imports nothing of the portal.
"""

import io
import json
import resource
import sys
import warnings
from typing import Any, Final

from PIL import Image, ImageOps

MEMORY_BYTES: Final = 700_000_000  # of address space, libraries included
CPU_SECONDS: Final = 9
MAX_PIXELS: Final = 25_000_000
MAX_WEBP_PIXELS: Final = 16_000_000  # its decoder holds a picture several times
MAX_JPEG_PIXELS: Final = 64_000_000  # of one that is read at a fraction of its size
MAX_FRAMES: Final = 100
_TEXTED_SIDE: Final = 1_600  # larger pictures are made smaller by carriers, and worse
_MOVING_SIDE: Final = 640
_MOVING_PIXELS: Final = 12_000_000  # of all frames together, written
_READ_PIXELS: Final = 100_000_000  # of all frames together, read
_SHOWN_SIDE: Final = 320
_LARGEST_TEXTED_PNG: Final = 1_000_000
_LARGEST_PNG: Final = 20_000_000  # a copy larger than this is a photograph: JPEG does better
_DAMAGED: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    KeyError,
    IndexError,
    ArithmeticError,
    AttributeError,
    NotImplementedError,
)


class Refused(Exception):
    """A picture that is not taken; the argument is a word for the caller."""


def main() -> None:
    """Answer with a line of JSON, and after it the new picture where there is one."""
    Image.MAX_IMAGE_PIXELS = None  # asked below, in words of our own
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        made = _for_text if sys.argv[2:] == ["text"] else _anew
        head, content = made(sys.stdin.buffer.read(), sys.argv[1], sys.argv[2:])
    except Refused as error:
        head, content = {"refused": str(error)}, b""
    except MemoryError:
        head, content = {"refused": "too_many_pixels"}, b""
    except _DAMAGED:
        head, content = {"refused": "damaged"}, b""
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + content)


def _anew(content: bytes, kind: str, within: list[str]) -> tuple[dict[str, object], bytes]:
    """Return the picture as new bytes that hold nothing but its pixels.

    With a width and a height to fit `within`, it is a PNG of that size at most.
    """
    with Image.open(io.BytesIO(content), formats=[kind]) as image:
        if image.width * image.height > _most_pixels(kind):
            raise Refused("too_many_pixels")
        # A phone's JPEG may hold a second, smaller picture (MPO): the first one is the picture.
        if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
            raise Refused("many_frames")
        image.load()
        upright = ImageOps.exif_transpose(image)
    plain = _plain(upright)
    if within:
        plain.thumbnail((int(within[0]), int(within[1])))
    as_jpeg = kind == "JPEG" and not within
    if not as_jpeg:
        written = _written(plain, "PNG", compress_level=3)
        as_jpeg = len(written) > _LARGEST_PNG and not within
    if as_jpeg:
        written = _written(_on_white(plain), "JPEG", quality=88)
    head: dict[str, object] = {
        "media_type": "image/jpeg" if as_jpeg else "image/png",
        "width": plain.width,
        "height": plain.height,
    }
    return head, written


def _for_text(content: bytes, kind: str, _: list[str]) -> tuple[dict[str, object], bytes]:
    """Return the picture as phones take it, followed by a small one to show; `size` parts them."""
    with Image.open(io.BytesIO(content), formats=[kind]) as image:
        pixels, frames = image.width * image.height, getattr(image, "n_frames", 1)
        if kind == "JPEG":
            image.draft("RGB", (_TEXTED_SIDE, _TEXTED_SIDE))
        if pixels > (MAX_JPEG_PIXELS if kind == "JPEG" else _most_pixels(kind)):
            raise Refused("too_many_pixels")
        if image.format != "MPO" and frames > 1 and kind != "GIF":
            raise Refused("many_frames")
        if kind == "GIF" and frames > 1:
            plain, written = _moving(image, frames)
            media_type = "image/gif"
        else:
            image.load()
            plain = _plain(_upright(image))
            plain.thumbnail((_TEXTED_SIDE, _TEXTED_SIDE))
            media_type, written = _still(plain, kind, 85)
    small = plain.copy()
    small.thumbnail((_SHOWN_SIDE, _SHOWN_SIDE))
    shown_type, shown = _still(small, "PNG" if kind != "JPEG" else kind, 75)
    head: dict[str, object] = {
        "media_type": media_type,
        "width": plain.width,
        "height": plain.height,
        "size": len(written),
        "shown_type": shown_type,
    }
    return head, written + shown


def _most_pixels(kind: str) -> int:
    return MAX_WEBP_PIXELS if kind == "WEBP" else MAX_PIXELS


def _upright(image: Image.Image) -> Image.Image:
    """Return the picture as it was held; a turn of nothing costs no second copy."""
    return ImageOps.exif_transpose(image) if image.getexif().get(0x0112, 1) != 1 else image


def _still(image: Image.Image, kind: str, quality: int) -> tuple[str, bytes]:
    """Write one picture as JPEG where it was one or is large, else as PNG."""
    if kind != "JPEG":
        written = _written(image, "PNG", compress_level=6)
        if len(written) <= _LARGEST_TEXTED_PNG:
            return "image/png", written
    return "image/jpeg", _written(_on_white(image), "JPEG", quality=quality)


def _moving(image: Image.Image, frames: int) -> tuple[Image.Image, bytes]:
    """Return the first frame, and all of them written anew, small enough for a phone."""
    if frames > MAX_FRAMES:
        raise Refused("too_long")
    if image.width * image.height * frames > _READ_PIXELS:
        raise Refused("too_many_pixels")
    side = min(_MOVING_SIDE, int((_MOVING_PIXELS / frames) ** 0.5))
    first: Image.Image | None = None
    anew, lasts = [], []
    for place in range(frames):
        image.seek(place)
        lasts.append(min(max(int(image.info.get("duration") or 100), 20), 10_000))
        frame = image.convert("RGBA")
        frame.thumbnail((side, side))
        frame.info.clear()
        first = first or frame
        anew.append(frame.quantize(method=Image.Quantize.FASTOCTREE))
    assert first is not None
    for frame in anew:
        frame.info.pop("comment", None)
    written = _written(
        anew[0], "GIF", save_all=True, append_images=anew[1:], duration=lasts, loop=0, disposal=2
    )
    return first, written


def _plain(image: Image.Image) -> Image.Image:
    """Return the pixels alone, in a mode every program reads: no profile, no notes, no palette."""
    if image.mode.startswith("I"):  # 16 bits of gray
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    has_alpha = image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info
    mode = "RGBA" if has_alpha else "L" if image.mode in {"1", "L"} else "RGB"
    plain = image if image.mode == mode else image.convert(mode)
    plain.info.clear()
    return plain


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def _written(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


if __name__ == "__main__":
    main()
