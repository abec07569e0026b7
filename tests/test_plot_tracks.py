"""Pictures of a locus: what is drawn, and where."""

from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.formats import bigwig
from zoo.genome.interval import Interval
from zoo.genome.signal import Signal
from zoo.plot import tracks

REGION = Interval("chr1", 1000, 9000)


@pytest.fixture
def signal(tmp_path: Path) -> Signal:
    values = np.zeros(10_000, np.float32)
    values[5000] = 3.0  # one base: narrower than a pixel column
    bigwig.write_track(tmp_path / "s.bw", {"chr1": 10_000}, [("chr1", values)], 1)
    return Signal(tmp_path / "s.bw")


def test_signal_keeps_the_highest_value_of_every_column(signal: Signal):
    _, axes = tracks.stack(rows=1)
    ax = tracks.plot_signal(axes[0, 0], signal, REGION, "ATAC", "tab:blue", threshold=0.5)
    assert ax is axes[0, 0]
    assert ax.get_xlim() == (1000, 9000)
    assert ax.get_ylim()[1] == pytest.approx(3.15)
    drawn = ax.collections[0].get_paths()[0].vertices
    top = drawn[drawn[:, 1].argmax()]
    assert top[1] == 3.0
    assert 4996 <= top[0] <= 5004
    assert ax.lines[0].get_ydata()[0] == 0.5


def test_a_chromosome_by_another_name_or_of_another_file(signal: Signal):
    _, axes = tracks.stack(rows=1)
    ax = tracks.plot_signal(axes[0, 0], signal, Interval("1", 1000, 9000), "ATAC", "tab:blue")
    assert ax.get_ylim()[1] == pytest.approx(3.15)
    with pytest.raises(InputError, match="must have the chromosome that is drawn"):
        tracks.plot_signal(axes[0, 0], signal, Interval("chr2", 1000, 9000), "ATAC", "tab:blue")


def test_intervals_of_the_region_only():
    intervals = [
        Interval("chr1", 0, 1000),
        Interval("chr1", 900, 1100),
        Interval("chr1", 5000, 5001),
        Interval("chr1", 9000, 9100),
        Interval("chr2", 5000, 6000),
    ]
    _, axes = tracks.stack(rows=2, columns=2)
    assert axes.shape == (2, 2)
    ax = tracks.plot_intervals(axes[1, 0], intervals, REGION, "peaks", "tab:red")
    assert len(ax.collections[0].get_paths()) == 2
    assert ax.get_ylabel() == "peaks"
