"""What proofs do to what is known of a text, in every order (W1, I1, I10)."""

from functools import reduce
from itertools import combinations, permutations, product
from uuid import UUID

import pytest

from portal.messaging.rules.proofs import RANK, Effect, Evidence, Known, Source, merge
from portal.messaging.values import State

TEXT = UUID(int=1)
ONE, OTHER = "SM" + "1" * 32, "SM" + "2" * 32
CALLBACK, HTTP, LIST = Source.CALLBACK, Source.HTTP, Source.LIST

# What the carrier can tell of one text. Contradictions are among it: carriers make them.
NEWS = [
    Evidence(TEXT, ONE, HTTP, State.ACCEPTED),
    Evidence(TEXT, ONE, CALLBACK, State.ACCEPTED),
    Evidence(TEXT, ONE, CALLBACK, State.SENT),
    Evidence(TEXT, ONE, CALLBACK, State.DELIVERED),
    Evidence(TEXT, ONE, CALLBACK, State.UNDELIVERED, 30003),
    Evidence(TEXT, ONE, CALLBACK, State.UNDELIVERED, 30005),
    Evidence(TEXT, ONE, CALLBACK, State.FAILED, 30008),
    Evidence(TEXT, ONE, LIST, State.SENT),
    Evidence(TEXT, ONE, LIST, State.UNDELIVERED, 30003),
]


def after(news, known=None):
    return reduce(lambda known, proof: merge(known, proof)[1], news, known or Known(State.UNKNOWN))


def what_matters(known):
    """Leave out which of two equally good sources came first."""
    return known.state, known.sid, known.error_code, known.sid_source == LIST


@pytest.mark.parametrize("news", list(combinations(NEWS, 6)))
def test_all_720_orders_of_six_proofs_end_the_same(news):
    """W1: each proof twice in the reverse of its order changes nothing either."""
    ends = {what_matters(after(order)) for order in permutations(news)}
    assert len(ends) == 1
    assert {what_matters(after((*news, *reversed(news))))} == ends
    [(state, sid, code, is_guess)] = ends
    highest = max(RANK[proof.state] for proof in news)
    assert (RANK[state], sid, is_guess) == (highest, ONE, False)
    codes = {proof.error_code for proof in news if proof.state is state}
    assert code == max(codes, key=lambda code: code or 0)


@pytest.mark.parametrize("state", [s for s in State if s not in RANK])
@pytest.mark.parametrize("proof", NEWS)
def test_a_first_proof_is_believed_whatever_was_thought(state, proof):
    """PROMISES 2.3: positive evidence is applied whatever the fence says."""
    effect, known = merge(Known(state, error_code=21610), proof)
    assert effect is Effect.APPLIED
    assert known == Known(proof.state, ONE, proof.source, proof.error_code)


def test_the_same_again_is_known():
    for first, again in product(NEWS, repeat=2):
        effect, known = merge(after([first]), first)
        assert (effect, known) == (Effect.KNOWN, after([first]))
        assert merge(after([first, again]), again)[0] is Effect.KNOWN


@pytest.mark.parametrize("first", [HTTP, CALLBACK])
def test_a_second_name_is_a_double_and_changes_nothing(first):
    known = after([Evidence(TEXT, ONE, first)])
    for state in RANK:
        assert merge(known, Evidence(TEXT, OTHER, CALLBACK, state)) == (Effect.DOUBLE, known)


def test_a_guess_never_stands_against_a_name():
    known = after([Evidence(TEXT, ONE, CALLBACK)])
    assert merge(known, Evidence(TEXT, OTHER, LIST, State.DELIVERED)) == (Effect.TAKEN, known)
    guess = after([Evidence(TEXT, ONE, LIST)])
    assert merge(guess, Evidence(TEXT, OTHER, LIST, State.DELIVERED)) == (Effect.TAKEN, guess)


def test_a_name_replaces_a_guess_and_what_came_with_it():
    """W1: a text that was taken for ours says nothing of how far ours has got."""
    wrong = Evidence(TEXT, OTHER, LIST, State.DELIVERED)
    right = [Evidence(TEXT, ONE, CALLBACK, State.SENT), Evidence(TEXT, ONE, LIST, State.SENT)]
    for order in permutations([wrong, right[0]]):
        assert after(order) == Known(State.SENT, ONE, CALLBACK)
    assert merge(after([wrong]), right[1]) == (Effect.TAKEN, after([wrong]))


@pytest.mark.parametrize("source", [HTTP, CALLBACK])
def test_a_guess_that_was_confirmed_is_a_name(source):
    """I1: else the carrier's second name would pass for the first one's correction."""
    for order in permutations([Evidence(TEXT, ONE, LIST), Evidence(TEXT, ONE, source)]):
        effect, _ = merge(after(order), Evidence(TEXT, OTHER, CALLBACK))
        assert effect is Effect.DOUBLE
