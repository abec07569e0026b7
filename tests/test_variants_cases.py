"""Files of variants that went wrong: missing alleles, long ones, telomeres, a file annotated twice, other locales."""

import csv
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.data.synthetic import Synthetic
from zoo.errors import GenomeMismatch, InputError
from zoo.genome.sequence import Genome, write_twobit
from zoo.genome.vcf import Variant, Vcf
from zoo.inputs.opening import Inputs
from zoo.inputs.reader import WindowReader
from zoo.variants import reading
from zoo.variants.annotation import Origin
from zoo.variants.effects import choose

HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@pytest.fixture(scope="module")
def reb1(shared: Path) -> zoo.Model:
    return zoo.load("yeast/REB1")


@pytest.fixture
def files(genome_files: Synthetic) -> dict:
    return {"genome": genome_files.genome, "signal": genome_files.signal}


def case(shared: Path, name: str) -> tuple[Path, dict]:
    """Its folder, and its genome and signal."""
    folder = shared / "cases" / name
    return folder, {"genome": folder / "genome.2bit", "signal": folder / "atac.bw"}


def base(files: dict, at: int) -> tuple[str, str]:
    """What stands at a position (from 1) of chr1, and another base."""
    found = Genome(files["genome"]).sequence("chr1", at - 1, at)
    return found, "ACGT"["CGTA".index(found)]


def reasons(found: zoo.Model) -> list[tuple[str, str]]:
    return [(item.variant.name, item.reason) for item in found.skipped]


def test_case_02_models_annotate_one_after_the_other(shared: Path, reb1: zoo.Model, tmp_path: Path):
    pysam = pytest.importorskip("pysam")
    folder, files = case(shared, "02-info-of-two-models")
    rap1 = zoo.load("yeast/RAP1")
    reb1.score_variants(folder / "variants.vcf", **files, output=tmp_path / "one")
    rap1.score_variants(tmp_path / "one.vcf", **files, output=tmp_path / "two")
    reb1.score_variants(tmp_path / "two.vcf", **files, output=tmp_path / "three", shifts=3)
    scores = {
        name: float(next(csv.DictReader((tmp_path / f"{name}.tsv").open(), delimiter="\t"))["log2_fold_change"])
        for name in ("one", "two", "three")
    }
    assert scores["one"] == pytest.approx(0.0044106, abs=1e-5)
    assert scores["two"] == pytest.approx(-0.0208101, abs=1e-5)
    assert scores["three"] != pytest.approx(scores["one"], abs=1e-4)
    for file, first in (("two", "one"), ("three", "three")):
        with pysam.VariantFile(str(tmp_path / f"{file}.vcf")) as vcf:
            (record,) = vcf
            assert record.info["ZOO_LFC_yeast_REB1"][0] == pytest.approx(scores[first], rel=1e-5)
            assert record.info["ZOO_LFC_yeast_RAP1"][0] == pytest.approx(scores["two"], rel=1e-5)
            assert record.info["AF"] == "0.1"
        text = (tmp_path / f"{file}.vcf").read_text()
        *header, row = text.splitlines()
        keys = [entry.split("=")[0] for entry in row.split("\t")[7].split(";")]
        defined = [line.split("ID=")[1].split(",")[0] for line in header if line.startswith("##INFO")]
        assert len(keys) == len(set(keys)) == 13
        assert len(defined) == len(set(defined)) == 12
        ours = [line for line in header if line.startswith("##zoo=<")]
        assert ['Model="yeast/' in line and 'Skipped="0"' in line for line in ours] == [True, True]
    assert 'Options="strands=both, shifts=3, around=896,' in text


def test_case_04_missing_alleles_are_no_alleles(shared: Path, reb1: zoo.Model):
    folder, files = case(shared, "04-missing-alt-is-scored")
    found = reb1.score_variants(folder / "variants.tsv", **files)
    assert [found.variants[place.number].name for place in found.places] == ["ok"]
    assert reasons(found) == [
        ("missing_alt", "no alternative allele"),
        ("missing_ref", "no reference allele"),
        ("dash", "no alternative allele"),
        ("empty", "no alternative allele"),
    ]
    assert "skipped 3: no alternative allele" in str(found)


