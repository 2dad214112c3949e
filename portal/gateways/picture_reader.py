"""A program of its own: decode one picture from stdin and write it anew to stdout.

It runs alone, under limits of memory and time, and is given nothing but the bytes: a decoder
that a hostile file breaks, breaks here (PROMISES 4, threat 6). It imports nothing of the portal.
"""

import io
import json
import resource
import sys
import warnings
from typing import Final

from PIL import Image, ImageOps

MEMORY_BYTES: Final = 700_000_000  # of address space, libraries included
CPU_SECONDS: Final = 9
MAX_PIXELS: Final = 25_000_000
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
        head, content = _anew(sys.stdin.buffer.read(), sys.argv[1], sys.argv[2:])
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
        if image.width * image.height > MAX_PIXELS:
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


def _written(image: Image.Image, kind: str, **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


if __name__ == "__main__":
    main()
