"""The real windows of hg38 as a genome of many short chromosomes, with their DNase-seq as bigWig files and a table."""

import csv
from pathlib import Path

import numpy as np
import pyBigWig

from zoo.genome.sequence import write_twobit
from zoo.track_table import TrackTable

WINDOW, BINS, BIN, TRACKS = 131_072, 2048, 32, 74
MARGIN = (WINDOW - BINS * BIN) // 2
PARTS = {"train": 45, "valid": 10, "test": 10}
DNASE = range(24, 34)  # rows of the source's table of tracks


def records(shared: Path, part: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Base codes (131072,) uint8 and targets (2048, 74) float32 of the windows of a part."""
    import tensorflow as tf

    folder = shared / "data/hg38_dnase_windows/tfrecords"
    paths = sorted(folder.glob(f"{part}-*.tfr"), key=lambda path: int(path.stem.rpartition("-")[2]))
    found = []
    for record in tf.data.TFRecordDataset(list(map(str, paths)), compression_type="ZLIB").as_numpy_iterator():
        features = tf.train.Example.FromString(record).features.feature
        codes = np.frombuffer(features["sequence"].bytes_list.value[0], np.uint8)
        targets = np.frombuffer(features["target"].bytes_list.value[0], np.float16)
        found.append((codes, targets.reshape(BINS, TRACKS).astype(np.float32)))
    return found


def chromosomes(part: str, count: int | None = None) -> list[str]:
    """Names of those of a part."""
    return [f"{part}{number}" for number in range(PARTS[part] if count is None else count)]


def write(shared: Path, folder: Path, counts: dict[str, int] = PARTS) -> tuple[Path, Path]:
    """A 2bit file of some windows, a chromosome each, and the table of their ten DNase tracks.

    A base has the mean coverage of its bin: what the source's scaling, clips and squash leave of it.
    """
    folder.mkdir(parents=True)
    windows = {
        f"{part}{i}": both for part, count in counts.items() for i, both in enumerate(records(shared, part)[:count])
    }
    write_twobit(folder / "windows.2bit", {chrom: codes for chrom, (codes, _) in windows.items()})
    with open(shared / "data/hg38_dnase_windows/targets.tsv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if int(row["index"]) in DNASE]
    table = folder / "tracks.tsv"
    with open(table, "w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, ["index", "identifier", "file", *list(rows[0])[2:]], delimiter="\t")
        out.writeheader()
        for row in rows:
            out.writerow({**row, "file": f"{row['identifier']}.bw"})
            scale = TrackTable((), (float(row["scale"]),), (), (float(row["clip_soft"]),), ("mean",), "power")
            _write_bigwig(folder / f"{row['identifier']}.bw", windows, int(row["index"]), scale)
    return folder / "windows.2bit", table


def _write_bigwig(path: Path, windows: dict, track: int, scale: TrackTable) -> None:
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([(chrom, WINDOW) for chrom in windows])
        for chrom, (_, targets) in windows.items():
            values = scale.coverage(targets[:, [track]].astype(np.float64))[:, 0]
            file.addEntries(chrom, MARGIN, values=values, span=BIN, step=BIN)
