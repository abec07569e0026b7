"""The chain: a variant's effect on accessibility becomes the signal that a model of binding reads."""

import io
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.chaining import Chain, Mapping
from zoo.data.synthetic import Synthetic
from zoo.errors import InputError
from zoo.genome.encode import one_hot
from zoo.genome.sequence import Genome


@pytest.fixture(scope="module")
def atac() -> zoo.Model:
    return zoo.load("yeast/ATAC")


@pytest.fixture
def files(genome_files: Synthetic) -> dict:
    return {"genome": Genome(genome_files.genome), "signal": zoo.Signal(genome_files.signal)}


@pytest.fixture
def rows(files: dict) -> list[tuple]:
    """Substitutions where there is signal, and an insertion."""
    track = files["signal"].values("chr1", 0, 100_000)
    places = [int(place) for place in np.flatnonzero(track > np.quantile(track, 0.9))[::997][:4]]
    bases = [files["genome"].sequence("chr1", place, place + 1) for place in places]
    found = [("chr1", place + 1, base, "ACGT"["CGTA".index(base)]) for place, base in zip(places, bases, strict=True)]
    return [*found, ("chr1", places[0] + 51, *[files["genome"].sequence("chr1", places[0] + 50, places[0] + 51)] * 2)]


def by_hand(atac: zoo.Model, small: zoo.Model, files: dict, row: tuple) -> dict[str, float]:
    """Differences of the sum of bins, of a substitution, forward strand."""
    chrom, position, _, alt = row
    windows, profiles = [], []
    for width in (2048, 256):
        start = position - 1 - width // 2
        x = np.repeat(one_hot(files["genome"].codes(chrom, start, start + width))[None], 2, axis=0)
        x[1, width // 2] = np.eye(4)["ACGT".index(alt)]
        windows.append(x)
    profiles = np.repeat(atac.predict(windows[0]), 4, axis=1)[:, 1024 - 128 : 1024 + 128]
    signal = files["signal"].values(chrom, position - 1 - 128, position - 1 + 128)
    changed = signal * np.exp(profiles[1] - profiles[0])
    reference, alternative = windows[1]

    def bound(bases: np.ndarray, track: np.ndarray) -> float:
        return float(small.predict(np.concatenate([bases, track[:, None]], axis=1)[None]).astype(float).sum())

    before = bound(reference, signal)
    return {
        "direct": bound(alternative, signal) - before,
        "through_accessibility": bound(reference, changed) - before,
        "both": bound(alternative, changed) - before,
    }


def test_three_ways_by_hand(atac: zoo.Model, small: zoo.Model, files: dict, rows: list[tuple]):
    found = Chain(atac, small).score_variants(rows[:4], **files, strands="forward")
    for number, row in enumerate(rows[:4]):
        for way, wanted in by_hand(atac, small, files, row).items():
            assert getattr(found, way).scores["difference"][number] == pytest.approx(wanted, abs=2e-5), way
    alone = small.score_variants(rows[:4], **files, strands="forward")
    np.testing.assert_allclose(found.direct.scores["difference"], alone.scores["difference"], atol=1e-5)
    access = atac.score_variants(rows[:4], genome=files["genome"], strands="forward")
    np.testing.assert_allclose(
        found.accessibility.scores["difference"], access.scores["difference"], rtol=1e-4, atol=1e-4
    )
    assert np.abs(found.through_accessibility.scores["difference"]).max() > 1e-5
    text = io.StringIO()
    found.write_tsv(text)
    heads, *lines = text.getvalue().splitlines()
    assert len(lines) == 4
    assert heads.split("\t")[5:7] == ["direct_log2_fold_change", "direct_difference"]


def test_both_strands_and_an_insertion(atac: zoo.Model, small: zoo.Model, files: dict, rows: list[tuple]):
    chrom, position, base, _ = rows[-1]
    given = [(chrom, position, base, base + "GATTACA")]
    found = Chain(atac, small).score_variants(given, **files)
    alone = small.score_variants(given, **files)
    np.testing.assert_allclose(found.direct.scores["difference"], alone.scores["difference"], atol=1e-5)
    assert np.isfinite(found.both.scores["difference"]).all()


def test_a_mapping_only_rises_and_says_how_well_it_fits(
    atac: zoo.Model, small: zoo.Model, files: dict, rows: list[tuple]
):
    chain = Chain(atac, small)
    with pytest.raises(InputError, match="mapping must be fitted before"):
        chain.score_variants(rows[:1], **files, mode="mapping")
    with pytest.raises(InputError, match="Regions must be given to fit a mapping"):
        chain.fit(**files, regions=None)
    mapping = chain.fit(**files, regions=["chr2:10,001-30,000", "chr2:40,001-45,000"])
    assert mapping.bases >= 25_000
    assert (np.diff(mapping.predicted) > 0).all()
    assert (np.diff(mapping.measured) >= 0).all()
    assert -1 <= mapping.correlation <= 1
    found = chain.score_variants(rows[:2], **files, mode="mapping")
    other = chain.score_variants(rows[:2], **files)
    assert not np.allclose(found.direct.scores["difference"], other.direct.scores["difference"], atol=1e-6)
    assert f"{mapping.bases:,} bases, Pearson's r {mapping.correlation:.3f}" in chain.card()
    assert "Assemblies differ: sacCer3 and none." in chain.card()
    assert "where nothing was measured, nothing can open" in chain.card()


def test_a_mapping_by_hand():
    found = Mapping(np.array([0.0, 2, 4]), np.array([0.0, 1, 5]), 1.0, 3)
    assert found(np.array([[-1, 1], [3, 9]])).tolist() == [[0, 0.5], [3, 5]]


def test_chains_of_other_models(atac: zoo.Model, small: zoo.Model, small_folder: Path, files: dict, rows: list[tuple]):
    with pytest.raises(InputError, match="first model of a chain must be one of accessibility"):
        Chain(small, small)
    with pytest.raises(InputError, match="second model of a chain must be one that reads a signal"):
        Chain(atac, atac)
    loaded = zoo.chain("yeast/ATAC", small_folder)
    with pytest.raises(InputError, match="mode must be one of fold_change, mapping"):
        loaded.score_variants(rows[:1], **files, mode="product")
    with pytest.raises(InputError, match="must be a variant to score"):
        loaded.score_variants([("chr9", 1, "A", "C")], **files)
