"""No address that a customer types leads inside (PROMISES 4 threat 5, S6)."""

import ipaddress

import pytest

from portal.gateways import outside
from portal.gateways.outside import AddressRefused, NotPublic

REFUSED = [
    "",
    "hooks.example.com/in",
    "//hooks.example.com/in",
    "http://hooks.example.com/in",
    "ftp://hooks.example.com/in",
    "file:///etc/passwd",
    "gopher://hooks.example.com:70/_x",
    "javascript:alert(1)",
    "https://",
    "https:///in",
    "https://hooks/in",
    "https://localhost/in",
    "https://a.localhost/in",
    "https://127.0.0.1/in",
    "https://127.1/in",
    "https://2130706433/in",
    "https://0x7f000001/in",
    "https://0177.0.0.1/in",
    "https://1.2.3.0x7f/in",
    "https://8.8.8.8/in",
    "https://[::1]/in",
    "https://[::ffff:127.0.0.1]/in",
    "https://[fe80::1%25eth0]/in",
    "https://169.254.169.254/latest/meta-data",
    "https://metadata.google.internal/x",
    "https://router.lan/in",
    "https://nas.local/in",
    "https://hooks.example.com./in",
    "https://hooks..example.com/in",
    "https://-hooks.example.com/in",
    "https://hooks.example.com:22/in",
    "https://hooks.example.com:6379/in",
    "https://hooks.example.com:8443/in",
    "https://hooks.example.com:99999/in",
    "https://hooks.example.com:x/in",
    "https://user@hooks.example.com/in",
    "https://user:pw@hooks.example.com/in",
    "https://hooks.example.com\\@127.0.0.1/in",
    "https://127.0.0.1#@hooks.example.com/in",
    "https://hooks.example.com/in#part",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/\r\nHost: x",
    "https://hooks.example.com/\u0000",
    "https://h\u00f6\u00f6ks.example.com/in",
    "https://\u24d4xample.com/in",
    "https://example\u3002com/in",
    "https://[::1/in",
    "https://hooks.example.com/" + "x" * 500,
]


HERE = ("https://localhost/", "https://127.0.0.1/", "https://[::1]/")  # asked in the sandbox


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_that_could_lead_inside_is_refused_in_words(url):
    for is_sandbox in (False, not url.startswith(HERE)):
        with pytest.raises(AddressRefused) as refused:
            outside.read(url, is_sandbox=is_sandbox)
        assert refused.value.message.endswith(".")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://hooks.example.com", "/"),
        ("https://HOOKS.Example.com/In?a=1&b=%20", "/In?a=1&b=%20"),
        ("https://hooks.example.com:443/in", "/in"),
        ("https://xn--hks-snaa.example.com/in", "/in"),
    ],
)
def test_a_plain_public_address_is_taken(url, path):
    target = outside.read(url, is_sandbox=False)
    assert (target.scheme, target.port, target.path) == ("https", 443, path)
    assert target.host == target.host.lower()


@pytest.mark.parametrize(
    "url",
    ["http://localhost:9000/in", "http://127.0.0.1:9000/", "https://localhost/", "http://[::1]:9000/"],
)  # fmt: skip
def test_this_machine_is_asked_in_the_sandbox_alone(url):
    assert outside.read(url, is_sandbox=True).host in {"localhost", "127.0.0.1", "::1"}
    with pytest.raises(AddressRefused):
        outside.read(url, is_sandbox=False)


INSIDE = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.8.9.1", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "2002:a00:1::", "3fff::1",
    "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_asked_whatever_name_leads_there(address):
    assert not outside.is_public(ipaddress.ip_address(address))
    target = outside.read("https://hooks.example.com/in", is_sandbox=False)
    for found in ([address], ["93.184.216.34", address], [address, "2606:4700::1111"]):
        with pytest.raises(NotPublic):
            outside.addresses(target, is_sandbox=True, resolve=lambda *_, found=found: found)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "2a00:1450::1"])
def test_a_public_address_is_asked(address):
    target = outside.read("https://hooks.example.com/in", is_sandbox=False)
    found = outside.addresses(target, is_sandbox=False, resolve=lambda *_: [address, address])
    assert found == [address]


@pytest.mark.parametrize("answer", [OSError("no such name"), UnicodeError("label"), []])
def test_a_name_that_leads_nowhere_is_told_as_that(answer):
    def resolve(*_args):
        if isinstance(answer, Exception):
            raise answer
        return answer

    target = outside.read("https://hooks.example.com/in", is_sandbox=False)
    with pytest.raises(NotPublic, match="not found"):
        outside.addresses(target, is_sandbox=False, resolve=resolve)
