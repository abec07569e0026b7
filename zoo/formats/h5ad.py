"""Matrices as AnnData (https://anndata.readthedocs.io), which scanpy and its kin read."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np


def write(path: Path, matrix) -> None:
    """Write a `zoo.many.matrix.Matrix`: an observation for each sample and model, a variable for each region.

    `X` is the first reduction, the others are layers of their names. `obs` has sample, model, what is said of the model
    (factor, quantity, threshold …) and the design of the sample; `var` chrom, start, end, name and bins; `uns` the
    reductions, coordinates and versions. The names of equal regions have a number behind them.
    """
    import anndata
    import pandas

    samples, models = len(matrix.samples), len(matrix.models)
    obs = {"sample": np.repeat(matrix.samples, models), "model": np.tile(matrix.models, samples)}
    obs |= {name: np.tile(values, samples) for name, values in matrix.about.items()}
    obs |= {name: np.repeat(values, models) for name, values in matrix.design_beside(obs).items()}
    places = matrix.places(matrix.regions)
    names = [f"{model}|{sample}" if sample else model for sample in matrix.samples for model in matrix.models]
    var = {name: places[name] for name in ("chrom", "start", "end", "name")}
    layers = {how: _rows(values) for how, values in matrix.values.items()}
    first = next(iter(layers))
    data = anndata.AnnData(
        X=layers.pop(first),
        obs=pandas.DataFrame(obs, index=names),
        var=pandas.DataFrame({**var, "bins": matrix.counts}, index=list(unique(places["region"].tolist()))),
        layers=layers,
        uns={
            "reduction": first,
            "coordinates": matrix.described["coordinates"],
            "versions": matrix.described["versions"],
        },
    )
    data.write_h5ad(path)


def _rows(values: np.ndarray) -> np.ndarray:
    """(regions, models, samples) → (samples × models, regions), without a copy where samples come first in memory."""
    return np.ascontiguousarray(values.transpose(2, 1, 0)).reshape(-1, len(values))


def unique(names: Iterable[str]) -> Iterator[str]:
    """The same names; those that were there before have a number behind them."""
    seen: Counter[str] = Counter()
    for name in names:
        yield f"{name}-{seen[name]}" if seen[name] else name
        seen[name] += 1
