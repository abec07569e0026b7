"""What is said of a sample's quality, and the picture of it."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from zoo.genome.sequence import Genome
from zoo.plot import quality as pictures
from zoo.prepare.cutsites import CutSites
from zoo.prepare.fragments import Fragments
from zoo.prepare.quality import Quality, QualityCollector
from zoo.prepare.sample import prepare


def collected(*stretches: np.ndarray, reach: int = 0, percentile: float = 99.0) -> Quality:
    collector = QualityCollector(
        sum(map(len, stretches)), sum(int(counts.sum()) for counts in stretches), reach, percentile
    )
    for counts in stretches:
        collector.add(counts)
    return collector.finish(np.zeros(1001, np.int64))


def test_lengths_by_hand(tmp_path: Path):
    """Of fragments on known chromosomes, all from 1,000 bp on together."""
    sites = CutSites(tmp_path, {"chr1": 9000})
    starts = np.array([10, 20, 30, 40])
    sites.add_fragments(Fragments("1", starts, np.array([60, 70, 1030, 5040])), (0, -1))
    sites.add_fragments(Fragments("chrM", starts, starts + 70), (0, -1))
    assert {int(at): int(sites.lengths[at]) for at in np.flatnonzero(sites.lengths)} == {50: 2, 1000: 2}


def test_cuts_that_lie_anywhere_are_noise():
    found = collected(np.ones(512 * 200, np.int64))
    assert found.fingerprint == pytest.approx(np.linspace(0, 1, 101))
    assert found.cuts_in_richest == pytest.approx(0.01)
    assert found.signal_to_noise == pytest.approx(1)


def test_a_fingerprint_by_hand():
    """Of 200 bins two have 100 cuts each and 99 one each, in two stretches, the second of which ends within a bin."""
    counts = np.zeros(512 * 200, np.int64)
    counts[0], counts[512 * 7 + 3], counts[512 * 100 + 511 :: 512][:99] = 100, 100, 1
    found = collected(counts[: 512 * 60], counts[512 * 60 : -5])
    assert found.cuts_in_richest == pytest.approx(200 / 299)
    assert found.signal_to_noise == pytest.approx(100 / (99 / 198))
    assert found.fingerprint[49] == 0
    assert found.fingerprint[99] == pytest.approx(99 / 299, abs=1e-6)
    assert found.fingerprint[100] == 1
    assert collected(counts * (counts > 1)).signal_to_noise is None


def test_saturation_falls_to_one():
    """Deep counts are saturated; from single cuts the highest positive base is always one cut, whatever the depth."""
    deep = collected(np.full(20_000, 1_000_000)).saturation
    assert [share for share, _ in deep] == [0.1, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert [value for _, value in deep] == pytest.approx([1] * 6, rel=0.02)
    single = collected(np.ones(20_000, np.int64)).saturation
    assert [share * value for share, value in single] == pytest.approx([1] * 6)
    assert collected(np.zeros(99, np.int64)).saturation is None


def test_real_samples(shared: Path, tmp_path: Path):
    """Yeast: waves of nucleosomes, Tn5's bias about 4 bp behind the ends, a percentile that has nearly settled."""
    folder = shared / "data" / "sacCer3_atac_tf"
    genome = Genome(folder / "sacCer3.2bit")
    made = prepare(folder / "yeast_500k_SRR1822137.frag.gz", tmp_path / "yeast", genome)
    quality = made.quality
    assert sum(quality.lengths) == made.cuts // 2 == 400_239
    assert np.mean(quality.lengths[180:220]) > 1.2 * np.mean(quality.lengths[240:280])
    assert 5 < quality.signal_to_noise < 100
    _, values = zip(*quality.saturation, strict=True)
    assert list(values) == sorted(values, reverse=True)
    assert values[-2:] == pytest.approx([1, 1], abs=0.1)
    said = json.loads(made.summary.read_text())
    assert said["quality"]["cuts_in_richest"] == quality.cuts_in_richest
    assert np.shape(said["bias"]["shares"]) == (33, 4)
    assert np.allclose(np.sum(said["bias"]["shares"], axis=1), 1, atol=1e-3)
    assert made.picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_picture_shows_the_numbers():
    quality = collected(np.arange(512 * 300) % 7)
    bias = {"shares": [[0.1, 0.2, 0.3, 0.4]] * 33}
    summary = {"quality": asdict(quality), "bias": bias, "cuts": 2_000_000}
    lengths, around, noise, depth = pictures.plot_quality(summary, "sample").axes
    assert [line.get_label() for line in around.lines[:4]] == ["A", "C", "G", "T"]
    assert around.lines[2].get_xydata()[[0, -1]].tolist() == [[-16, 0.3], [16, 0.3]]
    assert noise.lines[0].get_ydata().tolist() == list(quality.fingerprint)
    assert noise.texts[0].get_text() == "richest 1 %: 1.0% of the cuts\n1 times all others"
    assert depth.lines[0].get_xdata() == pytest.approx([0.2, 0.4, 0.8, 1.2, 1.6, 2.0])
    assert depth.lines[0].get_ydata().tolist() == [value for _, value in quality.saturation]
    assert lengths.get_xlim() == (0, 1000)
    unknown = pictures.plot_quality({**summary, "bias": None}, "sample").axes[1]
    assert [text.get_text() for text in unknown.texts] == ["no sequence"]
