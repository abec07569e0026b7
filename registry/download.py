"""Files over HTTP from servers that may be slow, broken or hostile: bounded in bytes and in time.

A server must send `_LEAST` bytes, or all there is, in every `PATIENCE_S` seconds; what it loses by dropping a
connection counts. A server's words (redirects, tags, lengths) choose neither a path nor how much is kept.
"""

import base64
import functools
import http.client
import io
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from registry.errors import masked

PATIENCE_S = 15.0
_LEAST = 64 << 10
_ATTEMPTS = 4
_REDIRECTS = 5
_BLOCK = 1 << 20
_OVERHEAD = 1 << 20  # bytes that headers and chunk sizes may add to a body
_AGAIN = (408, 429)
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18})")


_Result = TypeVar("_Result")


class Failed(Exception):
    """A file that could not be downloaded; the text is the reason, without passwords.

    Attributes:
        status: of the server's last response, or None.
    """

    def __init__(self, problem: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(masked(problem))


class _Broken(Exception):
    """A response that was truncated or malformed; worth another attempt."""


class _Patience:
    """How long is left until enough bytes have to have arrived; it outlives attempts."""

    def __init__(self, most: int) -> None:
        self._most, self._total, self._since, self._start = most, 0, 0, time.monotonic()

    def left(self) -> float:
        """Seconds, for one wait of a socket. Raises `TimeoutError` if none are left."""
        left = self._start + PATIENCE_S - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def count(self, received: int) -> None:
        """Take note of bytes. Raises `Failed` if there are more than there can be."""
        self._total += received
        self._since += received
        if self._since >= _LEAST:
            self._since, self._start = 0, time.monotonic()
        if self._total > self._most:
            raise Failed(f"the server sends more than {self._most:,} bytes")


class _Bounded(io.RawIOBase):
    """What a socket receives, with patience."""

    def __init__(self, raw: io.RawIOBase, sock, patience: _Patience) -> None:
        self._raw, self._sock, self._patience = raw, sock, patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        self._sock.settimeout(self._patience.left())
        count = self._raw.readinto(buffer) or 0
        self._patience.count(count)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response whose every byte, those of its headers too, comes through `_Bounded`."""

    def __init__(self, sock, *args: object, patience: _Patience, **kwargs: object) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Bounded(self.fp.detach(), sock, patience))


def read(url: str, most: int, headers: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a file, at most `most` of them and one more, which shows that there are too many.

    Args:
        url: `http` or `https`; a name and password in it are sent as such and shown nowhere.
        most: bytes.
        headers: of the request; those of authorization go to the first server only.

    Raises:
        Failed: no such file, or not within the time that a file may take.
    """
    return _attempt(functools.partial(_read, url, most, dict(headers or {})), most)


def append(
    url: str,
    file: BinaryIO,
    most: int,
    progress: Callable[[int, int], object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Add to a file what it lacks, in as many attempts as need be; what arrived stays, also after a failure.

    Args:
        url: as for `read`.
        file: open for reading and writing, unbuffered; it may hold the beginning of the download.
        most: bytes of the whole file.
        progress: called with the bytes that are there, and those of the whole or 0.
        headers: as for `read`.

    Raises:
        Failed: as for `read`.
        Unwritable: the file cannot be written to.
    """
    progress = progress or (lambda have, whole: None)
    _attempt(functools.partial(_append, url, file, most, progress, dict(headers or {})), most)


@dataclass(frozen=True)
class Version:
    """What a server says of a file, by which another file at the same address is known.

    Attributes:
        bytes: of the whole file.
        etag: None if the server gives none, likewise `modified`.
        modified: date of the last change.
    """

    bytes: int
    etag: str | None
    modified: str | None


def part(url: str, start: int, count: int) -> tuple[bytes, Version]:
    """Some bytes of a file, fewer at its end, and what the server says of the file.

    Args:
        url: as for `read`.
        start: of the first byte, from 0.
        count: of bytes, 1 or more.

    Raises:
        Failed: as for `read`, or a server that sends whole files only.
    """
    return _attempt(functools.partial(_part, url, start, count), count)


def _attempt(call: Callable[[_Patience], _Result], most: int) -> _Result:
    patience, problem, status = _Patience(_ATTEMPTS * (most + _OVERHEAD)), "", None
    for attempt in range(_ATTEMPTS):
        try:
            return call(patience)
        except urllib.error.HTTPError as error:
            error.close()
            problem, status = f"HTTP {error.code}", error.code
            if error.code < 500 and error.code not in _AGAIN:
                break
        except (_Broken, OSError, ValueError, http.client.HTTPException) as error:
            problem, status = _problem(error), None
        wait = 0.5 * 2**attempt
        try:
            if attempt == _ATTEMPTS - 1 or patience.left() < wait:
                break
        except TimeoutError:
            break
        time.sleep(wait)
    raise Failed(problem, status)


def _problem(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, TimeoutError):
        return f"the server is too slow: less than {_LEAST >> 10} kB arrived in {PATIENCE_S:g} s"
    return (str(reason).splitlines() or [""])[0][:200] or type(reason).__name__


def _read(url: str, most: int, headers: dict[str, str], patience: _Patience) -> bytes:
    with _open(url, headers, patience) as response:
        promised, data = _length(response), bytearray()
        while len(data) <= most and (block := response.read1(min(_BLOCK, most + 1 - len(data)))):
            data += block
    if promised is not None and len(data) < min(promised, most):
        raise _Broken(f"{len(data):,} of {promised:,} bytes arrived")
    return bytes(data)


def _append(
    url: str,
    file: BinaryIO,
    most: int,
    progress: Callable[[int, int], object],
    headers: dict[str, str],
    patience: _Patience,
) -> None:
    have = file.seek(0, io.SEEK_END)
    try:
        with _open(url, {**headers, "Range": f"bytes={have}-"} if have else headers, patience) as response:
            if have and response.status != 206:
                have = file.seek(0)
                file.truncate()
            promised = _length(response)
            whole = 0 if promised is None else have + promised
            if whole > most:
                raise Failed(f"the file has {whole:,} bytes, at most {most:,} are expected")
            while block := response.read1(_BLOCK):
                have += len(block)
                if have > most:
                    raise Failed(f"the server sends more than {most:,} bytes")
                _write(file, block)
                progress(have, whole)
    except urllib.error.HTTPError as error:
        if have and error.code == 416:  # nothing is missing; the checksum decides
            error.close()
            return
        raise
    if have < whole:
        raise _Broken(f"{have:,} of {whole:,} bytes arrived")


def _part(url: str, start: int, count: int, patience: _Patience) -> tuple[bytes, Version]:
    with _open(url, {"Range": f"bytes={start}-{start + count - 1}"}, patience) as response:
        if response.status != 206:
            raise Failed("the server sends whole files only, no ranges of bytes", response.status)
        place = _RANGE.fullmatch(response.headers.get("Content-Range") or "")
        if place is None or int(place[1]) != start:
            raise _Broken("the server sends another range of bytes than it was asked for")
        size = int(place[2])
        promised = min(count, size - start)
        data = response.read(promised)
    if len(data) != promised:
        raise _Broken(f"{len(data):,} of {promised:,} bytes arrived")
    return data, Version(size, response.headers.get("ETag"), response.headers.get("Last-Modified"))


def _write(file: BinaryIO, block: bytes) -> None:
    """Write a block; what the disk refuses is not the server's fault, and not tried again."""
    try:
        file.write(block)
    except OSError as error:
        raise Unwritable(*error.args) from None


class Unwritable(Exception):
    """The file that a download goes to cannot be written; `args` are those of the system's `OSError`."""


def _length(response: http.client.HTTPResponse) -> int | None:
    """The content length of the response, or None."""
    text = response.headers.get("Content-Length") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


@contextmanager
def _open(url: str, headers: dict[str, str], patience: _Patience) -> Iterator[http.client.HTTPResponse]:
    """The response to a request, after redirects. Raises what urllib and http.client raise."""
    url, credentials = _split(url)
    headers, first = {"Accept-Encoding": "identity", **headers, **credentials}, url
    for _hop in range(_REDIRECTS):
        request = urllib.request.Request(url, headers=headers)
        try:
            response = _opener(patience).open(request, timeout=patience.left())
        except urllib.error.HTTPError as error:
            target = error.headers.get("Location")
            if error.code not in (301, 302, 303, 307, 308) or not target:
                raise
            error.close()
            url, _ = _split(urllib.parse.urljoin(url, target))
            if _origin(url) != _origin(first):
                headers = {name: value for name, value in headers.items() if name != "Authorization"}
            if first.startswith("https:") and not url.startswith("https:"):
                raise Failed("the server redirects to an address without encryption") from None
            continue
        with response:
            yield response
        return
    raise Failed(f"the server redirects more than {_REDIRECTS} times")


def _split(url: str) -> tuple[str, dict[str, str]]:
    """An address without name and password, and the header that carries them."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Failed(f"unknown url type: an address must begin with http:// or https://, not {url[:80]}")
    user, at, host = parts.netloc.rpartition("@")
    path = urllib.parse.quote(parts.path, safe="/%:@!$&'()*+,;=~")
    bare = urllib.parse.urlunsplit(parts._replace(netloc=host, path=path, fragment=""))
    if not at:
        return bare, {}
    token = base64.b64encode(urllib.parse.unquote(user).encode()).decode()
    return bare, {"Authorization": f"Basic {token}"}


def _origin(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _opener(patience: _Patience) -> urllib.request.OpenerDirector:
    """HTTP and HTTPS, through the environment's proxies, without redirects and other schemes."""
    answer = functools.partial(_Response, patience=patience)
    plain = type("_HTTPConnection", (http.client.HTTPConnection,), {"response_class": answer})
    secure = type("_HTTPSConnection", (http.client.HTTPSConnection,), {"response_class": answer})

    class Plain(urllib.request.HTTPHandler):
        def http_open(self, request):
            return self.do_open(plain, request)

    class Secure(urllib.request.HTTPSHandler):
        def https_open(self, request):
            return self.do_open(secure, request, context=self._context)

    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        Plain(),
        Secure(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