def test_missing_alleles_of_every_kind(small: zoo.Model, files: dict, tmp_path: Path):
    """In a table, a data frame, rows and a VCF file; a deletion whose bases are NA is no missing allele of its own."""
    pandas = pytest.importorskip("pandas")
    ref, alt = base(files, 50_001)
    missing = ["NA", "na", "N/A", "nan", "", ".", "-", "None", "NULL", "<NA>"]
    rows = [("chr1", 50_001, ref, item) for item in [alt, *missing]]
    table = tmp_path / "t.tsv"
    table.write_text("chrom\tpos\tref\talt\n" + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    frame = pandas.DataFrame(rows, columns=["chrom", "pos", "ref", "alt"])
    odd = frame.assign(alt=[alt, None, float("nan"), pandas.NA, *missing[3:]])
    vcf = tmp_path / "v.vcf"
    vcf.write_text(HEAD + "".join(f"chr1\t{at}\t.\t{a}\t{b}\t.\t.\t.\n" for _, at, a, b in rows))
    for given in (table, frame, odd, rows, vcf):
        found = small.score_variants(given, **files)
        assert [place.number for place in found.places] == [0]
        assert found.reasons == {"no alternative allele": 10}


def test_other_records_that_are_skipped(small: zoo.Model, files: dict, tmp_path: Path):
    ref, alt = base(files, 50_001)
    rows = {
        f"{ref}\tN": "an allele has N",
        f"{ref}\t{ref}NA": "an allele has N",
        f"{ref}\tR": "an allele has other letters than A, C, G and T",
        f"{ref}\t<DEL>": "symbolic allele",
        f"{ref}\t*": "spanning deletion (*)",
        f"{ref}\t{ref}[chr2:5[": "breakend",
        f"{ref}\t.{ref}": "breakend",
        f"{ref}\t{ref}": "both alleles are the same",
        f".\t{alt}": "no reference allele",
        f"{alt}\t{ref}": "REF is not the genome's",
        f"{ref}\t{ref}{'ACGT' * 13}": "more than 50 bp inserted or deleted",
    }
    lines = [f"chr1\t50001\t.\t{alleles}\t.\t.\t.\n" for alleles in (*rows, f"{ref}\t{alt}")]
    lines += [f"chr1\t0\t.\t{ref}\t{alt}\t.\t.\t.\n", f"chr1\t100004\t.\t{ref}\t{alt}\t.\t.\t.\n"]
    (tmp_path / "v.vcf").write_text(HEAD + "".join(lines))
    found = small.score_variants(tmp_path / "v.vcf", **files)
    assert [item.reason for item in found.skipped] == [
        *rows.values(),
        "its position is 0 or no whole number",
        "beyond the chromosome's end",
    ]
    assert [place.number for place in found.places] == [len(rows)]


def test_case_06_long_alleles(shared: Path, reb1: zoo.Model, tmp_path: Path):
    folder, files = case(shared, "06-long-alleles-crash")
    for name in ("complex", "long"):
        with pytest.raises(InputError, match=r"must be a variant to score.*alleles longer than the window shows=\d"):
            reb1.score_variants(folder / f"{name}.vcf", **files)
    record = (folder / "long.vcf").read_text()
    (tmp_path / "both.vcf").write_text(record + "chr1\t20000\tx\tT\tA\t50\tPASS\t.\n")
    reb1.score_variants(tmp_path / "both.vcf", **files, output=tmp_path / "out")
    alone = reb1.score_variants([("chr1", 20_000, "T", "A")], **files).scores["log2_fold_change"][0]
    (row,) = csv.DictReader((tmp_path / "out.tsv").open(), delimiter="\t")
    assert (row["id"], float(row["log2_fold_change"])) == ("x", pytest.approx(alone, abs=1e-5))
    assert json.loads((tmp_path / "out.json").read_text())["skipped"] == {"alleles longer than the window shows": 2}
    assert [item.name for item in Vcf(tmp_path / "out.vcf").variants()] == ["sub3000", "complex", "x"]


def test_the_longest_allele_that_fits(small: zoo.Model, files: dict):
    """A window of 256 bp shows 128 bp from the variant on; shifted ones show 64 less. Bases in common do not count."""
    genome = Genome(files["genome"])
    turn = str.maketrans("ACGT", "CATG")

    def scored(length: int, **how: int) -> bool:
        text = genome.sequence("chr1", 50_000, 50_000 + length)
        rows = [("chr1", 50_001, text, text.translate(turn)), ("chr1", 40_001, *base(files, 40_001))]
        return len(small.score_variants(rows, **files, **how).places) == 2

    assert [scored(n) for n in (127, 128, 129, 3000)] == [True, True, False, False]
    assert [scored(n, shifts=3) for n in (63, 64, 65)] == [True, True, False]
    text = genome.sequence("chr1", 50_000, 90_000)
    middle = {"C": "G"}.get(text[20_000], "C")
    padded = ("chr1", 50_001, text, text[:20_000] + middle + text[20_001:])
    began = time.perf_counter()
    found = small.score_variants([padded, ("chr1", 70_001, text[20_000], middle)], **files)
    assert time.perf_counter() - began < 20  # alleles of 40 kb are trimmed in linear time
    assert np.ptp(found.scores["difference"]) < 1e-6


def test_case_08_a_telomere_is_skipped(shared: Path, reb1: zoo.Model, tmp_path: Path):
    folder, files = case(shared, "08-one-record-refuses-the-vcf")
    written = reb1.score_variants(folder / "telomere.vcf", **files, output=tmp_path / "out")
    (row,) = csv.DictReader(written[0].open(), delimiter="\t")
    assert (row["id"], float(row["log2_fold_change"])) == ("x", pytest.approx(0.0044106, abs=1e-5))
    (skipped,) = csv.DictReader(written[1].open(), delimiter="\t")
    assert (skipped["id"], skipped["pos"]) == ("telo", "0")
    before = [line for line in (folder / "telomere.vcf").read_text().splitlines() if line.startswith("chr1")]
    after = [line for line in written[2].read_text().splitlines() if line.startswith("chr1")]
    assert after[0] == before[0]
    assert after[1].split("\t")[:7] == before[1].split("\t")[:7]


def test_rows_without_a_position(small: zoo.Model, files: dict, tmp_path: Path):
    """They are counted; positions as R and pandas write them are read; a row whose last cells are gone is no error."""
    ref, alt = base(files, 50_000)
    places = ["50000", "50000.0", "5e+04", "NA", "five", "", "-3", "0", "1" * 5000, "1e400", "50000.5"]
    lines = [f"chr1\t{place}\t{ref}\t{alt}\n" for place in places]
    (tmp_path / "t.tsv").write_text("#chrom\tpos\tref\talt\n" + "".join(lines) + "chr1\t50000\t" + ref + "\nchr1\n")
    found = small.score_variants(tmp_path / "t.tsv", **files)
    assert [place.number for place in found.places] == [0, 1, 2]
    assert found.reasons == {"its position is 0 or no whole number": 9, "no alternative allele": 1}


def test_a_table_that_r_wrote(small: zoo.Model, files: dict, tmp_path: Path):
    """`write.table` puts quotes around text."""
    ref, alt = base(files, 50_000)
    rows = ['"chrom"\t"pos"\t"ref"\t"alt"', f'"chr1"\t5e+04\t"{ref}"\t"{alt}"', '"chr1"\t7\t"A"\tNA']
    (tmp_path / "t.tsv").write_text("\n".join(rows) + "\n")
    found = small.score_variants(tmp_path / "t.tsv", **files)
    assert (len(found.places), found.reasons) == (1, {"no alternative allele": 1})


def test_a_chromosome_of_another_length(small: zoo.Model, files: dict, tmp_path: Path):
    """One that is no main one is checked where a variant lies on it; a measured track must be of the assembly."""
    pybigwig = pytest.importorskip("pyBigWig")
    sizes = {"chr1": 30_000, "chrM": 16_000}
    write_twobit(tmp_path / "g.2bit", {chrom: np.arange(size, dtype=np.uint8) % 4 for chrom, size in sizes.items()})
    with pybigwig.open(str(tmp_path / "s.bw"), "w") as track:
        track.addHeader([("chr1", 30_000), ("chrM", 16_569)])
        track.addEntries(["chr1", "chrM"], [100, 100], ends=[25_000, 15_000], values=[1.0, 1.0])
    rows = [("chr1", 10_001, "A", "C"), ("chrM", 8001, "A", "C")]
    found = small.score_variants(rows, genome=tmp_path / "g.2bit", signal=tmp_path / "s.bw")
    assert found.reasons == {"the signal lacks its chromosome, or has another length of it": 1}
    how = {"csv": True, "measured": files["signal"], "output": tmp_path / "o"}
    with pytest.raises(GenomeMismatch, match="one length"):
        small.score_variants(rows, genome=tmp_path / "g.2bit", signal=tmp_path / "s.bw", **how)


def test_a_filter_column_of_a_table(small: zoo.Model, files: dict, tmp_path: Path):
    ref, alt = base(files, 50_000)
    rows = "".join(f"chr1\t50000\t{ref}\t{alt}\t{word}\n" for word in ("PASS", "LOW", "."))
    (tmp_path / "t.tsv").write_text("chrom\tpos\tref\talt\tFILTER\n" + rows)
    assert small.score_variants(tmp_path / "t.tsv", **files, only_passing=True).reasons == {"FILTER is not PASS": 1}
    assert not small.score_variants(tmp_path / "t.tsv", **files).skipped
    (tmp_path / "v.vcf").write_text(f"#CHROM\tPOS\tID\tREF\tALT\nchr1\t50000\t.\t{ref}\t{alt}\n")
    with pytest.raises(InputError, match="column FILTER"):
        small.score_variants(tmp_path / "v.vcf", **files, only_passing=True)


def test_a_bed_of_alleles(small: zoo.Model, files: dict, tmp_path: Path):
    """maxATAC's: the reference's bases are the genome's."""
    ref, alt = base(files, 50_000)
    (tmp_path / "v.bed").write_text(f"chr1\t49999\t50000\t{alt}\n1\t49999\t50000\t{ref}\nchr7\t5\t6\tA\n")
    found = small.score_variants(tmp_path / "v.bed", **files)
    wanted = small.score_variants([("chr1", 50_000, ref, alt)], **files)
    assert found.scores["difference"][0] == pytest.approx(wanted.scores["difference"][0], abs=1e-6)
    assert found.reasons == {"both alleles are the same": 1, "the genome lacks its chromosome": 1}
    (tmp_path / "v.bed").write_text("chr1\t49999\t50000\n")
    with pytest.raises(InputError, match=r"v.bed, line 1: A line of a BED of variants must have chrom"):
        small.score_variants(tmp_path / "v.bed", **files)


def test_a_pipe_is_refused(small: zoo.Model, files: dict, tmp_path: Path):
    """It could be read only once."""
    os.mkfifo(tmp_path / "pipe.vcf")
    with pytest.raises(InputError, match=r"must be one that can be read again.*Write it to a file"):
        small.score_variants(tmp_path / "pipe.vcf", **files)


def test_columns_and_entries_stay_as_they_are(small: zoo.Model, files: dict, tmp_path: Path):
    """Flags, quoted strings, samples, entries of others; a file without QUAL, FILTER and INFO gets them."""
    ref, alt = base(files, 50_000)
    head = (
        '##fileformat=VCFv4.2\n##INFO=<Number=0,ID=DB,Type=Flag,Description="a ""quoted"", ID=X text">\n'
        '##INFO=<ID=ZOO_LFC,Number=A,Type=Float,Description="of an older version">\n'
        '##INFO=<Number=A,ID=ZOO_DIFF_test_SMALL,Type=Float,Description="stripped of its origin">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta b\n"
    )
    record = ["1", "50000", "rs1;rs2", ref, f"{alt},<DEL>", "1e-3", "q10;s50"]
    info = "DB;ZOO_LFC=1;ANN=x|y(z)%3B;ZOO_DIFF_test_SMALL=5,6;DP=7;;"
    (tmp_path / "v.vcf").write_text(head + "\t".join([*record, info, "GT:PS", "0|1:7 "]) + "\n")
    small.score_variants(tmp_path / "v.vcf", **files, output=tmp_path / "o")
    *lines, row = (tmp_path / "o.vcf").read_text().splitlines()
    cells = row.split("\t")
    assert cells[:7] == record
    assert cells[8:] == ["GT:PS", "0|1:7 "]
    entries = cells[7].split(";")
    assert entries[:4] == ["DB", "ZOO_LFC=1", "ANN=x|y(z)%3B", "DP=7"]
    assert [entry.split("=")[0] for entry in entries[4:]] == [
        f"ZOO_{key}_test_SMALL" for key in ("LFC", "DIFF", "MAXDIFF", "JSD", "MAXREF", "MAXALT")
    ]
    assert all(entry.endswith(",.") for entry in entries[4:])
    assert lines[:3] == head.splitlines()[:3]
    assert sum("ZOO_DIFF_test_SMALL" in line for line in lines) == 1
    assert 'Skipped="1",Reasons="symbolic allele: 1"' in next(line for line in lines if line.startswith("##zoo"))
    (tmp_path / "s.vcf").write_text(f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\n1\t50000\t.\t{ref}\t{alt}\n")
    small.score_variants(tmp_path / "s.vcf", **files, output=tmp_path / "p")
    *_, heads, row = (tmp_path / "p.vcf").read_text().splitlines()
    assert heads.split("\t") == ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
    assert row.split("\t")[5:7] == [".", "."]
    assert row.split("\t")[7].startswith("ZOO_LFC_test_SMALL=")


def test_scores_are_written_into_their_own_file_only(small: zoo.Model, files: dict, tmp_path: Path):
    rows = [("chr1", at, *base(files, at)) for at in (50_000, 60_000)]
    (tmp_path / "v.vcf").write_text(HEAD + "".join(f"{c}\t{at}\t.\t{a}\t{b}\t.\t.\t.\n" for c, at, a, b in rows))
    text = io.StringIO()
    small.score_variants(rows, **files).write_vcf(tmp_path / "v.vcf", text)
    assert text.getvalue().count("ZOO_LFC_test_SMALL=") == 2
    for other in (rows[::-1], rows[:1], [*rows, rows[0]]):
        with pytest.raises(InputError, match="must be of the variants of the VCF file"):
            small.score_variants(other, **files).write_vcf(tmp_path / "v.vcf", io.StringIO())


def test_keys_of_models_of_one_name():
    """Another model of that name, or a name that is written alike, has keys of its own; the same model keeps its."""
    plain = Origin("run/my model", "aa")
    assert plain.suffix([]) == "run_my_model"
    line = '##zoo=<ID=run_my_model,Model="run/my model",Weights="aa",Options="">'
    assert plain.suffix([line]) == "run_my_model"
    other, alike = Origin("run/my model", "bb"), Origin("run/my_model", "aa")
    keys = {other.suffix([line]), alike.suffix([line])}
    assert len(keys) == 2
    assert all(key.startswith("run_my_model_") for key in keys)
    assert other.suffix([line, f'##zoo=<ID={other.suffix([line])},Model="run/my model",Weights="bb">']) in keys
    assert set(Origin('Männer "a"\n', "").suffix([])) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.")


def test_profiles_of_an_earlier_call_do_not_stay(small: zoo.Model, files: dict, tmp_path: Path):
    rows = [("chr1", 50_000, *base(files, 50_000))]
    small.score_variants(rows, **files, output=tmp_path / "o", profiles=True)
    assert (tmp_path / "o.alternative.bw").is_file()
    small.score_variants(rows, **files, output=tmp_path / "o")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.json", "o.skipped.tsv", "o.tsv"]


def test_the_same_call_does_nothing_and_another_file_is_another_call(
    small: zoo.Model, files: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Names, other entries and skipped records are in the outputs, too: a file that differs in them is another one."""
    ref, alt = base(files, 50_000)
    line = f"chr1\t50000\trs1\t{ref}\t{alt}\t.\t.\t.\n"
    (tmp_path / "v.vcf").write_text(HEAD + line)
    call = {**files, "output": tmp_path / "o"}
    written = small.score_variants(tmp_path / "v.vcf", **call)
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in written]
    with monkeypatch.context() as patch:
        patch.setattr("zoo.variants.run.profiles", None)  # would fail
        assert small.score_variants(tmp_path / "v.vcf", **call) == written
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in written] == before
    for changed in (line.replace("rs1", "rs2"), line[:-2] + "DP=3\n", line + "chr7\t5\t.\tA\tC\t.\t.\t.\n"):
        (tmp_path / "v.vcf").write_text(HEAD + changed)
        small.score_variants(tmp_path / "v.vcf", **call)
        texts = [(tmp_path / f"o{suffix}").read_bytes() for suffix in (".tsv", ".skipped.tsv", ".vcf")]
        assert texts != [content for content, _ in before[:3]]


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_case_09_other_locales(shared: Path, tmp_path: Path, locale: str):
    folder, files = case(shared, "09-locale")
    command = [sys.executable, "-m", "zoo", "variants", "yeast/REB1", folder / "utf8.vcf", "--output", tmp_path / "v"]
    command += ["--genome", files["genome"], "--signal", files["signal"]]
    environment = {**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "v.vcf").read_bytes().decode("utf-8")
    assert 'Description="Ménière’s"' in text
    assert "D=Ménière’s;ZOO_LFC_yeast_REB1=" in text


def test_control_characters_in_names(small: zoo.Model, files: dict):
    """They neither make cells of a table nor reach a terminal."""
    ref, alt = base(files, 50_000)
    rows = [Variant("chr1", 49_999, ref, alt, "a\tb\x1b[2J"), Variant("chr1\n", 49_999, ref, "A\tC", "x\ny")]
    found = small.score_variants(rows, **files)
    scores, skipped = io.StringIO(), io.StringIO()
    found.write_tsv(scores)
    found.write_skipped(skipped)
    for text in (scores, skipped):
        heads, line = text.getvalue().splitlines()
        assert len(line.split("\t")) == len(heads.split("\t"))
        assert "\x1b" not in line
    assert "\x1b" not in str(found)


def test_many_records_are_quick(small: zoo.Model, files: dict, tmp_path: Path):
    """A hundred thousand that are skipped, unsorted, some twice, with a blacklist of a hundred thousand intervals."""
    random = np.random.default_rng(0)
    ref, alt = base(files, 50_000)
    at = random.integers(1, 99_000, 100_000)
    lines = [f"chr1\t{place}\t.\tACGTACGTACGTA\tC\t.\t.\t.\n" for place in at]
    (tmp_path / "v.vcf").write_text(HEAD + "".join([*lines, *[f"chr1\t50000\t.\t{ref}\t{alt}\t.\t.\t.\n"] * 2]))
    (tmp_path / "b.bed").write_text("".join(f"chr2\t{i}\t{i + 1}\n" for i in range(0, 60_000, 2)))
    began = time.perf_counter()
    found = small.score_variants(tmp_path / "v.vcf", **files, blacklist=tmp_path / "b.bed")
    assert time.perf_counter() - began < 60
    assert found.reasons == {"REF is not the genome's": 100_000}
    assert [place.number for place in found.places] == [100_000, 100_001]
    assert len(set(found.scores["difference"][-2:])) == 1


def test_readers_keep_the_order_and_the_records(files: dict, tmp_path: Path):
    (tmp_path / "v.vcf").write_text(HEAD + "2\t9\ta\tA\tC,G\t.\t.\t.\n1\t5\tb\tT\tC\t.\t.\t.\n")
    found = reading.read(tmp_path / "v.vcf")
    assert [(item.chrom, item.start, item.alt, item.record) for item in found] == [
        ("2", 8, "C", 0),
        ("2", 8, "G", 0),
        ("1", 4, "C", 1),
    ]
    genome = Genome(files["genome"])
    everything, places, skipped = choose(found, Inputs(genome, {}, WindowReader(genome), ("chr1",), None, []), [])
    assert everything == found
    assert len(places) + len(skipped) == 3


def test_a_run_that_is_killed_goes_on(files: dict, tmp_path: Path):
    """At twenty steps; no more than a part is computed again, and every byte is that of a run left alone."""
    script = Path(__file__).with_name("killed_variants.py")
    command = [sys.executable, script, files["genome"], files["signal"], tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    moments = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(moments) == 20
    assert all(moment["same"] for moment in moments)
    assert max(moment["again"] for moment in moments) <= 2 * 32
    assert len({moment["kept"] for moment in moments}) == 15  # early and late: from none to all 19 parts
