"""The command's surroundings: locales, streams that are closed or full, control characters, signals."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import PLAIN

import zoo
from zoo.console import streams
from zoo.data import synthetic
from zoo.files import partial
from zoo.genome.sequence import Genome

ZOO = f"{sys.executable} -m zoo"
LIGHT = ("list", "info yeast/REB1", "env --json", "--help", "doctor --genome nowhere", "predict", "")

IN_ONE_PROCESS = """
import json, sys
from zoo.cli import main
for line in json.loads(sys.argv[1]):
    try:
        status = main(line)
    except SystemExit as ended:
        status = ended.code
    sys.stdout.flush()
    print("status", status, "keras" in sys.modules, flush=True)
"""


def in_one_process(lines: list[list[object]], folder: Path, **environment: str) -> tuple[list[str], bytes, bytes]:
    """Run commands in a process of their own, which imports Keras once; statuses, both streams."""
    text = json.dumps([[str(word) for word in line] for line in lines])
    done = subprocess.run(
        [sys.executable, "-c", IN_ONE_PROCESS, text],
        cwd=folder,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environment},
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode("utf-8", "replace")
    statuses = [line.decode() for line in done.stdout.splitlines() if line.startswith(b"status ")]
    return statuses, done.stdout, done.stderr


def test_case_09_commands_in_another_locale(shared: Path, tmp_path: Path, locale: dict[str, str]):
    """What the terminal shows has no sign that the locale lacks; files are UTF-8."""
    case = shared / "cases" / "09-locale"
    inputs = ["--genome", case / "genome.2bit", "--signal", case / "atac.bw"]
    peaks = (case / "regions.bed").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "peaks.bed").write_text("".join(peaks[::3]), encoding="utf-8")
    (tmp_path / "f.tsv").write_text("".join(f"chr1\t{i * 20}\t{i * 20 + 120}\tcell\t1\n" for i in range(900)))
    lines = [
        ["list"],
        ["info", "yeast/REB1"],
        ["doctor", *inputs, "--regions", case / "regions.bed", "--model", "yeast/REB1", "--output", "out/x"],
        ["predict", "yeast/REB1", *inputs, "--regions", case / "regions.bed", "--output", "out/x"],
        ["variants", "yeast/REB1", case / "utf8.vcf", *inputs, "--output", "out/v"],
        ["prepare", "f.tsv", "--genome", case / "genome.2bit", "--shift", "no", "--output", "out/p"],
        ["benchmark", "--prediction", "out/x.bw", "--peaks", "peaks.bed", "--output", "out/b"],
        ["predict", "yeast/REB1", *inputs, "--regions", "nöwhere.bed"],
    ]
    statuses, out, err = in_one_process(lines, tmp_path, **locale)
    assert [status.split()[1] for status in statuses] == ["0"] * 7 + ["2"], (out + err).decode("utf-8", "replace")
    assert b"+/-20 bp" in out
    assert b"\xb1" not in out + err
    assert b"\xe2" not in out + err
    assert "D=Ménière’s" in (tmp_path / "out" / "v.vcf").read_text(encoding="utf-8")


def test_tables_in_pipes_are_unicode_in_every_locale(tmp_path: Path):
    """As files are: else what one command writes another could not read."""
    code = "import zoo.cli, zoo.commands.env as e\n"
    code += "e.run = lambda options: print('sit\\xe9 \\u2265 \\xb1'); zoo.cli.main(['env'])"
    environment = {**os.environ, **PLAIN, "LC_ALL": "POSIX"}
    for coding, expected in [("", "sité >= +/-\n".encode()), ("latin-1", b"sit\xe9 >= +/-\n"), ("ascii", b"sit\\xe9")]:
        environment["PYTHONIOENCODING"] = coding
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
        assert done.stdout.startswith(expected), (done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("ascii", "a\tb\n", "a\tb\n"),
        ("ascii", "\x1b]0;owned\x07\x1b[2J", r"\x1b]0;owned\x07\x1b[2J"),
        ("ascii", "score ≥ 0.4 ± 1 → x", "score >= 0.4 +/- 1 -> x"),
        ("ascii", "Müller \udcff", r"M\xfcller \udcff"),
        ("utf-8", "Müller \udcff ≥ 中", r"Müller \udcff ≥ 中"),  # a file's name that is not UTF-8
        ("utf-8", "a\rb\x9b31m\u202egnp.bw", r"a\rb\x9b31m\u202egnp.bw"),
    ],
)
def test_what_a_stream_shows(encoding: str, text: str, shown: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streams, "_locale", lambda: "utf-8")
    raw = io.BytesIO()
    stream = streams.Stream(io.TextIOWrapper(raw, encoding=encoding, newline=""))
    assert stream.write(text) == len(text)
    stream.flush()
    assert raw.getvalue().decode(encoding) == shown


def test_names_in_tables_do_not_reach_the_terminal_as_commands(capsys, small_folder: Path, genome_files, tmp_path):
    """A name in a BED file that would rename the terminal's window."""
    from zoo import cli

    (tmp_path / "r.bed").write_text("chr10\t1000\t1100\tpeak\x1b]0;owned\x07\n")
    inputs = ["--genome", str(genome_files.genome), "--signal", str(genome_files.signal)]
    assert cli.main(["predict", str(small_folder), *inputs, "--regions", str(tmp_path / "r.bed")]) == 0
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert r"peak\x1b]0;owned\x07" in captured.out


