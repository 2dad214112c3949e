"""Which provider collects is decided in one place, and half a set-up does not start (B-12, X-4)."""

import pytest

from portal.core import settings as settings_module
from portal.core.settings import SettingsError

SID = {"TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "TWILIO_AUTH_TOKEN": "2" * 32}
KEYS = {"STRIPE_SECRET_KEY": "sk_test_" + "a" * 20, "STRIPE_WEBHOOK_SECRETS": "whsec_" + "b" * 20}


def read(tmp_path, **environment):
    return settings_module.read(environment, var=tmp_path)


@pytest.mark.parametrize(
    ("environment", "words"),
    [({"STRIPE_SECRET_KEY": KEYS["STRIPE_SECRET_KEY"]}, "STRIPE_WEBHOOK_SECRETS must be set too"),
     ({"STRIPE_WEBHOOK_SECRETS": "whsec_" + "b" * 20}, "STRIPE_SECRET_KEY must be set too"),
     ({**KEYS, "STRIPE_SECRET_KEY": "pk_live_" + "a" * 20}, "never a publishable one"),
     ({**KEYS, "STRIPE_WEBHOOK_SECRETS": "whsec_1"}, "STRIPE_WEBHOOK_SECRETS must be signing"),
     ({**KEYS, "STRIPE_SECRET_KEY": "sk_live_" + "a" * 20}, "real money, but the carrier is the"),
     ({**SID, **KEYS}, "test cards, but the carrier is real"),
     ({**KEYS, "STRIPE_SANDBOX": "1"}, "never runs beside real keys"),
     ({**SID, "STRIPE_SANDBOX": "1"}, "never runs beside real keys"),
     ({"STRIPE_SANDBOX": "yes"}, "STRIPE_SANDBOX must be 1 or 0")],
)  # fmt: skip
def test_a_wrong_or_half_set_up_stops_the_start_with_one_line(tmp_path, environment, words):
    with pytest.raises(SettingsError, match=words):
        read(tmp_path, **environment)


def test_without_keys_invoices_are_written(tmp_path):
    assert read(tmp_path).stripe_secret_key is None


def test_keys_and_both_secrets_of_a_change_are_taken(tmp_path):
    found = read(
        tmp_path,
        **SID,
        STRIPE_SECRET_KEY="sk_live_" + "a" * 20,
        STRIPE_WEBHOOK_SECRETS="whsec_newer123, whsec_older123",
    )
    assert found.stripe_webhook_secrets == ("whsec_newer123", "whsec_older123")
    assert found.stripe_api_base == "https://api.stripe.com"


def test_the_stand_in_has_keys_of_its_own(tmp_path):
    found = read(tmp_path, STRIPE_SANDBOX="1", PORT="9000")
    assert found.is_stripe_sandbox and found.stripe_secret_key.startswith("sk_test_")
    assert found.stripe_api_base == "http://127.0.0.1:9001/stripe"
