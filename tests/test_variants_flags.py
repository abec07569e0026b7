"""Variants and haplotypes by models of a single bin with flags of their own: FactorNet's REST, DeepGRN's pair."""

from pathlib import Path

import hg19
import numpy as np
import pytest

import zoo
from zoo.errors import InputError
from zoo.genome.encode import encode, one_hot
from zoo.genome.sequence import Genome
from zoo.genome.signal import Signal
from zoo.spec import OutputSpec
from zoo.variants.window import VariantWindow

REST = "factornet/models/REST/GENCODE_Unique35_DGF/final_model.hdf5"
PAIR = "deepgrn/models/EGR1_pair.h5"
AT = 10_010_000  # where one flag ends and the next begins

pytestmark = pytest.mark.filterwarnings("ignore:.*thin. only")  # 200 kb of one chromosome


@pytest.fixture(scope="module")
def inputs(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> hg19.Inputs:
    return hg19.made(shared, tmp_path_factory.mktemp("hg19"))


@pytest.fixture(scope="module")
def rest(shared: Path) -> zoo.Model:
    return zoo.load(shared / "zoo_weights" / REST)


def window(inputs: hg19.Inputs, start: int, ref: str = "", alt: str = "", at: int = 0) -> np.ndarray:
    """(1, 1002, 6) with an allele put in by hand; bases that are inserted have the track of that to their left."""
    end = start + 1002 + len(ref)
    codes = Genome(inputs.genome).codes(hg19.CHROM, start, end)
    tracks = [Signal(inputs.tracks[name]).values(hg19.CHROM, start, end) for name in ("unique35", "dgf")]
    first, kept = at - start, min(len(ref), len(alt))
    rows = [one_hot(np.concatenate([codes[:first], encode(alt), codes[first + len(ref) :]])[:1002])]
    for track in tracks:
        fill = np.full(len(alt) - kept, track[first + kept - 1])
        rows.append(np.concatenate([track[: first + kept], fill, track[first + len(ref) :]])[:1002, None])
    return np.concatenate(rows, axis=-1)[None]


def flags(inputs: hg19.Inputs, start: int, end: int) -> np.ndarray:
    """(1, 6), by hand: each flag in its turn of 10 kb."""
    turns = {(place - hg19.START) // 10_000 % 6 for place in range(start, end)}
    return np.array([[float(number in turns) for number in range(6)]], np.float32)


@pytest.mark.parametrize(
    "move",
    [0, 150, -99],
)
def test_both_alleles_have_the_flags_of_the_references_bin(rest: zoo.Model, inputs: hg19.Inputs, move: int):
    """A substitution, an insertion and a deletion: at a border of two flags, inside, and at the bin's last base."""
    place = AT + move
    base = Genome(inputs.genome).sequence(hg19.CHROM, place - 1, place + 8)
    other = "A" if base[0] != "A" else "C"
    rows = [
        (hg19.CHROM, place, base[0], other),
        (hg19.CHROM, place, base[0], base[0] + "ACGTTGCA" * 3),
        (hg19.CHROM, place, base, base[0]),
    ]
    found = rest.score_variants(rows, **inputs.of(rest.spec))
    assert "jensen_shannon" not in found.scores  # a single bin has no shape
    for variant, number in ((item.variant, item.number) for item in found.places):
        start = variant.start - 501
        covariates = flags(inputs, start + 401, start + 601)
        both = []
        for allele in (variant.ref, variant.alt):
            x = window(inputs, start, variant.ref, allele, variant.start)
            both.append(rest.predict({"window": x, "covariates": covariates}))
        assert found.scores["maximum_reference"][number] == pytest.approx(both[0][0, 0], abs=1e-6)
        assert found.scores["maximum_alternative"][number] == pytest.approx(both[1][0, 0], abs=1e-6)
        assert found.scores["difference"][number] == pytest.approx(both[1][0, 0] - both[0][0, 0], abs=1e-6)
    assert len(found.places) == 3
    assert str(found).startswith("3 of 3 variants scored")


def test_the_bin_has_both_flags_at_their_border(inputs: hg19.Inputs):
    assert flags(inputs, AT - 100, AT + 100).tolist() == [[1, 1, 0, 0, 0, 0]]
    assert flags(inputs, AT + 50, AT + 250).tolist() == [[0, 1, 0, 0, 0, 0]]


def test_haplotypes(rest: zoo.Model, inputs: hg19.Inputs, tmp_path: Path):
    """Without a variant they are what `predict` says of the same bins; with one, its bins alone change."""
    call = inputs.of(rest.spec) | {"regions": f"{hg19.CHROM}:{AT + 1}-{AT + 400}"}
    plain = rest.predict(**call)[0]
    base = Genome(inputs.genome).sequence(hg19.CHROM, AT + 199, AT + 200)
    rows = [(hg19.CHROM, AT + 200, base, "T" if base != "T" else "G")]
    found = rest.predict_haplotypes(rows, **call)
    np.testing.assert_array_equal(found["reference"].starts[0], plain.starts)
    np.testing.assert_allclose(found["reference"].scores[0], plain.scores, atol=1e-6)
    assert plain.starts[0] == AT - 150
    changed = found["haplotype"].scores[0] - plain.scores
    assert (changed != 0).all()  # every window of 1,002 bp has it
    files = rest.predict_haplotypes(rows, **call, output=tmp_path / "h", threshold=0.0)
    track = rest.predict(**call, output=tmp_path / "p", threshold=None)
    tracks = [Signal(path) for path in (tmp_path / "h.reference.bw", track.bigwig)]
    for start in (AT - 75, AT + 100):  # a bin's middle
        values = [item.values(hg19.CHROM, start, start + 50) for item in tracks]
        np.testing.assert_allclose(*values, atol=1e-6)
        assert (values[0] != 0).all()
    sites = (tmp_path / "h.sites.tsv").read_text().splitlines()
    assert sites[1].split("\t")[1:3] == [str(AT - 150), str(AT + 350 + 200)]
    assert files is not None


def test_a_pair_model_scores_variants(shared: Path, inputs: hg19.Inputs, tmp_path: Path):
    """Files, too; flags that are another file are not taken for done."""
    model = zoo.load(shared / "zoo_weights" / PAIR)
    base = Genome(inputs.genome).sequence(hg19.CHROM, AT - 1, AT)
    rows, call = [(hg19.CHROM, AT, base, "T" if base != "T" else "G")], inputs.of(model.spec)
    files = model.score_variants(rows, **call, output=tmp_path / "v")
    table = files[0].read_text()
    swapped = call["covariates"] | {"cds": inputs.flags["utr3"], "cpg_island": inputs.flags["utr3"]}
    model.score_variants(rows, **{**call, "covariates": swapped}, output=tmp_path / "v")
    assert files[0].read_text() != table
    assert "jensen_shannon" not in table
    assert "log2_fold_change" in table


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shifts": 3}, "shifts must be an odd number of windows, at most 1"),
        ({"around": 100}, "around must be 200 to 200 bp"),
        ({"strands": "both"}, "strands"),
        ({"compat": "chrombpnet"}, "no profile with total counts"),
        ({"peaks": [("chr20", 1, 2)]}, "no profile with total counts"),
    ],
)
def test_scopes_that_make_no_sense_for_a_bin(rest: zoo.Model, inputs: hg19.Inputs, options: dict, message: str):
    with pytest.raises(InputError, match=message):
        rest.score_variants([(hg19.CHROM, AT, "A", "C")], **inputs.of(rest.spec), **options)


def test_several_bins_that_overlap_are_refused(rest: zoo.Model):
    with pytest.raises(InputError, match="must lie side by side"):
        VariantWindow.of(rest.spec, output=OutputSpec(4, 200, 0, "t", "binding", step=50))
