"""Scores by the heads of a profile and of its total counts: of each member of an ensemble, then their mean.

With shuffles every score with a tail has a P value: variants are scored again in sequence whose dinucleotides are
shuffled, and a score is compared with those of all variants there (the null distribution of variant-scorer). Of an
ensemble the scores are averaged, and of P values the geometric mean is taken.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.genome.shuffle import dinucleotide_shuffle
from zoo.inputs.reader import WindowReader
from zoo.spec import OutputSpec
from zoo.variants.alleles import Place
from zoo.variants.batches import AlleleBatches, with_reference
from zoo.variants.head_forward import HeadForward
from zoo.variants.heads import AlleleHeads, softmax
from zoo.variants.peaks import Peaks
from zoo.variants.scores import Score, p_value_of, scores_of
from zoo.variants.significance import combined
from zoo.variants.window import VariantWindow

_NULL = "_null_"  # before the name of a score, of shuffled sequence


@dataclass(frozen=True)
class HeadScoring:
    """How heads are scored.

    Attributes:
        forward: that gives them.
        profile: the head of the profile.
        layout: how variants lie in windows.
        peaks: with whose predicted counts alleles are compared; None for no quantiles.
        shuffles: of each variant; 0 for no P values.
        seed: of these.
    """

    forward: HeadForward
    profile: OutputSpec
    layout: VariantWindow
    peaks: Peaks | None = None
    shuffles: int = 0
    seed: int = 0

    @property
    def scores(self) -> list[Score]:
        """Those that there are."""
        return scores_of("heads", with_peaks=self.peaks is not None)

    def identity(self) -> dict[str, object]:
        """What the scores depend on beside the network and the variants."""
        return {
            "scores": [score.name for score in self.scores],
            "members": self.forward.members,
            "peaks": None if self.peaks is None else self.peaks.identity(),
            "shuffles": self.shuffles,
            "seed": self.seed,
        }

    def peak_counts(self, reader: WindowReader, batch_size: int) -> np.ndarray | None:
        """(members, peaks) float64, exp(log total) at the peaks, rising; None without peaks."""
        if self.peaks is None:
            return None
        heads = self.peaks.predict(reader, self.forward.codes, slice(self.profile.bins, None), batch_size)
        return np.sort(self._members(heads)[..., -1].T.astype(np.float64), axis=1)

    def scored(
        self,
        places: Sequence[Place],
        heads: np.ndarray,
        peaks: np.ndarray | None,
        scores: Iterable[Score] | None = None,
    ) -> dict[str, np.ndarray]:
        """Scores of places.

        Args:
            places: n of them.
            heads: (2n, columns) as `HeadForward.codes` has them behind the readout, the reference's and the
                alternative's in turn.
            peaks: as `peak_counts` returns them.
            scores: default all.

        Returns:
            Name → (n, members) float64.
        """
        rows = self._members(heads)
        shape = -1, self.profile.bins, max(len(self.profile.tracks), 1)
        lengths = np.array([[len(place.variant.ref), len(place.variant.alt)] for place in places], np.int64).T
        columns: dict[str, list[np.ndarray]] = {}
        for member in range(self.forward.members):
            profiles = softmax(rows[:, member, :-1].reshape(shape))
            both = AlleleHeads(
                rows[:, member, -1].astype(np.float64).reshape(-1, 2).T,
                np.stack([profiles[::2], profiles[1::2]]),
                lengths,
                self.layout.index - self.profile.offset,
                None if peaks is None else peaks[member],
            )
            for score in self.scores if scores is None else scores:
                columns.setdefault(score.name, []).append(score.of_heads(both))
        return {name: np.stack(values, axis=1) for name, values in columns.items()}

    def null(self, reader: WindowReader, places: Sequence[Place], peaks: np.ndarray | None) -> dict[str, np.ndarray]:
        """Scores of the same variants in shuffled sequence.

        Dinucleotides of all that both alleles' windows read are shuffled; then the alleles are put in. The same window
        and seed give the same shuffles.

        Returns:
            "_null_" and name → (n, shuffles, members) float64, of the scores that have a P value.
        """
        if not self.shuffles:
            return {}
        batches = AlleleBatches(self.forward, self.layout, reader, len(places))
        rows = [batches.rows(place) for place in places]
        shuffled = [dinucleotide_shuffle(codes[None], self.shuffles, self.seed)[0] for codes, *_ in rows]
        wanted = [score for score in self.scores if score.tail is not None]
        columns: dict[str, list[np.ndarray]] = {}
        for number in range(self.shuffles):
            changed = [
                [with_reference(codes[number], place, place.variant.start - self.layout.index), *tracks]
                for place, codes, (_, *tracks) in zip(places, shuffled, rows, strict=True)
            ]
            predicted = batches.predict(places, changed)[:, self.profile.bins :]
            for name, values in self.scored(places, predicted, peaks, wanted).items():
                columns.setdefault(f"{_NULL}{name}", []).append(values)
        return {name: np.stack(values, axis=1) for name, values in columns.items()}

    def summarized(self, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Scores of all places, (places,) each: those of `columns`, and of heads the mean of the members.

        Args:
            columns: what `scored` and `null` returned, of all places, and any others, which are kept.
        """
        own = {score.name: score for score in self.scores}
        summary = {}
        for name, values in columns.items():
            summary[name] = values.mean(axis=1) if name in own else values
            if name in own and f"{_NULL}{name}" in columns:
                summary[p_value_of(name)] = combined(values, columns[f"{_NULL}{name}"], own[name].tail)
        return {name: values for name, values in summary.items() if not name.startswith(_NULL)}

    def _members(self, heads: np.ndarray) -> np.ndarray:
        """Columns behind the readout → (rows, members, bins × tracks + 1)."""
        return heads.reshape(len(heads), self.forward.members, -1)
