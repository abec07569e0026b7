"""Which cells' fragments count, and for which cluster."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from zoo.arguments import names_of
from zoo.errors import InputError
from zoo.genome.bed import lines
from zoo.prepare.fragments import Fragments

_HEADS = ("barcode", "cell", "cell_barcode")


def of_cells(cells: str | Path | Mapping[str, str] | Sequence[str]) -> dict[str, str]:
    """Barcode → cluster, "" for all where there are none.

    Args:
        cells: barcodes, or barcode → cluster; or a file with a barcode on each line, or a barcode and a cluster with a
            tab between, plain, .gz or .bz2. Blanks and double quotes around them do not count, nor does a first line
            of `barcode`, `cell` or `cell_barcode` alone.

    Raises:
        InputError: no barcode, one that occurs twice, or a cluster whose name cannot be part of a file's.
    """
    if isinstance(cells, Mapping):
        barcodes, clusters = names_of("cells", cells.keys()), names_of("clusters", cells.values())
        groups, where = dict(zip(barcodes, clusters, strict=True)), "cells"
    elif isinstance(cells, (str, Path)):
        groups, where = _read(cells), cells
    else:
        groups, where = dict.fromkeys(names_of("cells", cells), ""), "cells"
    if not groups:
        raise InputError("A list of cells must hold at least one", where=where)
    for cluster in set(groups.values()):
        if cluster and (Path(cluster).name != cluster or cluster.startswith(".")):
            raise InputError(
                "A cluster's name must be usable in a file's name",
                example="T_cells",
                where=where,
                received={"cluster": cluster},
            )
    if len({bool(cluster) for cluster in groups.values()}) > 1:
        raise InputError("Either every cell must have a cluster, or none", where=where)
    return groups


def by_cluster(block: Fragments, groups: Mapping[str, str], seen: set[str]) -> Iterator[tuple[str, Fragments]]:
    """(cluster, its fragments) of a block with barcodes; those of other cells are left out.

    Args:
        block: some fragments.
        groups: barcode → cluster.
        seen: the barcodes among those of the block are added to it.
    """
    barcodes, codes = np.unique(block.barcodes.astype(str), return_inverse=True)
    of_barcode = np.array([groups.get(barcode) is not None for barcode in barcodes])
    clusters = np.array([groups.get(barcode, "") for barcode in barcodes])
    kept = of_barcode[codes]
    seen.update(barcodes[of_barcode].tolist())
    for cluster in np.unique(clusters[of_barcode]):
        mine = kept & (clusters[codes] == cluster)
        yield str(cluster), block.among(mine)


def absent(groups: Mapping[str, str], cluster: str, seen: Collection[str]) -> str | None:
    """A warning of a cluster's barcodes that were not seen, if there are any."""
    mine = [barcode for barcode, group in groups.items() if group == cluster]
    missing = [barcode for barcode in mine if barcode not in seen]
    if not missing:
        return None
    return f"{len(missing):,} of the {len(mine):,} listed barcodes have no read that counts, such as {missing[0]!r}"


def _read(path: str | Path) -> dict[str, str]:
    groups: dict[str, str] = {}
    for number, (line, where) in enumerate(lines(path)):
        barcode, *others = (_plain(field) for field in line.split("\t"))
        if number == 0 and not others and barcode.lower() in _HEADS:
            continue
        if barcode in groups:
            raise InputError("A barcode must occur once", where=where, received={"barcode": barcode})
        groups[barcode] = others[0] if others else ""
    return groups


def _plain(field: str) -> str:
    """A field without blanks and double quotes around it."""
    field = field.strip()
    return field[1:-1].strip() if len(field) > 1 and field[0] == field[-1] == '"' else field