@pytest.mark.parametrize("redirect", [">&-", "2>&-", "<&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", "| true"])
def test_streams_that_are_closed_full_or_not_read(redirect: str, tmp_path: Path):
    """Of every kind of command: text, JSON, help, an error, a finding."""
    statuses = {}
    for line in LIGHT:
        script = f"set -o pipefail; {{ {ZOO} {line} {redirect} ; }} 2>{tmp_path}/err"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path)
        said = (tmp_path / "err").read_text()
        assert "Traceback" not in said, (line, said)
        assert "Exception ignored" not in said, (line, said)
        assert len(said.splitlines()) <= 1 or line == "", (line, said)
        statuses[line] = done.returncode
    failed = redirect == ">/dev/full"
    assert statuses == {
        **dict.fromkeys(LIGHT[:4], 2 if failed else 0),
        "doctor --genome nowhere": 2 if failed else 1,
        "predict": 2,
        "": 2,
    }


def test_a_file_does_not_get_the_number_of_a_closed_stream(
    small: zoo.Model, small_folder: Path, genome_files, tmp_path: Path
):
    """Else what a C library prints would be written into it."""
    arguments = f"--genome {genome_files.genome} --signal {genome_files.signal} --chromosomes chr10"
    closed = f"{ZOO} predict {small_folder} {arguments} --output {tmp_path}/a >&- 2>&- <&-"
    assert subprocess.run(["bash", "-c", closed]).returncode == 0
    files = {"genome": genome_files.genome, "signal": genome_files.signal, "chromosomes": "chr10"}
    small.predict(**files, output=tmp_path / "b")
    assert (tmp_path / "a.bw").read_bytes() == (tmp_path / "b.bw").read_bytes()


