"""Contributions to what released FactorNet and DeepGRN models predict of windows with covariates of their own."""

from pathlib import Path

import numpy as np
import pytest

import zoo

FILES = {
    "factornet/EGR1": "factornet/models/EGR1/meta_RNAseq_Unique35_DGF/best_model.hdf5",
    "factornet/REST": "factornet/models/REST/GENCODE_Unique35_DGF/final_model.hdf5",
    "deepgrn/MAX_single": "deepgrn/models/MAX_single.h5",
    "deepgrn/EGR1_single": "deepgrn/models/EGR1_single.h5",
    "deepgrn/EGR1_pair": "deepgrn/models/EGR1_pair.h5",
}


def arrays(shared: Path, name: str, model: zoo.Model, count: int) -> dict[str, np.ndarray]:
    """Windows of the golden inputs, in the order of bases of the zoo, with what a model reads beside them."""
    golden = np.load(shared / "zoo_weights" / name.partition("/")[0] / "golden" / "inputs.npz")
    x = golden["forward"] if name.startswith("factornet") else golden["forward"][..., [0, 3, 2, 1, 4, 5]]
    both = {8: ("expression_pcs",), 6: ("annotation",), 14: ("expression_pcs", "annotation")}
    vector = np.hstack([golden[part] for part in both[len(model.spec.input.covariates)]])
    return {"window": x[:count].astype(np.float32), "covariates": vector[:count].astype(np.float32)}


@pytest.mark.parametrize("name", FILES)
def test_sums_hold_on_released_files(shared: Path, name: str):
    """1e-4 of the difference, or 1e-6 where that is next to nothing; also of the windows with Ns among the last."""
    model = zoo.load(shared / "zoo_weights" / FILES[name])
    x = {part: array[[1, 7, 12, 31]] for part, array in arrays(shared, name, model, 32).items()}
    found = model.attribute(x, count=2, signal_reference="zeros")
    np.testing.assert_allclose(found.prediction, model.predict(x)[:, 0], atol=1e-6)
    total = found.values.sum(axis=(1, 2), dtype=float) + found.signal.reshape(4, -1).sum(axis=1, dtype=float)
    assert (np.abs(total - found.difference) <= 1e-4 * np.abs(found.difference) + 1e-6).all()
    assert np.abs(found.values).max() > 1e-3
    assert np.abs(found.signal).max() > 1e-3


@pytest.mark.parametrize("name", ["factornet/REST", "deepgrn/EGR1_pair"])
def test_each_window_has_its_own_covariates(shared: Path, name: str):
    """The same window under two vectors is what it is alone."""
    model = zoo.load(shared / "zoo_weights" / FILES[name])
    x = {part: array[[1, 1]] for part, array in arrays(shared, name, model, 2).items()}
    x["covariates"][:, -6:] = [[1], [0]]
    found = model.attribute(x, count=2)
    for i in range(2):
        alone = model.attribute({part: array[[i]] for part, array in x.items()}, count=2)
        np.testing.assert_allclose(found.values[i], alone.values[0], atol=2e-6)
        assert found.prediction[i] == pytest.approx(alone.prediction[0], abs=1e-6)
    assert np.abs(found.values[0] - found.values[1]).max() > 1e-3


def test_sums_hold_on_leopard(shared: Path):
    """Of the authors' network with random weights: a bin, and all of them."""
    folder = shared / "zoo_weights" / "leopard"
    model = zoo.load(folder / "models" / "random_not_trained.h5")
    x = np.load(folder / "golden" / "random_not_trained.npz")["input"][:1].astype(np.float32)
    for target in ("sum", 5000):
        found = model.attribute(x, count=2, signal_reference="zeros", target=target)
        assert found.error.max() < 1e-4
