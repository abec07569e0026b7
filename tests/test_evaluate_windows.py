"""The official CTCF model on real sequence and DNase-seq of hg38: 65 windows of another system's data."""

from pathlib import Path

import numpy as np
import pyBigWig
import pytest

import zoo
from zoo.evaluate import bins
from zoo.evaluate.curves import Scores
from zoo.formats import bigwig
from zoo.genome import bed
from zoo.genome.interval import Interval
from zoo.genome.sequence import write_twobit

LENGTH, FIRST, LAST = 131_072, 32_768, 98_304  # bp of a window, and of its middle, which has a track of 32-bp steps


@pytest.fixture(scope="module")
def windows(shared: Path) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, Interval]]:
    """Name → base codes, tracks (2048, 74), and the middle's place on hg38."""
    import tensorflow

    folder = shared / "data" / "hg38_dnase_windows"
    features = {name: tensorflow.io.FixedLenFeature([], tensorflow.string) for name in ("sequence", "target")}
    codes, tracks, places = {}, {}, {}
    regions = bed.read(folder / "sequences.bed")
    for split in ("train", "valid", "test"):
        files = sorted((folder / "tfrecords").glob(f"{split}-*.tfr"), key=lambda path: int(path.stem.split("-")[1]))
        mine = [item for item in regions if item.name == split]
        records = tensorflow.data.TFRecordDataset([str(path) for path in files], compression_type="ZLIB")
        for record, region in zip(records.as_numpy_iterator(), mine, strict=True):
            example = tensorflow.io.parse_single_example(record, features)
            name = f"w{len(codes)}"
            codes[name] = np.frombuffer(example["sequence"].numpy(), np.uint8)
            tracks[name] = np.frombuffer(example["target"].numpy(), np.float16).reshape(2048, 74).astype(np.float32)
            places[name] = region
    return codes, tracks, places


@pytest.mark.parametrize(
    ("cell", "views", "expected"), [("GM12865", None, 0.694), ("GM12865", "all", 0.726), ("HepG2", "all", 0.660)]
)
def test_ctcf_with_dnase_instead_of_atac(
    shared: Path, windows: tuple, tmp_path: Path, cell: str, views: str | None, expected: float
):
    """Peaks of CTCF in K562 cover half of 155 of 21,255 bins; DNase-seq over its 99th percentile."""
    codes, tracks, places = windows
    folder = shared / "data" / "hg38_dnase_windows"
    lines = (folder / "targets.tsv").read_text().splitlines()[1:]
    (column,) = [at for at, line in enumerate(lines) if "DNASE" in line.upper() and cell in line]
    measured = np.concatenate([track[:, column] for track in tracks.values()])
    top = np.percentile(measured[measured > 0], 99)
    sizes = dict.fromkeys(codes, LENGTH)
    values = {
        name: np.concatenate([np.zeros(1024), track[:, column] / top, np.zeros(1024)]).astype(np.float32)
        for name, track in tracks.items()
    }
    write_twobit(tmp_path / "windows.2bit", codes)
    bigwig.write_track(tmp_path / "dnase.bw", sizes, values.items(), 32)
    regions = [Interval(name, FIRST, LAST) for name in codes]
    with pytest.warns(zoo.errors.ZooWarning, match="changes every 32 bp only"):
        files = zoo.load("maxatac/CTCF").predict(
            genome=tmp_path / "windows.2bit",
            signal=tmp_path / "dnase.bw",
            regions=regions,
            output=tmp_path / "ctcf",
            views=views,
        )
    track, scores, peaks = zoo.Signal(files.bigwig), Scores(), pyBigWig.open(str(folder / "ENCFF095JYT.bigBed"))
    for name, place in places.items():
        found = peaks.entries(place.chrom, place.start, place.end) or []
        offset = FIRST - place.start
        spans = [(max(start, place.start) + offset, min(end, place.end) + offset) for start, end, _ in found]
        edges = FIRST + 200 * np.arange((LAST - FIRST) // 200 + 1)
        bound = bins.Bound([Interval(name, *span) for span in spans], sizes, "half")(name, edges) if spans else None
        scores.add(np.zeros(len(edges) - 1, bool) if bound is None else bound, bins.maxima(track, name, edges))
    curve = scores.curve()
    assert (curve.positives, curve.positives + curve.negatives) == (155, 21_255)
    assert curve.aupr == pytest.approx(expected, abs=1e-3)
