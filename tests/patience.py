"""How long a test waits for what certainly comes: so that one that hangs ends, and a slow machine fails none."""

PROCESS_S = 600  # a process that starts within 15 s took 200 beside others on a slow day
