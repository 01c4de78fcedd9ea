"""Pictures are read from disks and the web with limits, patience, and never from inside our own network."""

import contextlib
import http.server
import socket
import threading
import time
from typing import ClassVar

import httpx
import pytest

from catalog import public_web
from catalog.errors import Fetch
from catalog.fetch import FetchLimits, fetch

QUICK = FetchLimits(max_bytes=10_000, timeout_s=0.5, total_s=1.0, retries=2, backoff_s=0.01)


class Shop(http.server.BaseHTTPRequestHandler):
    """A picture server with every kind of bad day."""

    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        answers = {
            "/ok": (200, {}, b"picture"),
            "/gone": (404, {}, b""),
            "/secret": (403, {}, b""),
            "/teapot": (418, {}, b""),
            "/moved": (302, {"Location": "/ok"}, b""),
            "/nowhere": (302, {}, b""),
            "/unchanged": (304, {}, b""),
            "/loop": (302, {"Location": "/loop"}, b""),
            "/broken": (500, {}, b""),
            "/big": (200, {}, b"x" * 20_000),
        }
        if self.path == "/flaky":
            good = self.asked.count("/flaky") > 2
            status, headers, body = (200, {}, b"at last") if good else (503, {"Retry-After": "0"}, b"")
        elif self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            for _ in range(30):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
            return
        elif self.path == "/silent":
            time.sleep(1.5)
            return
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(b"x" * 1000)
            return
        else:
            status, headers, body = answers[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

    def handle(self):
        with contextlib.suppress(OSError):  # the client has given up, which is what is tested
            super().handle()


@pytest.fixture(scope="module")
def shop():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def code(address, limits=QUICK, **options):
    with pytest.raises(Fetch) as error:
        fetch(address, limits, **options)
    return error.value.code


def test_reads_follows_and_retries(shop):
    """Redirects are followed; an answer of 503 is tried again as often as allowed."""
    assert fetch(f"{shop}/ok", QUICK) == b"picture"
    assert fetch(f"{shop}/moved", QUICK) == b"picture"
    assert fetch(f"{shop}/flaky", QUICK) == b"at last"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/gone", "not_found"),
        ("/secret", "forbidden"),
        ("/teapot", "http_error"),
        ("/loop", "http_error"),
        ("/broken", "unavailable"),
        ("/big", "too_large"),
        ("/endless", "too_large"),
        ("/drip", "timeout"),
        ("/nowhere", "http_error"),
        ("/unchanged", "http_error"),
        ("/silent", "timeout"),
    ],
)
def test_each_failure_has_its_code(shop, path, expected):
    """A 404 is told from a slow server and from a picture that is too large, and nobody is waited for any longer."""
    began = time.monotonic()
    assert code(f"{shop}{path}", FetchLimits(10_000, 0.5, 1.0, 0, 0.01)) == expected
    assert time.monotonic() - began < 2.5


def test_only_passing_failures_are_retried(shop):
    """A 404 stays a 404 and is not asked for again; a 500 is."""
    Shop.asked.clear()
    code(f"{shop}/gone")
    code(f"{shop}/broken")
    assert (Shop.asked.count("/gone"), Shop.asked.count("/broken")) == (1, 3)


def test_local_files(tmp_path):
    """Missing files, folders, devices and files beyond the limit are told apart."""
    (tmp_path / "a.jpg").write_bytes(b"x" * 100)
    assert fetch(str(tmp_path / "a.jpg")) == b"x" * 100
    assert fetch(f"file://{tmp_path}/a.jpg") == b"x" * 100
    assert code(str(tmp_path / "a.jpg"), FetchLimits(max_bytes=50)) == "too_large"
    assert code(str(tmp_path / "b.jpg")) == "not_found"
    assert code(str(tmp_path)) == "not_found"
    assert code("/dev/zero") == "not_found"
    assert code("nosuch://x/a.jpg") == "bad_address"
    assert code("http://") == "bad_address"


def test_nobody_listens():
    """A dead server is `unreachable`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert code(f"http://127.0.0.1:{port}/x") == "unreachable"


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/x",
        "http://localhost/x",
        "http://10.0.0.1/x",
        "http://192.168.1.1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/x",
        "http://[::ffff:127.0.0.1]/x",
        "http://[64:ff9b::7f00:1]/x",
        "http://[2002:7f00:1::]/x",
        "http://[fe80::1]/x",
        "http://0.0.0.0/x",
        "http://100.64.0.1/x",
        "http://224.0.0.1/x",
        "http://2130706433/x",
        "http://0x7f.1/x",
        "http://user@127.0.0.1/x",
        "http://8.8.8.8:22/x",
        "http://127.1/x",
        "http://[::]/x",
        "http://[::7f00:1]/x",
        "http://[::ffff:0:7f00:1]/x",
        "http://[64:ff9b:1::7f00:1]/x",
        "http://[fd00:ec2::254]/x",
        "http://192.0.0.192/x",
        "http://100.100.100.200/x",
        "http://168.63.129.16/x",
        "http://[::ffff:168.63.129.16]/x",
    ],
)
def test_public_only_refuses_our_own_network(address):
    """However an inner address is written, no connection is made to it."""
    assert code(address, public_only=True) == "forbidden"


@pytest.mark.parametrize("address", ["/etc/passwd", "file:///etc/passwd", "s3://bucket/x", "memory://x", "data:,x"])
def test_public_only_reads_the_web_only(address):
    """A stranger's address never opens a file."""
    assert code(address, public_only=True) == "bad_address"


def test_public_only_checks_every_redirect(shop, monkeypatch):
    """A public page that redirects inwards is refused at the second hop."""
    port = int(shop.rpartition(":")[2])
    monkeypatch.setattr(public_web, "PORTS", frozenset({port}))
    real = public_web.is_public
    seen = []

    def first_is_public(address):
        seen.append(address)
        return len(seen) == 1 or real(address)

    monkeypatch.setattr(public_web, "is_public", first_is_public)
    assert code(f"{shop}/moved", public_only=True) == "forbidden"
    assert len(seen) == 2


def test_public_only_connects_to_the_address_that_was_checked(shop, monkeypatch):
    """A name that resolves to another address at the second look-up gets no second look-up; Host keeps the name."""
    port = int(shop.rpartition(":")[2])
    monkeypatch.setattr(public_web, "PORTS", frozenset({port}))
    monkeypatch.setattr(public_web, "is_public", lambda address: True)
    lookups = []
    real = socket.getaddrinfo

    def rebinding(host, *args, **kwargs):
        if host == "pictures.example":
            lookups.append(host)
            return real("127.0.0.1" if len(lookups) == 1 else "203.0.113.1", *args, **kwargs)
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert fetch(f"http://pictures.example:{port}/ok", QUICK, public_only=True) == b"picture"
    assert lookups == ["pictures.example"]
    request = public_web.pinned_request(httpx.URL(f"https://pictures.example:{port}/ok"))
    assert request.headers["host"] == f"pictures.example:{port}"
    assert request.extensions["sni_hostname"] == "pictures.example"
