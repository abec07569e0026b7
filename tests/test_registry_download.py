"""Downloads from servers that are slow, broken or hostile: an end within seconds, and nothing but bytes."""

import base64
import io
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from registry import download

OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def serve(answer: Callable) -> Iterator[str]:
    """The address of a server; `answer(socket, request)` says all that it says."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                answer(self.request, self.request.recv(65536))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(download, "PATIENCE_S", 1.0)


def slowly(text: bytes) -> Callable:
    def answer(sock, request: bytes) -> None:
        sock.sendall(text)
        for _ in range(200):
            sock.sendall(b"1")
            time.sleep(0.1)

    return answer


def endlessly(text: bytes, more: bytes) -> Callable:
    def answer(sock, request: bytes) -> None:
        sock.sendall(text)
        while True:
            sock.sendall(more)

    return answer


def once(text: bytes) -> Callable:
    return lambda sock, request: sock.sendall(text)


REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n"
ANSWERS = {
    "garbage": (once(b"garbage\r\n\r\n"), "garbage"),
    "nothing": (once(b""), "closed connection"),
    "broken chunks": (once(OK + b"Transfer-Encoding: chunked\r\n\r\nffff\r\nabc"), "IncompleteRead"),
    "no chunk": (once(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc"), "IncompleteRead"),
    "huge header": (once(OK + b"X: " + b"y" * 200_000 + b"\r\n\r\n"), "header"),
    "endless headers": (endlessly(OK, b"X: y\r\n" * 1000), "headers"),
    "endless 100": (endlessly(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), "more than"),
    "slow status": (slowly(b"HTTP"), "too slow"),
    "slow header": (slowly(OK + b"X: "), "too slow"),
    "slow body": (slowly(OK + b"Content-Length: 500\r\n\r\n"), "too slow"),
    "slow chunk size": (slowly(OK + b"Transfer-Encoding: chunked\r\n\r\n"), "too slow"),
    "silent": (lambda sock, request: threading.Event().wait(5), "too slow"),
    "cut": (once(OK + b"Content-Length: 500\r\n\r\nabc"), "3 of 500 bytes arrived"),
    "redirects in a circle": (once(REDIRECT % b"/x"), "redirects more than 5 times"),
    "redirect to a file": (once(REDIRECT % b"file:///etc/passwd"), "http:// or https://"),
    "redirect to nowhere": (once(REDIRECT % b"http://[x/"), "IPv6"),
    "endless redirect": (endlessly(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", b"x" * 65536), "redirects"),
    "endless 404": (endlessly(b"HTTP/1.1 404 No\r\n\r\n", b"x" * 65536), "HTTP 404"),
}


@pytest.mark.parametrize("how", ["read", "append"])
@pytest.mark.parametrize("name", ANSWERS)
def test_odd_answers(monkeypatch: pytest.MonkeyPatch, name: str, how: str):
    answer, message = ANSWERS[name]
    monkeypatch.setattr(download.time, "sleep", lambda seconds, wait=time.sleep: wait(seconds / 20))
    if message != "too slow":
        monkeypatch.setattr(download, "PATIENCE_S", 9.0)  # a busy machine is not the server's fault
    start = time.monotonic()
    with (
        serve(answer) as url,
        tempfile.TemporaryFile(buffering=0) as file,
        pytest.raises(download.Failed, match=message),
    ):
        download.read(url, 1000) if how == "read" else download.append(url, file, 1000)
    assert time.monotonic() - start < 10


def test_an_endless_body_ends_at_the_size_that_was_expected():
    with serve(endlessly(OK + b"\r\n", b"x" * 65536)) as url:
        assert download.read(url, 1000) == b"x" * 1001  # one more, which tells
        with tempfile.TemporaryFile(buffering=0) as file:
            with pytest.raises(download.Failed, match="more than 100,000 bytes"):
                download.append(url, file, 100_000)
            assert file.seek(0, io.SEEK_END) <= 100_000


@pytest.mark.parametrize("length", [b"9" * 5000, b"-5", b"\xb2", b"x"])
def test_a_length_that_is_none(length: bytes):
    with serve(once(OK + b"Content-Length: " + length + b"\r\n\r\nabc")) as url:
        assert download.read(url, 1000) == b"abc"


def test_a_promise_beyond_what_is_expected_is_not_begun():
    with (
        serve(once(OK + b"Content-Length: 5000000000000\r\n\r\nabc")) as url,
        pytest.raises(download.Failed, match="at most 1,000 are expected"),
    ):
        download.append(url, io.BytesIO(), 1000)


def test_name_and_password_are_sent_and_not_shown():
    seen = []

    def answer(sock, request: bytes) -> None:
        seen.append(request)
        sock.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")

    with serve(answer) as url, pytest.raises(download.Failed) as caught:
        download.read(url.replace("http://", "http://alice:S3%40CRET@") + "/a b", 10)
    token = base64.b64encode(b"alice:S3@CRET")
    assert b"Authorization: Basic " + token in seen[0]
    assert b"GET /a%20b HTTP" in seen[0]
    assert "CRET" not in str(caught.value)
    for address in ("ftp://alice:S3CRET@x/y", "http://alice:S3CRET@x:port/y", "alice:S3CRET@x"):
        with pytest.raises(download.Failed) as caught:
            download.read(address, 10)
        assert "S3CRET" not in str(caught.value) or not address.count("://")


def test_a_token_goes_to_the_first_server_only():
    seen = {}

    def other(sock, request: bytes) -> None:
        seen["other"] = request
        sock.sendall(OK + b"Content-Length: 2\r\n\r\nhi")

    with serve(other) as there:

        def answer(sock, request: bytes) -> None:
            path = request.split()[1].decode()
            seen[path] = request
            sock.sendall(REDIRECT % (b"/again" if path == "/first" else there.encode()))

        with serve(answer) as url:
            assert download.read(f"{url}/first", 10, {"Authorization": "Bearer secret"}) == b"hi"
    assert b"Bearer secret" in seen["/first"]
    assert b"Bearer secret" in seen["/again"]
    assert b"secret" not in seen["other"]


def test_what_arrived_is_kept_and_gone_on_with(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(download, "PATIENCE_S", 15.0)
    monkeypatch.setattr(download.time, "sleep", lambda _: None)
    whole, asked = bytes(range(200)), []

    def answer(sock, request: bytes) -> None:
        first = int(request.split(b"bytes=")[1].split(b"-")[0]) if b"Range" in request else 0
        asked.append(first)
        head = b"HTTP/1.1 206 Partial\r\n" if first else OK
        sock.sendall(head + b"Content-Length: %d\r\n\r\n" % (200 - first) + whole[first : first + 90])

    with serve(answer) as url, tempfile.TemporaryFile(buffering=0) as file:
        download.append(url, file, 1000)
        file.seek(0)
        assert file.read() == whole
    assert asked == [0, 90, 180]
