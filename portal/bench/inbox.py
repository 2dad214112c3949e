"""Whether the inbox stays quick at 1,000,000 texts: its views, a talk, and the polls of both (G6)."""

from collections.abc import Iterator
from typing import Final

from portal.bench import pages
from portal.bench.crowd import TEXTS_EACH
from portal.bench.measure import Figure, Options

_INBOX: Final = "/accounts/{account}/inbox"
_TALK: Final = "/accounts/{account}/conversations/{talk}"
_PAGES: Final = {
    "inbox": _INBOX,
    "unanswered": f"{_INBOX}?view=needs_answer",
    "a conversation": _TALK,
    "a poll of the inbox": f"{_INBOX}?mark={{mark}}&seen=x",
}


def run(options: Options) -> Iterator[Figure]:
    """Measure them as `pages` does, with ten texts for each person."""
    return pages.measure(options, _PAGES, texts_each=TEXTS_EACH)
