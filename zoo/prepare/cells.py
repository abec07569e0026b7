"""Which cells' fragments count, and for which cluster."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.genome.bed import lines
from zoo.prepare.fragments import Fragments


def of_cells(cells: str | Path | Mapping[str, str] | Sequence[str]) -> dict[str, str]:
    """Barcode → cluster, "" for all where there are none.

    Args:
        cells: barcodes, or barcode → cluster; or a file with a barcode on each line, or a barcode and a cluster with a
            tab between, plain, .gz or .bz2.

    Raises:
        InputError: no barcode, one that occurs twice, or a cluster whose name cannot be part of a file's.
    """
    if isinstance(cells, Mapping):
        found, where = dict(cells), "cells"
    elif isinstance(cells, (str, Path)):
        found, where = _read(cells), cells
    else:
        found, where = dict.fromkeys(cells, ""), "cells"
    if not found:
        raise InputError("A list of cells must hold at least one", where=where)
    for cluster in set(found.values()):
        if cluster and (Path(cluster).name != cluster or cluster.startswith(".")):
            raise InputError(
                "A cluster's name must be usable in a file's name",
                example="T_cells",
                where=where,
                received={"cluster": cluster},
            )
    if len({bool(cluster) for cluster in found.values()}) > 1:
        raise InputError("Either every cell must have a cluster, or none", where=where)
    return found


def by_cluster(block: Fragments, groups: Mapping[str, str]) -> Iterator[tuple[str, Fragments]]:
    """(cluster, its fragments) of a block with barcodes; those of other cells are left out."""
    barcodes, codes = np.unique(block.barcodes.astype(str), return_inverse=True)
    of_barcode = np.array([groups.get(barcode) is not None for barcode in barcodes])
    clusters = np.array([groups.get(barcode, "") for barcode in barcodes])
    kept = of_barcode[codes]
    for cluster in np.unique(clusters[of_barcode]):
        mine = kept & (clusters[codes] == cluster)
        yield str(cluster), block.among(mine)


def _read(path: str | Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for line, where in lines(path):
        barcode, _, cluster = line.rstrip("\r\n").partition("\t")
        if barcode in found:
            raise InputError("A barcode must occur once", where=where, received={"barcode": barcode})
        found[barcode] = cluster.split("\t")[0]
    return found
