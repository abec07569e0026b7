"""Comparisons: literal answers of the statistics, of classes of sites, and of designs."""

import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure

from zoo.comparison import statistics
from zoo.comparison.changes import CLASSES, Changes, changes_of
from zoo.comparison.design import Contrast, conditions_of, contrasts_of
from zoo.comparison.means import ChangeSettings
from zoo.comparison.scores import FactorScores, SiteScores, of_matrix, rows_of
from zoo.errors import InputError, ZooError, ZooWarning
from zoo.genome.interval import Interval
from zoo.many.matrix import Matrix
from zoo.many.samples import Sample
from zoo.pages import report
from zoo.plot import differences

PAIR = Contrast("b", "a", ours=(1,), theirs=(0,))


def factor(name: str, scores: object, threshold: float | None = 0.5, every: int = 1_000_000) -> FactorScores:
    """A factor with a site at the beginning of each million."""
    scores = np.array(scores, np.float32)
    starts = np.arange(len(scores)) * every
    return FactorScores(
        name, threshold, np.zeros(len(scores), np.int32), np.stack([starts, starts + 200], axis=1), scores
    )


def compared(
    factors: list[FactorScores], contrast: Contrast = PAIR, margin: float | None = None, block: int = 1_000_000
) -> Changes:
    samples = tuple(f"s{number}" for number in range(factors[0].scores.shape[1]))
    return changes_of(SiteScores(samples, ("chr1",), tuple(factors)), contrast, ChangeSettings(margin, block, 1000, 0))


def classes(changes: Changes, place: int = 0) -> list[str]:
    return [CLASSES[number] for number in changes.sites[place].classes]


# statistics


def test_blocks_are_halved_until_there_are_twenty_or_they_are_short():
    chroms = np.zeros(100, int)
    assert statistics.block_size(chroms, np.arange(100) * 1_000_000) == 1_000_000
    assert statistics.block_size(chroms, np.arange(100) * 50_000) == 250_000  # 5 Mb: 20 blocks
    assert statistics.block_size(chroms, np.arange(100) * 10) == 15_625  # below which 10 kb are not kept


def test_blocks_are_numbered_within_chromosomes():
    chroms, starts = np.array([1, 0, 0, 1]), np.array([5, 999, 1000, 0])
    assert statistics.blocks_of(chroms, starts, 1000).tolist() == [2, 0, 1, 2]
    assert statistics.blocks_of(np.zeros(0, int), np.zeros(0, int), 1000).tolist() == []


def test_false_discovery_rates_are_those_of_benjamini_and_hochberg():
    found = statistics.benjamini_hochberg([0.01, 0.04, None, 0.03, 0.005])
    assert found[2] is None
    np.testing.assert_allclose([q for q in found if q is not None], [0.02, 0.04, 0.04, 0.02])
    assert statistics.benjamini_hochberg([None]) == [None]


def test_an_interval_is_one_of_students_distribution():
    found = statistics.estimate(2.0, [(1.0, 10)])
    assert (found.low, found.high) == (pytest.approx(2 - 2.228139), pytest.approx(2 + 2.228139))
    assert found.p == pytest.approx(0.073388, abs=1e-6)
    both = statistics.estimate(2.0, [(0.5, 10), (0.5, 10), (0.0, 3)])  # Satterthwaite: 20 degrees
    assert both.high == pytest.approx(2 + 2.085963)
    assert statistics.estimate(2.0, [(np.nan, 1)]) == statistics.Estimate(2.0)
    assert statistics.estimate(np.nan, [(1.0, 1)]) == statistics.Estimate(None)
    assert statistics.estimate(0.0, [(0.0, 1)]) == statistics.Estimate(0.0, 0.0, 0.0, 1.0)


def test_spreads_do_not_see_what_lies_far_off():
    normal = np.random.default_rng(0).normal(0, 2, 100_001)
    assert statistics.spread(normal) == pytest.approx(2, rel=0.02)
    assert statistics.noise(normal) == pytest.approx(2, rel=0.02)
    normal[:20_000] = 1000
    assert statistics.noise(normal) < 3
    assert statistics.noise(np.array([1.0, 2, 3, 4, 100])) == pytest.approx(1.4826)


