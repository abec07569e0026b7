"""A Hugging Face Hub on the loopback: the endpoints that huggingface_hub 2.x calls for model repositories.

Tests run the real client against it over a real socket, and tell it to fail. Repositories live in memory; a commit is
atomic and maps paths to bytes; files that end in .h5 or .npz go through LFS, all others are regular.
"""

import base64
import fnmatch
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

LFS = (".h5", ".npz", ".png")


@dataclass(frozen=True)
class Commit:
    """All files at one moment."""

    sha: str
    files: Mapping[str, bytes]


@dataclass
class Repo:
    """Commits, oldest first, and tags."""

    owner: str
    private: bool
    commits: list[Commit] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, files: Mapping[str, bytes], message: str) -> Commit:
        """Add a commit; its name depends on everything before it."""
        before = self.commits[-1].sha if self.commits else ""
        content = [(path, hashlib.sha256(data).hexdigest()) for path, data in sorted(files.items())]
        sha = hashlib.sha1(json.dumps([before, message, content, len(self.commits)]).encode()).hexdigest()
        self.commits.append(Commit(sha, dict(files)))
        return self.commits[-1]

    def at(self, revision: str) -> Commit | None:
        """The commit that a branch, a tag or a commit's name means."""
        sha = self.commits[-1].sha if revision == "main" else self.tags.get(revision, revision)
        return next((commit for commit in self.commits if commit.sha == sha), None)


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str = "", text: str = "") -> None:
        self.status, self.code, self.text = status, code, text or code


