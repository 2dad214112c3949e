"""Benchmarks: how near the product comes to the limit of what it stands on.

`flask --app app bench [NAME...]` measures, each time beside its own limit and in the same
run, and prints the ratio with its spread. Nothing here is a timed test.

How to add a bench:

1. a module `portal/bench/<name>.py` with `run(options: Options) -> Iterable[Figure]`;
2. a line in `cli.BENCHES`;
3. inside `run`, `with scratch.open_scratch(engine) as here:` gives an installation of its own
   (never the live one): `here.app` in an application context, `here.settings`, and
   `here.start("-m", "workers", "worker")` for processes that work on it;
4. `brokerage.open_account(here, credits=...)` and `brokerage.add_people(account, count)` fill it;
5. `measure.compare(Target("G7", 0.25, 0.40), "SQLite", ours, limit, rounds=options.rounds)`
   runs both by turns and returns a Figure; `measure.figure(...)` is for what has no limit
   beside it. `measure.rate(count, work)` is how many a second.
"""
