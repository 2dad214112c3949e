"""The plans to begin with: lint-clean, and what they cost (P-1, H-1)."""

import pytest

from portal.compliance.rules.lint import lint
from portal.drips.rules import steps as rules
from portal.drips.rules.ready import ready_plan, ready_plans
from portal.drips.values import StepKind
from portal.messaging.rules import merge, rates

NAMES = ["Juniper Realty", "Alexandra Castellanos"]
OWN = {"agent_name": "Alexandra Castellanos", "brokerage": "Juniper Realty"}
KNOWN = {"first_name": "Christopher", "full_name": "Christopher Quillfeather", "city": "Evanston"}
PLANS = pytest.mark.parametrize("plan", ready_plans(), ids=lambda plan: plan.key)
TEXTS = [
    pytest.param(step, place == 0, id=f"{plan.key} day {step.day}")
    for plan in ready_plans()
    for place, step in enumerate(s for s in plan.steps if s.kind is StepKind.TEXT)
]


def test_there_are_ten_each_found_by_its_key():
    assert len({plan.key for plan in ready_plans()}) == len({plan.name for plan in ready_plans()})
    assert len(ready_plans()) == 10
    assert all(ready_plan(plan.key) is plan for plan in ready_plans())
    assert ready_plan("expired") is None


@PLANS
def test_its_steps_can_be_kept_as_they_are(plan):
    assert rules.faults(plan.steps) == []
    assert plan.steps[0].kind is StepKind.TEXT


@pytest.mark.parametrize(("step", "is_first"), TEXTS)
@pytest.mark.parametrize("values", [{}, OWN | KNOWN, OWN], ids=["template", "merged", "nameless"])
@pytest.mark.parametrize("notice_follows", [True, False])
def test_no_text_of_a_ready_plan_raises_anything(step, is_first, values, notice_follows):
    """P-1: at every level, as a first contact and later, with S-3's notice and without."""
    body = step.body
    if values:
        body = merge.merge(body, values, fallbacks=merge.USUAL_FALLBACKS).body
    for first_contact in {False, is_first}:
        found = lint(
            body, first_contact=first_contact, sender_names=NAMES, notice_follows=notice_follows
        )
        assert found == []


@pytest.mark.parametrize(("step", "is_first"), TEXTS)
def test_every_text_names_its_sender_and_the_first_says_how_to_opt_out(step, is_first):
    assert {"agent_name", "brokerage"} <= set(merge.fields(step.body))
    assert ("Reply STOP to opt out." in step.body) is is_first


@pytest.mark.parametrize(("step", "is_first"), TEXTS)
def test_a_text_costs_one_credit_with_long_names(step, is_first):
    body = merge.merge(step.body, OWN | KNOWN).body
    assert rates.total_credits(body, 1) == 1


@PLANS
def test_tasks_and_e_mails_use_fields_that_exist(plan):
    for step in plan.steps:
        assert merge.unknown_fields(step.title) == merge.unknown_fields(step.body) == ()