@pytest.mark.parametrize(("blocks", "covers"), [(40, (0.93, 0.975)), (12, (0.91, 0.98))])
def test_intervals_cover_the_truth_as_often_as_they_say(blocks: int, covers: tuple[float, float]):
    """400 samples of sites that are alike within blocks of various numbers: 95 % of intervals hold the mean, 0."""
    random, held, naive = np.random.default_rng(1), 0, 0
    weights = statistics.draws_of(blocks, 500, 0)
    for _ in range(400):
        counts = random.integers(1, 9, blocks)
        sites = np.repeat(random.normal(0, 1, blocks), counts) + random.normal(0, 0.3, counts.sum())
        sums = np.add.reduceat(sites, np.cumsum(counts) - counts)[:, None]
        draws = statistics.means_of(weights, sums, counts[:, None])
        variance = statistics.variance_of(draws, np.array([blocks]))[0]
        found = statistics.estimate(sites.mean(), [(variance, blocks - 1)])
        held += found.low <= 0 <= found.high
        naive += abs(sites.mean()) <= 1.96 * sites.std() / len(sites) ** 0.5  # as if sites were independent
    assert covers[0] < held / 400 < covers[1]
    assert naive / 400 < 0.7


def test_few_blocks_give_no_interval():
    draws = np.random.default_rng(0).normal(size=(100, 2))
    assert np.isnan(statistics.variance_of(draws, np.array([4, 5]))).tolist() == [True, False]


def test_draws_depend_on_the_seed_alone():
    assert (statistics.draws_of(9, 5, 3) == statistics.draws_of(9, 5, 3)).all()
    assert (statistics.draws_of(9, 5, 3) != statistics.draws_of(9, 5, 4)).any()
    assert (statistics.draws_of(9, 5, 3).sum(axis=1) == 9).all()
    assert statistics.draws_of(0, 5, 3).shape == (5, 0)


# classes of sites


def test_classes_of_sites_by_the_threshold():
    scores = [[0.1, 0.9], [0.9, 0.1], [0.6, 0.6], [0.1, 0.49], [0.5, 0.499], [0.5, 0.7]]
    found = compared([factor("x", scores)], margin=0)
    assert classes(found) == ["gained", "lost", "shared", "", "lost", "shared"]
    row = found.factors[0]
    assert (row.gained, row.lost, row.shared, row.unclear, row.sites_against, row.sites_condition) == (1, 2, 2, 0, 4, 3)
    np.testing.assert_allclose(found.sites[0].change, [0.8, -0.8, 0, 0.39, -0.001, 0.2], atol=1e-6)
    assert row.change == pytest.approx((-0.001 + 0.2) / 5, abs=1e-6)  # of the five that are bound


def test_a_site_that_changes_less_than_the_margin_is_unclear():
    scores = [[0.45, 0.55], [0.55, 0.45], [0.2, 0.8], [0.9, 0.9], [0.8, 0.8]]
    assert classes(compared([factor("x", scores)], margin=0.2))[:3] == ["unclear", "unclear", "gained"]
    assert classes(compared([factor("x", scores)], margin=0.05))[:3] == ["gained", "lost", "gained"]


def test_the_shared_change_takes_sites_away_and_never_adds_any():
    """Most sites fall by 0.3: what falls by 0.35 is not lost, what rises by 0.12 is not gained for it."""
    scores = [*[[0.9, 0.6]] * 9, [0.7, 0.35], [0.95, 0.1], [0.44, 0.56]]
    found = compared([factor("x", scores)], margin=0.2)
    assert found.shared_of_sites == pytest.approx(-0.3)
    assert classes(found) == [*["shared"] * 9, "unclear", "lost", "unclear"]


def test_the_margin_is_twice_the_noise_of_the_sites():
    changes = np.array([-0.2, -0.1, 0.0, 0.1, 0.2] * 5)
    found = compared([factor("x", np.stack([np.full(25, 0.7), 0.7 + changes], axis=1))])
    assert found.factors[0].margin == pytest.approx(2 * 1.4826 * 0.1)


def test_the_noise_of_a_factor_is_held_near_that_of_the_median_factor():
    """Half of the sites of one change, which is not its noise; another has too few sites to know it."""
    quiet = np.array([[0.9, 0.85], [0.9, 0.9], [0.9, 0.95]] * 10)
    changing = np.array([[0.9, 0.1], [0.1, 0.9], [0.9, 0.9], [0.8, 0.8]] * 6)
    found = compared([factor("x", quiet), factor("y", quiet), factor("z", changing), factor("w", [[0.7, 0.7]] * 4)])
    noise = 1.4826 * 0.05
    np.testing.assert_allclose([row.margin for row in found.factors], np.multiply(2 * noise, [1, 1, 3, 1]), rtol=1e-5)
    assert (found.factors[2].gained, found.factors[2].lost) == (6, 6)


