"""The verifier as one file that Python runs by itself."""

import io
import zipfile
from pathlib import Path

NAME = "check-audit.pyz"
_ALWAYS = (1980, 1, 1, 0, 0, 0)  # the same program is the same bytes
_START = "import sys\nfrom offline.__main__ import main\nsys.exit(main())\n"


def program() -> bytes:
    """Return the whole verifier as a zip that `python check-audit.pyz` runs, and anybody reads."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(Path(__file__).parent.glob("*.py")):
            archive.writestr(zipfile.ZipInfo(f"offline/{path.name}", _ALWAYS), path.read_bytes())
        archive.writestr(zipfile.ZipInfo("__main__.py", _ALWAYS), _START)
    return made.getvalue()
