"""What is drawn around every page asks the database a counted number of questions (G6)."""

import pytest

from tests import cast
from tests.messaging.test_index_use import asked


# Who is signed in and works where; which account; those to switch to; the bell; whether sending
# stands still; what is unread; what the account has left, and, here without a plan, that none runs.
@pytest.mark.parametrize(
    ("name", "account_id", "most"),
    [("alice", cast.NORTHSIDE, 8), ("bob", cast.BOBS, 8), ("vera", None, 4), ("pat", None, 3)],
)
def test_the_shell_asks_little(request, northside, bobs, name, account_id, most):
    person = request.getfixturevalue(name)
    if account_id is not None:
        person.get("messaging.inbox", account_id=account_id)  # the account last used
    person.get("messaging.explain")
    with asked() as statements:
        person.get("messaging.explain")
    questions = [sql for sql, _ in statements if sql.startswith(("SELECT", "WITH"))]
    assert len(questions) <= most, questions