def test_of_replicates_more_than_half_must_agree():
    both = Contrast("b", "a", ours=(2, 3), theirs=(0, 1))
    scores = [[0.1, 0.1, 0.9, 0.9], [0.1, 0.9, 0.9, 0.9], [0.1, 0.1, 0.1, 0.9], [0.9, 0.9, 0.1, 0.1]]
    assert classes(compared([factor("x", scores)], both, margin=0)) == ["gained", "unclear", "", "lost"]


def test_of_three_replicates_two_are_enough():
    three = Contrast("b", "a", ours=(1, 2, 3), theirs=(0,))
    scores = [[0.1, 0.1, 0.9, 0.9], [0.9, 0.1, 0.1, 0.9], [0.9, 0.1, 0.9, 0.9]]
    assert classes(compared([factor("x", scores)], three, margin=0)) == ["gained", "lost", "shared"]


def test_noise_is_that_of_replicates_where_there_are_any():
    """Replicates differ by 0.02 (variance 0.0002), means by 0.8: a margin of the sites themselves would be blind."""
    both = Contrast("b", "a", ours=(2, 3), theirs=(0, 1))
    scores = [[0.10, 0.12, 0.90, 0.92]] * 15 + [[0.90, 0.92, 0.10, 0.12]] * 15
    found = compared([factor("x", scores)], both)
    assert found.factors[0].margin == pytest.approx(2 * (0.0002 * (1 / 2 + 1 / 2)) ** 0.5, rel=1e-4)
    assert (found.factors[0].gained, found.factors[0].lost) == (15, 15)


def test_noise_of_replicates_is_a_factors_own():
    """What is known of it is not held near that of others."""
    both = Contrast("b", "a", ours=(2, 3), theirs=(0, 1))
    quiet, loud = [[0.90, 0.92, 0.90, 0.92]] * 25, [[0.60, 1.00, 0.60, 1.00]] * 25
    found = compared([factor("x", quiet), factor("y", quiet), factor("z", loud)], both)
    np.testing.assert_allclose(
        [row.margin for row in found.factors], 2 * np.array([0.0002, 0.0002, 0.08]) ** 0.5, rtol=1e-4
    )


def test_without_a_threshold_scores_are_compared_at_all_sites():
    found = compared([factor("x", [[1.0, 3.0]] * 6, None), factor("y", [[0.9, 0.9]] * 6)])
    row = found.factors[0]
    assert (row.change, row.threshold, row.gained, row.margin, row.relative) == (2.0, None, None, None, None)
    assert set(classes(found)) == {""}


