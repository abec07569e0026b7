"""Which windows are predicted and which bins are kept."""

from itertools import pairwise

import numpy as np
import pytest
from conftest import small_spec

from zoo.errors import InputError
from zoo.genome.interval import Interval
from zoo.predict.options import Options
from zoo.predict.plan import ChromosomePlan, Grid, groups, plan

SPEC = small_spec()  # 256 bp, 8 bins of 32 bp, every 64 bp


def grid(**choices: object) -> Grid:
    return Grid.of(SPEC, Options.resolve(SPEC, **choices))


def one(length: int, regions=None, blacklist=(), compat=None, **choices: object) -> ChromosomePlan | None:
    found = plan(grid(**choices), {"c": length}, regions, blacklist, compat)
    return found[0] if found else None


def starts(found: ChromosomePlan, used: Grid) -> list[int]:
    return [k * used.stride - used.offset for first, last in found.runs for k in range(first, last)]


@pytest.mark.parametrize(
    ("length", "count"), [(1, 1), (256, 1), (257, 2), (320, 2), (321, 3), (1024, 13), (1023, 13), (1025, 14)]
)
def test_windows_cover_every_bin_and_no_more(length: int, count: int):
    assert grid().count(length) == count
    covered = np.zeros(-(-length // 32) + 100, int)
    for start in starts(one(length), grid()):
        covered[start // 32 : start // 32 + 8] += 1
    assert (covered[: -(-length // 32)] > 0).all()
    assert (count - 2) * 64 + 256 < length or count == 1  # one window fewer would leave the last base out


def test_published_grid_of_a_chromosome():
    found = one(1024)
    assert starts(found, grid()) == list(range(0, 769, 64))
    assert (found.windows, found.bins, found.keep) == (13, 32, None)


def test_center_only_gives_each_bin_one_window():
    used = grid(center_only=True)
    assert (used.first, used.bins, used.offset, used.span) == (3, 2, 96, 64)
    assert starts(one(300, center_only=True), used) == [-96, -32, 32, 96, 160]  # bins 0, 64, … 256


def test_center_only_of_an_odd_number_of_bins():
    used = grid(center_only=True, stride=96)
    assert (used.first, used.bins, used.offset) == (2, 3, 64)


def test_regions_take_all_windows_that_reach_their_bins():
    found = one(2000, [Interval("c", 500, 510)])
    # bin 480-512 is covered by the windows that begin at 256+ … 448+
    assert starts(found, grid()) == [256, 320, 384, 448]
    assert found.keep.tolist() == [[15, 16]]
    scores = found.clip(10, np.arange(10, 20, dtype=np.float32))[1]
    assert np.flatnonzero(~np.isnan(scores)).tolist() == [5]


def test_regions_at_the_ends():
    assert starts(one(1000, [Interval("c", 0, 1)]), grid()) == [0]
    assert starts(one(1000, [Interval("c", 999, 1000)]), grid()) == [768]
    assert plan(grid(), {"c": 1000}, [Interval("d", 0, 1)]) == []


def test_blacklist_leaves_out_bins_not_windows():
    found = one(1024, blacklist=[Interval("c", 100, 101), Interval("c", 60, 70)])
    assert found.windows == 13
    assert np.flatnonzero(np.isnan(found.clip(0, np.ones(32, np.float32))[1])).tolist() == [1, 2, 3]


def test_clip_cuts_at_the_end_of_the_chromosome():
    assert len(one(1000).clip(30, np.ones(8, np.float32))[1]) == 2  # 32 bins
    assert len(one(1000).clip(40, np.ones(8, np.float32))[1]) == 0


@pytest.mark.parametrize("most", [4, 5, 7, 13, 100])
def test_pieces_share_windows_and_no_bins(most: int):
    """Bins of pieces lie side by side; each piece has every window that predicts any of its bins."""
    found = one(1000, [Interval("c", 0, 300), Interval("c", 700, 710)])
    pieces, used = list(found.pieces(grid(), most)), grid()
    edges = [piece.bounds for piece in pieces]
    assert [edges[0][0], edges[-1][1]] == [0, 32]
    assert all(before[1] == after[0] for before, after in pairwise(edges))
    assert sum(piece.windows for piece in pieces) == found.windows
    selected = {start // 64 for start in starts(found, used)}
    for piece, (low, high) in zip(pieces, edges, strict=True):
        mine = {start // 64 for start in starts(piece, used)}
        assert mine == {n for n in selected if n * 2 < high and n * 2 + 8 > low}
        assert len(mine) <= most


@pytest.mark.parametrize("most", [20, 1000])
def test_groups_are_all_the_work_in_order_and_of_bounded_size(most: int):
    lengths = {"a": 5000, **{f"c{i}": 1 + 37 * i for i in range(30)}, "b": 3000}
    plans = plan(grid(), lengths)
    found = list(groups(plans, grid(), most))
    sizes = [sum(int((piece.runs[:, 1] - piece.runs[:, 0]).sum()) for piece in group) for group in found]
    assert max(sizes) <= most
    assert len(found) <= 2 * sum(sizes) // most + 1
    pieces = [(piece.chrom, *piece.bounds) for group in found for piece in group]
    assert [chrom for chrom, first, _ in pieces if first == 0] == list(lengths)
    assert sum(piece.windows for group in found for piece in group) == sum(item.windows for item in plans)


def test_compat_drops_windows_that_touch_the_blacklist_or_the_end():
    found = one(1000, blacklist=[Interval("c", 300, 301)], compat="maxatac")
    assert starts(found, grid()) == [0, 320, 384, 448, 512, 576, 640, 704]  # 256 would end at 512, 768 at 1024
    assert found.keep is None
    assert not np.isnan(found.clip(0, np.ones(8, np.float32))[1]).any()


def test_compat_keeps_whole_windows_of_regions():
    found = one(1000, [Interval("c", 500, 501)], compat="maxatac")
    assert starts(found, grid()) == [256, 320, 384, 448]
    assert not np.isnan(found.clip(8, np.ones(8, np.float32))[1]).any()


def test_compat_of_a_chromosome_shorter_than_a_window():
    assert one(200, compat="maxatac") is None


def test_bins_that_factornet_never_predicts_are_0():
    """Those that overlap the blacklist or an end, both enlarged by 1,002 bp; by default the blacklist has no value."""
    used = Grid(window=1002, stride=50, bin_size=50, first=0, bins=1, offset=401, overlap=150)
    blacklist, ones = [Interval("c", 5000, 5001)], np.ones(200, np.float32)
    for compat in ("factornet", "deepgrn"):
        (found,) = plan(used, {"c": 10_000}, None, blacklist, compat)
        predicted = np.flatnonzero(found.clip(0, ones)[1])
        assert predicted.tolist() == [*range(21, 76), *range(121, 176)]  # [1050, 3950) to [8750, 8950)
        (found,) = plan(used, {"c": 10_000}, [Interval("c", 1000, 1100)], blacklist, compat)
        scores = found.clip(0, ones)[1]
        assert np.flatnonzero(scores == 0).tolist() == [17, 18, 19, 20]
        assert np.flatnonzero(scores == 1).tolist() == [21]
        (found,) = plan(used, {"c": 900}, None, (), compat)
        assert found.clip(0, ones[:18])[1].tolist() == [0] * 18
    (found,) = plan(used, {"c": 10_000}, None, blacklist)
    assert np.flatnonzero(np.isnan(found.clip(0, ones)[1])).tolist() == [97, 98, 99, 100]


def test_windows_of_hg38_as_the_original_counts_them(shared):
    """10,520,007 windows on the autosomes with the shipped blacklist, none of them short (maxatac-spec, section 2)."""
    from zoo.genome import bed

    lines = (shared / "maxatac_data" / "hg38" / "hg38.chrom.sizes").read_text().splitlines()
    sizes = {name: int(length) for name, length in (line.split() for line in lines)}
    autosomes = {f"chr{n}": sizes[f"chr{n}"] for n in range(1, 23)}
    used = Grid(window=1024, stride=256, bin_size=32, first=0, bins=32, offset=0)
    blacklist = bed.read(shared / "maxatac_data" / "hg38" / "hg38_maxatac_blacklist.bed")
    plans = plan(used, autosomes, None, blacklist, "maxatac")
    assert sum(found.windows for found in plans) == 10_520_007


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"stride": 50}, "multiple of the bin size, 32 bp"),
        ({"stride": 0}, "from 1 to 256"),
        ({"stride": 512}, "from 1 to 256"),
        ({"stride": True}, "whole number"),
        ({"stride": 10**5000}, "a number of 16610 bits"),
        ({"batch_size": 2**40}, "from 1 to 1,048,576"),
        ({"batch_size": -(10**5000)}, "a number of 16610 bits"),
        ({"center_only": "no"}, "must be True or False"),
        ({"strands": ["both"]}, "strands must be one of"),
        ({"views": "all", "strands": "both"}, "must be given without strands"),
        ({"views": "all", "strands": "forward"}, "must be given without strands"),
        ({"scale": "linear"}, "must be left out for a model that returns the quantity itself"),
        ({"stride": 64.0}, "whole number"),
        ({"batch_size": 0}, "from 1 to"),
        ({"strands": "reverse"}, "strands must be one of forward, both"),
        ({"views": "some"}, "views must be one of all"),
        ({"compat": "basset"}, "maxatac"),
        ({"compat": "maxatac", "center_only": True}, "whole windows"),
        ({"compat": "factornet"}, "must go with a model of that program"),
    ],
)
def test_options_that_do_not_fit(choice: dict, message: str):
    with pytest.raises(InputError, match=message):
        Options.resolve(SPEC, **choice)


def test_options_resolve_views():
    assert Options.resolve(SPEC).views == ("forward",)
    assert Options.resolve(SPEC, strands="both").views == ("forward", "reverse_complement")
    assert len(Options.resolve(SPEC, views="all").views) == 4
