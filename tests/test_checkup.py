"""`zoo doctor`: what is wrong with the inputs of a run."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.cli import main
from zoo.errors import InputError, UnknownModel
from zoo.genome import doctor as files
from zoo.genome.bigwig import Writer
from zoo.genome.doctor import ERROR, OK, WARNING
from zoo.genome.interval import Interval
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.signal import Signal
from zoo.spec import TrackSpec

SPEC = TrackSpec("ATAC-seq", 20, 20_000_000, 99.0, 0.0)
LENGTHS = {"chr1": 200_000, "chr2": 90_000}


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Genome:
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("genome") / "g.2bit"
    codes = {chrom: random.integers(0, 4, length).astype(np.uint8) for chrom, length in LENGTHS.items()}
    codes["chr2"][50_000:60_000] = 4
    write_twobit(path, codes)
    return Genome(path)


def bigwig(path: Path, tracks: dict[str, np.ndarray]) -> Path:
    with Writer(path, {chrom: len(values) for chrom, values in tracks.items()}) as file:
        for chrom, values in tracks.items():
            at = np.arange(len(values))
            file.add(chrom, at, at + 1, values)
    return path


def normalized(length: int, seed: int = 1) -> np.ndarray:
    values = np.random.default_rng(seed).exponential(1, length)
    return (values / np.percentile(values, 99)).astype(np.float32)


def good(path: Path) -> Path:
    return bigwig(path, {chrom: normalized(length) for chrom, length in LENGTHS.items()})


def problems(findings) -> list[tuple[str, str]]:
    return [(finding.status, str(finding)) for finding in findings if finding.status != OK]


def only(findings, status: str, *parts: str) -> None:
    """There is one problem, of this status, and it says all of this."""
    found = problems(findings)
    assert [kind for kind, _ in found] == [status], found
    assert all(part in found[0][1] for part in parts), found


def test_sound_inputs_have_no_problem(genome: Genome, tmp_path: Path):
    (tmp_path / "b.bed").write_text("chr1\t100\t200\nchrUn\t1\t5\n")
    found = zoo.doctor(genome.path, good(tmp_path / "s.bw"), ["chr1:1-3,000"], blacklist=tmp_path / "b.bed")
    assert (found.passed, found.cost) == (True, None)
    assert [(finding.about, finding.status, finding.message) for finding in found.findings] == [
        ("genome", OK, "an assembly that is not known here: 2 main chromosomes of 2, 290,000 bp"),
        ("blacklist", OK, "2 intervals, 0.0% of the genome"),
        ("blacklist", OK, "1 of 2 on chromosomes that the genome lacks, such as chrUn"),
        ("signal", OK, "100.0% of 290,000 bases looked at are positive"),
        ("regions", OK, "1 regions, 3,000 bp"),
        ("regions", OK, "1 touch the blacklist, whose bins are left out"),
    ]


def test_assemblies_are_known_by_their_lengths(shared: Path, tmp_path: Path):
    yeast = Genome(shared / "data" / "sacCer3_atac_tf" / "sacCer3.2bit")
    (found,) = files.of_genome(yeast)
    assert found.message == "sacCer3: 16 main chromosomes of 17, 12,071,326 bp; left out: 1 organelle"
    hg19, hg38 = {"chr20": 63_025_520, "chrM": 16_571}, {"20": 64_444_167, "21": 1}
    assert files.names.assembly(hg19) == "hg19"
    assert files.names.assembly(hg38) == "hg38"
    assert files.names.assembly({"chr20": 63_025_521}) is None
    only(files.of_pair(yeast, hg19, "signal"), ERROR, "no main chromosome in common", "chrI", "chr20, chrM")
    blacklist = shared / "data" / "blacklists" / "hg19-blacklist.v2.bed"
    only(files.of_blacklist(blacklist, yeast), ERROR, "the ENCODE blacklist of hg19; the genome is sacCer3. Take")
    wrong = zoo.doctor(yeast, model="maxatac/CTCF")
    assert [status for status, _ in problems(wrong.findings)] == [WARNING, ERROR]
    assert "maxatac/CTCF was trained on hg38; the genome is sacCer3" in wrong.findings[1].message
    assert "signal must be given as a .bw file: maxatac/CTCF reads a genome and a signal" in wrong.findings[2].message


def test_a_genome_of_unknown_bases(tmp_path: Path):
    write_twobit(tmp_path / "n.2bit", {"chr1": np.full(40_000, 4, np.uint8)})
    only(files.of_genome(Genome(tmp_path / "n.2bit")), WARNING, "0% of the bases looked at are known")


def test_names_lengths_and_missing_chromosomes(genome: Genome):
    assert problems(files.of_pair(genome, {"1": 200_000, "2": 90_000}, "signal")) == []
    (said,) = files.of_pair(genome, {"1": 200_000, "2": 90_000}, "signal")
    assert said.message == "2 chromosomes have other names (chr or not), which are understood"
    assert problems(files.of_pair(genome, {**LENGTHS, "chrM": 9}, "signal")) == []
    only(files.of_pair(genome, {"chr1": 200_000}, "signal"), WARNING, "lacks 1 of the genome's 2", "chr2")
    only(
        files.of_pair(genome, {"chr1": 249_250_621, "chr2": 90_000}, "signal"),
        ERROR,
        "chr1 has 200,000 bp in the genome and 249,250,621 here (unknown and hg19)",
    )


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda x: x * 700, ["not normalized: the 99th percentile", "zoo normalize"]),
        (lambda x: x - 0.01, ["not normalized: it has negative values (lowest -0.01)"]),
        (lambda x: x * 0, ["not normalized: it is zero"]),
        (lambda x: np.minimum(x, 1), ["clipped: 1.0% of its positive bases are 1", "Do not clip"]),
        (lambda x: np.repeat(x[::25], 25)[: len(x)], ["changes every 25 bp only", "zoo prepare"]),
    ],
    ids=["depth", "negative", "zero", "clipped", "binned"],
)
def test_tracks_that_a_model_was_not_trained_on(tmp_path: Path, change, parts: list[str]):
    path = bigwig(tmp_path / "s.bw", {"chr1": change(normalized(200_000)).astype(np.float32)})
    only(files.of_signal(Signal(path), ["chr1"], SPEC), WARNING, *parts)


@pytest.mark.parametrize("counts", [[1], [1, 1, 1, 1, 2]], ids=["single cuts", "few cuts"])
def test_shallow_tracks_are_not_clipped(tmp_path: Path, counts: list[int]):
    """Many bases have the highest count of a shallow sample, but not more than have the next one."""
    values = np.resize(np.array(counts, np.float32), 200_000)
    path = bigwig(tmp_path / "s.bw", {"chr1": values / values.max()})
    assert not any("clipped" in finding.message for finding in files.of_signal(Signal(path), ["chr1"], SPEC))


def test_a_track_of_some_chromosomes(tmp_path: Path):
    path = bigwig(tmp_path / "s.bw", {"chr1": normalized(50_000), "chr2": np.zeros(9_000, np.float32)})
    only(files.of_signal(Signal(path), ["chr1", "chr2"], SPEC), WARNING, "zero in all that was looked at of chr2")


def test_damaged_tracks_are_errors(genome: Genome, tmp_path: Path):
    infinite = normalized(200_000)
    infinite[7] = np.inf
    path = bigwig(tmp_path / "inf.bw", {"chr1": infinite, "chr2": normalized(90_000)})
    only(zoo.doctor(genome.path, path).findings, ERROR, "A signal must be finite", "chr1:8")
    good(tmp_path / "s.bw")
    (tmp_path / "cut.bw").write_bytes((tmp_path / "s.bw").read_bytes()[:5000])
    found = zoo.doctor(genome.path, tmp_path / "cut.bw")
    only(found.findings, ERROR, "was cut off")
    assert not found.passed
    only(
        zoo.doctor(tmp_path / "none.2bit", path).findings,
        ERROR,
        "The genome must be readable: No such file",
    )


def test_regions_off_the_genome(genome: Genome):
    close = [Interval("chr1", 0, 100), Interval("2", 89_000, 90_000), Interval("chr1", 5000, 5100)]
    assert [finding.message for finding in files.of_regions(close, genome)] == [
        "3 regions, 1,200 bp",
        "2 are within 512 bp of a chromosome's end: N and the signal's fill value stand for what is missing",
    ]
    said = [finding.message for finding in files.of_regions(close, genome, blacklist=[Interval("1", 5050, 5060)])]
    assert said[-1] == "1 touch the blacklist, whose bins are left out"
    behind = [Interval("chr2", 89_000, 90_001)]
    only(files.of_regions(behind, genome), ERROR, "1 end beyond their chromosome, such as chr2:90,001")
    only(files.of_regions([Interval("chr9", 1, 2), *close], genome), ERROR, "1 of 4 on chromosomes", "chr9")
    only(files.of_regions([Interval("chr9", 1, 2)], genome), ERROR, "1 of 1 on chromosomes", "chr9")
    only(files.of_regions([Interval("chr2", 52_000, 53_000)], genome), WARNING, "100% of their bases are N")


def test_regions_in_a_data_frame(genome: Genome):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"chrom": ["chr1"], "start": [2000], "end": [3000]})
    assert zoo.doctor(genome.path, regions=frame).findings[-1].message == "1 regions, 1,000 bp"


def test_variants_of_another_assembly(genome: Genome, tmp_path: Path):
    """By their reference alleles; a few that differ are a warning."""
    bases = genome.sequence("chr1", 0, 200)
    lines = [f"1\t{at + 1}\t.\t{bases[at : at + 2].lower()}\tA\n" for at in range(0, 200, 2)]
    path = tmp_path / "v.vcf"
    path.write_text("##fileformat=VCFv4.2\n" + "".join(lines))
    assert problems(files.of_variants(path, genome)) == []
    wrong = bases[:2].translate(str.maketrans("ACGT", "CGTA"))
    path.write_text("".join([lines[0].replace(bases[:2].lower(), wrong), *lines[1:]]))
    only(files.of_variants(path, genome), WARNING, "1 (1%) have another REF than the genome, such as 1:1")
    other = bases.translate(str.maketrans("ACGT", "CGTA"))
    path.write_text("".join(f"chr1\t{at}\t.\t{other[at - 1]}\tA\n" for at in range(1, 9)) + "chrUn\t5\t.\tA\tC\n")
    found = problems(files.of_variants(path, genome))
    assert [status for status, _ in found] == [WARNING, ERROR]
    assert "8 (89%) have another REF" in found[1][1]
    path.write_text("##fileformat=VCFv4.2\n")
    only(files.of_variants(path, genome), ERROR, "no record")
    path.write_text("chr1 1 A\n")
    only(zoo.doctor(genome.path, vcf=path).findings, ERROR, "A record of a VCF file must be")


def test_a_blacklist_of_another_assembly(genome: Genome, tmp_path: Path):
    path = tmp_path / "b.bed"
    path.write_text("chr2\t89000\t90100\n")
    only(files.of_blacklist(path, genome), ERROR, "1 intervals end beyond their chromosome, such as chr2:90,100")
    path.write_text("chr1\t0\t150000\n")
    only(files.of_blacklist(path, genome), WARNING, "more than half of the genome")


def test_an_output_without_a_model(genome_files, tmp_path: Path, capsys: pytest.CaptureFixture):
    """How large it will be is not known, so that nothing would be checked."""
    assert main(["doctor", "--genome", str(genome_files.genome), "--output", str(tmp_path / "out")]) == 2
    assert "output must be given with a model" in capsys.readouterr().err


def test_the_cost_of_a_run(
    shared: Path, genome_files, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """Windows as many as there will be; seconds by the model's own speed here."""
    genome, signal = str(genome_files.genome), str(genome_files.signal)
    asked = ["--genome", genome, "--signal", signal, "--model", "maxatac/CTCF", "--json"]
    with monkeypatch.context() as patched:
        patched.setattr("zoo.predict.cost._each", lambda *_: 0.5)  # seconds a window
        assert main(["doctor", *asked, "--output", str(tmp_path / "new" / "out")]) == 0
    said = json.loads(capsys.readouterr().out)
    files_ = zoo.load("maxatac/CTCF").predict(genome=genome, signal=signal, output=tmp_path / "out", threshold=None)
    assert said["cost"]["windows"] == files_.windows
    assert said["cost"]["disk"] == 9 * sum(-(-length // 32) for length in Genome(genome).sizes.values())
    assert said["cost"]["seconds"] == pytest.approx(1.1 * 0.5 * files_.windows)
    assert 1e8 < said["cost"]["memory"] < 2e10
    assert said["passed"]
    assert "windows in about" in said["findings"][-1]["said"]
    assert {tuple(finding) for finding in said["findings"]} == {("about", "status", "said", "hint")}
    some = zoo.doctor(genome, signal, "chr10:1-2,000", model="maxatac/CTCF")
    assert some.cost.windows < said["cost"]["windows"]
    assert some.cost.seconds > 0
    for regions, message in (("auto", "windows in about"), ("chr10:1-99,999,999", "region")):
        assert message in str(zoo.doctor(genome, signal, regions, model="maxatac/CTCF")).replace("\n", " ")


def test_models_of_dna_alone_and_of_other_assemblies(genome_files):
    found = zoo.doctor(genome_files.genome, genome_files.signal, regions="chr10:1-2,000", model="yeast/ATAC")
    only([item for item in found.findings if item.about == "model"], WARNING, "yeast/ATAC takes DNA alone")
    assert found.cost.windows == 2
    with pytest.raises(UnknownModel):
        zoo.doctor(genome_files.genome, model="maxatac/CTFC")
    with pytest.raises(InputError, match="signal must be left out"):
        zoo.load("yeast/ATAC").cost(genome=genome_files.genome, signal=genome_files.signal)


def test_a_table_that_fits_a_terminal(genome: Genome, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture):
    monkeypatch.setenv("COLUMNS", "60")
    signal = str(bigwig(tmp_path / "s.bw", {"chr7": normalized(90)}))
    assert main(["doctor", "--genome", str(genome.path), "--signal", signal]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert any(line.startswith("ERROR    signal     no main chromosome in common") for line in lines)
    with pytest.raises(SystemExit):
        main(["doctor"])


def test_thin_samples(tmp_path: Path):
    """Few bases covered; or a percentile of one or two cuts. A sample with enough reads has neither."""
    random = np.random.default_rng(3)
    hint = "Few reads: predictions miss what they do not cover"
    few = np.zeros(200_000, np.float32)
    few[1000:1900] = 1
    path = bigwig(tmp_path / "few.bw", {"chr1": few})
    found = problems(files.of_signal(Signal(path), ["chr1"], SPEC))
    assert [(status, said.startswith("thin: only 900 of 200,000 bases are positive")) for status, said in found] == [
        (WARNING, True)
    ]
    assert hint in found[0][1]
    only(files.of_signal(Signal(path), ["chr1"]), WARNING, "thin: only 900", hint)
    short = Signal(bigwig(tmp_path / "short.bw", {"chr1": few[:90_000] * 0}))
    assert problems(files.of_signal(short, ["chr1"])) == []
    none = Signal(bigwig(tmp_path / "0.bw", {"chr1": few * 0}))
    only(files.of_signal(none, ["chr1"]), WARNING, "thin: only 0 of 200,000")
    for mean, thin in ((0.1, True), (0.15, True), (5, False)):
        counts = random.poisson(mean, 200_000).astype(np.float32)
        counts /= np.percentile(counts[counts > 0], 99)
        found = problems(files.of_signal(Signal(bigwig(tmp_path / "t.bw", {"chr1": counts})), ["chr1"], SPEC))
        assert [said.startswith("thin: the 99th percentile") for _, said in found] == [True] * thin


def test_models_of_another_species(shared: Path, tmp_path: Path):
    yeast = Genome(shared / "data" / "sacCer3_atac_tf" / "sacCer3.2bit")
    only(files.of_model("m", "hg38", yeast), WARNING, "m was trained on hg38; the genome is sacCer3", "Another species")
    assert list(files.of_model("m", "sacCer3", yeast)) == []
    yeast.sizes = {"chr20": 63_025_520}
    (found,) = files.of_model("m", "hg38", yeast)
    assert (found.status, found.message) == (OK, "m was trained on hg38; the genome is hg19, of the same species")
    yeast.sizes = {"chr20": 5}
    assert list(files.of_model("m", "hg38", yeast)) == []


def test_files_of_other_kinds(genome: Genome, tmp_path: Path):
    """What is not read by the zoo is a finding that says what to do."""
    (tmp_path / "g.fa").write_text(">chr1\nACGT\n")
    (tmp_path / "x.bam").write_bytes(b"BAM\x01" + bytes(99))
    (tmp_path / "x.bdg").write_text("chr1\t0\t5\t1.5\n")
    (tmp_path / "g.fa.gz").write_bytes(gzip.compress(b">chr1\nACGT\n"))
    only(zoo.doctor(tmp_path / "g.fa.gz").findings, ERROR, "Compress it again: `gunzip -c g.fa.gz | bgzip >")
    only(zoo.doctor(genome.path, tmp_path / "x.bam").findings, ERROR, "Make a track of a BAM file with `zoo prepare`")
    only(zoo.doctor(genome.path, tmp_path / "x.bdg").findings, ERROR, "bedGraphToBigWig")
    only(zoo.doctor(genome.path, regions=tmp_path / "x.bam").findings, ERROR, "must be UTF-8 text, not BAM")
    only(zoo.doctor(genome.path, vcf=tmp_path / "g.fa").findings, ERROR, "A record of a VCF file must be")
    only(zoo.doctor(genome.path, blacklist=tmp_path / "none").findings, ERROR, "must exist")
    only(zoo.doctor(genome.path, regions=f"chr1:1-{'9' * 5000}").findings, ERROR, "Positions must be below")
    mask = bigwig(tmp_path / "mask.bw", {"chr1": np.repeat(np.float32([0, 1, 0]), [500, 100, 400])})
    found = zoo.doctor(genome.path, regions="chr1:501-600", blacklist=mask).findings
    assert ("blacklist", OK, "1 intervals, 0.0% of the genome") in [(i.about, i.status, i.message) for i in found]
    assert found[-1].message == "1 touch the blacklist, whose bins are left out"


def test_what_is_left_out_of_the_main_chromosomes(tmp_path: Path):
    codes = np.zeros(100, np.uint8)
    write_twobit(tmp_path / "g.2bit", dict.fromkeys(["chr1", "chrM", "chrEBV", "chrUn_1", "chr1_x_alt"], codes))
    (found,) = files.of_genome(Genome(tmp_path / "g.2bit"))
    assert found.message.endswith(
        "1 main chromosomes of 5, 100 bp; left out: 2 alternative or unplaced, 1 organelle, 1 virus"
    )


def test_control_characters_in_findings(genome: Genome, tmp_path: Path):
    (tmp_path / "x.bed").write_text("chr\x1b[2J\t1\t5\n")
    assert "\x1b" not in str(zoo.doctor(genome.path, regions=tmp_path / "x.bed"))


# --- tracks of other recipes

DGF = TrackSpec("DNase-seq 5' ends", 0, 0, None, 0.0, name="dgf")


def ends(length: int = 200_000) -> np.ndarray:
    """36-bp reads at 5% of the bases, scaled to a mean of 1 / 36."""
    counts = np.random.default_rng(2).poisson(0.05, length)
    return (counts / 0.05 / 36).astype(np.float32)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda x: x, []),
        (lambda x: x * 36 / 100, []),  # reads of 100 bp
        (lambda x: x * 36, ["not scaled as dgf: its mean is 1", "zoo prepare --recipe factornet"]),
        (lambda x: x / 36, ["not scaled as dgf: its mean is 0.00077", "1 / read length"]),
        (
            lambda x: np.repeat(x[::40], 40)[: len(x)] * 2,
            ["smoothed: ", "dgf is of single bases", "--recipe factornet"],
        ),
        (lambda x: x - 1, ["not dgf: it has negative values (lowest -1)"]),
    ],
    ids=["good", "other reads", "mean of 1", "too small", "smoothed", "negative"],
)
def test_a_track_of_another_recipe_than_dgf(tmp_path: Path, change, parts: list[str]):
    path = bigwig(tmp_path / "s.bw", {"chr1": change(ends()).astype(np.float32)})
    found = [item for item in files.of_signal(Signal(path), ["chr1"], DGF) if "changes every" not in item.message]
    if parts:
        only(found, WARNING, *parts)
    else:
        assert problems(found) == []


def test_the_min_max_track_of_maxatac_is_no_dgf(shared: Path):
    signal = Signal(shared / "data" / "hg19_chr20_gm12878" / "gm12878_minmax_p99.bw")
    found = [str(item) for item in files.of_signal(signal, list(signal.sizes), DGF) if item.status == WARNING]
    assert any("--recipe factornet" in text for text in found), found
