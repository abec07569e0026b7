"""Reference data from its public homes: the genome, its chromosomes' lengths, its blacklist.

Environment variables:
    ZOO_UCSC: replaces `https://hgdownload.soe.ucsc.edu` as the home of genomes.
    ZOO_UPSTREAM: replaces `https://raw.githubusercontent.com` as the home of blacklists.
    ZOO_OFFLINE: set to 1 to use no network.
"""

import hashlib
import os
import shutil
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from registry.store import offline, sha256
from zoo.errors import InputError, IntegrityError, OfflineMiss
from zoo.files.progress import Progress
from zoo.genome.sequence import Genome

_BLACKLISTS = "Genentech/gReLU/286a706def5fc520b4a3560a023ee480d07ba928/src/grelu/resources/blacklists/encode"
ASSEMBLIES = {
    "hg38": "31c69342df43bbc19dd8ef2886611a8150cb53e90f341de14d30e742c9251737",
    "hg19": "1f614b9c1c39a0ef8a7a16891dff4171aacdf8fc62835b6546559d4765a27edf",
    "mm10": "9638bbeb4be8d99ddf56f1b70700f6a9336ce7f54d87032bd262465ecf3bfac7",
    "sacCer3": None,
}
"""Assembly → SHA-256 of its ENCODE blacklist v2 (Amemiya et al. 2019, Sci Rep 9: 9354), if there is one."""
_BLOCK, _ATTEMPTS, _TIMEOUT_S = 1 << 20, 4, 30


@dataclass(frozen=True)
class Reference:
    """Files of an assembly: `genome` (.2bit), `sizes` (chromosome, bp), and `blacklist` (BED) or None."""

    genome: Path
    sizes: Path
    blacklist: Path | None


def fetch(
    assembly: str, folder: str | Path, mirror: str | Path | None = None, progress: bool | None = None
) -> Reference:
    """Bring the files of an assembly into a folder; what is there and sound stays.

    The genome's MD5 is the one that UCSC publishes beside it, the blacklist's SHA-256 the one of this package. What was
    interrupted goes on where it was.

    Args:
        assembly: one of `ASSEMBLIES`.
        folder: made if it does not exist.
        mirror: a folder with the files and UCSC's `md5sum.txt`, instead of the network.
        progress: show a progress bar; by default in a terminal only.

    Raises:
        InputError: an assembly that is not known, or a folder that cannot be written to.
        IntegrityError: bytes with another checksum than the published one; they are deleted.
        OfflineMiss: a file that cannot be had.
    """
    if assembly not in ASSEMBLIES:
        raise InputError(f"An assembly is one of {', '.join(ASSEMBLIES)}", received={"assembly": assembly})
    folder, digest = Path(folder).expanduser(), ASSEMBLIES[assembly]
    home = f"{os.environ.get('ZOO_UCSC') or 'https://hgdownload.soe.ucsc.edu'}/goldenPath/{assembly}/bigZips"
    other = f"{os.environ.get('ZOO_UPSTREAM') or 'https://raw.githubusercontent.com'}/{_BLACKLISTS}"
    if mirror is not None:
        home = other = Path(mirror).expanduser()
    name, lines = f"{assembly}.2bit", f"{assembly}-blacklist.v2.bed"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sums = _bring(home, "md5sum.txt", folder / f".{assembly}.md5sum.txt", progress)
        published = {
            file.lstrip("*"): md5 for md5, file in map(str.split, sums.read_text(encoding="utf-8").splitlines())
        }
        sums.unlink()
        if name not in published:
            raise IntegrityError(
                "The list of checksums has the genome", where=home, received={"files": [*published][:5]}
            )
        genome = _sound(home, name, folder / name, _md5, published[name], progress)
        sizes = folder / f"{assembly}.chrom.sizes"
        sizes.write_text(
            "".join(f"{chrom}\t{size}\n" for chrom, size in Genome(genome).sizes.items()), encoding="utf-8"
        )
        blacklist = _sound(other, lines, folder / lines, sha256, digest, progress) if digest else None
    except (OSError, ValueError) as error:
        raise InputError(
            f"Reference data can be written, and its list of checksums read ({error})", received={"to": str(folder)}
        ) from None
    return Reference(genome, sizes, blacklist)


def _sound(home: str | Path, name: str, target: Path, digest, promised: str, progress: bool | None) -> Path:
    """A file with the promised digest: the one that is there, or a new one."""
    if target.is_file() and digest(target) == promised:
        return target
    part = _bring(home, name, target.with_name(f"{name}.part"), progress)
    if (found := digest(part)) != promised:
        part.unlink()
        raise IntegrityError(
            "A file has its published checksum", where=f"{home}/{name}", received={"promised": promised, "found": found}
        )
    part.replace(target)
    return target


def _bring(home: str | Path, name: str, part: Path, progress: bool | None) -> Path:
    """Copy or download a file; a download goes on where an earlier one was interrupted."""
    if isinstance(home, Path):
        if not (home / name).is_file():
            raise OfflineMiss("A mirror has the files of the assembly", where=home, received={"missing": name})
        shutil.copyfile(home / name, part)
        return part
    if offline():
        raise OfflineMiss("Reference data comes over the network, which is off", received={"file": f"{home}/{name}"})
    for attempt in range(_ATTEMPTS):
        try:
            _download(f"{home}/{name}", part, progress)
            return part
        except urllib.error.HTTPError as error:
            problem = f"HTTP {error.code}"
            if error.code < 500 and error.code not in (408, 429):
                break
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            problem = str(getattr(error, "reason", error))
        time.sleep(0.5 * 2**attempt if attempt < _ATTEMPTS - 1 else 0)
    raise OfflineMiss(f"Reference data can be downloaded ({problem})", received={"file": f"{home}/{name}"})


def _download(url: str, part: Path, progress: bool | None) -> None:
    """Append what a partial file lacks; raises `ConnectionError` if the answer breaks off."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is missing; the checksum tells
            return
        raise
    with response:
        if have and response.status != 206:
            have = 0
        total = have + int(response.headers.get("Content-Length") or 0)
        with (
            open(part, "ab" if have else "wb") as file,
            Progress(url.rsplit("/", 1)[1], "B", total, have, progress) as bar,
        ):
            while block := response.read(_BLOCK):
                file.write(block)
                bar.update(len(block))
        if part.stat().st_size < total:
            raise ConnectionError(f"{part.stat().st_size:,} of {total:,} bytes arrived")


def _md5(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
