"""Archives no program makes."""

import io
import zipfile


def damaged_zips():
    """Return ZIPs, a workbook by their names, with a name that is no UTF-8, a version nobody knows."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "x")
        archive.writestr("\u00e9\u00e9.xml", "y")
    newer = bytearray(out.getvalue())
    newer[newer.index(b"PK\x01\x02") + 6] = 99
    named = out.getvalue().replace("\u00e9\u00e9".encode(), b"\xff\xfe\xff\xfe")
    return named, bytes(newer)
