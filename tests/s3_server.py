"""An object store on loopback: what tensorflow-io's S3 file system asks of one, and no more."""

import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "ETag": '"0"', **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _key(self) -> tuple[str, dict[str, list[str]]]:
        parts = urllib.parse.urlsplit(self.path)
        return urllib.parse.unquote(parts.path).strip("/"), urllib.parse.parse_qs(parts.query, keep_blank_values=True)

    def do_PUT(self) -> None:
        length = int(self.headers["Content-Length"])
        if self.headers.get("Expect"):
            self.send_response_only(100)
            self.end_headers()
        self.server.objects[self._key()[0]] = self.rfile.read(length)
        self._answer(200)

    def do_DELETE(self) -> None:
        self.server.objects.pop(self._key()[0], None)
        self._answer(204)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        key, query = self._key()
        if "/" not in key:
            return self._list(key, query.get("prefix", [""])[0])
        data = self.server.objects.get(key)
        if data is None:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        modified = {"Last_Modified": "Sat, 21 Nov 2026 00:00:00 GMT"}
        if wanted := self.headers.get("Range"):
            first, last = wanted.removeprefix("bytes=").split("-")
            part = data[int(first) : int(last or len(data)) + 1]
            if not part:
                return self._answer(416)
            end = int(first) + len(part) - 1
            return self._answer(206, part, Content_Range=f"bytes {first}-{end}/{len(data)}", **modified)
        return self._answer(200, data, **modified)

    def _list(self, bucket: str, prefix: str) -> None:
        found = [key.removeprefix(f"{bucket}/") for key in self.server.objects if key.startswith(f"{bucket}/{prefix}")]
        rows = "".join(f"<Contents><Key>{escape(key)}</Key><Size>1</Size></Contents>" for key in found)
        body = f"<ListBucketResult><Name>{bucket}</Name><KeyCount>{len(found)}</KeyCount>{rows}</ListBucketResult>"
        self._answer(200, body.encode(), Content_Type="application/xml")


@contextmanager
def serve() -> Iterator[ThreadingHTTPServer]:
    """A server, with `objects`: "bucket/key" → bytes, and `server_address`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.objects = {}
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
