"""Whom a listener and an upstream's connection believe, and what happens when files change."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest

from sidecar.cluster.endpoint import UpstreamTls
from sidecar.proxy.tls import ListenerContext, ListenerTls, UpstreamContext, upstream_context
from tests.integration.certificates import Authority, Certificate


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody here believes."""
    return Authority(tmp_path_factory.mktemp("strangers"), "somebody else")


@pytest.fixture(scope="module")
def other(authority: Authority) -> Certificate:
    return authority.issue("other")


@pytest.fixture
def used(authority: Authority) -> Certificate:
    """The files of a listener."""
    return authority.issue("used")


def listener(used: Certificate, **client: str) -> ListenerContext:
    return ListenerContext(ListenerTls(str(used.cert), str(used.key), **client))


def shake_hands(
    server: ssl.SSLContext, client: ssl.SSLContext, name: str = "localhost"
) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Server's and client's ends of a handshake; raises ``ssl.SSLError`` when one does not agree.

    A byte goes both ways, since a client of TLS 1.3 is done before it is refused.
    """
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(down, up, server_hostname=name)
    theirs = server.wrap_bio(up, down, server_side=True)
    waiting = [ours, theirs]
    while waiting:
        for end in tuple(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(end)
    for sender, receiver in ((ours, theirs), (theirs, ours)):
        sender.write(b"!")
        assert receiver.read(1) == b"!"
    return theirs, ours


def serial(context: ssl.SSLContext, authority: Authority) -> int:
    """The number of the certificate that a client is shown."""
    shown = shake_hands(context, authority.client())[1].getpeercert()
    assert shown is not None
    return int(str(shown["serialNumber"]), 16)


# --- listeners


def test_a_listener_speaks_http_1_1_and_nothing_old(
    used: Certificate, authority: Authority
) -> None:
    context = listener(used).context
    client = authority.client()
    client.set_alpn_protocols(["h2", "http/1.1"])
    assert shake_hands(context, client)[0].selected_alpn_protocol() == "http/1.1"
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("demand, shown, let_in", [
    ("none", "", True), ("none", "ours", True), ("none", "strange", True),
    ("request", "", True), ("request", "ours", True), ("request", "strange", False),
    ("require", "", False), ("require", "ours", True), ("require", "strange", False),
])  # fmt: skip
def test_a_client_certificate_is_asked_for_as_the_rules_say(
    used: Certificate,
    authority: Authority,
    strangers: Authority,
    demand: str,
    shown: str,
    *,
    let_in: bool,
) -> None:
    known = {"ours": authority, "strange": strangers}
    certificate = known[shown].issue("client", hosts=()) if shown else None
    context = listener(used, client_ca=str(authority.ca), client_certificate=demand).context
    client = authority.client(certificate)
    if let_in:
        assert shake_hands(context, client)
    else:
        with pytest.raises(ssl.SSLError):
            shake_hands(context, client)


def test_files_that_are_not_there_or_no_pair_are_an_error(
    used: Certificate, other: Certificate, tmp_path: Path
) -> None:
    with pytest.raises(OSError, match="No such file"):
        ListenerContext(ListenerTls(str(tmp_path / "missing"), str(used.key)))
    with pytest.raises(OSError, match="No such file"):
        listener(used, client_ca=str(tmp_path / "missing"))
    with pytest.raises(ssl.SSLError):
        ListenerContext(ListenerTls(str(used.cert), str(other.key)))


def test_what_has_not_changed_is_not_loaded_again(used: Certificate) -> None:
    one = listener(used)
    before = one.context
    assert not one.renew()
    assert one.context is before


def test_a_new_certificate_is_for_new_connections(
    used: Certificate, other: Certificate, authority: Authority
) -> None:
    one = listener(used)
    before = one.context
    used.replace(other)
    assert one.renew()
    assert serial(one.context, authority) == other.serial
    assert serial(before, authority) == used.serial
    assert not one.renew()


@pytest.mark.parametrize("change", ["rewritten", "replaced"])
def test_a_change_is_noticed_even_if_the_size_stays(used: Certificate, change: str) -> None:
    one = listener(used)
    status = used.cert.stat()
    if change == "rewritten":
        os.utime(used.cert, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    else:
        fresh = used.cert.with_suffix(".fresh")
        fresh.write_bytes(used.cert.read_bytes())
        os.utime(fresh, ns=(status.st_atime_ns, status.st_mtime_ns))
        fresh.replace(used.cert)
    assert one.renew()


def test_a_key_that_does_not_fit_yet_leaves_the_old_pair_in_use(
    used: Certificate, other: Certificate, authority: Authority
) -> None:
    one = listener(used)
    before = one.context
    used.cert.write_bytes(other.cert.read_bytes())
    with pytest.raises(ssl.SSLError):
        one.renew()
    assert one.context is before
    assert serial(one.context, authority) == used.serial
    assert not one.renew(), "it is tried again when it changes again"
    used.key.write_bytes(other.key.read_bytes())
    assert one.renew()
    assert serial(one.context, authority) == other.serial


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_certificate_that_is_half_written_leaves_the_old_one_in_use(
    used: Certificate, other: Certificate, authority: Authority, share: float
) -> None:
    one = listener(used)
    used.key.write_bytes(other.key.read_bytes())
    whole = other.cert.read_bytes()
    used.cert.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ssl.SSLError):
        one.renew()
    assert serial(one.context, authority) == used.serial
    used.cert.write_bytes(whole)
    assert one.renew()
    assert serial(one.context, authority) == other.serial


def test_a_file_that_is_gone_for_a_moment_leaves_the_old_one_in_use(
    used: Certificate, authority: Authority
) -> None:
    one = listener(used)
    aside = used.cert.rename(used.cert.with_suffix(".aside"))
    with pytest.raises(OSError, match="No such file"):
        one.renew()
    assert serial(one.context, authority) == used.serial
    aside.rename(used.cert)
    assert one.renew()


def test_whom_a_new_authority_file_does_not_name_is_not_believed_any_more(
    used: Certificate, authority: Authority, strangers: Authority, tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(strangers.ca.read_bytes())
    one = listener(used, client_ca=str(ca), client_certificate="require")
    stranger = authority.client(strangers.issue("stranger", hosts=()))
    mary = authority.client(authority.issue("mary", hosts=()))
    assert shake_hands(one.context, stranger)
    ca.write_bytes(authority.ca.read_bytes() + b"\n")
    assert one.renew()
    assert shake_hands(one.context, mary)
    with pytest.raises(ssl.SSLError):
        shake_hands(one.context, stranger)


# --- towards upstreams


def test_an_upstream_is_believed_by_its_authority_and_name(
    used: Certificate, authority: Authority
) -> None:
    context = upstream_context(UpstreamTls("localhost", ca=str(authority.ca)))
    server = authority.server(used)
    server.set_alpn_protocols(["h2", "http/1.1"])
    assert shake_hands(server, context)[1].selected_alpn_protocol() == "http/1.1"
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLCertVerificationError, match=r"other\.example"):
        shake_hands(server, context, "other.example")


def test_an_upstream_of_another_authority_is_not_believed(
    used: Certificate, authority: Authority, strangers: Authority
) -> None:
    for tls in (UpstreamTls("localhost"), UpstreamTls("localhost", ca=str(strangers.ca))):
        with pytest.raises(ssl.SSLCertVerificationError):
            shake_hands(authority.server(used), upstream_context(tls))


@pytest.mark.parametrize("name", ["localhost", "other.example"])
def test_anybody_is_believed_where_the_rules_say_so(
    used: Certificate, authority: Authority, name: str
) -> None:
    context = upstream_context(UpstreamTls(name, verify=False))
    assert shake_hands(authority.server(used), context, name)


@pytest.mark.parametrize("together", [False, True])
def test_a_certificate_is_shown_to_an_upstream_that_demands_one(
    used: Certificate, authority: Authority, tmp_path: Path, *, together: bool
) -> None:
    mary = authority.issue("mary", hosts=())
    cert, key = str(mary.cert), str(mary.key)
    if together:
        both = tmp_path / "both.pem"
        both.write_bytes(mary.cert.read_bytes() + mary.key.read_bytes())
        cert, key = str(both), ""
    server = authority.server(used, demands=True)
    showing = UpstreamTls("localhost", ca=str(authority.ca), cert=cert, key=key)
    assert shake_hands(server, upstream_context(showing))
    with pytest.raises(ssl.SSLError):
        shake_hands(server, upstream_context(UpstreamTls("localhost", ca=str(authority.ca))))


def test_files_of_an_upstream_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    for tls in (UpstreamTls("a", ca=missing), UpstreamTls("a", cert=missing, key=missing)):
        with pytest.raises(OSError, match="No such file"):
            upstream_context(tls)


def test_an_upstream_s_authority_that_changes_on_disk_is_followed(
    used: Certificate, authority: Authority, strangers: Authority, tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(strangers.ca.read_bytes())
    one = UpstreamContext(UpstreamTls("localhost", ca=str(ca)))
    server = authority.server(used)
    assert one.context() is one.context()
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, one.context())
    ca.write_bytes(authority.ca.read_bytes() + b"\n")
    assert shake_hands(server, one.context())


def test_a_certificate_shown_to_an_upstream_that_changes_on_disk_is_followed(
    used: Certificate, other: Certificate, authority: Authority
) -> None:
    mary = authority.issue("mary", hosts=())
    tls = UpstreamTls("localhost", str(authority.ca), str(mary.cert), str(mary.key))
    one, server = UpstreamContext(tls), authority.server(used, demands=True)
    before = one.context()
    mary.cert.write_bytes(other.cert.read_bytes())
    assert one.context() is before, "its key has not come yet"
    mary.key.write_bytes(other.key.read_bytes())
    ours, theirs = shake_hands(server, one.context())
    shown = [end.getpeercert(binary_form=True) for end in (ours, theirs)]
    expected = ssl.PEM_cert_to_DER_cert(other.cert.read_text())
    assert expected in shown


def test_files_of_an_upstream_that_come_late_are_used(tmp_path: Path, authority: Authority) -> None:
    ca = tmp_path / "ca.pem"
    one = UpstreamContext(UpstreamTls("localhost", ca=str(ca)))
    for _ in range(2):
        with pytest.raises(OSError, match="No such file"):
            one.context()
    ca.write_bytes(authority.ca.read_bytes())
    assert isinstance(one.context(), ssl.SSLContext)
