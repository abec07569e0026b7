"""bigWig files on servers: a real server of this machine, and what can be wrong with one."""

import base64
import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import zoo
from registry import download
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError, OfflineMiss
from zoo.genome import remote
from zoo.genome.bigwig import Writer
from zoo.genome.signal import Signal


class Server(ThreadingHTTPServer):
    """Files by name, and how they are sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.etag, self.ranges, self.password, self.delay = '"one"', True, "", 0.0
        self.asked: list[str] = []

    def url(self, name: str, user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.server_address[1]}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        data, asked = self.server.files.get(self.path[1:].partition("?")[0]), self.headers.get("Range", "")
        self.server.asked.append(asked)
        time.sleep(self.server.delay)
        token = base64.b64encode(self.server.password.encode()).decode()
        if data is None:
            return self._send(404, b"")
        if self.server.password and self.headers.get("Authorization") != f"Basic {token}":
            return self._send(401, b"")
        if not self.server.ranges:
            return self._send(200, data)
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", asked).groups())
        part = data[first : last + 1]
        return self._send(206, part, **{"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(data)}"})

    def _send(self, status: int, data: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "ETag": self.server.etag, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "PATIENCE_S", 2.0)
    with Server() as made:
        threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """600 kb of random runs in two chromosomes, of 2 MB when written."""
    random, path = np.random.default_rng(5), tmp_path / "a.bw"
    with Writer(path, {"chr1": 600_000, "chr2": 600_000}) as writer:
        for chrom in ("chr1", "chr2"):
            starts = np.arange(0, 600_000, 3)
            writer.add(chrom, starts, starts + 2, random.random(len(starts)).astype(np.float32))
    return path


@pytest.mark.parametrize("block", [1000, 1 << 19])
def test_values_are_those_of_the_file(server: Server, track: Path, monkeypatch, block: int):
    monkeypatch.setattr(remote, "_BLOCK", block)
    monkeypatch.setattr(remote, "_KEPT", 3)
    server.files["a.bw"] = track.read_bytes()
    local, away = Signal(track, 0.5), Signal(server.url("a.bw"), 0.5)
    assert (away.sizes, away.empty, away.path) == (local.sizes, False, server.url("a.bw"))
    for chrom, start, end in (
        ("chr1", 0, 600_000),
        ("chr2", 599_000, 601_000),
        ("chr1", -5, 7),
        ("chr2", 300_000, 300_001),
    ):
        assert np.array_equal(away.values(chrom, start, end), local.values(chrom, start, end))
    identity = away.identity()
    assert identity.pop("index_sha256")
    assert identity == {
        "url": server.url("a.bw"),
        "bytes": track.stat().st_size,
        "etag": '"one"',
        "modified": None,
        "fill": 0.5,
    }
    assert away.filled(2.0).values("chr1", 2, 3).tolist() == [2.0]


def test_neighbouring_blocks_are_one_request_and_kept(server: Server, track: Path, monkeypatch):
    monkeypatch.setattr(remote, "_BLOCK", 1000)
    server.files["a.bw"] = data = track.read_bytes()
    file = remote.RemoteBytes(server.url("a.bw"), "signal")
    assert file.read(2500, 3000) == data[2500:5500]
    assert file.read(3000, 10) == data[3000:3010]
    assert file.read(1500, 5000) == data[1500:6500]
    assert server.asked == ["bytes=0-999", "bytes=2000-5999", "bytes=1000-1999", "bytes=6000-6999"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"files": {}}, r"must be readable from its server: HTTP 404.*signal='http://\*\*\*@127.*Download it first"),
        ({"ranges": False}, "the server sends whole files only, no ranges of bytes"),
        ({"password": "me:other"}, "HTTP 401"),
        ({"delay": 3.0}, "the server is too slow"),
        ({"files": {"a.bw": b"<!DOCTYPE html>" * 99}}, "A signal must be a bigWig file.*DOCTYPE"),
        ({"files": {"a.bw": b"chr1\t0\t10\t1.0\n" * 10}}, "The server sends a bedGraph file"),
        ({"files": {"a.bw": b""}}, "HTTP 416|another range of bytes"),
    ],
)
def test_servers_that_do_not_do(server: Server, track: Path, changes: dict, message: str):
    """The password is shown nowhere."""
    server.files["a.bw"] = track.read_bytes()
    vars(server).update(changes)
    with pytest.raises(InputError, match=message) as raised:
        Signal(server.url("a.bw", "me:secret@"))
    assert "secret" not in str(raised.value)
    assert "secret" not in repr(raised.value.received)


def test_a_password_is_sent_and_not_kept(server: Server, track: Path):
    server.files["a.bw"], server.password = track.read_bytes(), "me:secret"
    signal = Signal(server.url("a.bw", "me:secret@"))
    assert signal.values("chr1", 0, 2).all()
    assert signal.path == server.url("a.bw", "***@")
    signed = Signal(server.url("a.bw", "me:secret@") + "?signature=secret")
    assert signed.path == server.url("a.bw", "***@") + "?***"
    assert "secret" not in f"{signal.identity()} {signal!r} {signed.identity()} {signed!r}"


def test_a_file_that_is_cut_off_or_changes(server: Server, track: Path, monkeypatch):
    monkeypatch.setattr(remote, "_BLOCK", 1000)
    server.files["a.bw"] = track.read_bytes()[:-4]
    with pytest.raises(InputError, match="must be complete: this one was cut off"):
        Signal(server.url("a.bw"))
    server.files["a.bw"] = track.read_bytes()
    signal = Signal(server.url("a.bw"))
    server.etag = '"two"'
    with pytest.raises(InputError, match="must not change while it is read: the server has another file now"):
        signal.values("chr1", 100_000, 600_000)


def test_offline(server: Server, monkeypatch):
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    with pytest.raises(OfflineMiss, match="The network must be on to read the signal from a server"):
        Signal(server.url("a.bw"))
    assert server.asked == []


def test_predictions_with_a_signal_on_a_server(
    server: Server, small: zoo.Model, genome_files: Synthetic, tmp_path: Path
):
    """Also of auto regions; the sidecar has the address without the password."""
    server.files["a.bw"], server.password = genome_files.signal.read_bytes(), "me:secret"
    tracks = []
    for name, signal in (("local", genome_files.signal), ("away", server.url("a.bw", "me:secret@"))):
        small.predict(genome=genome_files.genome, signal=signal, output=tmp_path / name, regions="auto")
        tracks.append((tmp_path / f"{name}.bw").read_bytes())
    record = json.loads((tmp_path / "away.json").read_text())["inputs"]["signal"]
    assert tracks[0] == tracks[1]
    assert (record["path"], record["etag"]) == (server.url("a.bw", "***@"), '"one"')
    assert not any("secret" in path.read_text("latin-1") for path in tmp_path.iterdir())
