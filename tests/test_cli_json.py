"""`--json` of every command: one JSON value on standard output and nothing else; an error as JSON, too."""

import gzip
import json
import shlex
from pathlib import Path

import chrombpnet_files
import hub_server
import numpy as np
import profiles
import pytest
from test_cli import run

from zoo import cli
from zoo.data import synthetic
from zoo.formats import bigwig
from zoo.genome.sequence import Genome

CONFIG = """
name: test/REB1
genome: g.2bit
assembly: synthetic
architecture: {name: maxatac, config: {filters: 2}}
chromosomes: {train: [chr1], validation: [chr2], test: [chr3]}
binding:
  factor: REB1
  signal_spec: {assay: ATAC, smoothing: 20, read_depth: 20000000, percentile: 99.0, fill: 0.0}
  signal: s.bw
  peaks: p.bed
batch_size: 8
epochs: 1
steps: 2
optimizer: {name: adam, learning_rate: 0.001}
"""
ONE = "--genome g.2bit --signal s.bw"
TWO = "--genome g.2bit --samples A=s.bw B=s2.bw"
CASES = {  # command → its words, and a key of what it prints; None for a list
    "list": ("yeast/*", None),
    "search": ("reb1", None),
    "info": ("yeast/REB1", "input"),
    "tracks": ("borzoi/mini DNASE", None),
    "fetch": ("yeast/REB1", "models"),
    "check": ("yeast/REB1", "passed"),
    "genome": ("sacCer3 --to reference", "error"),
    "doctor": (f"{ONE} --regions p.bed", "findings"),
    "prepare": ("f.tsv.gz --genome g.2bit --output out/sample", None),
    "normalize": ("s.bw --output out/normalized.bw", "mean"),
    "average": ("s.bw s.bw --output out/mean.bw", "output"),
    "peaks": ("s.bw --cutoff 0.5 --output out/p.narrowPeak", "peaks"),
    "predict": (f"yeast/REB1 {ONE} --chromosomes chr2 --output out/p --threshold 0.2", "files"),
    "plot": ("chr1:5,000-6,000 --tracks s.bw --output out/l.png", "output"),
    "recipe": ("", "recipes"),
    "haplotypes": (f"yeast/REB1 v.vcf --sample NA1 {ONE} --regions chr1:5,000-6,000 --output out/h", "files"),
    "footprint": ("f.tsv.gz --genome g.2bit --peaks p.bed --output out/f --shift no", "files"),
    "compare": (
        "yeast/REB1 --genome g.2bit --samples A=s.bw B=s2.bw --chromosomes chr2 --threshold 0.05 --output out/c",
        "files",
    ),
    "targets": ("REB1=p.bed --annotation g.gtf --output out/t", "files"),
    "attribute": (f"./model {ONE} --regions chr1:5,000-5,100 --count 1 --output out/a", "files"),
    "motifs": ("a.npz --output out/m --width 100", "patterns"),
    "variants": (f"yeast/REB1 v.vcf {ONE} --output out/v", "files"),
    "benchmark": ("--prediction s.bw --peaks p.bed", "rows"),
    "calibrate": ("--prediction scores.bw --peaks p.bed --output out/thresholds", "rows"),
    "evaluate": ("yeast/ATAC --genome g.2bit --signal s.bw --chromosomes chr2", "rows"),
    "qc": ("bpnet --genome qc/g.2bit --signal qc/plus.bw --peaks qc/peaks.narrowPeak --backgrounds 2", "metrics"),
    "train": ("--config c.yaml --dry-run", "runs"),
    "publish": ("model --repo lab/test --tag v1 --families families --dry-run", "files"),
    "cache": ("list", "models"),
    "verify": ("", None),
    "completion": ("bash", "script"),
    "env": ("", "1 cache"),
    "unit": ("out/atlas.partial 000-000000-0000", "computed"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, small_folder: Path) -> Path:
    """A folder with small inputs of all commands."""
    folder = tmp_path_factory.mktemp("json")
    files = synthetic.make(folder / "made", {"chr1": 30_000, "chr2": 20_000, "chr3": 20_000}, samples=2)
    named = {"g.2bit": files.genome, "s.bw": files.signal, "s2.bw": files.others[0], "p.bed": files.peaks}
    for name, path in named.items():
        (folder / name).symlink_to(path)
    scores = np.linspace(0, 1, 150, dtype=np.float32)
    bigwig.write_track(folder / "scores.bw", {"chr1": 30_000}, [("chr1", scores)], 200)
    base = Genome(folder / "g.2bit").sequence("chr1", 5_499, 5_500)
    alternative = "A" if base != "A" else "C"
    (folder / "v.vcf").write_text(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNA1\n"
        f"chr1\t5500\t.\t{base}\t{alternative}\t.\tPASS\t.\tGT\t0|1\n"
    )
    with gzip.open(folder / "f.tsv.gz", "wt") as file:
        file.writelines(f"chr1\t{start}\t{start + 90}\tcell\t1\n" for start in range(1000, 20_000, 7))
    gene = 'gene_id "G1"; gene_name "A"; gene_type "protein_coding";'
    transcript = f'{gene} transcript_id "T1"; transcript_type "protein_coding"; tag "basic";'
    rows = [
        f"chr1\tx\t{what}\t5000\t9000\t.\t+\t.\t{said}\n" for what, said in (("gene", gene), ("transcript", transcript))
    ]
    (folder / "g.gtf").write_text("".join(rows))
    (folder / "c.yaml").write_text(CONFIG)
    (folder / "model").symlink_to(small_folder)
    (folder / "families").mkdir()
    (folder / "qc").mkdir()
    chrombpnet_files.regions(folder / "qc")
    profiles.model(provenance={"test_chromosomes": "chr2"}).save(folder / "bpnet")
    return folder


def test_every_command_has_a_case():
    assert set(CASES) == {command.name for command in cli.COMMANDS}


@pytest.mark.filterwarnings("ignore::zoo.errors.ZooWarning")
@pytest.mark.parametrize("name", CASES)
def test_json(capsys, place: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(place)
    words, key = CASES[name]
    if name == "motifs":
        assert run(capsys, *shlex.split(f"attribute ./model {ONE} --regions p.bed --count 1 --output a"))[0] == 0
    if name == "unit":
        many = f"predict yeast/REB1 yeast/RAP1 {ONE} --chromosomes chr2 --output out/atlas --plan units.tsv"
        status, out, err = run(capsys, *many.split(), "--json")
        assert status == 0, err
        assert json.loads(out)["units"] == json.loads(out)["total"] > 0
    with hub_server.serve(tokens={"secret": "lab"}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", "secret")
        monkeypatch.setenv("ZOO_UCSC", "http://127.0.0.1:9")
        status, out, err = run(capsys, name, *shlex.split(words), "--json")
    if key == "error":
        assert (status, out) == (2, "")
        assert json.loads(err.splitlines()[-1])["error"]["message"]
        return
    assert status in (0, 1), err
    made = json.loads(out, parse_constant=pytest.fail)
    assert isinstance(made, list) if key is None else key in made, made


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (f"predict yeast/REB1 {ONE} --regions chr1:5,001-5,064", "bins"),
        (f"predict yeast/REB1 yeast/RAP1 {ONE} --regions chr1:5,001-5,064", "regions"),
    ],
)
def test_a_table_as_json_has_the_rows_of_the_table(capsys, place: Path, monkeypatch, words: str, key: str):
    monkeypatch.chdir(place)
    head, *lines = run(capsys, *words.split())[1].splitlines()
    rows = json.loads(run(capsys, *words.split(), "--json")[1])[key]
    assert [list(row) for row in rows] == [head.split("\t")] * len(lines)
    for row, line in zip(rows, lines, strict=True):
        for value, text in zip(row.values(), line.split("\t"), strict=True):
            assert str(value) == text if isinstance(value, str) else value == pytest.approx(float(text), rel=1e-6)


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        ("info maxatac/CTFC", 2, {"type": "UnknownModel", "received": {"name": "maxatac/CTFC"}}),
        (
            "info maxatac/CTCF --nothing",
            2,
            {"type": "InputError", "rule": "`zoo info` must have options that it knows"},
        ),
        ("predit", 2, {"type": "InputError", "hint": "The closest is predict"}),
    ],
)
def test_an_error_is_json_on_the_error_stream(capsys, words: str, status: int, expected: dict):
    found, out, err = run(capsys, *words.split(), "--json")
    assert (found, out) == (status, "")
    (line,) = err.splitlines()
    error = json.loads(line)["error"]
    assert expected.items() <= error.items()
    assert error["message"].startswith(error["rule"])


def test_errors_of_the_system_are_json(capsys, monkeypatch: pytest.MonkeyPatch):
    def env(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("zoo.commands.env.run", env)
    status, _, err = run(capsys, "env", "--json")
    assert (status, json.loads(err)["error"]) == (130, {"type": "KeyboardInterrupt", "message": "interrupted."})
