"""A page reader that never ends, for the test of who ends it."""

import threading

threading.Event().wait()
