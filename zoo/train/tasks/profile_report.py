"""How good a profile model is: counts and profiles of regions that it has not seen, beside baselines."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from zoo.data import centered, profile
from zoo.data.batches import Arrays
from zoo.data.centered import Centered
from zoo.data.profile import COUNTS, PROFILE, ProfileEvaluation, Regions
from zoo.data.slabs import Slabs
from zoo.errors import InputError
from zoo.spec import BASES, WINDOW

if TYPE_CHECKING:
    from zoo.model import Model
    from zoo.train.tasks.profile import ProfileTask

_BIN = 16  # bp of the bins of the k-mer regression
_LEARNED = 4000  # regions that baselines learn from, at most
_FEWEST = 3  # regions for a correlation
_ADDED = 1e-3  # to the cut sites of a region before they become shares, as the original has it

Predicted = tuple[np.ndarray, np.ndarray]
"""Shares of the cut sites at each base (n, bp), and ln(1 + their number) (n,)."""
Predictor = Callable[[np.ndarray], Predicted]


def metrics(task: "ProfileTask", model: "Model", progress: bool | None) -> dict[str, float]:
    """Of the test chromosomes: agreement in peaks, in background and in both.

    Counts: Pearson's and Spearman's correlation and mean squared error of ln(1 + cut sites). Profiles: the median
    Jensen-Shannon distance between cut sites and predicted shares, and that between 0, as far away as equal shares are,
    and 1, no distance. The rows without a label are of the whole network, which predicts what was measured.
    """
    test = task.regions["test"]
    sets = {where: _only(items) for where, items in (("peaks", test.peaks), ("background", test.negatives))}
    found: dict[str, float] = {}
    predictors = _predictors(task, model, progress) if task.config.chromosomes.test else {}
    measured: dict[str, Predicted] = {}
    predicted: dict[str, dict[str, Predicted]] = {label: {} for label in predictors}
    for where, regions in sets.items():
        found |= {f"regions, {where}": float(len(regions))} if predictors else {}
        if not predictors or not len(regions):
            continue
        windows = _read(task, regions, progress)
        measured[where] = _all(windows, lambda x, y: (y[PROFILE][..., 0], y[COUNTS][:, 0]))
        for label, predict in predictors.items():
            predicted[label][where] = _all(windows, lambda x, y, predict=predict: predict(x))
    for where in [*measured, "both"] if len(measured) == 2 else measured:
        parts = list(measured) if where == "both" else [where]
        truth = _joined([measured[part] for part in parts])
        for label, by_part in predicted.items():
            for name, value in agreement(truth, _joined([by_part[part] for part in parts])).items():
                found[f"{name}, {where}{label}"] = round(value, 4)
    return found


def agreement(measured: Predicted, predicted: Predicted) -> dict[str, float]:
    """Metric → value; those that are undefined are left out.

    Args:
        measured: cut sites at each base (n, bp), and ln(1 + their number) (n,).
        predicted: shares, and the same.
    """
    from scipy.stats import pearsonr, spearmanr

    (sites, logs), (shares, expected) = measured, predicted
    found: dict[str, float] = {}
    if len(logs) >= _FEWEST and np.ptp(logs) > 0 and np.ptp(expected) > 1e-6:
        found["counts pearson"] = float(pearsonr(logs, expected).statistic)
        found["counts spearman"] = float(spearmanr(logs, expected).statistic)
    found["counts mse"] = float(np.mean(np.square(logs - expected)))
    if (seen := sites.sum(axis=1) > 0).any():
        distances = jsd(sites[seen], shares[seen])
        furthest = jsd(sites[seen], np.full_like(shares[seen], 1 / shares.shape[1]))
        found["median jsd"] = float(np.median(distances))
        found["median normalised jsd"] = float(np.median(np.clip((furthest - distances) / furthest, 0, 1)))
    return found


def jsd(sites: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Jensen-Shannon distance (natural logarithm) of cut sites from predicted shares, both (n, bp). (n,)."""
    from scipy.spatial.distance import jensenshannon

    return jensenshannon(sites / (_ADDED + sites.sum(axis=1, keepdims=True)), shares, axis=1)


def _predictors(task: "ProfileTask", model: "Model", progress: bool | None) -> dict[str, Predictor]:
    """The network and its parts, two baselines that learn from the training chromosomes, and models to compare with."""
    networks = {"": model.network}
    networks |= {f" ({part.name})": model.network.get_layer(part.name) for part in task.components}
    found = {label: _of_network(network) for label, network in networks.items()}
    learn = _read(task, _some(task.regions["training"], task.config.seed), progress)
    mean, words = _MeanProfile(learn), _Kmers(learn, task.profile_bp)
    found |= {", mean profile": mean, ", k-mer regression": words}
    return found | {f", {name}": _of_accessibility(name, task.profile_bp) for name in task.config.data.compare}


def _of_network(network) -> Predictor:
    from keras import ops

    def predict(x: np.ndarray) -> Predicted:
        heads = network(x, training=False)
        logits, logs = (ops.convert_to_numpy(heads[name]).astype(np.float64) for name in (PROFILE, COUNTS))
        return _shares(logits[..., 0]), logs[:, 0]

    return predict


