"""Pictures of recipes can be read, of few models and of all, and none grows without limit."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure
from pictures import ODD, check_picture, check_style, shown_texts

from zoo.data.synthetic import Synthetic
from zoo.genome.interval import Interval
from zoo.many.matrix import Matrix

sys.path.append(str(Path(__file__).parents[1] / "recipes"))

import compare_haplotypes
import demo
import single_cell


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Figure]]:
    """The figures that are saved; nothing is written."""
    saved: list[Figure] = []

    def savefig(figure: Figure, path: Path, **options: object) -> None:
        saved.append(figure)
        Path(path).touch()

    monkeypatch.setattr(Figure, "savefig", savefig)
    with rc_context(ODD):
        yield saved


@pytest.mark.parametrize(("models", "clusters", "regions"), [(1, 2, 1), (4, 3, 12), (127, 30, 60)])
def test_binding_in_clusters(models: int, clusters: int, regions: int, tmp_path: Path, drawn: list[Figure]):
    scores = np.random.default_rng(0).beta(0.5, 3, (regions, models, clusters)).astype(np.float32)
    names = tuple(f"maxatac/FACTOR{number}" for number in range(models))
    matrix = Matrix(
        [Interval("chr22", 32_000_000 + 1000 * number, 32_000_500 + 1000 * number) for number in range(regions)],
        names,
        tuple(f"cluster {number}, T cells" for number in range(clusters)),
        {"max": scores},
        np.ones(regions, np.int64),
    )
    single_cell.draw(matrix, dict.fromkeys(names, 0.5), tmp_path / "binding.png")
    check_picture(drawn[0])
    check_style(drawn[0])
    assert max(drawn[0].get_size_inches()) <= 24


def test_changes_between_haplotypes(tmp_path: Path, drawn: list[Figure]):
    changes = np.random.default_rng(0).normal(size=(127, 100))
    names = [f"FACTOR{number}" for number in range(127)]
    regions = [f"chr20:{number}0001-{number}0500" for number in range(100)]
    compare_haplotypes.draw(changes, names, regions, tmp_path / "changes.png")
    assert "the 60 of 100 regions that change most" in drawn[0].get_suptitle()
    check_picture(drawn[0])
    check_style(drawn[0])


def test_the_demo(genome_files: Synthetic, tmp_path: Path, drawn: list[Figure]):
    data = demo.DemoData(
        "maxatac/CTCF",
        "a synthetic genome",
        genome_files.genome,
        genome_files.signal,
        genome_files.peaks,
        Interval("chr1", 0, 100_003),
    )
    files = SimpleNamespace(
        bigwig=genome_files.signal, bed=genome_files.peaks, intervals=3, threshold=SimpleNamespace(score=0.454)
    )
    demo.draw(data, files, tmp_path / "demo.png")
    check_picture(drawn[0])
    check_style(drawn[0])
    texts = [text.get_text() for text in shown_texts(drawn[0])]
    assert "chr1:1–100,003" in texts
    assert "ChIP peaks" in texts
