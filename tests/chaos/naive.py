"""The control: a sender as one would write it without a thought, under the same weather.

It claims texts, posts them, and does what seems right when an answer is missing: tries again. A
sweep puts back what a dead worker left behind. It shows that the weather and the judge find doubles.
"""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import urllib3

THREADS, LEASE_S, MOST_TRIES = 16, 3.0, 5
_SCHEMA = "CREATE TABLE texts (id TEXT PRIMARY KEY, e164, body, state, tries DEFAULT 0, lease)"
_CLAIM = """UPDATE texts SET state = 'sending', lease = ?, tries = tries + 1 WHERE id IN
 (SELECT id FROM texts WHERE state = 'queued' LIMIT ?) RETURNING id, e164, body, tries"""
LEFT = "SELECT 1 FROM texts WHERE state IN ('queued', 'sending')"
_REAP = "UPDATE texts SET state = 'queued' WHERE state = 'sending' AND lease < ?"


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    return connection


def fill(path: Path, texts: list[tuple[str, str, str]]) -> None:
    """Queue texts: id, number, body."""
    with connect(path) as db:
        db.execute(_SCHEMA)
        db.executemany(
            "INSERT INTO texts (id, e164, body, state) VALUES (?, ?, ?, 'queued')", texts
        )


def run(path: str, url: str, number: str, sid: str, token: str) -> None:
    """Send until nothing is left; start it again when it was killed."""
    db, http = connect(Path(path)), urllib3.PoolManager(maxsize=THREADS, retries=False)
    headers = urllib3.make_headers(basic_auth=f"{sid}:{token}")

    def post(text: tuple[str, str, str, int]) -> tuple[str, str]:
        id_, to, body, tries = text
        callback = f"http://127.0.0.1:9/status?m={id_}&a={tries}#rc=0"
        form = {"To": to, "From": number, "Body": body, "StatusCallback": callback}
        try:
            address = f"{url}/api/2010-04-01/Accounts/{sid}/Messages.json"
            answer = http.request_encode_body(
                "POST", address, fields=form, encode_multipart=False, headers=headers, timeout=5
            )
        except urllib3.exceptions.HTTPError:
            return "queued", id_  # no answer: try again
        if answer.status == 201:
            return "sent", id_
        return ("failed" if answer.status == 400 or tries >= MOST_TRIES else "queued"), id_

    with ThreadPoolExecutor(THREADS) as carrier:
        while db.execute(LEFT).fetchone():
            db.execute(_REAP, (time.time(),))
            claimed = db.execute(_CLAIM, (time.time() + LEASE_S, THREADS)).fetchall()
            db.executemany("UPDATE texts SET state = ? WHERE id = ?", carrier.map(post, claimed))
            time.sleep(0 if claimed else 0.1)