BEFORE_KERAS = [
    ("predict maxatac/CTFC --genome g.2bit --signal s.bw --chromosomes chr1", "closest: maxatac/CTCF"),
    ("predict yeast/REB1 --genome no.2bit --signal s.bw --chromosomes chr1", "no.2bit"),
    ("predict yeast/REB1 --genome g.fa --signal s.bw --chromosomes chr1", "g.fa"),
    ("predict yeast/REB1 --genome g.2bit --signal x.bam --chromosomes chr1", "x.bam"),
    ("predict yeast/REB1 --genome g.2bit --chromosomes chr1", "signal"),
    ("predict yeast/REB1 --genome g.2bit --signal s.bw --chromosomes chrZ", "chrZ"),
    ("predict yeast/REB1 --genome g.2bit --signal s.bw --regions bad.bed", "bad.bed, line 2"),
    ("predict yeast/REB1 --genome g.2bit --signal s.bw --chromosomes chr1 --output s.bw/x", "output"),
    ("predict yeast/REB1 --genome g.2bit --signal s.bw --regions r.bed --output r", "must replace"),
    ("predict ./model --genome g.2bit --signal s.bw --chromosomes chr1 --output model/config", "must"),
    ("attribute yeast/REB1 --genome g.2bit --signal s.bw --regions no.bed", "no.bed"),
    ("variants yeast/REB1 no.vcf --genome g.2bit --signal s.bw", "no.vcf"),
    ("variants yeast/REB1 r.bed --genome g.fa --signal s.bw", "g.fa"),
    ("evaluate yeast/ATAC --genome g.2bit --signal no.bw", "no.bw"),
    ("evaluate yeast/ATAC --genome g.2bit --signal s.bw --peaks no.narrowPeak", "no.narrowPeak"),
    ("train --config no.yaml --out run", "no.yaml"),
    ("train --config bad.yaml --out run", "bad.yaml"),
    ("motifs no.npz --output m", "no.npz"),
]
ALSO_BEFORE_KERAS = [
    ("haplotypes yeast/REB1 no.vcf --genome g.2bit --signal s.bw --regions chr1:1-100 --output h", "no.vcf"),
    ("qc yeast/REB --genome g.2bit --signal s.bw --peaks r.bed", "closest: yeast/REB1"),
    ("check yeast/REB", "closest: yeast/REB1"),
    ("fetch yeast/REB", "closest: yeast/REB1"),
    ("doctor --genome g.2bit --model yeast/REB", "closest: yeast/REB1"),
    ("predict yeast/REB1 yeast/REB --genome g.2bit --signal s.bw --output m", "closest: yeast/REB1"),
    ("predict yeast/REB1 yeast/RAP1 --genome g.2bit --signal no.bw --output m", "no.bw"),
    ("compare yeast/REB --genome g.2bit --samples A=s.bw B=s.bw --output m", "closest: yeast/REB1"),
    ("compare yeast/REB1 --genome no.2bit --samples A=s.bw B=s.bw --output m", "no.2bit"),
    ("compare yeast/REB1 --genome g.2bit --samples A=s.bw B=no.bw --output m", "no.bw"),
    ("unit no.partial 000-000000-0000", "no.partial"),
    ("publish no --repo lab/a --tag v1", "folder='no'"),
    ("predict yeast/REB1 --genome g.2bit --signal s.bw --output done", "differing='signal (inputs)'"),
    ("attribute yeast/REB1 --genome g.2bit --signal s.bw --regions r.bed --output notes", "no record of a attribution"),
    ("variants yeast/REB1 v.vcf --genome g.2bit --signal s.bw --output done", "no record of a variants"),
]


