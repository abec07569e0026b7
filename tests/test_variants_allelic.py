"""Allele-specific reads: Fisher's test, the filter, and how well scores tell it."""

import csv
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.stats import spearmanr
from sklearn import metrics

from zoo.errors import InputError
from zoo.genome.interval import Interval
from zoo.genome.vcf import Variant
from zoo.plot.variants import plot_allelic, plot_changes
from zoo.variants.allelic import Allelic, evaluate, read_counts, select


def table(*rows: tuple[int, ...], step: int = 1000) -> Allelic:
    """Variants 1 kb apart with reads (WGS ref, WGS alt, ATAC ref, ATAC alt)."""
    return Allelic([Variant("chr1", step * i, "A", "G") for i in range(len(rows))], np.array(rows))


def test_fisher_and_odds_of_the_golden_table(asap_data: Path):
    rows = list(csv.DictReader((asap_data / "fisher_table.csv").open()))
    found = table(*[tuple(int(row[k]) for k in ("wgs_ref", "wgs_alt", "atac_ref", "atac_alt")) for row in rows])
    for ours, theirs in (
        ("wgs_vaf", "wgs_vaf"),
        ("atac_vaf", "atac_vaf"),
        ("odds_ratio", "odds_ratio"),
        ("p_value", "p_two_sided"),
    ):
        np.testing.assert_allclose(getattr(found, ours), [float(row[theirs]) for row in rows], rtol=1e-9)
    np.testing.assert_allclose(found.log_odds, -np.log(found.odds_ratio))


def test_what_the_filter_leaves():
    rows = [
        (30, 30, 40, 5),  # shows an effect, the reference is more accessible
        (30, 30, 5, 40),  # and here the alternative
        (30, 30, 22, 20),  # odds ratio 1.1
        (30, 30, 12, 8),  # odds ratio 1.5, but that may be chance
        (50, 10, 5, 40),  # not heterozygous
        (30, 30, 4, 5),  # 9 reads
        (30, 30, 30, 0),  # one allele only
        (30, 30, 40, 5),  # in the blacklist
    ]
    kept, lost = select(table(*rows), blacklist=[Interval("chr1", 6990, 7001)])
    assert [item.start for item in kept.variants] == [0, 1000]
    assert lost == {
        "near another variant": 0,
        "in the blacklist": 1,
        "few ATAC-seq reads": 1,
        "ATAC-seq reads of one allele only": 1,
        "not heterozygous": 1,
        "odds ratio near 1": 1,
        "no significant difference": 1,
    }
    assert kept.log_odds[0] == pytest.approx(np.log(5 / 40))
    near, lost = select(table(*rows[:3], step=199))
    assert len(near) == 0
    assert lost["near another variant"] == 3
    assert len(select(table(*rows[:3], step=200))[0]) == 2


def test_agreement_with_reads():
    random = np.random.default_rng(1)
    counts = random.integers(5, 60, (200, 4))
    found = table(*map(tuple, counts))
    scores = 0.5 * found.log_odds + random.normal(size=200)
    agreement = evaluate(scores, found)
    truth, said = found.log_odds > 0, scores > 0
    assert agreement.variants == 200
    assert agreement.spearman == pytest.approx(spearmanr(scores, found.log_odds)[0])
    assert agreement.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(truth, said))
    assert agreement.f1 == pytest.approx(metrics.f1_score(truth, said))
    assert agreement.mcc == pytest.approx(metrics.matthews_corrcoef(truth, said))
    assert abs(agreement.random["spearman"]) < 0.02
    assert abs(agreement.random["balanced_accuracy"] - 0.5) < 0.02
    scores[:50] = np.nan
    assert evaluate(scores, found).variants == 150
    for few in (scores[:0], scores[:2]):
        with pytest.raises(InputError, match="At least three variants, of both directions, must"):
            evaluate(few, table(*map(tuple, counts[: len(few)])) if len(few) else Allelic([], counts[:0]))
    ax = plot_allelic(Figure().subplots(), scores, found.log_odds, agreement)
    assert ax.get_title().endswith("200 variants")
    assert plot_changes(Figure().subplots(), np.eye(3), list("abc"), list("xyz"), "change").images[0].get_clim() == (
        -1,
        1,
    )


def test_tables_of_reads(tmp_path: Path):
    path = tmp_path / "t.tsv"
    path.write_text("#chrom\tpos\tref\talt\twgs_ref\twgs_alt\tatac_ref\tatac_alt\nchr1\t5\ta\tG\t1\t2\t3\t4\n")
    found = read_counts(path)
    assert (found.variants[0].start, found.variants[0].ref) == (4, "A")
    assert found.counts.tolist() == [[1, 2, 3, 4]]
    path.write_text(path.read_text().replace("\t4\n", "\t-4\n"))
    with pytest.raises(InputError, match=r"t.tsv, line 2: .*must be whole numbers.*reads from 0"):
        read_counts(path)
    path.write_text("chrom\tpos\n")
    with pytest.raises(InputError, match=r"missing=.*'ref'"):
        read_counts(path)
