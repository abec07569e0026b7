"""Reference data from a server on loopback, from mirrors, and what can go wrong on the way."""

import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from zoo.cli import main
from zoo.errors import InputError, IntegrityError, OfflineMiss
from zoo.genome import reference
from zoo.genome.sequence import write_twobit

BLACKLIST = b"chr1\t10\t20\tHigh Signal Region\n"


class Handler(BaseHTTPRequestHandler):
    """Files with ranges; breaks off where the server's `most` says."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.path.rsplit("/", 1)[1], self.headers.get("Range")))
        data = self.server.files.get(self.path.rsplit("/", 1)[1])
        if data is None:
            self.send_error(404)
            return
        first = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        if first and first >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        most = self.server.most.pop(0) if self.server.most and self.path.endswith(".2bit") else len(data)
        self.wfile.write(data[first : first + most])


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    codes = np.random.default_rng(0).integers(0, 4, 40_000).astype(np.uint8)
    write_twobit(tmp_path / "made.2bit", {"chr1": codes, "chrM": codes[:100]})
    genome = (tmp_path / "made.2bit").read_bytes()
    sums = f"{hashlib.md5(genome).hexdigest()}  hg38.2bit\n{'0' * 32} *hg38.fa.gz\n"
    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.files = {"hg38.2bit": genome, "md5sum.txt": sums.encode(), "hg38-blacklist.v2.bed": BLACKLIST}
    found.asked, found.most = [], []
    address = f"http://127.0.0.1:{found.server_address[1]}"
    monkeypatch.setenv("ZOO_UCSC", address)
    monkeypatch.setenv("ZOO_UPSTREAM", address)
    monkeypatch.setitem(reference.ASSEMBLIES, "hg38", hashlib.sha256(BLACKLIST).hexdigest())
    monkeypatch.setattr("registry.download.time.sleep", lambda _: None)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def test_an_assembly(server: ThreadingHTTPServer, tmp_path: Path, capsys: pytest.CaptureFixture):
    """Once; the second time only the list of checksums is asked for."""
    assert main(["genome", "hg38", "--to", str(tmp_path / "to")]) == 0
    names = sorted(path.name for path in (tmp_path / "to").iterdir())
    assert names == ["hg38-blacklist.v2.bed", "hg38.2bit", "hg38.chrom.sizes"]
    assert (tmp_path / "to" / "hg38.chrom.sizes").read_text() == "chr1\t40000\nchrM\t100\n"
    assert capsys.readouterr().out.splitlines()[0] == str(tmp_path / "to" / "hg38.2bit")
    server.asked.clear()
    reference.fetch("hg38", tmp_path / "to")
    assert server.asked == [("md5sum.txt", None)]


def test_a_download_goes_on_where_it_broke_off(server: ThreadingHTTPServer, tmp_path: Path):
    server.most = [3000, 2000]
    reference.fetch("hg38", tmp_path / "to")
    asked = [wanted for name, wanted in server.asked if name == "hg38.2bit"]
    assert asked == [None, "bytes=3000-", "bytes=5000-"]


def test_a_download_that_was_killed_goes_on(server: ThreadingHTTPServer, tmp_path: Path):
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "hg38.2bit.part").write_bytes(server.files["hg38.2bit"][:777])
    reference.fetch("hg38", tmp_path / "to")
    assert ("hg38.2bit", "bytes=777-") in server.asked
    (tmp_path / "to" / "hg38.2bit").rename(tmp_path / "to" / "hg38.2bit.part")
    reference.fetch("hg38", tmp_path / "to")  # all of it was there: 416


@pytest.mark.parametrize("name", ["hg38.2bit", "hg38-blacklist.v2.bed"])
def test_other_bytes_are_refused(server: ThreadingHTTPServer, tmp_path: Path, name: str):
    server.files[name] = b"x" + server.files[name][1:]
    with pytest.raises(IntegrityError, match="published checksum"):
        reference.fetch("hg38", tmp_path / "to")
    assert not list((tmp_path / "to").glob(f"{name}*"))


def test_a_file_that_was_damaged_is_brought_again(server: ThreadingHTTPServer, tmp_path: Path):
    reference.fetch("hg38", tmp_path / "to")
    (tmp_path / "to" / "hg38.2bit").write_bytes(b"no genome")
    reference.fetch("hg38", tmp_path / "to")
    assert (tmp_path / "to" / "hg38.2bit").read_bytes() == server.files["hg38.2bit"]


def test_mirrors(server: ThreadingHTTPServer, tmp_path: Path):
    (tmp_path / "mirror").mkdir()
    for name, data in server.files.items():
        (tmp_path / "mirror" / name).write_bytes(data)
    found = reference.fetch("hg38", tmp_path / "to", mirror=tmp_path / "mirror")
    assert found.blacklist.read_bytes() == BLACKLIST
    assert not server.asked
    (tmp_path / "mirror" / "hg38-blacklist.v2.bed").unlink()
    with pytest.raises(OfflineMiss, match="hg38-blacklist"):
        reference.fetch("hg38", tmp_path / "other", mirror=tmp_path / "mirror")


def test_what_cannot_be_had(server: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match="hg38, hg19, mm10, sacCer3"):
        reference.fetch("hg17", tmp_path / "to")
    del server.files["hg38.2bit"]
    with pytest.raises(OfflineMiss, match="HTTP 404"):
        reference.fetch("hg38", tmp_path / "to")
    server.files["md5sum.txt"] = b"00 chr1.fa.gz\n"
    with pytest.raises(IntegrityError, match=r"list of checksums must have hg38\.2bit"):
        reference.fetch("hg38", tmp_path / "to")
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    with pytest.raises(OfflineMiss, match="network must be on"):
        reference.fetch("hg38", tmp_path / "to")
    monkeypatch.setenv("ZOO_OFFLINE", "")
    monkeypatch.setenv("ZOO_UCSC", "http://127.0.0.1:9")
    with pytest.raises(OfflineMiss, match="server must deliver"):
        reference.fetch("hg38", tmp_path / "to")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="folder must be writable"):
        reference.fetch("hg38", tmp_path / "file")


def test_digests_of_blacklists(shared: Path):
    for assembly, digest in reference.ASSEMBLIES.items():
        path = shared / "data" / "blacklists" / f"{assembly}-blacklist.v2.bed"
        assert (hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None) == digest


@pytest.mark.parametrize("name", ["hg38.2bit.part", "hg38.chrom.sizes", "hg38-blacklist.v2.bed", "hg38.2bit"])
@pytest.mark.parametrize("kind", ["symlink", "dangling", "hard link"])
def test_no_link_is_followed(server: ThreadingHTTPServer, tmp_path: Path, name: str, kind: str):
    """A link in the folder, whatever its name: what it leads to stays as it was."""
    victim, link = tmp_path / "thesis.txt", tmp_path / "to" / name
    (tmp_path / "to").mkdir()
    if kind != "dangling":
        victim.write_text("precious")
    link.hardlink_to(victim) if kind == "hard link" else link.symlink_to(victim)
    if name.endswith(".part"):
        with pytest.raises(InputError, match="not a link"):
            reference.fetch("hg38", tmp_path / "to")
    else:
        reference.fetch("hg38", tmp_path / "to")
    assert not victim.exists() if kind == "dangling" else victim.read_text() == "precious"


def test_a_partial_file_that_is_a_pipe_is_not_waited_for(server: ThreadingHTTPServer, tmp_path: Path):
    (tmp_path / "to").mkdir()
    os.mkfifo(tmp_path / "to" / "hg38.2bit.part")
    with pytest.raises(InputError, match="plain file"):
        reference.fetch("hg38", tmp_path / "to")


def test_what_failed_leaves_no_empty_file(server: ThreadingHTTPServer, tmp_path: Path):
    del server.files["hg38.2bit"]
    with pytest.raises(OfflineMiss, match="HTTP 404"):
        reference.fetch("hg38", tmp_path / "to")
    assert not list((tmp_path / "to").iterdir())


def test_the_blacklist_of_maxatac(server: ThreadingHTTPServer, tmp_path: Path, shared: Path):
    name = "hg38_maxatac_blacklist.bed"
    server.files[name] = (shared / "maxatac_data" / "hg38" / name).read_bytes()
    found = reference.fetch("hg38", tmp_path / "to", blacklist="maxatac")
    assert found.blacklist == tmp_path / "to" / name
    assert found.blacklist.read_bytes() == server.files[name]
    assert len(found.blacklist.read_text().splitlines()) == 376
    server.files[name] += b"chr1\t1\t2\n"
    with pytest.raises(IntegrityError, match="published checksum"):
        reference.fetch("hg38", tmp_path / "other", blacklist="maxatac")
    for assembly, which in (("mm10", "maxatac"), ("hg38", "none")):
        with pytest.raises(InputError, match="must be encode, or maxatac for hg38"):
            reference.fetch(assembly, tmp_path / "to", blacklist=which)


def test_passwords_are_in_no_message(server: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    address = f"http://alice:S3CRET@127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("ZOO_UCSC", address)
    reference.fetch("hg38", tmp_path / "to")  # and it is an address that works
    del server.files["hg38.2bit"]
    with pytest.raises(OfflineMiss, match=r"http://\*\*\*@127") as caught:
        reference.fetch("hg38", tmp_path / "other")
    assert "S3CRET" not in str(caught.value)
