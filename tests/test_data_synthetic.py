"""The synthetic genome."""

import hashlib
from pathlib import Path

import numpy as np

from zoo.data import synthetic
from zoo.genome import bed
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal


def digests(files: synthetic.Synthetic) -> list[str]:
    paths = (files.genome, files.signal, files.peaks)
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def test_one_seed_one_genome(tmp_path: Path):
    lengths = {"chr1": 50_000}
    first = synthetic.make(tmp_path / "a", lengths, seed=5)
    assert digests(first) == digests(synthetic.make(tmp_path / "b", lengths, seed=5))
    assert digests(first) != digests(synthetic.make(tmp_path / "c", lengths, seed=6))


def test_bound_sites_hold_the_motif_under_signal(tmp_path: Path):
    files = synthetic.make(tmp_path, {"chr1": 100_000})
    genome, signal = Genome(files.genome), Signal(files.signal)
    reverse = synthetic.CONSENSUS[::-1].translate(str.maketrans("ACGT", "TGCA"))
    peaks = bed.read(files.peaks)
    assert len(peaks) == 8
    for peak in peaks:
        sequence = genome.sequence("chr1", peak.start, peak.end)
        assert synthetic.CONSENSUS in sequence or reverse in sequence
        assert signal.values("chr1", peak.start, peak.end).mean() > 0.3
    whole = signal.values("chr1", 0, 100_000)
    assert np.percentile(whole[whole > 0], 99) == np.float32(1)
    text = genome.sequence("chr1", 0, 100_000)
    assert text.count(synthetic.CONSENSUS) + text.count(reverse) == 15  # 8 bound and 7 in closed chromatin
    assert text[:1000] == "N" * 1000


def test_a_second_sample_has_other_sites_open(tmp_path: Path):
    """The third that is open without the motif in the first sample is closed; nothing else changes."""
    alone, files = (synthetic.make(tmp_path / f"{samples}", {"chr1": 60_000}, samples=samples) for samples in (1, 2))
    assert digests(alone) == digests(files)
    assert (alone.others, files.others) == ((), (tmp_path / "2" / "atac_2.bw",))
    for path, closed in ((files.signal, 2), (files.others[0], 1)):
        signal = Signal(path)
        for number, site in enumerate(range(4000, 56_000, 4000)):
            high = signal.values("chr1", site - 150, site + 150).mean() > 0.3
            assert high == (number % 3 != closed)
