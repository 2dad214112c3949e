"""A worker holds what sending needs and no page, form or command (G12)."""

import json
import subprocess
import sys

from portal.core.settings import ROOT

_LOOK = (
    "import json, sys, workers.__main__, workers.sending;"
    "sys.stdout.write(json.dumps(sorted(sys.modules)))"
)
_HEAVY = {"flask_security", "flask_wtf", "wtforms", "passlib", "PIL", "python_calamine", "typst"}


def test_a_worker_loads_no_page_no_form_and_no_password():
    done = subprocess.run(
        [sys.executable, "-c", _LOOK], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = json.loads(done.stdout)
    assert "portal.messaging.service.rounds" in loaded
    assert not _HEAVY & {name.split(".")[0] for name in loaded}
    assert not [name for name in loaded if name.startswith("portal.") and ".views" in name]
