"""Predicted accessibility, against the original's numbers and by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.architectures import scores
from zoo.data.accessibility import AccessibilityEvaluation
from zoo.data.slabs import Slabs, maxima
from zoo.data.windows import EVALUATION, ROBUSTNESS, Layout
from zoo.errors import InputError
from zoo.evaluate.accessibility import BinPairs, Recovery, evaluate, evaluate_tracks, recovery
from zoo.evaluate.robustness import layout, variation
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit
from zoo.porting import asap

THEIRS = np.array([0, 2, 1, 3, 4])  # A, G, C, T, N as ours


@pytest.mark.parametrize("pieces", [1, 5])
@pytest.mark.parametrize("space", ["true", "false"])
def test_metrics_of_the_original(asap_data: Path, space: str, pieces: int):
    """Once for numbers as ln(1 + track), once for those of the track."""
    expected = json.loads((asap_data / "metrics.json").read_text())[f"logspace_input_{space}"]
    arrays = np.load(asap_data / "metrics_input.npz")
    true, pred = (
        arrays[name] if space == "true" else np.log1p(arrays[name].astype(float)) for name in ("true", "pred")
    )
    seen = BinPairs()
    for part in np.array_split(np.arange(2000), pieces):
        seen.add(true[part, None], pred[part, None])
    found = seen.result()
    ours = {
        "pearson_r": found.pearson,
        "pearson_r_nonlog": found.linear_pearson,
        "mse": found.mse,
        "mse_nonlog": found.linear_mse,
        "poisson_nll": found.poisson_nll,
        "poisson_nll_nonlog": found.linear_poisson_nll,
        "spearman_r": found.spearman,
        "kendall_tau": found.kendall,
    }
    single = {"true": "poisson_nll_nonlog", "false": "poisson_nll"}[space]  # see the next test
    close = {name: 2e-5 if name == single else 3e-6 for name in ours}
    assert ours == {name: pytest.approx(value, abs=close[name]) for name, value in expected.items()}


def test_the_original_changes_scales_in_single_precision(asap_data: Path):
    """exp(x) - 1 and ln(x + 1) lose small numbers there, which moves two likelihoods by 1e-5; else they are equal."""
    expected, arrays = json.loads((asap_data / "metrics.json").read_text()), np.load(asap_data / "metrics_input.npz")
    one = np.float32(1)
    for space, name, change in (
        ("true", "poisson_nll_nonlog", lambda x: np.exp(x) - one),
        ("false", "poisson_nll", lambda x: np.log(x + one)),
    ):
        seen = BinPairs()
        seen.add(change(arrays["true"])[None], change(arrays["pred"])[None])
        assert seen.result().poisson_nll == pytest.approx(expected[f"logspace_input_{space}"][name], abs=1e-7)


@pytest.fixture(scope="module")
def lstm(shared: Path):
    folder = shared / "golden" / "asap" / "lstm"
    with np.load(folder / "weights.npz") as tensors:
        return scores(asap.from_torch("lstm", dict(tensors)))


def starts(asap_data: Path, builder: str, chrom: str) -> dict[str, np.ndarray]:
    """Where the original's windows lie, whose rules differ a little from the right ones."""
    return {chrom: np.array(json.loads((asap_data / "windows.json").read_text())["v0.2.2"][builder]["bed"][chrom])}


@pytest.mark.parametrize("chrom", ["chr2", "chr3"])
@pytest.mark.parametrize("kind", ["peak", "wg"])
def test_scores_of_the_original_end_to_end(asap_data: Path, asap_genome: Genome, lstm, kind: str, chrom: str):
    """Full-size network, around peaks and everywhere, central bins; the original rounds the track to half precision."""
    expected = json.loads((asap_data / "end_to_end_lstm.json").read_text())[f"eval_model_{kind}_dataset"][chrom]
    signal = zoo.Signal(asap_data / "inputs" / "signal.bw")
    slabs = Slabs(asap_genome, [maxima(signal)], starts(asap_data, f"{kind}_dataset", chrom), EVALUATION)
    found = evaluate(lambda x: np.asarray(lstm.predict_on_batch(x))[:, 128:384], AccessibilityEvaluation(slabs, 16))
    ours = [found.pearson, found.mse, found.poisson_nll, found.spearman, found.kendall]
    names = ("pearson_r", "mse", "poisson_nll", "spearman_r", "kendall_tau")
    assert ours == [pytest.approx(expected[name], abs=5e-5) for name in names]


def test_robustness_of_the_original_end_to_end(asap_data: Path, asap_genome: Genome, lstm):
    expected = json.loads((asap_data / "end_to_end_lstm.json").read_text())["eval_robustness_peak_dataset"]["chr3"]
    slabs = Slabs(asap_genome, [], starts(asap_data, "robustness_peak_dataset", "chr3"), ROBUSTNESS)
    found = variation(lambda x: np.asarray(lstm.predict_on_batch(x)), slabs, 2048)
    assert found.score == pytest.approx(expected["cov"], rel=1e-3)
    np.testing.assert_allclose(found.curve, list(expected["cov_per_bin"].values()), rtol=2e-3)


