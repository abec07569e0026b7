"""The recipe that compares systems on one sample."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import zoo
from zoo.errors import InputError
from zoo.genome.bigwig import Writer

RECIPES = Path(__file__).parents[1] / "recipes"
sys.path.insert(0, str(RECIPES))
import compare_systems  # noqa: E402  a recipe

MEMBER = "factornet/EGR1-onePeak_DGF"
LACK = ["factornet/EGR1", "factornet/EGR1-meta_RNAseq_Unique35_DGF", "deepgrn/EGR1_pair", "deepgrn/EGR1_single"]


@pytest.mark.parametrize(
    ("models", "compared", "lacking", "absent"),
    [
        ([], ["maxatac/EGR1", MEMBER], LACK, "factornet/EGR1-meta_RNAseq_Unique35_DGF-final"),
        (["deepgrn/NANOG_single", MEMBER, f"{MEMBER}-final"], ["deepgrn/NANOG_single", MEMBER], [], f"{MEMBER}-final"),
    ],
)
def test_systems_in_the_same_bins(
    models: list[str], compared: list[str], lacking: list[str], absent: str, shared: Path, tmp_path: Path, run_recipe
):
    """EGR1 where GM12878 has three peaks, no cell type: what cannot be compared is left out, with the reason."""
    data = shared / "data" / "hg19_chr20_gm12878"
    peaks = "wgEncodeAwgTfbsHaibGm12878Egr1Pcr2xUniPk.narrowPeak"
    done = run_recipe(
        "compare_systems",
        *("--genome", data / "hg19_chr20_to_11095000.2bit", "--region", "chr20:10,410,001-10,460,000"),
        *("--signal", f"atac={data / 'gm12878_minmax_p99.bw'}", "--signal", f"dgf={data / 'gm12878_minmax_p99.bw'}"),
        *("--factor", "EGR1", "--peaks", data / "peaks_GM12878" / peaks, "--covariate", "cdss=1", "--out", tmp_path),
        *(("--models", *models) if models else ()),
        cwd=tmp_path,
        ZOO_OFFLINE="1",
        ZOO_CACHE=str(tmp_path / "cache"),
    )
    assert done.returncode == 0, done.stderr
    assert "ZooWarning: No model that is compared reads cdss" in done.stderr
    said = json.loads((tmp_path / "systems.json").read_text())
    assert [part["kind"] for part in said["sections"]] == ["table", "precision_recall"]
    table = [[row[0].removeprefix("EGR1, "), *row[1:]] for row in said["sections"][0]["rows"]]
    others = ["atac alone", "dgf alone", "mean dgf of 1,000 bp", "random numbers"]
    assert [row[0] for row in table if row[1] is not None] == [*compared, *others]
    bound = [row[8] for row in table if row[1] is not None]
    assert bound == [pytest.approx(8 / 250)] * len(bound)  # the peaks touch 3, 3 and 2 bins
    rows = {row[0]: row for row in table}
    assert rows[MEMBER][1] > 5 * rows["random numbers"][1]
    left = {row[0]: row[9] for row in table if row[1] is None}
    assert [name for name, why in left.items() if "must have what the model reads" in why] == lacking
    assert left[absent].startswith(f"left out: {absent} must be in the cache, in a mirror folder")
    assert f"EGR1, {absent}: left out:" in done.stdout
    assert (tmp_path / "systems.html").stat().st_size > 10_000


def test_leopard_footprints_and_a_blacklist(shared: Path, tmp_path: Path, run_recipe):
    """A network of random numbers, in bins of which the blacklist takes three: the same for all."""
    data = shared / "data" / "hg19_chr20_gm12878"
    (tmp_path / "bad.bed").write_text("chr20\t10420100\t10420401\nchr20\t10300000\t10300200\n")
    leopard = shared / "zoo_weights" / "leopard" / "models" / "random_not_trained.h5"
    track = data / "gm12878_minmax_p99.bw"
    done = run_recipe(
        "compare_systems",
        *("--genome", data / "hg19_chr20_to_11095000.2bit", "--region", "chr20:10,410,001-10,460,000"),
        *("--signal", f"atac={track}", "--signal", f"dnase={track}", "--signal", f"average={track}"),
        *("--factor", "EGR1", "--peaks", data / "peaks_GM12878/wgEncodeAwgTfbsHaibGm12878Egr1Pcr2xUniPk.narrowPeak"),
        *("--motifs", shared / "data" / "motifs" / "H12CORE_meme_format.meme"),
        *("--reads", data / "chr20.50000.bed.bz2", "--blacklist", tmp_path / "bad.bed"),
        *("--models", leopard, "--out", tmp_path),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "systems.json").read_text())
    table = said["sections"][0]
    assert "3 of 250 bins are blacklisted and left out." in table["note"]
    assert [row[0].removeprefix("EGR1, ") for row in table["rows"]] == [
        *(str(leopard), "atac alone", "dnase alone", "average alone", "motif"),
        *("footprint at motif sites", "cuts at motif sites", "motif score at sites", "random numbers"),
    ]
    assert [row[8] for row in table["rows"]] == [pytest.approx(8 / 247)] * 9
    rows = {row[0].removeprefix("EGR1, "): row[1] for row in table["rows"]}
    assert rows["atac alone"] > 5 * rows["random numbers"]


def test_what_is_asked_for_must_be_whole(tmp_path: Path, run_recipe):
    done = run_recipe("compare_systems", "--genome", "hg19.2bit", "--factor", "EGR1", cwd=tmp_path)
    assert done.returncode == 2
    assert "needs --genome, --signal, one --factor and --peaks" in done.stderr
    whole = ("--genome", "g", "--signal", "atac=a", "--factor", "F", "--peaks", "p", "--region", "chr1:1-9")
    done = run_recipe("compare_systems", *whole, "--reads", "r.bam", cwd=tmp_path)
    assert done.returncode == 2
    assert "--reads needs --motifs" in done.stderr
    done = run_recipe("compare_systems", "--factor", "EGR1", cwd=tmp_path, ZOO_SHARED="")
    assert done.returncode == 1
    assert "compare_systems: error: $ZOO_SHARED/data must have the data of GM12878" in done.stderr


def test_a_bin_has_the_value_of_the_output_for_it(tmp_path: Path):
    """Bins of 200 bp every 50 bp lie in a file by their middle; narrower ones count by their highest."""
    values = np.arange(20, dtype=np.float32)
    starts = np.arange(20) * 50 + 75
    with Writer(tmp_path / "p.bw", {"chr1": 2000}) as file:
        file.add("chr1", starts, starts + 50, values)
    track, places = zoo.Signal(tmp_path / "p.bw"), np.array([200, 400, 600, 800])

    def predicted(size: int, every: int) -> list[float]:
        output = SimpleNamespace(bin_size=size, every=every)
        return compare_systems.own_bins(SimpleNamespace(spec=SimpleNamespace(output=output)), track)(
            "chr1", places
        ).tolist()

    assert predicted(200, 50) == [4, 8, 12]
    assert predicted(50, 50) == [6, 10, 14]


def test_covariates_that_are_not_given(tmp_path: Path):
    """A row of the table by the cell type, also where DeepGRN's own is unknown; flags of 0; a user's own stay."""
    values, replaced = compare_systems.covariates_of({"cell_type": "GM12878", "cds": "cds.bed", "PC1": 0.5})
    assert (values["GEPC1"], values["PC1"], values["PC2"]) == (-0.1914500, 0.5, 0.22302925)
    assert (values["cds"], values["utr3"]) == ("cds.bed", 0)
    assert sorted(replaced) == ["PC2", "PC3", "PC4", "PC5", "PC6", "PC7", "PC8",
                                "cpg_island", "intron", "promoter", "utr3", "utr5"]  # fmt: skip
    assert replaced["utr3"] == "0 for cpg_island, intron, promoter, utr5, utr3"
    assert "GEPC1" not in compare_systems.covariates_of({})[0]
    with pytest.raises(InputError, match="The cell type must be one of A549"):
        compare_systems.covariates_of({"cell_type": "GM1"})


def test_an_ensemble_comes_before_its_members():
    names = compare_systems.names_of("EGR1")
    assert names[:2] == ["maxatac/EGR1", "factornet/EGR1"]
    assert names[2:6] == [f"factornet/EGR1-{name}" for name in (
        "meta_RNAseq_Unique35_DGF", "meta_RNAseq_Unique35_DGF-final", "onePeak_DGF", "onePeak_DGF-final")]  # fmt: skip
    assert names[6:] == ["deepgrn/EGR1_pair", "deepgrn/EGR1_single", "leopard/EGR1", "leopard/EGR1-fast"]
    with pytest.raises(InputError, match="must list a model of the factor"):
        compare_systems.names_of("EGR*")
