"""A Dockerfile carried out without Docker: as root, in copies of a root file system, each instruction in its order.

    python tests/container.py ROOT_FILE_SYSTEM FOLDER [WORD ...]

ROOT_FILE_SYSTEM has Python 3.11 and stands for the base image; `debootstrap` makes one, with
`--variant=minbase --include=python3,python3-venv,ca-certificates bookworm`. The image is built below FOLDER; then its
command runs with the words, as `docker run` would have it.
"""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
_LIMIT_S = 1500
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
_MOUNT = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec "$@"'


def instructions(path: Path) -> list[tuple[str, str]]:
    """Name and text of each instruction, without comments, its lines joined."""
    text = "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    return [tuple(line.split(maxsplit=1)) for line in lines if line]


def ignored(path: str, ignore: Path) -> bool:
    """Whether a file of ignored patterns, as of Docker, leaves out a path: the last pattern that matches decides."""
    out = False
    for line in ignore.read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and _matches(path, pattern):
            out = not line.startswith("!")
    return out


def _matches(path: str, pattern: str) -> bool:
    parts = path.split("/")
    if pattern.startswith("**/"):
        return any(fnmatch.fnmatchcase(part, pattern[3:]) for part in parts)
    return fnmatch.fnmatchcase(parts[0], pattern)


@dataclass
class Stage:
    """A root file system, and what the instructions set."""

    root: Path
    folder: str = "/"
    user: str = "0"
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    command: list[str] = field(default_factory=list)
    arguments: dict[str, str] = field(default_factory=dict)

    def run(self, words: list[str], **options: object) -> subprocess.CompletedProcess:
        """Run a command in it, alone with its environment."""
        settings = {"HOME": "/tmp", **_of_host(), **self.environment, **self.arguments}
        inside = ["env", "-i", *(f"{name}={value}" for name, value in settings.items())]
        enter = [
            "chroot",
            f"--userspec={self.user}:{self.user}",
            str(self.root),
            *inside,
            "sh",
            "-c",
            'cd "$0" && exec "$@"',
        ]
        command = ["unshare", "--mount", "sh", "-c", _MOUNT, str(self.root), *enter, self.folder, *words]
        return subprocess.run(command, timeout=_LIMIT_S, **options)


def build(path: Path, base: Path, work: Path) -> Stage:
    """Carry out the instructions of a Dockerfile; returns its last stage."""
    stages: dict[str, Stage] = {}
    given: dict[str, str] = {}
    for number, (name, text) in enumerate(instructions(path)):
        if name == "FROM":
            stage = stages[text.split()[-1]] = Stage(_copied(base, work / str(number)))
        elif name == "ARG":
            (given if not stages else stage.arguments).update([text.split("=", 1)])
        else:
            _carry_out(stage, name, text, stages)
    return stage


def _carry_out(stage: Stage, name: str, text: str, stages: dict[str, Stage]) -> None:
    if name == "RUN":
        stage.run(["sh", "-c", text], check=True)
    elif name == "COPY":
        _copy(stage, text.split(), stages)
    elif name == "ENV":
        for variable, value in (word.split("=", 1) for word in shlex.split(text)):
            stage.environment[variable] = value.replace("$PATH", stage.environment["PATH"])
    elif name == "WORKDIR":
        stage.folder = text
        (stage.root / text.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif name == "USER":
        stage.user = text
    elif name in ("ENTRYPOINT", "CMD"):
        stage.command = json.loads(text) if name == "ENTRYPOINT" else stage.command
    elif name != "VOLUME":
        raise NotImplementedError(name)


def _copy(stage: Stage, words: list[str], stages: dict[str, Stage]) -> None:
    source, target = words[-2:]
    to = stage.root / (Path(stage.folder) / target).relative_to("/")
    if words[0].startswith("--from="):
        origin = stages[words[0].removeprefix("--from=")].root / source.lstrip("/")
        shutil.copytree(origin, to, symlinks=True, dirs_exist_ok=True)
        return
    for file in _context():
        (to / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, to / file)


def _context() -> Iterator[str]:
    """Files of the checkout that are sent to a builder."""
    for entry in ROOT.iterdir():
        for path in entry.rglob("*") if entry.is_dir() else [entry]:
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and not ignored(name, ROOT / ".dockerignore"):
                yield name


def _copied(base: Path, root: Path) -> Path:
    """A copy of the root file system with this machine's names of hosts and certificates, and a `python`."""
    subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(root)], check=True, timeout=_LIMIT_S)
    for file in ("etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt"):
        if (Path("/") / file).is_file():
            shutil.copy2(Path("/") / file, root / file)
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    return root


def _of_host() -> dict[str, str]:
    """How this machine reaches an index of packages."""
    return {name: value for name, value in os.environ.items() if re.match(r"PIP_|SSL_|(HTTPS?|NO)_PROXY", name.upper())}


if __name__ == "__main__":
    base, work, *words = sys.argv[1:]
    image = build(ROOT / "Dockerfile", Path(base), Path(work))
    sys.exit(image.run([*image.command, *words]).returncode)
