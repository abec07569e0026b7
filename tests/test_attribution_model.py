"""`Model.attribute`: what it returns, writes, survives and refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
from attributing import sequences

import zoo
from zoo.attribution import engine
from zoo.attribution.references import References
from zoo.attribution.result import Attributions
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError
from zoo.genome.encode import encode, one_hot
from zoo.genome.interval import Interval


def summed(model: zoo.Model, x: np.ndarray) -> np.ndarray:
    """The target "sum" of each window."""
    return model.predict(x).astype(np.float64).sum(axis=1)


def test_a_result_tells_what_it_is(small: zoo.Model):
    x = sequences(3, 256, 5)
    found = small.attribute(x, signal_reference="mean", count=4, seed=3)
    assert found.values.shape == found.hypothetical.shape == (3, 256, 4)
    assert found.signal.shape == found.codes.shape == (3, 256)
    assert np.array_equal(one_hot(found.codes), x[..., :4])
    np.testing.assert_allclose(found.prediction, summed(small, x), rtol=1e-6)
    references = found.references.make(x)
    assert references.shape == (3, 4, 256, 5)
    np.testing.assert_allclose(
        found.baseline, summed(small, references.reshape(12, 256, 5)).reshape(3, 4).mean(1), rtol=1e-6
    )
    np.testing.assert_allclose(found.values.sum((1, 2)) + found.signal.sum(1), found.difference, atol=1e-5)
    assert found.largest_error == found.error.max() < 1e-3
    assert found.references == References("dinucleotide_shuffle", "mean", 4, 3)
    assert (found.model, found.method, found.target) == ("test/SMALL", "deeplift", "sum")
    assert "3 windows of 256 bp, test/SMALL, deeplift of sum" in str(found)
    assert np.array_equal(found.scores, found.values.sum(axis=2))


def test_seeds_and_batches_change_nothing_they_should_not(small: zoo.Model):
    x = sequences(5, 256, 5)
    found = small.attribute(x, seed=1)
    assert np.array_equal(found.values, small.attribute(x, seed=1).values)
    np.testing.assert_allclose(small.attribute(x[3:4], seed=1).values[0], found.values[3], atol=1e-6)
    assert np.abs(small.attribute(x, seed=2).values - found.values).max() > 1e-4


def test_mutagenesis_is_literal_substitution(small: zoo.Model):
    random = np.random.default_rng(6)
    text = "".join(random.choice(list("ACGT"), 256))
    text = text[:100] + "N" + text[101:]
    signal = random.random((256, 1), np.float32)

    def window(text: str) -> np.ndarray:
        return np.concatenate([one_hot(encode(text)), signal], axis=-1)[None]

    found = small.attribute(window(text), method="saturation_mutagenesis", target="2:5")
    before = small.predict(window(text))[0, 2:5].sum()
    changed = [text[:i] + base + text[i + 1 :] for i in range(256) for base in "ACGT"]
    wanted = small.predict(np.concatenate([window(item) for item in changed]))[:, 2:5].sum(axis=1) - before
    wanted = wanted.reshape(256, 4)
    known = np.arange(256) != 100
    np.testing.assert_allclose(found.changes[0][known], wanted[known], atol=2e-6)
    np.testing.assert_allclose(found.hypothetical[0], wanted - wanted.mean(axis=1, keepdims=True), atol=2e-6)
    assert np.abs(wanted).max() > 1e-3
    assert (found.values[0, 100] == 0).all()
    assert (found.signal == 0).all()
    assert found.error is found.baseline is found.references is None


def test_occlusion_hides_stretches(small: zoo.Model):
    x = sequences(1, 256, 5)
    found = small.attribute(x, method="occlusion", width=8, signal_reference="zeros")
    drops = {"bases": np.empty(249), "signal": np.empty(249)}
    for start in range(249):
        for what, channels in (("bases", slice(0, 4)), ("signal", slice(4, 5))):
            hidden = x.copy()
            hidden[0, start : start + 8, channels] = 0
            drops[what][start] = summed(small, x)[0] - summed(small, hidden)[0]
    for place in (0, 5, 40, 255):  # covered by 1, 6, 8 and 1 stretches
        over = slice(max(place - 7, 0), place + 1)
        assert found.scores[0, place] == pytest.approx(drops["bases"][over].mean() / 8, abs=1e-6)
        assert found.signal[0, place] == pytest.approx(drops["signal"][over].mean() / 8, abs=1e-6)
    assert (found.scores[0, 10:30] == 0).all()  # N has nothing to hide
    assert found.hypothetical is None
    with pytest.raises(InputError, match="must say what other bases would contribute"):
        _ = found.changes


@pytest.mark.parametrize("method", ["deeplift", "integrated_gradients"])
def test_a_variant_before_and_after(small: zoo.Model, method: str):
    before, after = sequences(2, 256, 5), sequences(2, 256, 5)
    after[:, 128, :4] = np.roll(before[:, 128, :4], 1, axis=-1)
    found = small.attribute(before, alternative=after, method=method, count=5, signal_reference="zeros")
    change = summed(small, before) - summed(small, after)
    np.testing.assert_allclose(found.prediction, change, atol=1e-6)
    total = found.values.sum((1, 2)) + found.signal.sum(1)
    np.testing.assert_allclose(total, change, atol=1e-5 if method == "deeplift" else 1e-2)
    back = small.attribute(before, alternative=before, method=method, count=5)
    assert (back.values == 0).all()


def test_files_and_a_browser(small: zoo.Model, genome_files: Synthetic, tmp_path: Path, read_track):
    files = {"genome": genome_files.genome, "signal": genome_files.signal}
    regions = [Interval("chr2", 1000, 1010), Interval("chr1", 99_990, 100_001), Interval("chr1", 99_950, 99_960)]
    written = small.attribute(
        **files, regions=regions, signal_reference="zeros", count=3, output=tmp_path / "out" / "why", progress=False
    )
    assert [path.name for path in written] == ["why.npz", "why.bw", "why.signal.bw", "why.json"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in written)
    found = Attributions.load(written[0])
    direct = small.attribute(**files, regions=regions, signal_reference="zeros", count=3)
    places = [("chr2", 877), ("chr1", 99_867), ("chr1", 99_827)]
    assert found.intervals == [Interval(chrom, start, start + 256) for chrom, start in places]
    for name in ("codes", "values", "hypothetical", "signal", "prediction", "baseline"):
        assert np.array_equal(getattr(found, name), getattr(direct, name)), name
    assert found.references == direct.references
    assert (found.codes[1, 136:] == 4).all()  # behind the chromosome's end
    track = read_track(written[1], "chr1")
    np.testing.assert_allclose(track[99_827:99_867], found.scores[2, :40], rtol=1e-6)
    both = (found.scores[1, :136] + found.scores[2, 40:176]) / 2  # where windows overlap
    np.testing.assert_allclose(track[99_867:100_003], both, rtol=1e-5, atol=1e-9)
    assert np.isnan(track[99_826])
    assert read_track(written[2], "chr2")[900] == pytest.approx(found.signal[0, 23], rel=1e-5)
    said = json.loads(written[3].read_text())
    assert said["choices"]["references"] == {
        "sequence": "dinucleotide_shuffle",
        "signal": "zeros",
        "count": 3,
        "seed": 0,
    }
    assert said["windows"] == 3
    assert said["largest_error"] < 1e-3


def test_an_interrupted_run_goes_on(
    small: zoo.Model, genome_files: Synthetic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from zoo.attribution import run

    monkeypatch.setattr(run, "_KEPT", 4)
    monkeypatch.setattr(engine.Engine, "windows_per_batch", lambda *_: 4)
    files = {"genome": genome_files.genome, "signal": genome_files.signal}
    regions = [Interval("chr1", start, start + 2) for start in range(1000, 3000, 200)]
    call = {**files, "regions": regions, "count": 2, "output": tmp_path / "why"}
    explain, seen = engine.Engine.explain, []

    def stops(self, x, choice, alternative=None):
        if len(seen) == 1:
            raise KeyboardInterrupt
        seen.append(len(x))
        return explain(self, x, choice, alternative)

    monkeypatch.setattr(engine.Engine, "explain", stops)
    with pytest.raises(KeyboardInterrupt):
        small.attribute(**call)
    assert [path.name for path in (tmp_path / "why.partial").glob("part-*")] == ["part-000000000.npz"]
    monkeypatch.setattr(engine.Engine, "explain", lambda *args: seen.append(len(args[1])) or explain(*args))
    written = small.attribute(**call)
    assert seen == [4, 4, 2]
    whole = small.attribute(**{**call, "output": None})
    np.testing.assert_allclose(Attributions.load(written[0]).values, whole.values, atol=1e-6)
    assert not (tmp_path / "why.partial").exists()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"method": "lime"}, "method must be one of deeplift, integrated_gradients"),
        ({"target": 8}, "within 0:8"),
        ({"target": "middle"}, "The target must be"),
        ({"references": "blur"}, "references must be one of"),
        ({"signal_reference": "median"}, "signal_reference must be one of fixed"),
        ({"count": 0}, "count must be a whole number from 1"),
        ({"steps": 0, "method": "integrated_gradients"}, "steps must be a whole number"),
        ({"batch_size": 2**40}, "from 1 to 1,048,576"),
        ({"count": 2**40}, "from 1 to 10,000"),
        ({"seed": 10**5000}, "a number of 16610 bits"),
        ({"steps": 10**6, "method": "integrated_gradients"}, "from 1 to 2,000"),
        ({"count": True}, "whole number"),
        ({"steps": 50}, 'The method "deeplift" must be given without steps'),
        ({"width": 12}, "must be given without width"),
        ({"method": "gradients", "count": 20, "seed": 0}, "must be given without count and seed"),
        ({"method": "saturation_mutagenesis", "references": "zeros"}, "must be given without references"),
        ({"method": "input_x_gradient", "signal_reference": "fixed"}, "must be given without signal_reference"),
        ({"method": "occlusion", "steps": 5}, "must be given without steps"),
        ({"references": "zeros", "count": 5}, "not shuffled and must be given without count"),
        ({"references": "gc", "seed": 5}, "not shuffled and must be given without seed"),
        ({"chromosomes": "chr1", "regions": "chr1"}, "must be given without regions and chromosomes"),
        ({"batch_size": 0}, "batch size must be a whole number"),
        ({"width": 257, "method": "occlusion"}, "from 1 to 256"),
        ({"genome": "genome.2bit"}, "Windows x must be given without genome"),
        ({"alternative": sequences(1, 256, 5)}, "must be an alternative for each window"),
    ],
)
def test_bad_choices(small: zoo.Model, call: dict, said: str):
    with pytest.raises(InputError, match=said):
        small.attribute(sequences(2, 256, 5), **call)


def test_bad_windows(small: zoo.Model, genome_files: Synthetic):
    x = sequences(3, 256, 5)
    x[1, :, :4] = 0
    with pytest.raises(InputError, match=r"must have a base; this one is all N.*window=1"):
        small.attribute(x)
    with pytest.raises(InputError, match="Windows must be an array"):
        small.attribute(x[:, :100])
    with pytest.raises(InputError, match="Regions must be given"):
        small.attribute(genome=genome_files.genome, signal=genome_files.signal)
    with pytest.raises(InputError, match="must be given without alternative"):
        small.attribute(alternative=x)


def test_a_model_of_dna_alone_takes_no_signal_reference():
    accessibility = zoo.load("yeast/ATAC")
    x = sequences(1, accessibility.spec.input.window)
    with pytest.raises(InputError, match=r"reads DNA alone and must be given without signal_reference"):
        accessibility.attribute(x, signal_reference="zeros")
    found = accessibility.attribute(x, target="profile", count=2)
    assert found.signal is None
    assert found.error.max() < 1e-4


def test_nothing_is_left_of_a_run_that_fails(small: zoo.Model, genome_files: Synthetic, tmp_path: Path):
    with pytest.raises(InputError, match="method must be one of"):
        small.attribute(
            genome=genome_files.genome,
            signal=genome_files.signal,
            regions="chr1:1,000-1,010",
            method="x",
            output=tmp_path / "why",
        )
    assert not list(tmp_path.iterdir())
    (tmp_path / "other.npz").write_bytes(b"no")
    with pytest.raises(InputError, match="Attributions must be a file that `save` wrote"):
        Attributions.load(tmp_path / "other.npz")
