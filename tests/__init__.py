"""The tests. They start many processes: each would compile the product anew without byte code.

So the suite keeps it beside the sources, also where the machine's own processes keep none.
"""

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