def _shares(logits: np.ndarray) -> np.ndarray:
    """Softmax over bases."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _of_rates(rates: np.ndarray) -> Predicted:
    """Of what is expected at each base (n, bp), at least 0; equal shares where that is nothing."""
    rates = np.maximum(rates.astype(np.float64), 0) + 1e-9
    total = rates.sum(axis=1, keepdims=True)
    return rates / total, np.log1p(total[:, 0])


class _MeanProfile:
    """The mean of the training regions, whatever the sequence."""

    def __init__(self, windows: Sequence[Arrays]) -> None:
        sites, logs = _all(windows, lambda x, y: (y[PROFILE][..., 0], y[COUNTS][:, 0]))
        self._profile, self._log = sites.mean(axis=0, keepdims=True), float(logs.mean())

    def __call__(self, x: np.ndarray) -> Predicted:
        shares = np.repeat(_of_rates(self._profile)[0], len(x), axis=0)
        return shares, np.full(len(x), self._log)


class _Kmers:
    """Ridge regression of ln(1 + cut sites) in bins of 16 bp on k-mers and G + C around them."""

    def __init__(self, windows: Sequence[Arrays], output: int) -> None:
        from zoo.evaluate.baselines import KmerRegression

        self._output, self._bins = output, -(-output // _BIN)
        self._model = KmerRegression(_BIN).fit(self._binned(windows), most=_LEARNED)
        found = _all(windows, lambda x, y: (self._rates(x), y[COUNTS][:, 0]))
        logs = np.log1p(found[0].sum(axis=1))
        self._line = np.polyfit(logs, found[1], 1)  # sums of logarithms' inverses lie too low

    def __call__(self, x: np.ndarray) -> Predicted:
        rates = self._rates(x)
        return _of_rates(rates)[0], np.polyval(self._line, np.log1p(rates.sum(axis=1)))

    def _rates(self, x: np.ndarray) -> np.ndarray:
        found = np.maximum(np.expm1(self._model.predict(x)), 0) / _BIN
        spread = np.repeat(found, _BIN, axis=1)
        first = (spread.shape[1] - self._output) // 2
        return spread[:, first : first + self._output]

    def _binned(self, windows: Sequence[Arrays]) -> "_Listed":
        """The same windows with ln(1 + cut sites) in bins; the outermost ones, of which a part is known, scaled up."""
        beyond = self._bins * _BIN - self._output
        pads = (0, 0), (beyond // 2, beyond - beyond // 2)

        def target(y: Mapping[str, np.ndarray]) -> np.ndarray:
            sites = np.pad(y[PROFILE][..., 0], pads, mode="reflect")
            return np.log1p(sites.reshape(len(sites), self._bins, _BIN).sum(axis=2))[..., None]

        return _Listed([(x, target(y)) for x, y in windows])


class _Listed:
    """Batches that lie in memory."""

    def __init__(self, made: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        self._made, self.steps = made, len(made)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """One of them."""
        return self._made[step]


def _of_accessibility(name: str, output: int) -> Predictor:
    """A model of the zoo that predicts a track in bins, read in the middle of the window.

    Raises `InputError` for one that reads more than DNA or predicts less than the profile.
    """
    from zoo.forward.readouts import untransformed
    from zoo.loading import load

    model = load(name)
    head, window = model.spec.output, model.spec.input.window
    strands = "both" if len(model.spec.prediction.views) > 1 else None
    first = (window - output) // 2 - head.offset
    reads_dna = model.spec.input.shapes == {WINDOW: (window, len(BASES))}
    if not reads_dna or head.tracks or first < 0 or head.span < first + output:
        raise InputError(
            f"A model to compare with must read DNA alone and predict the {output:,} bp in the middle of its window",
            received={"compare": name, "window": window, "predicts": head.span, "tracks": head.tracks},
        )

    def predict(x: np.ndarray) -> Predicted:
        beyond = (x.shape[1] - window) // 2
        if beyond < 0:
            raise InputError(
                "A model to compare with must not read more bp",
                received={"compare": name, "window": (window, x.shape[1])},
            )
        found = model.predict(x[:, beyond : beyond + window], strands=strands)
        bases = np.repeat(untransformed(np.asarray(found), head.transform, head.pseudocount), head.bin_size, axis=1)
        return _of_rates(bases[:, first : first + output] / head.bin_size)

    return predict


def _read(task: "ProfileTask", regions: Regions, progress: bool | None) -> list[Arrays]:
    """Windows of regions and their targets."""
    plan = profile.plan_of(regions, task.window)
    slabs = Slabs(task.genome, task.tracks, plan.starts, plan.layout, plan.bin_size, progress=progress)
    made = ProfileEvaluation(slabs, regions, task.window, task.profile_bp, task.config.batch_size, task.config.seed)
    return [made.batch(step) for step in range(made.steps)]


def _some(regions: Regions, seed: int) -> Regions:
    """Not more regions than baselines need, of peaks and background alike."""
    random = np.random.default_rng((seed, 5))

    def few(items: Centered) -> Centered:
        return items.among(np.sort(random.permutation(len(items))[: _LEARNED // 2]))

    chosen = centered.joined(few(regions.peaks), few(regions.negatives))
    return _only(chosen)


def _only(regions: Centered) -> Regions:
    """Each of some regions once."""
    return Regions(regions, regions.among(np.empty(0, np.int64)), 0)


def _all(windows: Sequence[Arrays], of: Callable[[np.ndarray, Mapping[str, np.ndarray]], Predicted]) -> Predicted:
    return _joined([of(x, y) for x, y in windows])


def _joined(parts: Sequence[Predicted]) -> Predicted:
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))
