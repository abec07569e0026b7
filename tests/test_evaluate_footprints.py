"""Marginal footprints."""

from pathlib import Path

import chrombpnet_files
import numpy as np
import profiles
import pytest

import zoo
from zoo.errors import InputError, ZooWarning
from zoo.evaluate import footprints
from zoo.genome.encode import one_hot


@pytest.fixture(scope="module")
def k562_bias(shared: Path) -> zoo.Model:
    """The bias model of the original for K562."""
    return chrombpnet_files.model(shared / chrombpnet_files.FOLDER / "k562" / "bias_model_scaled.h5", 128, 4)


def test_golden_of_the_original(k562_bias: zoo.Model, shared: Path):
    """Largest differences: 7.5e-8 of profiles, 1.2e-7 of counts, relative."""
    golden = np.load(shared / chrombpnet_files.FOLDER / "k562" / "footprint_golden.npz")
    backgrounds = one_hot(np.load(shared / chrombpnet_files.FOLDER / "inputs.npz")["index"][golden["rows"]])
    tn5 = footprints.motifs_of("ATAC")
    motifs = {"control": "", "tn5_1": tn5["tn5_1"], "tn5_3": tn5["tn5_3"], "odd": "TGTACTTACGAAT"}
    found = footprints.footprints(k562_bias, backgrounds, motifs)
    for name, item in found.items():
        np.testing.assert_allclose(item.profile, golden[f"{name}_footprint"], rtol=0, atol=2e-7)
        assert item.counts == pytest.approx(float(golden[f"{name}_counts"][0]), rel=5e-7)
        assert item.backgrounds == 5
    assert found["tn5_3"].maximum == pytest.approx(0.10234, abs=1e-5)
    assert not footprints.corrected({"tn5_1": found["tn5_1"]})  # a bias model prefers what the enzyme prefers


@pytest.mark.parametrize("config", [{}, {"tracks": 2}])
def test_both_strands_are_added_and_each_background_weighs_the_same(config: dict):
    model, x = profiles.model(config=config), profiles.windows(4)
    add_to_counts(model, 2)
    item = footprints.footprint(model, x, "ACNTA")
    changed = x.copy()
    for at, base in {126: 0, 127: 1, 129: 3, 130: 0}.items():  # 128 - 5 // 2 and on
        changed[:, at] = np.eye(4)[base]
    forward = model.predict(changed, head="expected_counts").reshape(4, 100, -1)
    reverse = model.predict(changed[:, ::-1, ::-1], head="expected_counts").reshape(4, 100, -1)
    both = forward + reverse[:, ::-1, ::-1]
    totals = both.sum(axis=(1, 2))
    wanted = (both / totals[:, None, None]).mean(axis=0)
    np.testing.assert_allclose(item.profile.reshape(100, -1), wanted, atol=1e-7)
    assert item.profile.sum() == pytest.approx(1)
    assert item.counts == pytest.approx(totals.mean(), rel=1e-6)


def test_without_a_motif_backgrounds_stay():
    model, x = profiles.model(), profiles.windows(2)
    control, same = footprints.footprint(model, x), footprints.footprint(model, x, "N")
    assert np.array_equal(control.profile, same.profile)
    assert footprints.footprints(model, x, {"control": ""})["control"].counts == control.counts


def test_corrected_if_every_maximum_is_below_the_limit():
    flat, high = (footprints.Footprint("A", np.array([0.001, top]), 1.0, 1) for top in (0.0029, 0.003))
    assert footprints.corrected({"a": flat, "b": flat})
    assert not footprints.corrected({"a": flat, "b": high})


def test_motifs_of_assays():
    assert {assay: [len(motif) for motif in footprints.motifs_of(assay).values()] for assay in footprints.MOTIFS} == {
        "ATAC": [16, 23, 18, 21, 21],
        "DNase": [12, 12],
    }
    with pytest.raises(InputError, match="one of ATAC, DNase"):
        footprints.motifs_of("atac-seq")


def test_what_has_no_footprint(small: zoo.Model):
    model = profiles.model()
    with pytest.raises(InputError, match="letters A, C, G, T and N"):
        footprints.footprint(model, profiles.windows(), "ACGU")
    with pytest.raises(InputError, match="A motif must be text"):
        footprints.footprint(model, profiles.windows(), None)
    with pytest.raises(InputError, match="must lie within the windows"):
        footprints.footprint(model, profiles.windows(), "A" * 257)
    with pytest.raises(InputError, match="a profile and its total counts"):
        footprints.footprint(small, np.zeros((1, 256, 5), np.float32), "A")
    with pytest.raises(InputError, match=r"\(n, 256, 4\)"):
        footprints.footprint(model, profiles.windows(length=100))
    add_to_counts(model, -50)
    with pytest.raises(InputError, match="must expect counts"):
        footprints.footprint(model, profiles.windows())


def test_backgrounds_without_expected_counts_are_left_out():
    model, x = profiles.model(), profiles.windows(40)
    logs = [model.predict(each, head="counts")[:, 0] for each in (x, x[:, ::-1, ::-1])]
    add_to_counts(model, -float(np.median(logs)))
    some = (np.array(logs) > np.median(logs)).all(axis=0)
    assert 0 < some.sum() < 40
    with pytest.warns(ZooWarning, match=f"{40 - some.sum()} of 40 background sequences are left out"):
        item = footprints.footprint(model, x)
    assert item.backgrounds == some.sum()
    assert np.array_equal(item.profile, footprints.footprint(model, x[some]).profile)
    assert (item.profile > 0).all()


def add_to_counts(model: zoo.Model, number: float) -> None:
    dense = model.network.get_layer("counts_dense")
    kernel, bias = dense.get_weights()
    dense.set_weights([kernel, bias + number])
