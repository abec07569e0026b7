"""Long work: one run at a time for an output, parts that survive an interruption, finals when all is there.

While a job is at work its files are in the folder `<base>.partial` (`zoo.files.partial`). The final files appear
together; the sidecar `<base>.json`, the last of them, names what they depend on and their digests, so that the same
call finds that there is nothing left to do. A file that no record names as a run's is not replaced.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from registry import digests
from registry.paths import user_path
from zoo.environment import versions
from zoo.errors import InputError
from zoo.files.atomic import check_apart, flush, output_base
from zoo.files.keeping import keeps_others, of_another
from zoo.files.partial import Partial, digest, unwritable
from zoo.files.progress import LOG
from zoo.files.record import MADE_BY, read_json, read_own, retire

SIDECAR = ".json"
_FINALS = "zoo-job-finals.json"  # while final files are replaced: which of them are a run's
_NAMES = {"network_sha256": "model"}  # parts of an identity, in a user's words
Kept = TypeVar("Kept")


def job_base(value: object, suffix: str) -> Path:
    """The `output_base` of a job whose first suffix is `suffix`: that, or one of a bigWig, is taken off."""
    return output_base(value, suffix, ".bw", ".bigwig", ".bigWig")


class Job(Partial):
    """The final files `<base><suffix>` and `<base>.json`, and the folder `<base>.partial` meanwhile.

    A context: inside it, no other run writes to the same place. Whatever was finished stays if it ends early.

    Args:
        kind: what it makes, in a word; a sidecar of another kind is not replaced.
        base: the path without extension (see `job_base`).
        suffixes: of all files that such a job can make; the first one is the main file's.
        reads: everything that it reads, as for `zoo.files.atomic.check_apart`.

    Attributes:
        finals: suffix → final path, of all suffixes and `.json`.
        main: the first of them.
        sidecar: `<base>.json`.
        folder: of what is not finished.

    Raises:
        InputError: an output that cannot be written, also later and within the context; that is read; or that another
            kind of work made.
    """

    def __init__(self, kind: str, base: object, suffixes: Sequence[str], reads: Iterable[object]) -> None:
        path = self._base = job_base(base, suffixes[0])
        self.finals = {suffix: path.with_name(path.name + suffix) for suffix in (*suffixes, SIDECAR)}
        self.main, self.sidecar = self.finals[suffixes[0]], self.finals[SIDECAR]
        super().__init__(kind, path.with_name(f"{path.name}.partial"), self.main)
        for final in self.finals.values():
            user_path(final, "output")
        check_apart(self.finals.values(), reads)
        self._check_kind()
        _check_writable(path.parent)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        super().__exit__(kind, error, trace)
        if isinstance(error, OSError):
            raise unwritable(self.main, error) from None

    def run(
        self,
        parts_of: Mapping[str, object],
        whole: Mapping[str, object],
        made: Sequence[str],
        keep: Callable[[], Kept],
        write: Callable[[Kept, dict[str, Path], dict], None],
        more: Callable[[Kept], Sequence[str]] = lambda _: (),
    ) -> tuple[dict, Kept | None]:
        """Do the work, or nothing if an earlier call did; to be called inside the context.

        Args:
            parts_of: all that unfinished parts depend on.
            whole: all that the final files depend on.
            made: suffixes of the final files, as far as they are known beforehand.
            keep: makes the parts that no earlier call finished; returns what the others need of them.
            write: writes the final files to the paths, by suffix, and fills in the sidecar; `versions` and `seconds`
                are filled in here.
            more: suffixes that are known from the parts alone.

        Returns:
            The sidecar, and what `keep` returned; None if an earlier call made the files.
        """
        began = time.time()
        if (record := self.done(whole)) is not None:
            LOG.info("nothing to do: an earlier run made %s", self.sidecar)
            return record, None
        self.resume(parts_of, made, whole)
        kept = keep()
        with self.finish(whole, [*made, *more(kept)]) as (paths, record):
            write(kept, paths, record)
            record |= {"versions": versions(), "seconds": round(time.time() - began, 1)}
        return record, kept

    def paths(self, record: Mapping) -> list[Path]:
        """The final files that a sidecar names, and the sidecar."""
        return [*(self.sidecar.with_name(name) for name in record["files"]), self.sidecar]

    def done(self, identity: Mapping[str, object]) -> dict | None:
        """The sidecar of an earlier call with this identity whose files are all there and whole; else None."""
        record = self._record()
        if record is None or record.get("identity_sha256") != digest(identity):
            return None
        try:
            whole = all(
                digests.sha256(self.sidecar.with_name(name)) == digest for name, digest in record["files"].items()
            )
        except (OSError, KeyError, AttributeError, TypeError):
            return None
        if whole and (self.folder / _FINALS).exists():  # of a run that was killed when all was there
            self.clear()
            (self.folder / _FINALS).unlink()
        return record if whole else None

    def resume(
        self, identity: Mapping[str, object], made: Sequence[str], whole: Mapping[str, object] | None = None
    ) -> None:
        """Keep what an interrupted run of the same identity finished; remove that of any other.

        Args:
            identity: all that unfinished parts depend on.
            made: suffixes of the files that will be written, as far as they are known: see `finish`.
            whole: all that the final files depend on, if that is more.

        Raises:
            InputError: as for `finish`; the files there are those of another run, which is not replaced.
        """
        self._check_own(made)
        self._check_same(identity if whole is None else whole)
        self.keep_parts_of(identity)

    @contextmanager
    def finish(self, identity: Mapping[str, object], made: Sequence[str]) -> Iterator[tuple[dict[str, Path], dict]]:
        """Write the final files: yields temporary paths by suffix, and the sidecar's content to be filled in.

        Afterwards they are at their final places, files of an earlier call that this one did not make are gone, and so
        is everything unfinished.

        Args:
            identity: all that the files depend on.
            made: suffixes of the files that will be written.

        Raises:
            InputError: a file at one of these places that no record names as a run's.
        """
        self._check_own(made)
        temporary = {suffix: self.part(f"{self.finals[suffix].name}.tmp") for suffix in made}
        fields: dict = {}
        yield temporary, fields
        for path in temporary.values():
            flush(path)
        record = {"made_by": MADE_BY, "kind": self._kind, "identity_sha256": digest(identity)}
        record["identity"] = _outline(identity)
        files = {self.finals[suffix].name: digests.sha256(path) for suffix, path in temporary.items()}
        old, before = self._own(), self._record()
        self._write(self.folder / _FINALS, {"files": sorted(old | set(files))})
        retire(self.sidecar, before, {path.name for path in self.finals.values()})
        self.sidecar.unlink(missing_ok=True)  # which marks the old files as whole
        for name in old - set(files):  # of an earlier call, perhaps with suffixes that this one does not know
            if name.startswith(f"{self._base.name}.") and Path(name).name == name:
                self.sidecar.with_name(name).unlink(missing_ok=True)
        for suffix, path in temporary.items():
            path.replace(self.finals[suffix])
            LOG.info("written: %s", self.finals[suffix])
        content = {**record, **fields, "files": files}
        self._write(self.sidecar, content)
        fields |= content
        self.clear()
        (self.folder / _FINALS).unlink(missing_ok=True)

    def _own(self) -> set[str]:
        """Names of final files that an earlier run made, or was making when it was killed."""
        names: set[str] = set()
        for record in (self._record(), read_json(self.folder / _FINALS)):
            files = (record or {}).get("files")
            names |= {name for name in files if isinstance(name, str)} if isinstance(files, (dict, list)) else set()
        return names

    def _check_own(self, made: Sequence[str]) -> None:
        own = self._own()
        foreign = [str(self.finals[suffix]) for suffix in made if self.finals[suffix].name not in own]
        if there := [path for path in foreign if os.path.lexists(path)]:
            raise InputError(
                "An output must not replace a file that no run made",
                received={"output": there[0]},
                hint="Choose another output, or remove that file",
            )

    def check_parts(self, identity: Mapping[str, object]) -> None:
        """Where others are kept, refuse the output of a run that differs in some parts of its identity.

        To be called when no more of the identity is known. Raises `InputError`, as `resume` does for all of it.
        """
        before = ((self._record() if keeps_others() else None) or {}).get("identity")
        if isinstance(before, dict):
            known = {name: part for name, part in before.items() if name in identity}
            if differing := _differing(known, _outline(identity)):
                raise of_another(self.sidecar, differing)

    def _check_same(self, identity: Mapping[str, object]) -> None:
        """Where others are kept, raise `InputError` if the record there is that of a run with another identity."""
        record = self._record() if keeps_others() else None
        if record is not None and record.get("identity_sha256") != digest(identity):
            raise of_another(self.sidecar, _differing(record.get("identity"), _outline(identity)))

    def _record(self) -> dict | None:
        """The sidecar, if it is one of a job."""
        return read_own(self.sidecar)

    def _check_kind(self) -> None:
        """A JSON file that is no sidecar, or one of other work, is not replaced."""
        if self.sidecar.exists() and (self._record() or {}).get("kind") != self._kind:
            raise InputError(
                f"An output must not replace a JSON file that is no record of a {self._kind}",
                received={"output": str(self.sidecar)},
                hint="Choose another output, or remove that file",
            )


def _outline(identity: Mapping[str, object]) -> dict[str, object]:
    """The parts of an identity with a digest each, and the parts of these, to see by which two runs differ."""
    return {
        name: {part: digest(value)[:16] for part, value in whole.items()}
        if isinstance(whole, Mapping)
        else digest(whole)[:16]
        for name, whole in identity.items()
    }


def _differing(before: object, now: Mapping[str, object]) -> list[str]:
    """Names of the parts in which two outlines differ; none for a record that has no outline."""
    if not isinstance(before, Mapping):
        return []
    named: list[str] = []
    for name in {**before, **now}:
        one, other = before.get(name), now.get(name)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            named += [f"{part} ({name})" for part in {**one, **other} if one.get(part) != other.get(part)]
        elif one != other:
            named.append(_NAMES.get(name, name))
    return named


def _check_writable(folder: Path) -> None:
    """Raise `InputError` unless files can be made in a folder, or in the nearest one above it that exists."""
    try:
        nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        tempfile.TemporaryFile(dir=nearest).close()
    except OSError as error:
        raise unwritable(folder, error) from None
