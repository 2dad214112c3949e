"""The rules that read words and hours keep what `bench rules` prints of them (issue 7)."""

import pytest

from portal.bench import rules
from portal.bench.measure import Options, Verdict

FIGURES = list(rules.run(Options(1, None, ())))


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.what)
def test_every_figure_is_met(figure):
    assert figure.verdict is Verdict.MET


def test_every_rule_has_sixty_labelled_cases_and_a_set_kept_apart():
    cases = {figure.what: int(figure.limit.split()[0]) for figure in FIGURES}
    for rule in ("keywords.classify", "revocation.detect", "lint", "windows.next_allowed"):
        assert cases[f"{rule}, labelled: recall"] >= 60
        assert cases[f"{rule}, extra: recall"] >= 60
    assert cases["similar, labelled: recall"] >= 60


def test_what_mended_a_rule_is_unseen_no_more():
    unseen, used = rules._sections("revocation"), rules._sections("revocation", rules._USED)
    for kind, bodies in used.items():
        assert bodies
        assert not set(bodies) & set(unseen[kind])
