"""Cut sites of a sample per base, as ChromBPNet's models learn them: counts, neither smoothed nor scaled."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from registry.paths import user_path
from zoo.arguments import is_one_of, optional_switch, switch, whole
from zoo.errors import InputError, warn
from zoo.files.atomic import output_path
from zoo.genome.sequence import Genome
from zoo.prepare import kinds, reads, tracks
from zoo.prepare.choice import chosen
from zoo.prepare.coverage import of_bases
from zoo.prepare.cutsites import CutSites
from zoo.prepare.kinds import BAM
from zoo.prepare.options import check_effects
from zoo.prepare.reading import ReadSource, read_sites
from zoo.prepare.shift import bias_of, shift_of

ASSAYS = ("ATAC", "DNase")
_DNASE = (0, 0)
"""bp from a fragment's start, and from beyond its last base, to the sites of DNase I: base `start` and base `end`."""


def cut_sites(
    reads_file: str | Path,
    output: str | Path,
    genome: Genome,
    *,
    assay: str = "ATAC",
    shift: bool | None = None,
    chromosomes: Sequence[str] | None = None,
    mapping_quality: int = 0,
    keep_duplicates: bool = False,
    threads: int | None = None,
    progress: bool | None = None,
) -> int:
    """Write how many reads were cut at each base, as bigWig.

    Args:
        reads_file: as `reads` of `zoo.prepare.sample.prepare`: BAM, fragments, or reads with a strand.
        output: the bigWig; bases without a cut have no value.
        genome: the assembly.
        assay: "ATAC": the cuts are base start + 4 and base end - 5 of reads that were not shifted; "DNase": base start
            and base end.
        shift: of ATAC-seq, whether ends are still to be moved, as for `prepare`.
        chromosomes: default the main ones of the genome.
        mapping_quality, keep_duplicates, threads: of BAM files, as for `prepare`.
        progress: show a progress bar; by default in a terminal only.

    Returns:
        How many cuts were counted.

    Raises:
        InputError: no reads left, or files that cannot be used; GenomeMismatch if they are of different assemblies.
        MissingExtra: pysam is not installed.
    """
    if not is_one_of(assay, ASSAYS) or (assay != "ATAC" and shift is not None):
        raise InputError(
            f"assay must be one of {', '.join(ASSAYS)}; a shift must go with ATAC",
            received={"assay": assay, "shift": shift},
        )
    path, target = user_path(reads_file, "reads"), output_path(output, [user_path(reads_file, "reads"), genome])
    keep_duplicates, progress = switch("keep_duplicates", keep_duplicates), optional_switch("progress", progress)
    mapping_quality = whole("mapping_quality", mapping_quality, 0, 255)
    notes: list[str] = []
    kind = kinds.kind_of(path, False, notes)
    check_effects(kind, path, mapping_quality, keep_duplicates, None, shift, None)
    sizes = chosen(genome.sizes, chromosomes, genome.path)
    if kind == BAM:
        reads.check_header(path, sizes)
    moved = _DNASE
    if assay == "ATAC":
        moved = shift_of(path, kind, bias_of(path, kind, genome), optional_switch("shift", shift), None, notes)
    for note in notes:
        warn(note)
    wanted = reads.Wanted(moved, mapping_quality, False, None)
    source = ReadSource(
        path, kind, wanted, keep_duplicates, 1 if threads is None else whole("threads", threads, 1, 1024)
    )
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        sites = CutSites(Path(work) / "sites", sizes)
        read_sites(source, {"": sites}, lambda name: Path(work) / name)
        counted = (
            of_bases(chrom, first, counts.astype("float32")) for chrom in sizes for first, counts in sites.counts(chrom)
        )
        tracks.write(target, sizes, counted, zeros=False, progress=progress)
    return sites.kept