@pytest.mark.parametrize("refused", [BEFORE_KERAS, ALSO_BEFORE_KERAS], ids=["first", "also"])
def test_cheap_checks_come_before_keras(tmp_path: Path, refused: list[tuple[str, str]]):
    from zoo import loading

    files = synthetic.make(tmp_path / "made", {"chr1": 20_000})
    files.genome.rename(tmp_path / "g.2bit")
    files.signal.rename(tmp_path / "s.bw")
    shutil.copytree(loading.fetch("yeast/REB1"), tmp_path / "model")
    (tmp_path / "g.fa").write_text(">chr1\nACGT\n")
    (tmp_path / "x.bam").write_bytes(b"\x1f\x8b\x08\x04" + bytes(100))
    (tmp_path / "bad.bed").write_text("chr1\t1\t5\nchr1\tx\t9\n")
    (tmp_path / "bad.yaml").write_text("name: [\n")
    (tmp_path / "r.bed").write_text("chr1\t1000\t1100\n")
    (tmp_path / "v.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    (tmp_path / "notes.json").write_text("{}")
    inputs = {"genome": Genome(tmp_path / "g.2bit").identity(), "signal": "of another track"}
    of_another = {name: partial.digest(value)[:16] for name, value in inputs.items()}
    record = {"made_by": "chromatin-zoo", "kind": "prediction", "identity": {"inputs": of_another}, "files": {}}
    (tmp_path / "done.json").write_text(json.dumps(record))
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    began = time.monotonic()
    statuses, _, err = in_one_process([line.split() for line, _ in refused], tmp_path)
    seconds = time.monotonic() - began
    told = err.decode().splitlines()
    assert statuses == ["status 2 False"] * len(refused), "\n".join(told)
    for (line, expected), said in zip(refused, told, strict=True):
        assert expected in said, line
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert seconds < 20  # Keras alone takes longer on a machine that is busy


def test_a_report_of_others_is_refused_before_keras(genome_files: synthetic.Synthetic, tmp_path: Path):
    (tmp_path / "notes.html").write_text("mine")
    files = ["--genome", genome_files.genome, "--signal", genome_files.signal]
    statuses, _, err = in_one_process([["evaluate", "yeast/ATAC", *files, "--output", "notes"]], tmp_path)
    assert statuses == ["status 2 False"]
    assert b"earlier report of the same kind" in err


AT_IMPORT = """
import os, signal, sys
class Press:
    def __init__(self, name):
        self.name = name
    def find_spec(self, name, path=None, target=None):
        if name == self.name:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Press(sys.argv.pop(1)))
from zoo.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("module", ["zoo.cli", "zoo.commands.check", "keras"])
def test_ctrl_c_during_imports(module: str):
    done = subprocess.run(
        [sys.executable, "-c", AT_IMPORT, module, "check", "yeast/REB1"], capture_output=True, text=True
    )
    assert done.returncode == 130
    assert done.stderr == "zoo: interrupted.\n"


@pytest.fixture
def at_work(small_folder: Path, long_genome: synthetic.Synthetic, tmp_path: Path):
    """A function that starts `zoo predict` and returns it when a first piece is kept, or while it still reads."""

    def start(kept: bool) -> subprocess.Popen:
        command = [*ZOO.split(), "predict", small_folder, "--genome", long_genome.genome]
        command += ["--signal", long_genome.signal, "--output", tmp_path / "out", "--batch-size", "64"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        while kept and process.poll() is None and not list((tmp_path / "out.partial").glob("part-*.f32")):
            time.sleep(0.01)
        return process

    return start


@pytest.mark.parametrize(("numbers", "status"), [([signal.SIGTERM], 143), ([signal.SIGINT] * 3, 130)])
def test_signals_are_one_line_and_clean_up(at_work, tmp_path: Path, numbers: list[int], status: int):
    process = at_work(kept=True)
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.05)
    _, err = process.communicate()
    assert err == "zoo: interrupted. The same command goes on where it stopped.\n"
    assert process.returncode == status
    assert {path.name for path in tmp_path.iterdir()} == {"out.partial"}
    assert not list((tmp_path / "out.partial").glob("*.tmp"))


def test_what_kept_nothing_does_not_promise_to_go_on(at_work, tmp_path: Path):
    process = at_work(kept=False)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err in ("zoo: interrupted.\n", "")  # nothing, if Python itself was still starting
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("line", "files", "kept"),
    [
        ("prepare f.tsv --genome g --output out/p", ["out/p.partial/zoo-job.json", "out/p.partial/part-sites"], True),
        ("predict m --genome g --output out/p.bw", ["out/p.partial/zoo-job.json", "out/p.partial/part-0.f32"], True),
        ("predict m --genome g --output out/p", ["out/p.partial/zoo-job.json", "out/p.partial/part-0.tmp"], False),
        ("predict m --genome g --output out/p", ["out/p.partial/run.json", "out/p.partial/part-0.f32"], False),
        ("predict m --genome g --output out/p.2", ["out/p.partial/zoo-job.json", "out/p.partial/part-0.f32"], False),
        ("variants m v --genome g --output out/p.tsv", ["out/p.partial/zoo-job.json", "out/p.partial/part-0"], True),
        ("attribute m --genome g --regions r --output p.npz", ["p.partial/zoo-job.json", "p.partial/part-0"], True),
        ("predict m --genome g --regions r", [], False),
        ("compare m --output c", ["c.pass.partial/zoo-job.json", "c.pass.partial/part-0.npz"], True),
        ("compare m --output c", ["c.pass.json", "c.scores.partial/zoo-job.json"], True),
        ("compare m --output c", ["c.json", "c.partial/zoo-job.json"], False),
        ("genome hg38 --to out", ["out/hg38.2bit.part"], True),
        ("genome hg38 --to out", ["out/hg38.2bit"], False),
        ("motifs a.npz --output out", ["out/patterns.json"], True),
        ("motifs a.npz --output out", ["out/patterns.h5"], False),
        ("train --config c --out out", ["out/checkpoint.npz"], True),
        ("train --config c --out out --fold all", ["out/fold0/checkpoint.npz"], True),
        ("train --config c --dry-run", [], False),
        ("normalize s --output out/n.bw", ["out/n.partial/zoo-job.json", "out/n.partial/part-0"], False),
    ],
)
def test_what_an_interruption_promises(
    line: str, files: list[str], kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """That the command goes on is said where something lies there that it goes on with."""
    from zoo import cli

    monkeypatch.chdir(tmp_path)
    for name in files:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("{}")
    options = cli.make_parser().parse_args(line.split())
    said = options.command.after_interruption(options)
    assert ("where it stopped" in said) is kept
    assert ("--resume" in said) is (kept and line.startswith("train"))
