"""Batches of profile models: what an epoch has, and signals that are no cut sites."""

from pathlib import Path

import numpy as np
import pytest

from zoo.data import centered, profile
from zoo.data.profile import ProfileEvaluation, ProfileTraining, Regions, plan_of
from zoo.data.slabs import Slabs
from zoo.errors import InputError
from zoo.formats.bigwig import write_track
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.signal import Signal

WINDOW, OUTPUT, JITTER = 20, 8, 5
LENGTHS = {"chr1": 4000, "chr2": 2000}


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Genome:
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("profile") / "g.2bit"
    write_twobit(path, {chrom: random.integers(0, 4, size).astype(np.uint8) for chrom, size in LENGTHS.items()})
    return Genome(path)


@pytest.fixture(scope="module")
def signal(genome: Genome) -> Signal:
    """The cut sites of a base are its position, so that a target tells where it is from."""
    return write(genome.path.parent / "s.bw", {chrom: np.arange(size) for chrom, size in LENGTHS.items()})


def write(path: Path, tracks: dict[str, np.ndarray]) -> Signal:
    lengths = {chrom: len(track) for chrom, track in tracks.items()}
    write_track(path, lengths, ((chrom, track.astype(np.float32)) for chrom, track in tracks.items()), bin_size=1)
    return Signal(path)


PEAKS = [("chr2", 100), ("chr1", 300), ("chr2", 500), ("chr1", 1000), ("chr1", 350)]
NEGATIVES = [("chr1", 2000 + 100 * number) for number in range(10)]


def regions(drawn: int) -> Regions:
    return Regions(centered.of(PEAKS), centered.of(NEGATIVES), drawn)


def training(genome: Genome, signal: Signal, drawn: int = 4, seed: int = 0, batch_size: int = 4) -> ProfileTraining:
    plan = plan_of(regions(drawn), WINDOW, JITTER)
    slabs = Slabs(genome, [profile.track(signal)], plan.starts, plan.layout, 1, progress=False)
    return ProfileTraining(slabs, regions(drawn), WINDOW, OUTPUT, batch_size, JITTER, seed)


def epoch(batches: ProfileTraining, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows, profiles and logarithms of an epoch."""
    made = [batches.batch(number * batches.steps + step) for step in range(batches.steps)]
    return tuple(
        np.concatenate(items)
        for items in ([x for x, _ in made], [y["profile"][..., 0] for _, y in made], [y["counts"] for _, y in made])
    )


def test_an_epoch_has_every_peak_and_some_background(genome: Genome, signal: Signal):
    """9 windows: 5 peaks within 5 bp, 4 background regions where they are; exactly 4 turned."""
    batches, drawn, moved = training(genome, signal), set(), set()
    assert (batches.steps, batches.targets) == (3, {"profile": (8, 1), "counts": (1,)})
    for number in range(30):
        _, profiles, logs = epoch(batches, number)
        assert len(profiles) == 9
        turned = profiles[:, 0] > profiles[:, -1]
        assert turned.sum() == 4
        middles = np.where(turned, profiles[:, ::-1][:, 4], profiles[:, 4])
        np.testing.assert_allclose(logs[:, 0], np.log1p(profiles.sum(axis=1)), rtol=1e-6)
        background = sorted(middles[middles >= 1900])
        assert len(set(background)) == 4
        assert all(at in [place for _, place in NEGATIVES] for at in background)
        drawn |= set(background)
        peaks = sorted(middles[middles < 1900])
        distances = np.array(peaks) - sorted(place for _, place in PEAKS)
        assert np.abs(distances).max() <= JITTER
        moved |= set(distances)
    assert len(drawn) == 10
    assert moved == set(range(-5, 6))


def test_windows_are_the_genomes(genome: Genome, signal: Signal):
    x, profiles, _ = epoch(training(genome, signal), 0)
    for window, sites in zip(x, profiles, strict=True):
        turned = sites[0] > sites[-1]
        first = int(min(sites)) - (WINDOW - OUTPUT) // 2
        bases = window[::-1, ::-1] if turned else window
        assert any(
            np.array_equal(bases.argmax(axis=1), genome.codes(chrom, first, first + WINDOW)) for chrom in LENGTHS
        )


def test_a_step_depends_on_seed_and_number_alone(genome: Genome, signal: Signal):
    one, other = training(genome, signal), training(genome, signal)
    late = [other.batch(step) for step in (40, 7)]
    for step, (x, y) in zip((40, 7), late, strict=True):
        assert np.array_equal(one.batch(step)[0], x)
        assert np.array_equal(one.batch(step)[1]["profile"], y["profile"])
    assert not np.array_equal(training(genome, signal, seed=1).batch(7)[0], late[1][0])
    shares = [one.batch(7, worker, 2)[0] for worker in range(2)]
    assert np.array_equal(np.stack(shares, axis=1).reshape(late[1][0].shape), late[1][0])


def test_validation_moves_and_turns_nothing(genome: Genome, signal: Signal):
    plan = plan_of(regions(3), WINDOW)
    slabs = Slabs(genome, [profile.track(signal)], plan.starts, plan.layout, 1, progress=False)
    batches = ProfileEvaluation(slabs, regions(3), WINDOW, OUTPUT, 100, seed=0)
    middles = batches.batch(0)[1]["profile"][:, 4, 0].tolist()
    assert middles[:5] == [place for _, place in PEAKS]
    assert middles[5:] == sorted(middles[5:])
    assert len(middles) == 8
    assert batches.batch(0)[1]["profile"][:, 4, 0].tolist() == middles


@pytest.mark.parametrize("value", [0.5, -1.0])
def test_what_is_no_number_of_cut_sites(genome: Genome, tmp_path: Path, value: float):
    track = np.ones(2000)
    track[1234] = value
    found = write(tmp_path / "s.bw", {"chr2": track})
    with pytest.raises(InputError, match=rf"chr2:1,235: .*number of cut sites at each base.*value={value}"):
        profile.cut_sites(found)("chr2", 0, 2000)


def test_coverage_is_no_cut_sites(tmp_path: Path):
    """Poisson cuts pass whatever their depth, a thousand at a base too; sums over 20 bp do not."""
    random = np.random.default_rng(0)
    where = centered.of([("chr1", at) for at in range(1000, 9000, 1000)])
    for rate in (0.01, 1, 1e3):
        cuts = random.poisson(rate * (1 + np.sin(np.arange(10_000) / 100)), 10_000)
        profile.check_sites(write(tmp_path / f"{rate}.bw", {"chr1": cuts}), where, 1000)
        smooth = np.convolve(cuts, np.ones(20), mode="same")
        with pytest.raises(InputError, match="must be cut sites, one base each, not coverage"):
            profile.check_sites(write(tmp_path / f"{rate}-smooth.bw", {"chr1": smooth}), where, 1000)
