"""A release laid out like the authors', with random weights, and a server that can be told to fail."""

import hashlib
import io
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
from conftest import TABLE

from registry.schema import Entry, Family, RemoteFile, Upstream
from zoo import architectures

FACTS = {"best_f1": 0.64, "best_f1_threshold": 0.4}


def full_model_file(seed: int = 3) -> bytes:
    """A legacy Keras full-model `.h5`: `model_weights`, one group per layer, names in attributes."""
    random = np.random.default_rng(seed)
    network = architectures.build("maxatac")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        root = file.create_group("model_weights")
        for layer in network.layers:
            group, names = root.create_group(layer.name), []
            for weight in layer.weights:
                path = f"{layer.name}/{weight.name}:0"
                group[path] = (0.2 * random.random(weight.shape) + 0.01).astype(np.float32)
                names.append(path)
            group.attrs["weight_names"] = names
        root.attrs["layer_names"] = [layer.name for layer in network.layers]
    return buffer.getvalue()


def write(root: Path, model: bytes | None = None) -> tuple[Family, Entry]:
    """Write a release of one model, TEST, and return its index."""
    contents = {
        "model": ("models/TEST/TEST_1.h5", full_model_file() if model is None else model),
        "thresholds": ("models/TEST/TEST.tsv", TABLE.encode()),
    }
    files = {}
    for role, (path, data) in contents.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
        files[role] = RemoteFile(path, len(data), hashlib.sha256(data).hexdigest())
    entry = Entry("maxatac/TEST", "a test", (), "any", FACTS, files)
    upstream = Upstream("lab/data", "c0ffee", "https://example.org")
    return Family("maxatac", "a test", "maxatac", "nobody", "none", None, upstream, {"TEST": entry}), entry


class Server(ThreadingHTTPServer):
    """Serves a release under /lab/data/c0ffee. `faults` holds, per path, what to do with the next requests.

    A fault is an HTTP status, "cut" (half of the body), "flip" (one bit wrong), "drop" (no answer at all).
    """

    def __init__(self, root: Path) -> None:
        self.root, self.faults, self.requests = root, {}, Counter()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.removeprefix("/lab/data/c0ffee/")
        self.server.requests[path] += 1
        queue = self.server.faults.get(path, [])
        fault = queue.pop(0) if queue else None
        file = self.server.root / path
        if fault == "drop":
            self.connection.close()
            return
        if isinstance(fault, int) or not file.is_file():
            self.send_error(fault or 404)
            return
        data = file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if fault == "cut":
            data = data[: len(data) // 2]
        elif fault == "flip":
            data = data[:100] + bytes([data[100] ^ 1]) + data[101:]
        self.wfile.write(data)
        if fault == "cut":
            self.connection.close()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve(root: Path) -> Iterator[Server]:
    """A running server."""
    server = Server(root)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
