"""Where webhooks may go: the judgement of addresses and URLs, and what happens at the connection."""

import asyncio
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest
from automateiq_core.errors import InvalidInput
from automateiq_documents.webhooks.addresses import is_public
from automateiq_documents.webhooks.models import check_url, new_secret
from automateiq_documents.webhooks.sender import Sender
from hypothesis import given
from hypothesis import strategies as st

from tests.receiver import certificate, receiving

PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:82a::200e"]
NOT_PUBLIC = {
    "loopback": ["127.0.0.1", "127.8.9.1", "::1"],
    "private": ["10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.1.1", "fc00::1", "fd12:3456::1"],
    "link local": ["169.254.1.1", "fe80::1", "fe80::1%eth0", "fec0::1"],
    "metadata of clouds": [
        "169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
    ],
    "this host": ["0.0.0.0", "0.1.2.3", "::"],
    "carrier's": ["100.64.0.1", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1"],
    "broadcast and reserved": ["255.255.255.255", "240.0.0.1", "192.88.99.1"],
    "documentation and benchmarks": ["192.0.2.1", "198.18.0.1", "203.0.113.9", "2001:db8::1", "3fff::1"],
    "mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe"],
    "compatible": ["::127.0.0.1", "::10.0.0.1"],
    "translated": ["64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "64:ff9b::10.0.0.1"],
    "6to4 and Teredo": ["2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:7f00:1::", "2002:808:808::1"],
    "no address": ["", "localhost", "127.1", "0x7f.1", "1.2.3.4.5"],
}


@pytest.mark.parametrize("address", [*PUBLIC, "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"])
def test_public_addresses_may_be_sent_to(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("kind", "address"), [(kind, one) for kind, addresses in NOT_PUBLIC.items() for one in addresses]
)
def test_no_other_address_may(kind: str, address: str) -> None:
    assert not is_public(address), kind


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_as_itself(address: IPv4Address) -> None:
    mapped = IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
    translated = IPv6Address(bytes.fromhex("0064ff9b") + b"\0" * 8 + address.packed)
    assert is_public(str(mapped)) == is_public(str(translated)) == is_public(str(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/hooks",
        "ftp://partner.example/",
        "partner.example/hooks",
        "https:///hooks",
        "https://user@partner.example/",
        "https://user:secret@partner.example/",
        "https://partner.example/#part",
        "https://partner.example:0/",
        "https://partner.example:99999/",
        "https://partner.example/a b",
        "https://partner.example/\r\nx: y",
        "https://partner.example\\@10.0.0.1/",
        "https://pärtner.example/",
        "https://[::1/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]:8443/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "https://api.localhost/",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_url(url, local=False)
    assert refused.value.reason == "WEBHOOK_URL_REFUSED"
    assert [violation.field for violation in refused.value.violations] == ["url"]


def test_urls_that_are_taken() -> None:
    for url in ("https://partner.example", "https://partner.example:8443/a?b=c", "https://8.8.8.8/"):
        check_url(url, local=False)
    for url in ("http://127.0.0.1:8000/", "http://localhost/", "https://[::1]/"):
        check_url(url, local=True)
    with pytest.raises(InvalidInput):
        check_url("file:///etc/passwd", local=True)


async def send(sender: Sender, url: str, secret: str = new_secret("1").value) -> Any:
    return await sender.send(url, "msg_1", '{"type":"ping"}', [secret], datetime.now(UTC))


async def test_a_message_is_signed_as_the_specification_says() -> None:
    one, other = new_secret("1").value, new_secret("2").value
    with receiving() as receiver:
        at = datetime.now(UTC)
        attempt = await Sender(seconds=5, local=True).send(receiver.url, "msg_7", '{"ü":1}', [one, other], at)
    assert (attempt.status_code, attempt.error) == (204, "")
    (got,) = receiver.received
    assert got.verified(one) == got.verified(other) == {"ü": 1}
    assert got.headers["webhook-id"] == "msg_7"
    assert got.headers["webhook-timestamp"] == str(int(at.timestamp()))
    assert got.headers["content-type"] == "application/json"
    with pytest.raises(Exception, match="No matching signature"):
        got.verified(new_secret("3").value)


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"]
)
async def test_this_machine_is_not_sent_to_by_whatever_name(name: str) -> None:
    with receiving() as receiver:
        port = receiver.url.rpartition(":")[2]
        attempt = await send(Sender(seconds=5), f"http://{name}:{port}")
    assert receiver.received == []
    assert "not public" in attempt.error
    assert attempt.status_code == 0


async def test_the_judged_address_is_the_one_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo

    async def name_server(host: Any, *rest: Any, **more: Any) -> Any:
        if host != "partner.example":
            return await resolve(host, *rest, **more)
        asked.append(host)
        return await resolve("127.0.0.1", *rest, **more)

    monkeypatch.setattr(loop, "getaddrinfo", name_server)
    files = certificate(tmp_path, "partner.example")
    with receiving(tls=files) as receiver:
        url = receiver.url.replace("localhost", "partner.example")
        attempt = await send(Sender(seconds=5, local=True, ca_file=files[0]), url)
        assert attempt.error == ""
        assert asked == ["partner.example"]
        refused = await send(Sender(seconds=5, ca_file=files[0]), url)
    assert "not public" in refused.error
    # The name stays what it was for TLS and for the server.
    assert receiver.names == ["partner.example"]
    (got,) = receiver.received
    assert got.headers["host"].startswith("partner.example:")


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    with receiving(tls=certificate(tmp_path, "localhost")) as receiver:
        attempt = await send(Sender(seconds=5, local=True), receiver.url)
    assert attempt.error.startswith("TLS failed")
    assert receiver.received == []


async def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path) -> None:
    files = certificate(tmp_path, "other.example")
    with receiving(tls=files) as receiver:
        attempt = await send(Sender(seconds=5, local=True, ca_file=files[0]), receiver.url)
    assert attempt.error.startswith("TLS failed")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    with receiving() as receiver, receiving() as elsewhere:
        receiver.answers, receiver.headers = [status], {"location": elsewhere.url}
        attempt = await send(Sender(seconds=5, local=True), receiver.url)
    assert (attempt.status_code, attempt.taken) == (status, False)
    assert "redirects are not followed" in attempt.error
    assert elsewhere.received == []


async def test_a_long_answer_is_not_read_to_its_end() -> None:
    with receiving() as receiver:
        receiver.answers, receiver.body = [200], b"x" * (30 << 20)
        attempt = await send(Sender(seconds=20, local=True), receiver.url)
    assert attempt.taken


async def test_who_does_not_answer_is_not_waited_for() -> None:
    with receiving(held=True) as receiver:
        attempt = await send(Sender(seconds=0.3, local=True), receiver.url)
    assert "did not answer within 0.3 seconds" in attempt.error
    assert attempt.duration_ms >= 250


async def test_who_is_not_there_is_told_so(unused_tcp_port: int) -> None:
    sender = Sender(seconds=5, local=True)
    nobody = await send(sender, f"http://127.0.0.1:{unused_tcp_port}/")
    assert nobody.error == "The receiver does not take connections."
    nameless = await send(sender, "http://no-such-name.invalid/")
    assert nameless.error == "The name of the receiver could not be resolved."


@pytest.mark.parametrize(
    ("status", "taken"), [(200, True), (202, True), (299, True), (400, False), (500, False)]
)
async def test_only_2xx_means_taken(status: int, taken: bool) -> None:
    with receiving() as receiver:
        receiver.answers = [status]
        attempt = await send(Sender(seconds=5, local=True), receiver.url)
    assert (attempt.status_code, attempt.taken) == (status, taken)
