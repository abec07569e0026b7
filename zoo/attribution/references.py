"""References (baselines) of attributions: shuffled or neutral windows."""

from dataclasses import dataclass, replace

import numpy as np

from zoo.arguments import among, refuse_together, whole
from zoo.errors import InputError
from zoo.genome.encode import codes_of, one_hot
from zoo.genome.shuffle import dinucleotide_shuffle, mononucleotide_shuffle
from zoo.inputs.checks import check_windows
from zoo.spec import BASES, InputSpec, ModelSpec

SEQUENCES = ("dinucleotide_shuffle", "mononucleotide_shuffle", "zeros", "gc")
SIGNALS = ("fixed", "zeros", "mean")
_MOST = 10_000  # references of a window


@dataclass(frozen=True)
class References:
    """How the references of a window are made. The same window has the same ones wherever it stands in a batch.

    Attributes:
        sequence: "dinucleotide_shuffle" (every dinucleotide as often as in the window), "mononucleotide_shuffle",
            "zeros" (no base at all), or "gc" (at each position the fractions of A, C, G and T that the window's
            content of G and C gives). N stays N, and adds nothing.
        signal: "fixed" at its value in the window, as in both papers; "zeros"; or "mean", the window's. None for a
            model of DNA alone.
        count: how many shuffles. Of "zeros" and "gc" there is one.
        seed: of the shuffles.
    """

    sequence: str = "dinucleotide_shuffle"
    signal: str | None = None
    count: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.sequence, str) or self.sequence not in SEQUENCES:
            raise InputError(
                f"The references must be one of {', '.join(SEQUENCES)}", received={"references": self.sequence}
            )
        among("signal_reference", self.signal, SIGNALS)
        whole("count", self.count, 1, _MOST)
        whole("seed", self.seed, 0, (1 << 64) - 1)

    @classmethod
    def resolve(
        cls, with_signal: bool, sequence: str | None, signal: str | None, count: int | None, seed: int | None
    ) -> "References":
        """References of chosen parameters; None stands for the default. Raises `InputError` as the class does."""
        references = cls(
            cls.sequence if sequence is None else sequence,
            ("fixed" if signal is None else signal) if with_signal else None,
        )
        if not references.sequence.endswith("shuffle"):
            refuse_together(f'References "{references.sequence}" are not shuffled and', {"count": count, "seed": seed})
        return replace(
            references,
            count=cls.count if count is None else whole("count", count, 1, _MOST),
            seed=cls.seed if seed is None else whole("seed", seed, 0, (1 << 64) - 1),
        )

    def __len__(self) -> int:
        return self.count if self.sequence.endswith("shuffle") else 1

    def make(self, x: np.ndarray) -> np.ndarray:
        """References of windows.

        Args:
            x: (n, window, channels) float32, one-hot A, C, G, T and the signal if any.

        Returns:
            (n, references, window, channels) float32.
        """
        made = np.repeat(x[:, None], len(self), axis=1)
        made[..., : len(BASES)] = self._sequences(x)
        made[..., len(BASES) :] = self.signals(x)[:, None]
        return made

    def signals(self, x: np.ndarray) -> np.ndarray:
        """The signal of the references, (n, window, 1 or 0) float32."""
        signal = x[..., len(BASES) :]
        if self.signal == "zeros":
            return np.zeros_like(signal)
        return np.broadcast_to(signal.mean(axis=1, keepdims=True), signal.shape) if self.signal == "mean" else signal

    def _sequences(self, x: np.ndarray) -> np.ndarray:
        if self.sequence == "zeros":
            return np.zeros((len(x), 1, x.shape[1], len(BASES)), np.float32)
        if self.sequence == "gc":
            shares = x[..., : len(BASES)].sum(axis=1)
            strong = (shares[:, 1] + shares[:, 2]) / np.maximum(shares.sum(axis=1), 1)
            row = 0.5 * np.stack([1 - strong, strong, strong, 1 - strong], axis=-1)
            return (row[:, None] * x[..., : len(BASES)].sum(axis=-1, keepdims=True))[:, None]
        codes = codes_of(x)
        if not np.array_equal(one_hot(codes), x[..., : len(BASES)]):
            raise InputError(
                "Windows that are shuffled must have a single 1, or none, at each position",
                hint='Take references="zeros" for other windows',
            )
        shuffle = dinucleotide_shuffle if self.sequence.startswith("di") else mononucleotide_shuffle
        return one_hot(shuffle(codes, self.count, self.seed))


def check_signal(spec: ModelSpec, signal_reference: str | None) -> None:
    """Raise `InputError` for a reference of a signal that a model does not read, or for one that is not known."""
    if not spec.input.tracks:
        refuse_together(f"{spec.name} reads DNA alone and", {"signal_reference": signal_reference})
    among("signal_reference", signal_reference, SIGNALS)


def check_given(references: np.ndarray, count: int, method: object, spec: InputSpec) -> np.ndarray:
    """References that a user gives instead of those of a method, as float32.

    Args:
        references: (n, R, window, channels), as windows are.
        count: of windows, n.
        method: a `zoo.attribution.methods.Method`.
        spec: what the model reads.

    Raises:
        InputError: another shape, numbers that are not finite, or a method that has none or says itself which.
    """
    chosen = {name: getattr(method, name, None) for name in ("references", "signal_reference", "count", "seed")}
    refuse_together("Arrays of references", chosen)
    if method.compared(with_signal=False) is None:
        raise InputError(
            "Arrays of references must be given to a method with references",
            received={"method": method.name},
            hint="Leave them out",
        )
    wanted = (count, spec.window, spec.channels)
    if references.ndim != 4 or (len(references), *references.shape[2:]) != wanted or not references.size:
        raise InputError(
            f"References must be an array ({count}, R, {spec.window}, {spec.channels}): R for each window, as it is",
            received={"shape": references.shape},
        )
    return check_windows(references.reshape(-1, *references.shape[2:]), spec).reshape(references.shape)
