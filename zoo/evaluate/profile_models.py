"""Models of profiles and counts on held-out regions, beside what they have to beat."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import numpy as np

from zoo.errors import InputError
from zoo.evaluate.profile_baselines import AccessibilityModel, KmerProfile, MeanRegion
from zoo.evaluate.profile_regions import CountedRegions, heads_of
from zoo.evaluate.profiles import Comparison, Metrics, RegionPairs, probabilities_of
from zoo.files.progress import Progress
from zoo.forward.forward import Forward
from zoo.forward.readouts import Readout, Selection
from zoo.genome.sequence import Genome
from zoo.inputs.opening import Inputs
from zoo.model import Model

Predict = Callable[[CountedRegions, slice], tuple[np.ndarray, np.ndarray]]
"""(regions, which of them) → probabilities (n, bp) or (n, bp, strands), and log counts (n,)."""


def predictor(
    model: Model,
    genome: Genome,
    controls: Mapping[str, object] | None = None,
    chromosomes: Sequence[str] | None = None,
) -> Predict:
    """What a model predicts of regions: the softmax of its logits, and its log counts, of the forward strand.

    Args:
        model: of a profile and its total counts.
        genome: the sequence.
        controls: name → `.bw` file of each control track of the model; zeros for those that are left out.
        chromosomes: of the regions, which the controls must have; default the main ones that they have.

    Raises:
        InputError: a model of other heads, or controls that it does not have.
    """
    profile, counts = heads_of(model.spec)
    if not (controls is None or isinstance(controls, Mapping)):
        raise InputError(
            "Controls must be given by their names", example='{"control": "input.bw"}', received={"controls": controls}
        )
    reader = Inputs.open(model.spec, genome, controls or None, chromosomes=chromosomes).reader
    readout = Readout("profile and counts", lambda spec: profile, lambda heads, spec: _joined(heads, profile, counts))
    forward = Forward(model.network, model.spec, ("forward",), Selection(readout, profile, None, ()))

    def predict(regions: CountedRegions, some: slice) -> tuple[np.ndarray, np.ndarray]:
        found = forward.codes(*regions.windows(reader, some, model.spec.input.window))
        return probabilities_of(found[:, :-1].reshape(-1, *profile.shape)), found[:, -1].astype(np.float64)

    return predict


def evaluate(
    predict: Predict,
    regions: CountedRegions,
    pseudocount: float = 1.0,
    seed: int = 0,
    smooth: bool = False,
    progress: bool | None = None,
) -> Comparison:
    """Compare predictions of regions with what was counted in them. Arguments and errors as for `RegionPairs`.

    Args:
        progress: show a progress bar; by default in a terminal only.
    """
    pairs = RegionPairs(pseudocount, seed, smooth)
    with Progress("regions", "region", len(regions), shown=progress) as bar:
        for some in regions.batches():
            pairs.add(regions.counts(some), *predict(regions, some), regions.peaks[some])
            bar.update(some.stop - some.start)
    return pairs.result()


def compared(
    models: Mapping[str, Model],
    regions: CountedRegions,
    learned: CountedRegions | None = None,
    pseudocount: float = 1.0,
    controls: Mapping[str, object] | None = None,
    seed: int = 0,
) -> dict[str, dict[str, Metrics]]:
    """Models, a k-mer regression and the mean profile on the same regions.

    Args:
        models: by name: of a profile and its total counts, or of accessibility in bins (its track as a profile, and its
            sum, fitted to the log counts of `learned`).
        regions: to evaluate on, on chromosomes that none of the models has learned from.
        learned: regions of other chromosomes, which baselines learn from; without them there are none.
        pseudocount: what is added to totals before the logarithm (`pseudocount_of`).
        controls: as for `predictor`.
        seed: of the random baseline: profiles with permuted bases.

    Returns:
        Name → group of regions → metrics. Baselines are named "k-mer regression" and "mean profile".

    Raises:
        InputError: as `predictor`; no regions to learn from, or some of chromosomes to evaluate on.
    """
    genome, predictors = regions.reader.genome, {}
    if learned is not None and (shared := set(learned.chromosomes) & set(regions.chromosomes)):
        raise InputError(
            "Baselines must learn from other chromosomes than those to evaluate on",
            received={"shared": sorted(shared)},
        )
    for name, model in models.items():
        if _has_profile(model):
            predictors[name] = predictor(model, genome, controls, regions.chromosomes)
        elif learned is not None:
            predictors[name] = AccessibilityModel(model, learned, pseudocount)
        else:
            raise InputError(
                "A model of accessibility in bins must be fitted to regions of other chromosomes",
                received={"model": name, "learned": None},
            )
    if learned is not None:
        baselines = {"k-mer regression": KmerProfile, "mean profile": MeanRegion}
        predictors |= {name: baseline(learned, pseudocount) for name, baseline in baselines.items()}
    return {name: evaluate(each, regions, pseudocount, seed).metrics() for name, each in predictors.items()}


def rows(found: Mapping[str, Mapping[str, Metrics]]) -> dict[str, dict[str, object]]:
    """The same as rows of a table: "name, group" → measures; the random baseline is a row of its own."""
    made = {f"{name}, {group}": _row(row) for name, groups in found.items() for group, row in groups.items()}
    first = next(iter(found.values()), {})
    return made | {
        f"permuted bases, {group}": {"regions": row.regions, "median_jsd": row.median_jsd_rnd}
        | {"median_norm_jsd": row.median_norm_jsd_rnd}
        for group, row in first.items()
    }


def _row(row: Metrics) -> dict[str, object]:
    return {name: value for name, value in asdict(row).items() if not name.endswith("_rnd")}


def _has_profile(model: Model) -> bool:
    return {"profile", "counts"} <= {head.kind for head in model.spec.outputs}


def _joined(heads: Mapping[str, object], profile, counts):
    from keras import ops

    flat = ops.reshape(heads[profile.name], (-1, int(np.prod(profile.shape))))
    return ops.concatenate([flat, heads[counts.name]], axis=-1)
