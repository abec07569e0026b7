"""What the README and the pages of `docs` show, run as written, and the demo."""

import gzip
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hub_server
import pytest
import running
from documents import DOCUMENTS, NOT_RUN, PAGES, README, ROOT, RUN, blocks, text

from zoo import cli
from zoo.data import synthetic
from zoo.genome.sequence import Genome

WRITTEN = {
    *("ctcf.bw", "ctcf.bed", "ctcf.json", "models.html", "locus.png", "region.png"),
    *("peaks.bw", "peaks.bed", "peaks.tsv", "peaks.json"),
    *("atac.bw", "atac.tsv", "atac.json"),
    *(
        "sample.bw",
        "sample_RP20M.bw",
        *("sample.png", "sample.html", "sample_mqc.json"),
        "sample.json",
        "mean.bw",
        "normalized.bw",
        "open.narrowPeak",
        "sites.bed",
    ),
    *("benchmark.json", "benchmark.html", "thresholds.tsv", "thresholds.json", "thresholds.html"),
    *("probabilities.tsv", "probabilities.json", "probabilities.html"),
    *("variants.tsv", "variants.skipped.tsv", "variants.vcf", "variants.json"),
    *("why.npz", "why.bw", "why.json", "why_1.png", "why_1_near.png", "motifs"),
    *("accessible.bw", "accessible.json", "centers.bw", "centers.counts.tsv", "centers.json"),
    *("profile.npz", "profile.bw", "profile.json"),
    *("effects.tsv", "effects.skipped.tsv", "effects.vcf", "effects.json"),
    *(f"atlas.{sample}.{factor}.bed" for sample in "TB" for factor in ("CTCF", "MAX")),
    *("atlas.json", "atlas.summary.tsv", "atlas.matrix.tsv"),
    *(f"differences.B.vs.T.{factor}.{what}.bed" for factor in ("CTCF", "MAX") for what in ("gained", "lost")),
    *("differences.factors.tsv", "differences.sites.tsv", "differences.html", "differences.json"),
    *(f"differences.{picture}.png" for picture in ("changes", "heat", "overlap")),
    *("differences.scores.json", "differences.scores.matrix.tsv", "differences.scores.summary.tsv"),
    *(
        "cells_T.bw",
        "cells_T_RP20M.bw",
        "cells_T.png",
        "cells_T.html",
        "cells_T_mqc.json",
        "cells_T.json",
        "cells.json",
    ),
    *("dnase.bw", "dnase.json"),
}


@pytest.fixture
def workplace(shared: Path, tmp_path: Path) -> Path:
    """A folder with files of the names that the documents use."""
    files = synthetic.make(tmp_path / "made", {"chr1": 120_000, "chr2": 50_000})
    files.genome.rename(tmp_path / "hg38.2bit")
    files.signal.rename(tmp_path / "atac.bw")
    files.peaks.rename(tmp_path / "peaks.bed")
    with gzip.open(tmp_path / "fragments.tsv.gz", "wt") as file:
        file.writelines(f"chr1\t{start}\t{start + 90}\tcell\t1\n" for start in range(5000, 9000, 7))
    (tmp_path / "clusters.tsv").write_text("cell\tT\nother\tT\n")
    bases = Genome(tmp_path / "hg38.2bit")
    rows = [(place, bases.sequence("chr1", place - 1, place)) for place in (20_000, 50_000)]
    (tmp_path / "variants.vcf").write_text(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        + "".join(f"1\t{place}\t.\t{ref}\t{ref}A\t.\tPASS\t.\n" for place, ref in rows)
    )
    (tmp_path / "jaspar.meme").symlink_to(shared / "data" / "motifs" / "jaspar_2024_consensus.meme")
    (tmp_path / "chrombpnet.h5").symlink_to(shared / "zoo_weights" / "chrombpnet" / "k562" / "chrombpnet.h5")
    (tmp_path / "checkpoint.npz").symlink_to(shared / "golden" / "asap" / "lstm" / "weights.npz")
    return tmp_path


def test_python_blocks(workplace: Path):
    first, *_ = blocks("python", README)
    assert len([line for line in first.splitlines() if line.strip()]) == 4
    done = subprocess.run(
        [sys.executable, "-c", "".join(blocks("python"))], cwd=workplace, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (workplace / "out").iterdir()} == {"ctcf.bw", "ctcf.bed", "ctcf.json"}


