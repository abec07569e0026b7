"""The folder of a run: claimed by one run at a time, known by a mark, and never emptied of what others put there."""

import json
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry import digests, typed
from zoo.environment import versions
from zoo.errors import InputError, IntegrityError, ZooError, warn
from zoo.files.atomic import writing
from zoo.files.record import MADE_BY
from zoo.train.config import TrainConfig

CONFIG, VERSIONS, MODEL, KERAS, CURVES = "train.json", "versions.json", "model", "model.keras", "curves.png"
MARK, LOCK = "zoo-run.json", "zoo-run.lock"
_STAGING = ".zoo-staging-"
_SCRATCH = re.compile(r".+\.\d+\.\d+\.tmp(\.keras)?")  # of files that were being written (`zoo.files.atomic`)
_RUN = re.compile(r"[0-9a-f]{32}")
_WAIT_S = 0.2


class Home:
    """A context: inside it the folder holds this run, and no other process writes there.

    Args:
        folder: new or empty; with `resume` one of this configuration.
        config: of the run.
        resume: whether to go on.

    Attributes:
        folder: as given.
        number: 32 hex digits that the run's model folder carries, too.

    Raises:
        InputError: the folder has something else in it, another process trains into it, or it cannot be written.
        IntegrityError: the record of the run in it is damaged.
    """

    def __init__(self, folder: Path, config: TrainConfig, resume: bool) -> None:
        self.folder, self._config, self._resume = folder, config, resume
        self.number = ""

    def __enter__(self) -> "Home":
        from huggingface_hub.utils import WeakFileLock

        self.check()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._held = WeakFileLock(self.folder / LOCK, timeout=_WAIT_S)
        try:
            self._held.__enter__()
        except TimeoutError:
            raise InputError(
                "The folder of a run must be written by one process at a time",
                received={"out": str(self.folder)},
                hint="Wait for the other one, or choose another folder",
            ) from None
        try:
            self.check()  # again, now that nobody else writes
            self._claim()
        except BaseException:
            self._held.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._held.__exit__(None, None, None)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder for the final files and the model's, which then replace those of this run, and only those."""
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self.folder))
        try:
            yield staging
            self._check_finals()
            made = [path for path in staging.iterdir() if path.is_file()]
            self._write_mark({path.name: digests.sha256(path) for path in made})
            for path in made:
                path.replace(self.folder / path.name)
            (staging / MODEL).chmod(0o755)  # temporary folders are their maker's alone
            if (self.folder / MODEL).exists():
                (self.folder / MODEL).rename(staging / "before")
            (staging / MODEL).rename(self.folder / MODEL)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def check(self) -> None:
        """Refuse a folder of something else, of another configuration, or with files of others at our places."""
        try:
            self._look()
        except OSError as error:
            raise InputError(
                f"The folder of a run must be readable: {error.strerror}", received={"out": str(self.folder)}
            ) from None

    def _look(self) -> None:
        if self._resume and (self.folder / CONFIG).is_file():
            self._check_config()
            self.number = self._read_mark().get("run") or uuid.uuid4().hex
            self._check_finals()
        elif self.folder.exists() and (not self.folder.is_dir() or self._others()):
            raise InputError(
                "The folder of a run must be new or empty, or hold a run to go on with",
                received={"out": str(self.folder)},
                hint="Choose another folder, or give --resume to go on with the run in it",
            )
        else:
            self.number = uuid.uuid4().hex

    def _others(self) -> bool:
        return any(path.name != LOCK and not _SCRATCH.fullmatch(path.name) for path in self.folder.iterdir())

    def _check_config(self) -> None:
        """The run in the folder is of this configuration."""
        path = self.folder / CONFIG
        try:
            before = TrainConfig.parse(typed.load_json(path.read_bytes(), path), path)  # what it lacks is default
        except ZooError as error:
            raise IntegrityError(
                f"The record of a run must be whole: {error}", hint="Train into another folder"
            ) from None
        old, new = (_texts(config) for config in (before, TrainConfig.parse(self._config.to_json(), path)))
        if changed := sorted(key for key in {**old, **new} if old.get(key) != new.get(key)):
            raise InputError(
                "A run must go on with the configuration that it began with",
                where=path,
                received={"changed": changed},
                hint="Leave those options out, or train into another folder",
            )

    def _check_finals(self) -> None:
        """What stands where the results go is this run's."""
        mark, model = self._read_mark(), self.folder / MODEL
        known = mark.get("files", {})
        foreign = [
            name
            for name in (KERAS, CURVES)
            if (self.folder / name).exists() and digests.sha256(self.folder / name) not in known.get(name, ())
        ]
        foreign += [MODEL] if model.exists() and not self._is_ours(model) else []
        if foreign:
            raise InputError(
                "A run must not replace files in its folder that it did not write",
                where=self.folder,
                received={"not of this run": foreign},
                hint="Move it away and give --resume",
            )

    def _is_ours(self, model: Path) -> bool:
        """Whether a model folder is one that this run wrote, unchanged."""
        try:
            written = digests.read_digests(model)
            present = {path.name for path in model.iterdir()}
            digests.verify(model)
        except (ZooError, OSError):
            return False
        return written.source.get("run") == self.number and present == {*written.files, digests.DIGESTS}

    def _claim(self) -> None:
        """Write the record of a new run, or clear what a killed process left of this one."""
        for path in self.folder.iterdir():
            if path.name.startswith(_STAGING) or (path.is_file() and _SCRATCH.fullmatch(path.name)):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        if not (self.folder / CONFIG).is_file():
            with writing(self.folder / CONFIG) as file:
                file.write(json.dumps(self._config.to_json(), indent=1) + "\n")
        self._write_mark({})
        made_with, current = self.folder / VERSIONS, json.dumps(versions(), indent=1) + "\n"
        if made_with.is_file() and made_with.read_text(encoding="utf-8", errors="replace") != current:
            warn(
                f"{made_with}: this run began with other versions; its numbers may differ from an uninterrupted one's."
            )
        with writing(made_with) as file:
            file.write(current)

    def _read_mark(self) -> dict:
        """The content of the mark; empty where there is none, as in runs that older versions began."""
        path = self.folder / MARK
        if not path.is_file():
            return {}
        mark = typed.load_json(path.read_bytes(), path)
        files, run = mark.get("files"), mark.get("run")
        listed = isinstance(files, dict) and all(isinstance(digests, list) for digests in files.values())
        if mark.get("made_by") != MADE_BY or not listed or not _RUN.fullmatch(str(run)):
            raise IntegrityError(
                "The mark of a run's folder must be whole", where=path, hint="Train into another folder"
            )
        return mark

    def _write_mark(self, made: dict[str, str]) -> None:
        """Note the digests of final files before they appear; those of before stay noted."""
        known = self._read_mark().get("files", {})
        files = {
            name: sorted({*known.get(name, ()), *([made[name]] if name in made else [])}) for name in {**known, **made}
        }
        with writing(self.folder / MARK) as file:
            file.write(json.dumps({"made_by": MADE_BY, "run": self.number, "files": files}, indent=1) + "\n")


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """A context that raises `InputError` where the disk of a run's folder is full, or cannot be written."""
    try:
        yield
    except OSError as error:
        message = os.strerror(error.errno) if error.errno else error
        raise InputError(
            f"The folder of a run must be writable: {message}",
            received={"out": str(folder)},
            hint="With room again, --resume goes on",
        ) from None


def _texts(config: TrainConfig) -> dict[str, str]:
    """Key → its value as text. Arguments of a network have no order, but signals by their names have."""
    return {key: json.dumps(value, sort_keys=key == "architecture") for key, value in config.to_json().items()}
