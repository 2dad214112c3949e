"""What tests of proofs share: the verifier as a program of its own."""

import subprocess
import sys

import pytest

from portal.proofs.service import script


@pytest.fixture(scope="session")
def verifier(tmp_path_factory):
    """Run the offline verifier as anybody would: one file, no packages, no portal."""
    program = tmp_path_factory.mktemp("verifier") / script.NAME
    program.write_text(script.script(), encoding="utf-8")

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-I", "-S", str(program), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=program.parent,
        )

    return run
