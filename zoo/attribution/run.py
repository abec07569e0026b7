"""From windows or regions to attributions, in memory or to files that survive an interruption."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from zoo.attribution.engine import WITH_REFERENCES, Choice, Engine
from zoo.attribution.result import Attributions
from zoo.environment import backend
from zoo.errors import InputError
from zoo.files.job import Job
from zoo.files.progress import Progress
from zoo.genome.encode import codes_of
from zoo.genome.interval import Interval
from zoo.inputs.opening import Inputs
from zoo.spec import BASES

_KEPT = 32  # windows, at least, in a part of an unfinished run: less than a minute of the slowest network


@dataclass(frozen=True)
class Windows:
    """Windows on a genome, read when they are needed.

    Attributes:
        inputs: the files.
        intervals: each as long as the model's window; they may reach past a chromosome's ends.
    """

    inputs: Inputs
    intervals: Sequence[Interval]

    @classmethod
    def around(cls, inputs: Inputs, centers: Sequence[tuple[Interval, int]], window: int) -> "Windows":
        """Windows with given positions in their middle: those of regions on chromosomes of the work."""
        chosen = ((item, center - window // 2) for item, center in centers if item.chrom in inputs.chromosomes)
        return cls(inputs, [Interval(item.chrom, start, start + window, item.name) for item, start in chosen])

    def __len__(self) -> int:
        return len(self.intervals)

    def __getitem__(self, some: slice) -> np.ndarray:
        """(n, window, channels) float32."""
        return self.inputs.reader.encoded(self.intervals[some])


class Run:
    """Attributions of many windows.

    Args:
        name: of the model.
        engine: of its network.
        choice: how to attribute.
        x: (n, window, channels) float32, or `Windows`.
        alternative: of the same shape, what is subtracted.
        progress: show a progress bar; by default in a terminal only.
    """

    def __init__(
        self,
        name: str,
        engine: Engine,
        choice: Choice,
        x: np.ndarray | Windows,
        alternative: np.ndarray | None = None,
        progress: bool | None = None,
    ) -> None:
        self._name, self._engine, self._choice, self._x, self._alternative = name, engine, choice, x, alternative
        self._shown = progress
        self._intervals = x.intervals if isinstance(x, Windows) else ()

    def to_memory(self) -> Attributions:
        """All of them."""
        with self._bar(0) as bar:
            return Attributions.joined(self._pieces(0, len(self._x), bar), len(self._x))

    def to_files(self, base: str | Path, reads: Sequence[object], provenance: dict) -> list[Path]:
        """`<base>.npz`, `.bw` (of windows on a genome), `.signal.bw` (if the signal is attributed to) and `.json`."""
        job = Job("attribution", base, (".npz", ".bw", ".signal.bw"), reads)
        identity, on_genome = self._identity(provenance), bool(self._intervals)

        def write(found: Attributions, paths: dict[str, Path], record: dict) -> None:
            for suffix, path in paths.items():
                if suffix == ".npz":
                    found.save(path)
                else:
                    found.write_bigwig(path, signal=suffix == ".signal.bw")
            given = self._x.inputs.paths().items() if on_genome else ()
            record |= {"model": provenance, **identity, "paths": {what: str(path) for what, path in given}}
            record["largest_error"] = found.largest_error

        def more(found: Attributions) -> list[str]:
            return [".signal.bw"] if on_genome and found.signal is not None and found.signal.any() else []

        made = [".npz", ".bw"] if on_genome else [".npz"]
        with job:
            record, _ = job.run(identity, identity, made, lambda: self._all(job), write, more)
        return job.paths(record)

    def _all(self, job: Job) -> Attributions:
        """Attributions of all windows; parts that an interrupted run finished are not computed again."""
        together = self._engine.together(self._choice)
        parts, left = job.parts(len(self._x), -(-_KEPT // together) * together)
        with self._bar(len(self._x) - sum(map(len, left))) as bar:
            for items, path in left.items():
                Attributions.joined(self._pieces(items.start, items.stop, bar), len(items)).save(path)
        return Attributions.joined(map(Attributions.load, parts.values()), len(self._x))

    def _pieces(self, first: int, stop: int, bar: Progress) -> Iterator[Attributions]:
        """As many windows at a time as fit into memory."""
        size = self._engine.together(self._choice)
        for start in range(first, stop, size):
            some = slice(start, min(start + size, stop))
            x, intervals = self._x[some], list(self._intervals[some])
            _check_bases(x, start, intervals)
            other = None if self._alternative is None else self._alternative[some]
            found = self._engine.explain(x, self._choice, other)
            yield Attributions(
                codes=codes_of(x),
                values=found.values,
                hypothetical=found.hypothetical,
                signal=found.signal,
                prediction=found.prediction,
                baseline=found.baseline,
                model=self._name,
                method=self._choice.method,
                target=self._choice.target.name,
                references=self._choice.references if self._choice.method in WITH_REFERENCES else None,
                intervals=intervals,
                sizes=dict(self._x.inputs.genome.sizes) if intervals else {},
            )
            bar.update(len(x))

    def _bar(self, done: int) -> Progress:
        return Progress(self._name, "window", len(self._x), done, self._shown)

    def _identity(self, provenance: dict) -> dict:
        """What attributions depend on: weights, bytes of the inputs, places, choices."""
        said = {**asdict(self._choice), "target": self._choice.target.name}
        del said["batch_size"]
        identity = {"network_sha256": provenance["network_sha256"], "backend": backend()}
        identity |= {"choices": said, "windows": len(self._x)}
        if not self._intervals:
            arrays = {"x": self._x} | ({} if self._alternative is None else {"alternative": self._alternative})
            digests = {what: hashlib.sha256(np.ascontiguousarray(x)).hexdigest() for what, x in arrays.items()}
            return {**identity, "inputs": digests}
        places = "".join(f"{item.chrom}\t{item.start}\t{item.end}\t{item.name}\n" for item in self._intervals)
        return {
            **identity,
            "places_sha256": hashlib.sha256(places.encode()).hexdigest(),
            "inputs": self._x.inputs.identity(),
        }


def _check_bases(x: np.ndarray, first: int, intervals: Sequence[Interval]) -> None:
    blank = ~x[..., : len(BASES)].any(axis=(1, 2))
    if blank.any():
        i = int(blank.argmax())
        raise InputError(
            "A window that is explained must have a base; this one is all N",
            where=intervals[i] if intervals else None,
            received={"window": first + i},
        )