class Hub(ThreadingHTTPServer):
    """The server.

    Attributes:
        tokens: token -> user.
        repos: `org/name` -> repository.
        requests: (method, path, status) of every request.
        before: called with (kind, path) before a request is answered.
        headers: of every answer, in place of what it would say itself.
        commit_said: in place of the commit that a revision means.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self.tokens, self.repos, self.blobs = dict(tokens), {}, {}
        self.requests: list[tuple[str, str, int]] = []
        self.faults: list[tuple[str, str, list]] = []
        self.before: Callable[[str, str], object] = lambda kind, path: None
        self.headers: dict[str, str] = {}
        self.commit_said: object = None
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """The address to give to the client as `endpoint`."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fail(self, kind: str, pattern: str, faults: list) -> None:
        """Apply `faults`, one for each, to the next requests of a kind whose path matches.

        A fault is a status, "flip" (a bit of the body), "cut" (half of the body), "drop" (no answer), "no-etag",
        or ("slow", seconds).
        """
        self.faults.append((kind, pattern, list(faults)))

    def fault(self, kind: str, path: str) -> object:
        """The fault that this request gets, if any."""
        with self.lock:
            for wanted, pattern, queue in self.faults:
                if wanted == kind and queue and fnmatch.fnmatch(path, f"*{pattern}"):
                    return queue.pop(0)
        return None

    def move_tag(self, repo: str, tag: str, sha: str) -> str:
        """Let a tag mean another commit."""
        self.repos[repo].tags[tag] = sha
        return sha


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        found = ((kind, respond, re.fullmatch(p, path)) for kind, verbs, p, respond in _ROUTES if self.command in verbs)
        kind, respond, match = next((route for route in found if route[2]), (None, None, None))
        if match is None:
            self._send(404, b'{"error": "unknown endpoint"}')
            return
        self.server.before(kind, path)
        fault = self.server.fault(kind, path)
        try:
            if fault == "drop":
                self.close_connection = True
                self.connection.close()
                self.server.requests.append((self.command, path, 0))
                return
            if isinstance(fault, int):
                raise Refused(fault)
            if isinstance(fault, tuple):
                time.sleep(fault[1])
            with self.server.lock:
                data, headers = respond(self, body, **match.groupdict())
            self._send(200, data, headers, fault)
        except Refused as refused:
            headers = {"X-Error-Code": refused.code, "X-Error-Message": refused.text} if refused.code else {}
            self._send(refused.status, json.dumps({"error": refused.text}).encode(), headers)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _answer

    def _send(self, status: int, data: bytes, headers: Mapping[str, str] = (), fault: object = None) -> None:
        self.server.requests.append((self.command, unquote(urlsplit(self.path).path), status))
        self.send_response(status)
        for key, value in {**dict(headers), **self.server.headers}.items():
            if not (fault == "no-etag" and "etag" in key.lower()):
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "flip" and data:
            data = bytes([data[0] ^ 1]) + data[1:]
        self.wfile.write(data[: len(data) // 2] if fault == "cut" else data)
        if fault == "cut":
            self.close_connection = True
            self.connection.close()

    def log_message(self, *_: object) -> None:
        pass

    def user(self) -> str | None:
        """Who asks, by the token."""
        return self.server.tokens.get((self.headers.get("Authorization") or "").removeprefix("Bearer "))

    def repo(self, name: str, write: bool = False) -> Repo:
        """The repository, if whoever asks may see it, or write to it."""
        repo = self.server.repos.get(name)
        if repo is None or (repo.private and self.user() != repo.owner):
            raise Refused(404 if self.user() else 401, "RepoNotFound", "Repository not found")
        if write and self.user() != repo.owner:
            raise Refused(403, "", "You have no right to write here")
        return repo

    def commit(self, name: str, revision: str, write: bool = False) -> Commit:
        """The commit that a revision of a repository means."""
        commit = self.repo(name, write).at(revision)
        if commit is None:
            raise Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return commit


Answer = tuple[bytes, dict[str, str]]


def _json(value: object) -> Answer:
    return json.dumps(value).encode(), {"Content-Type": "application/json"}


def _create(handler: _Handler, body: bytes) -> Answer:
    asked, user = json.loads(body), handler.user()
    if user is None:
        raise Refused(401, "", "Invalid credentials")
    name = f"{asked.get('organization') or user}/{asked['name']}"
    if not name.startswith(f"{user}/"):
        raise Refused(403, "", "You have no right to create here")
    if name in handler.server.repos:
        raise Refused(409, "", "You already created this model repo")
    private = bool(asked.get("private")) or asked.get("visibility") == "private"
    handler.server.repos[name] = repo = Repo(user, private)
    repo.commit({".gitattributes": b""}, "initial commit")
    return _json({"url": f"{handler.server.url}/{name}"})


def _info(handler: _Handler, body: bytes, repo: str, revision: str = "main") -> Answer:
    commit = handler.commit(repo, revision)
    siblings = [{"rfilename": path} for path in commit.files]
    sha = commit.sha if handler.server.commit_said is None else handler.server.commit_said
    return _json({"id": repo, "modelId": repo, "sha": sha, "siblings": siblings, "tags": []})


def _refs(handler: _Handler, body: bytes, repo: str) -> Answer:
    found = handler.repo(repo)
    tags = [{"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": sha} for tag, sha in found.tags.items()]
    main = {"name": "main", "ref": "refs/heads/main", "targetCommit": found.commits[-1].sha}
    return _json({"branches": [main], "converts": [], "tags": tags})


def _tag(handler: _Handler, body: bytes, repo: str, revision: str) -> Answer:
    commit, tags = handler.commit(repo, revision, write=True), handler.repo(repo).tags
    tag = json.loads(body)["tag"]
    if tag in tags:
        raise Refused(409, "", "Tag already exists")
    tags[tag] = commit.sha
    return _json({})


def _resolve(handler: _Handler, body: bytes, repo: str, revision: str, path: str) -> Answer:
    commit = handler.commit(repo, revision)
    if path not in commit.files:
        raise Refused(404, "EntryNotFound", f"Entry not found: {path}")
    data = commit.files[path]
    etag = f'"{hashlib.sha256(data).hexdigest()}"'
    return data, {"ETag": etag, "X-Repo-Commit": commit.sha, "X-Linked-ETag": etag, "X-Linked-Size": str(len(data))}


def _preupload(handler: _Handler, body: bytes, repo: str, revision: str) -> Answer:
    handler.commit(repo, revision, write=True)
    files = [
        {"path": f["path"], "uploadMode": "lfs" if f["path"].endswith(LFS) else "regular", "shouldIgnore": False}
        for f in json.loads(body)["files"]
    ]
    return _json({"files": files})


def _batch(handler: _Handler, body: bytes, repo: str) -> Answer:
    handler.repo(repo, write=True)
    objects = []
    for item in json.loads(body)["objects"]:
        actions = {"upload": {"href": f"{handler.server.url}/lfs/{item['oid']}"}}
        objects.append(
            {**item, "authenticated": True} | ({} if item["oid"] in handler.server.blobs else {"actions": actions})
        )
    return _json({"transfer": "basic", "objects": objects})


def _store(handler: _Handler, body: bytes, oid: str) -> Answer:
    if hashlib.sha256(body).hexdigest() != oid:
        raise Refused(422, "", "These bytes have another digest")
    handler.server.blobs[oid] = body
    return _json({})


def _commit(handler: _Handler, body: bytes, repo: str, revision: str) -> Answer:
    found = handler.repo(repo, write=True)
    files, header = dict(handler.commit(repo, revision).files), {}
    for line in body.splitlines():
        item = json.loads(line)
        value = item["value"]
        match item["key"]:
            case "header":
                header = value
            case "file":
                files[value["path"]] = base64.b64decode(value["content"])
            case "lfsFile":
                files[value["path"]] = handler.server.blobs[value["oid"]]
            case "deletedFile":
                del files[value["path"]]
    if header.get("parentCommit") not in (None, found.commits[-1].sha):
        raise Refused(412, "", "A commit has happened since")
    sha = found.commit(files, header["summary"]).sha
    return _json({"commitUrl": f"{handler.server.url}/{repo}/commit/{sha}", "commitOid": sha, "success": True})


def _fine(handler: _Handler, body: bytes) -> Answer:
    return _json({"errors": [], "warnings": []})


def _whoami(handler: _Handler, body: bytes) -> Answer:
    if handler.user() is None:
        raise Refused(401, "", "Invalid credentials")
    return _json({"name": handler.user(), "type": "user", "auth": {"accessToken": {"role": "write"}}})


_REPO = r"(?P<repo>[^/]+/[^/]+)"
_REVISION = r"(?P<revision>[^/]+)"
_ROUTES = [
    ("create", ("POST",), r"/api/repos/create", _create),
    ("yaml", ("POST",), r"/api/validate-yaml", _fine),
    ("whoami", ("GET",), r"/api/whoami-v2", _whoami),
    ("info", ("GET",), rf"/api/models/{_REPO}/revision/{_REVISION}", _info),
    ("info", ("GET",), rf"/api/models/{_REPO}", _info),
    ("refs", ("GET",), rf"/api/models/{_REPO}/refs", _refs),
    ("tag", ("POST",), rf"/api/models/{_REPO}/tag/{_REVISION}", _tag),
    ("preupload", ("POST",), rf"/api/models/{_REPO}/preupload/{_REVISION}", _preupload),
    ("commit", ("POST",), rf"/api/models/{_REPO}/commit/{_REVISION}", _commit),
    ("batch", ("POST",), rf"/{_REPO}\.git/info/lfs/objects/batch", _batch),
    ("upload", ("PUT",), r"/lfs/(?P<oid>[0-9a-f]{64})", _store),
    ("resolve", ("GET", "HEAD"), rf"/{_REPO}/resolve/{_REVISION}/(?P<path>.+)", _resolve),
]


@contextmanager
def serve(tokens: Mapping[str, str]) -> Iterator[Hub]:
    """A running Hub."""
    hub = Hub(tokens)
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