def test_robustness_of_the_original(shared: Path, asap_data: Path, tmp_path: Path):
    """Six slabs, bin by bin."""
    golden, expected = (
        np.load(asap_data / "robustness_batch.npz"),
        json.loads((asap_data / "robustness_batch.json").read_text()),
    )
    folder = shared / "golden" / "asap" / "convnext_dcnn"
    arguments = json.loads((folder / "meta.json").read_text())["constructor_args"]
    with np.load(folder / "weights.npz") as tensors:
        network = scores(asap.from_torch("convnext_dcnn", dict(tensors), **arguments))
    codes = THEIRS[golden["x_idx"]].astype(np.uint8)
    write_twobit(tmp_path / "six.2bit", {"c": codes.ravel()})
    cores = {"c": np.arange(6) * 2560 + 1024}
    slabs = Slabs(Genome(tmp_path / "six.2bit"), [], cores, ROBUSTNESS)
    found = variation(lambda x: np.asarray(network.predict_on_batch(x)), slabs, 2048, batch_size=5)
    assert found.windows == 6
    assert found.score == pytest.approx(expected["cov_nanmean"], rel=1e-4)
    np.testing.assert_allclose(found.curve, expected["cov_per_bin_nanmean"], rtol=1e-3)


def test_a_model_that_moves_with_its_window_does_not_vary(tmp_path: Path):
    """The number of a 4-bp bin's As is the same wherever it lies; and one that tells places apart does vary."""
    write_twobit(tmp_path / "g.2bit", {"c": np.random.default_rng(0).integers(0, 4, 9000).astype(np.uint8)})
    slabs = Slabs(Genome(tmp_path / "g.2bit"), [], {"c": np.array([3000, 5002])}, layout(1024))
    still = variation(lambda x: 1 + x[..., 0].reshape(len(x), 256, 4).sum(axis=2), slabs, 1024)
    assert (still.score, set(still.curve)) == (0, {0.0})
    assert len(still.curve) == 64
    places = np.arange(256.0)
    moved = variation(lambda x: np.tile(places, (len(x), 1)), slabs, 1024)
    seen = 128 - np.arange(17) * 4
    assert moved.curve[0] == pytest.approx(seen.std() / seen.mean())
    nothing = variation(lambda x: np.zeros((len(x), 256)), slabs, 1024)
    assert np.isnan(nothing.score)
    with pytest.raises(InputError, match="margin of half a window"):
        variation(lambda x: x, Slabs(Genome(tmp_path / "g.2bit"), [], {"c": np.array([3000])}, EVALUATION), 2048)


def test_shape_by_hand():
    """Mean profiles, each scaled to 0 … 1: only the shape counts."""
    seen = BinPairs()
    seen.add(np.array([[0.0, 1, 2, 1], [0, 3, 6, 3]]), np.array([[5.0, 6, 7, 6], [5, 6, 7, 6]]))
    assert seen.result().shape == pytest.approx(1)
    seen.add(np.zeros((2, 4)), np.array([[9.0, 0, 0, 0]] * 2))
    one, other = np.array([0, 0.5, 1, 0.5]), np.array([14.0, 6, 7, 6]) / 2
    other = (other - 3) / 4
    assert seen.result().shape == pytest.approx(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_recovered_peaks_by_hand():
    """Any base in common, or a fraction of its own bases that the other set covers, together."""

    def peaks(*spans: tuple[int, int]) -> list[Interval]:
        return [Interval("chr1", *span) for span in spans]

    called, real = (
        peaks((0, 100), (300, 400), (900, 950)),
        [*peaks((99, 120), (310, 330), (340, 390)), Interval("2", 0, 9)],
    )
    assert recovery(called, real) == Recovery(called=3, real=4, right=2, found=3)
    assert recovery(called, real, fraction=0.7) == Recovery(called=3, real=4, right=1, found=2)
    found = recovery(called, real)
    assert (found.precision, found.recall) == (2 / 3, 0.75)
    assert found.f1 == pytest.approx(2 * (2 / 3) * 0.75 / (2 / 3 + 0.75))
    assert recovery([], real).f1 is None
    assert recovery(peaks((500, 600)), real).f1 == 0


def test_numbers_that_are_not_finite():
    with pytest.raises(InputError, match="finite"):
        BinPairs().add(np.array([[1.0, np.nan]]), np.ones((1, 2)))
    assert Layout(512, 1024, 512) == layout(2048)


def test_several_tracks_each_by_itself():
    """The second is predicted upside down; together they would seem to agree."""
    truth = np.array([[[0.0, 8.0], [1.0, 9.0], [2.0, 10.0]]], np.float32)
    predicted = np.array([[[0.0, 10.0], [1.0, 9.0], [2.0, 8.0]]], np.float32)

    class One:
        steps = 2

        def batch(self, step: int):
            return np.zeros((1, 12, 4), np.float32), truth

    seen = evaluate_tracks(lambda x: predicted, One(), kendall=False)
    assert [one.pearson for one in seen] == pytest.approx([1, -1])
    assert [one.bins for one in seen] == [6, 6]