def test_draws_without_a_site_of_any_compared_factor_do_not_count():
    """Five blocks of 35 have sites of factors with a threshold: four of 1,000 draws have none of these blocks."""
    few = [factor(name, [[0.9, 0.8], [0.8, 0.9]] * 2 + [[0.9, 0.9]]) for name in "xyz"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compared([*few, factor("all", [[1.0, 3.0], [1.0, 2.0]] * 17 + [[0, 1]], None)])
    assert found.blocks == 35
    assert [row.relative_q for row in found.factors] == [1, 1, 1, None]


def test_a_factor_without_sites_has_no_change():
    row = compared([factor("x", [[0.1, 0.1]] * 6), factor("y", [[0.9, 0.8]] * 6)]).factors[0]
    assert (row.change, row.change_p, row.change_q, row.gained, row.shared) == (None, None, None, 0, 0)


# changes of factors


def simulated(shift: float, special: float, factors: int = 20, seed: int = 0) -> Changes:
    """Factors of 60 sites that react to a shift of depth in different measure; the first one changes by itself, too."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(factors):
        before = random.uniform(0.55, 0.9, 60)
        reaction = random.uniform(0.5, 1.5)
        after = before + shift * reaction + random.normal(0, 0.1, 60) + (special if number == 0 else 0)
        made.append(factor(f"f{number}", np.stack([before, after], axis=1)))
    return compared(made)


def test_a_shift_of_all_factors_is_no_change_of_one():
    found = simulated(shift=-0.2, special=0)
    assert found.shared == pytest.approx(-0.2, abs=0.03)
    assert all(row.change_q < 0.05 for row in found.factors)  # each of them fell
    assert all(row.relative_q > 0.05 for row in found.factors)  # none apart from the others
    assert sum(row.gained + row.lost for row in found.factors) < 0.02 * 20 * 60


def test_a_factor_that_changes_by_itself_is_found_beside_the_shift():
    found = simulated(shift=-0.2, special=-0.3)
    assert [row.factor for row in found.factors if row.relative_q < 0.05] == ["f0"]
    assert found.factors[0].relative == pytest.approx(-0.3, abs=0.12)
    assert found.factors[0].relative_low < -0.3 < found.factors[0].relative_high


def test_where_nothing_changes_few_are_found():
    """40 comparisons of 20 factors: the rate of comparisons with any finding is that of false discoveries."""
    found = [simulated(0, 0, seed=seed) for seed in range(40)]
    assert sum(any(row.relative_q < 0.05 for row in item.factors) for item in found) <= 4
    inside = [row.change_low <= 0 <= row.change_high for item in found for row in item.factors]
    assert 0.92 < np.mean(inside) < 0.975


def test_two_factors_have_no_change_relative_to_all():
    found = simulated(0.1, 0, factors=2)
    assert found.shared is None
    assert {row.relative for row in found.factors} == {None}


def test_replicates_widen_the_interval():
    """Sites agree to the last digit, replicates do not: without them the interval would be of no width."""
    both = Contrast("b", "a", ours=(2, 3), theirs=(0, 1))
    found = compared([factor("x", [[0.60, 0.70, 0.75, 0.85]] * 20)], both).factors[0]
    assert found.change == pytest.approx(0.15)
    reach = 4.302653 * (0.005 * (1 / 2 + 1 / 2)) ** 0.5  # t of 2 degrees; variance 0.1² / 2 in each condition
    assert found.change_high - found.change == pytest.approx(reach, rel=1e-3)
    alone = compared([factor("x", [[0.65, 0.8]] * 20)]).factors[0]
    assert alone.change_high - alone.change == pytest.approx(0, abs=1e-6)


def test_replicates_that_differ_in_depth_do_not_hide_a_relative_change():
    """The deviation that all factors share leaves the interval of a relative change."""
    both = Contrast("b", "a", ours=(2, 3), theirs=(0, 1))
    scores = np.array([[0.60, 0.80, 0.60, 0.80]] * 20)
    factors = [factor(f"f{number}", scores) for number in range(9)]
    changed = factor("x", scores + np.array([0, 0, 0.1, 0.1]))
    row = compared([changed, *factors], both).factors[0]
    assert row.relative == pytest.approx(0.1)
    assert row.relative_low == pytest.approx(0.1, abs=1e-3)
    assert row.change_low < 0 < row.change_high


# scores in regions


def test_sites_of_a_matrix_are_a_models_own_and_have_scores():
    regions = [Interval("chr2", 0, 200), Interval("chr1", 400, 600), Interval("chr1", 0, 200)]
    values = np.array([[[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.6], [0.7, 0.8]], [[np.nan, np.nan]] * 2], np.float32)
    matrix = Matrix(regions, ("x", "y"), ("s", "t"), {"max": values}, np.array([6, 6, 0]))
    with pytest.warns(ZooWarning, match="1 of 3 regions are left out: nothing was predicted there"):
        found = of_matrix(matrix, {"x": 0.5, "y": None}, rows_of(regions, {"x": regions[1:]}))
    x, y = found.factors
    assert found.chroms == ("chr1", "chr2")
    assert (x.threshold, x.chroms.tolist(), x.spans.tolist()) == (0.5, [0], [[400, 600]])
    np.testing.assert_allclose(x.scores, [[0.5, 0.6]])
    assert x.bound().tolist() == [[True, True]]
    assert (y.threshold, y.chroms.tolist(), y.scores.shape) == (None, [1, 0], (2, 2))
    np.testing.assert_allclose(found.only(["t"]).factors[1].scores, [[0.4], [0.8]])
    matrix.values["max"][:] = np.nan
    with pytest.raises(ZooError, match="must have a site, or a region with a score"):
        of_matrix(matrix, {"x": 0.5, "y": None})


# pictures


def test_like_rows_and_columns_stand_side_by_side():
    values = np.array([[1, 0, 1, 0], [0, 1, 0, 1], [0.9, 0, 1, 0], [0, 1, 0.1, 1], [1, 0.1, 1, 0]])
    rows, columns = differences.clustered(values)
    assert {frozenset(rows[:2]), frozenset(rows[:3])} & {frozenset((1, 3)), frozenset((0, 2, 4))}
    assert frozenset(columns[:2]) in (frozenset((0, 2)), frozenset((1, 3)))
    assert differences.clustered(values[:2, :1])[1].tolist() == [0]


def test_a_heat_map_holds_127_factors_and_50_samples():
    ax = Figure(figsize=differences.heat_size(127, 50)).subplots()
    values = np.random.default_rng(0).normal(size=(127, 50))
    rows, columns = [f"f{n}" for n in range(127)], [f"s{n}" for n in range(50)]
    differences.plot_heat(ax, values, rows, columns, "score")
    shown = ax.images[0].get_array()
    across, down = (
        [int(label.get_text()[1:]) for label in labels] for labels in (ax.get_xticklabels(), ax.get_yticklabels())
    )
    np.testing.assert_array_equal(shown, values[down][:, across])
    assert sorted(down) == list(range(127))
    width, height = ax.figure.get_size_inches()
    assert height * 0.8 / 127 > 5.5 / 72  # inches of a name and of its row
    assert width * 0.8 / 50 > 5.5 / 72


def test_a_volcano_names_what_is_found():
    ax = Figure().subplots()
    differences.plot_volcano(ax, [0.2, -0.3, 0.1], [0.01, 0.001, 0.9], ["x", "$y", "z"], "change")
    assert {text.get_text() for text in ax.texts} == {"x", r"\$y"}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["q > 0.05 (1)", "lower (1)", "higher (1)"]
    differences.plot_volcano(Figure().subplots(), [], [], [], "change")


def test_an_overlap_counts_each_set_of_conditions():
    ax = Figure().subplots()
    counts = {(True, False): 3, (True, True): 7, (False, False): 9, (False, True): 0}
    differences.plot_overlap(ax, counts, ["a", "b"])
    top, grid = ax.child_axes
    assert [bar.get_height() for bar in top.patches] == [7, 3]
    assert [label.get_text() for label in grid.get_yticklabels()] == ["a", "b"]
    dark = [line.get_ydata().tolist() for line in grid.lines[1::2]]
    assert dark == [[0, 1], [0]]


def test_pictures_are_sections_of_a_page_with_their_numbers():
    sections = [
        {"kind": "volcano", "title": "V", "x": "change", "names": ["x", "y"], "changes": [0.125, -1], "q": [0.5, 0.25]},
        {"kind": "heat", "title": "H", "x": "score", "rows": ["r"], "columns": ["c", "d"], "values": [[0.375, 2.5]]},
        {"kind": "overlap", "title": "O", "names": ["a", "b"], "sets": [{"in": [True, True], "sites": 1234}]},
    ]
    text = report.render({"title": "T", "sections": sections})
    assert text.count('<svg role="img"') == 3
    for number in ("0.125", "0.25", "0.375", "2.5", "a and b", "1,234"):
        assert f">{number}</t" in text


# designs


def design(*rows: tuple[str, str, str]) -> list[Sample]:
    return [Sample(name, design={"condition": condition, "replicate": number}) for name, condition, number in rows]


def test_conditions_of_a_design_and_of_samples_without_one():
    rows = design(("x", "treated", "1"), ("y", "control", "1"), ("z", "treated", "2"))
    assert conditions_of(rows) == {"treated": (0, 2), "control": (1,)}
    assert conditions_of([Sample("x"), Sample("y")]) == {"x": (0,), "y": (1,)}


def test_each_condition_is_compared_with_one():
    conditions = {"a": (0,), "b": (1, 2), "c": (3,)}
    assert [(item.condition, item.against) for item in contrasts_of(conditions)] == [("b", "a"), ("c", "a")]
    assert contrasts_of(conditions, "b") == [Contrast("a", "b", (0,), (1, 2)), Contrast("c", "b", (3,), (1, 2))]


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (design(("x", "a", "1"), ("y", "a", "2")), "Two conditions at least must be compared"),
        (design(("x", "a", "1"), ("y", "a", "1"), ("z", "b", "1")), "Replicates of a condition must have different"),
        ([*design(("x", "a", "1")), Sample("y")], "Each of the samples must have a condition"),
        ([Sample("x")], "Two conditions at least must be compared"),
    ],
)
def test_designs_that_cannot_be_compared_are_refused(samples: list[Sample], message: str):
    with pytest.raises(InputError, match=message):
        conditions_of(samples)


def test_a_condition_without_a_sample_is_refused():
    with pytest.raises(InputError, match=r"must have a sample.*against='d'"):
        contrasts_of({"a": (0,), "b": (1,)}, "d")
    with pytest.raises(InputError, match="must have a time in the design"):
        conditions_of([Sample("x"), Sample("y")], "time")
