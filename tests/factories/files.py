"""Small real files as people hand them in."""

import io

from PIL import Image


def picture(kind="PNG", size=(40, 30), color="teal", **options):
    """Return a picture as bytes."""
    out = io.BytesIO()
    Image.new(options.pop("mode", "RGB"), size, color).save(out, kind, **options)
    return out.getvalue()


def pdf(extra=b"", tail=b"", head=b"%PDF-1.4\n"):
    """Return a one-page PDF; `extra` stands among its objects, `tail` after its end."""
    objects = (
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\n"
    )
    body = head + objects + extra
    return (
        body
        + b"xref\n0 1\n0000000000 65535 f \ntrailer<</Root 1 0 R/Size 4>>\n"
        + b"startxref\n%d\n%%%%EOF\n" % len(body)
        + tail
    )