@contextmanager
def publishing_beside(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of the documents' commands in a folder, with a Hub of our own; at the end, what they made."""
    (folder / "recipes").symlink_to(ROOT / "recipes")
    (folder / "families").mkdir()
    with hub_server.serve(tokens={"secret": "lab"}) as hub:
        yield {"HF_ENDPOINT": hub.url, "HF_TOKEN": "secret", "ZOO_FAMILIES": str(folder / "families")}
        assert hub.repos["lab/maxatac"].tags.keys() == {"v1.0"}
    assert {path.name for path in (folder / "out").iterdir()} == WRITTEN


def commands() -> list[str]:
    """The lines of the documents' blocks for a shell, but for the installation."""
    install, others = "pip install .\n", blocks("bash")  # what tests/run.sh does with --editable
    assert others.count(install) == 1
    return [line for block in others if block != install for line in block.splitlines() if line.strip()]


@pytest.mark.timeout(600)
def test_command_line_blocks(workplace: Path, capfd: pytest.CaptureFixture):
    """One after the other on files of its names, in this process."""
    said = {}
    with publishing_beside(workplace) as environment:
        for line in commands():
            done = running.run(shlex.split(line, comments=True), workplace, capfd, **environment)
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            said[line] = done.stdout
    assert said["zoo check maxatac/CTCF"].startswith("maxatac/CTCF: passed")


def in_a_shell(lines: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess:
    """What lines do in bash, with the command of this environment; nothing of them may fail."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
        cwd=folder,
        capture_output=True,
        env={**os.environ, "PATH": path, **environment},
        timeout=880,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done


def test_a_shell_has_the_command(workplace: Path):
    """Those that import neither Keras nor TensorFlow."""
    (block,) = (block for block in blocks("bash") if "zoo search" in block)
    assert b"maxatac/SPI1" in in_a_shell(block.splitlines(), workplace, {}).stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_command_line_blocks_in_another_locale(workplace: Path, locale: dict[str, str]):
    """All of them in a shell; what warnings and errors say has no sign that the locale lacks."""
    with publishing_beside(workplace) as environment:
        done = in_a_shell(commands(), workplace, {**environment, **locale})
    assert b"maxatac/CTCF: passed" in done.stdout
    assert done.stderr.isascii() or locale["LC_ALL"] != "POSIX", done.stderr.decode("utf-8", "replace")


def test_every_page_is_run_or_stated_not_to_be():
    assert sorted(path.stem for path in (ROOT / "docs").glob("*.md")) == sorted([*RUN, *NOT_RUN])


def test_the_readme_is_one_page_and_names_every_other():
    assert len(text(README).splitlines()) <= 120
    for page in PAGES:
        assert f"(docs/{page.name})" in text(README), page.name


def anchors(path: Path) -> set[str]:
    """Those of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_what_is_there(document: Path):
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        if not name.startswith("https://"):
            path = document.parent / name if name else document
            assert path.exists(), target
            assert not anchor or anchor in anchors(path), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_a_document_names_exist(document: Path):
    for name in re.findall(r"(?:recipes|tests|docs)/[\w/.-]+\w", text(document)):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"zoo/[\w/.]+\.py", text(document)):
        assert (ROOT / name).exists(), name


def written_out(document: Path) -> list[str]:
    """Each `zoo COMMAND …` in the text of a document, without `…` and brackets."""
    found = re.findall(r"`zoo ([a-z]+ [^`\n]+)`", text(document))
    return [line for line in found if not re.search(r"[…\[]|^[a-z]+ --help$", line)]


@pytest.mark.parametrize("document", [*filter(written_out, DOCUMENTS)], ids=lambda path: path.name)
def test_commands_within_the_text_are_accepted(document: Path):
    for line in written_out(document):
        assert cli.make_parser().parse_args(shlex.split(line)).command.name == line.split()[0], line


def test_every_command_is_documented():
    for command in cli.COMMANDS:
        assert re.search(rf"zoo {command.name}\b|`{command.name}`", text()), command.name


def is_picture(path: Path) -> bool:
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and path.stat().st_size > 10_000


def test_demo_on_real_data(shared: Path, tmp_path: Path):
    """In a process of its own, as a shell starts it."""
    done = subprocess.run([sys.executable, ROOT / "recipes" / "demo.py", tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "AUPR 0.711, average precision 0.735, random precision 0.0082 (45 of 5,500 bins positive)" in done.stdout
    assert is_picture(tmp_path / "ctcf.png")
    assert json.loads((tmp_path / "ctcf.json").read_text())["intervals"] == 34


def test_demo_on_a_synthetic_genome(shared: Path, tmp_path: Path, run_recipe):
    mirror = str(shared / "maxatac_data")
    done = run_recipe("demo", tmp_path, cwd=tmp_path, ZOO_SHARED="", ZOO_MIRROR=mirror)
    assert done.returncode == 0, done.stderr
    assert "a synthetic genome" in done.stdout
    assert float(re.search(r"AUPR (0\.\d+)", done.stdout)[1]) > 0.85
    assert is_picture(tmp_path / "ctcf.png")


def test_demo_without_weights_goes_on_with_a_model_that_ships(tmp_path: Path, run_recipe):
    none = {"ZOO_SHARED": "", "ZOO_MIRROR": "", "ZOO_CACHE": str(tmp_path / "cache")}
    done = run_recipe("demo", tmp_path, cwd=tmp_path, **none)
    assert done.returncode == 0, done.stderr
    assert "maxatac/CTCF cannot be had, the demo goes on with yeast/REB1" in done.stderr
    assert "in the cache, in a mirror folder, on the Hub or in the authors' release" in done.stderr
    assert "yeast/REB1 on a synthetic genome" in done.stdout
    assert float(re.search(r"AUPR (0\.\d+|1\.0+)", done.stdout)[1]) > 0.5
    assert is_picture(tmp_path / "reb1.png")


@pytest.mark.parametrize(
    ("script", "arguments", "expected"),
    [
        ("recipes/demo.sh", ["a folder"], [f"--editable {ROOT}", f"{ROOT}/recipes/demo.py a folder"]),
        (
            "tests/run.sh",
            ["-k", "x"],
            [f"--editable {ROOT}[test]", "-m pytest -n 2 --dist loadfile --max-worker-restart=1 -k x"],
        ),
    ],
)
def test_scripts_set_up_their_environment_once(tmp_path: Path, script: str, arguments: list, expected: list):
    """Arguments of a script are for its program, not for what it installs. Python and ruff only take notes here."""
    programs = tmp_path / "venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "ruff"):
        (programs / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/calls\n')
        (programs / name).chmod(0o755)
    environment = {**os.environ, "ZOO_VENV": str(tmp_path / "venv")}
    for _ in range(2):
        subprocess.run(["bash", ROOT / script, *arguments], check=True, env=environment)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.endswith(expected[0]) for call in calls].count(True) == 1
    assert [call.endswith(expected[1]) for call in calls].count(True) == 2
