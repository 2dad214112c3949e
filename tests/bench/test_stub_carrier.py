"""The stub the send benches stand on takes texts from the carrier's own client, over TLS too."""

import pytest

from portal.bench import stub_carrier
from portal.bench.bare_client import BareClient
from portal.bench.certificate import self_made


@pytest.mark.parametrize("has_tls", [False, True])
def test_every_text_is_taken_and_named(has_tls, tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")  # the client sets it: put back what was there
    certificate = self_made(tmp_path) if has_tls else None
    with stub_carrier.running(0.01, certificate) as carrier:
        client = BareClient(carrier.url, 2, str(certificate) if certificate else None)
        client.send(5)
        client.close()
        taken = carrier.taken()
    assert sorted(text.to for text in taken) == [f"+1773000000{n}" for n in range(5)]
    assert [text.at for text in taken] == sorted(text.at for text in taken)
