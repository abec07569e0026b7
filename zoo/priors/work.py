"""The sites of each factor and sample with their genes, kept part by part."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from registry.digests import sha256
from zoo.environment import versions
from zoo.errors import GenomeMismatch, InputError
from zoo.files import npz
from zoo.files.job import Job
from zoo.files.partial import digest
from zoo.genome import names
from zoo.genome.annotation import beyond
from zoo.priors import genes, links
from zoo.priors.files import Linked
from zoo.priors.genes import Genes
from zoo.priors.rules import RULES, ByDistance, ByLinks, limits
from zoo.priors.sites import SiteSet, Source


@dataclass(frozen=True)
class Settings:
    """Choices of a call, checked.

    Attributes:
        rule: a name in `RULES`; None for links.
        upstream: bp; None for links.
        downstream: the same.
        gene_types: of the annotation, or "all".
        transcripts: "basic" or "all".
        names: "symbol" or "id".
        values: of the matrix.
    """

    rule: str | None
    upstream: int | None
    downstream: int | None
    gene_types: tuple[str, ...]
    transcripts: str
    names: str
    values: str


@dataclass(frozen=True, eq=False)
class Kept:
    """All parts.

    Attributes:
        genes: that sites may be of.
        parts: one for each sample and factor, in this order.
        links: how many there are, and how many are left out for which reason.
        notes: what to warn of.
    """

    genes: Genes
    parts: Sequence[Linked]
    links: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Work:
    """One call.

    Attributes:
        job: where parts are kept.
        source: of sites.
        annotation: a GTF file.
        links: a table, or None.
        sizes: chromosome → bp of the genome, or None.
        settings: how.
    """

    job: Job
    source: Source
    annotation: Path
    links: Path | None
    sizes: Mapping[str, int] | None
    settings: Settings

    def identity(self) -> dict[str, object]:
        """All that the files depend on."""
        return {
            "version": versions()["chromatin-zoo"],
            "sites": self.source.identity,
            "annotation_sha256": sha256(self.annotation),
            "links_sha256": None if self.links is None else sha256(self.links),
            "sizes": None if self.sizes is None else digest(dict(self.sizes)),
            "settings": asdict(self.settings),
        }

    def keep(self) -> Kept:
        """Make the parts that no earlier call finished.

        Raises:
            InputError: as for `zoo.targets`.
        """
        settings = self.settings
        found = genes.read(
            self.annotation,
            self.sizes,
            transcripts=settings.transcripts,
            types=settings.gene_types,
            called=settings.names,
            seen=self.source.seen,
        )
        linker, counts, unknown = self._linker(found)
        parts = []
        for sample in self.source.samples:
            for factor in self.source.factors:
                part = Linked(factor, sample, self.job.part(f"{len(parts):06d}.npz"))
                if not part.path.is_file():
                    npz.write(part.path, self._linked(part, found, linker))
                parts.append(part)
        return Kept(found, parts, counts, self._notes(found, parts, counts, unknown))

    def _linker(self, found: Genes) -> tuple[ByDistance | ByLinks, dict[str, int], list[str]]:
        """The rule, counts of links, and genes of these that the annotation lacks."""
        settings = self.settings
        if self.links is None:
            nearest = RULES[settings.rule].nearest
            return ByDistance(found, settings.upstream, settings.downstream, nearest), {}, []
        by_chrom, counts, unknown = links.read(self.links, found)
        return ByLinks(found, by_chrom), counts, unknown

    def _linked(self, part: Linked, found: Genes, linker: ByDistance | ByLinks) -> dict[str, np.ndarray]:
        """The arrays of a part, see `Linked`."""
        sites = self.source.load(part.factor, part.sample)
        if self.settings.values != "binary" and np.isnan(sites.scores).any():
            raise InputError(
                "Sites must have scores for values that are made of these, in column 5, or 4 of 4",
                where=part,
                received={"values": self.settings.values},
                example='values="binary"',
            )
        self._check_places(part, sites)
        numbers, of_genes, distances, homeless, chroms = [], [], [], 0, []
        for place, chrom in enumerate(sites.chroms):
            here = np.flatnonzero(sites.places == place)
            if (name := found.find(chrom)) is None:
                homeless += len(here)
                continue
            pairs = linker.pairs(name, sites.spans[here])
            chroms += [name] if len(here) else []
            numbers.append(here[pairs.sites])
            of_genes.append(pairs.genes)
            distances.append(pairs.distances)
        rows = _joined(numbers)
        return {
            "genes": _joined(of_genes),
            "distances": _joined(distances),
            "scores": sites.scores[rows],
            "rows": rows,
            "sites": _texts(sites, rows),
            "counts": np.array([len(sites.spans), homeless, len(np.unique(rows))]),
            "chroms": np.array(chroms, str),
        }

    def _check_places(self, part: Linked, sites: SiteSet) -> None:
        """Raise `GenomeMismatch` for a site beyond its chromosome's end."""
        if self.sizes is None:
            return
        for place, chrom in enumerate(sites.chroms):
            if (name := names.find(chrom, self.sizes)) is None:
                continue
            far = np.flatnonzero((sites.places == place) & (sites.spans[:, 1] > self.sizes[name]))
            if len(far):
                raise beyond(part, str(_texts(sites, far[:1])[0]), self.sizes[name])

    def _notes(
        self, found: Genes, parts: Sequence[Linked], counts: Mapping[str, int], unknown: Sequence[str]
    ) -> list[str]:
        """What to warn of. Raises `GenomeMismatch` if no site lies on a chromosome with a gene."""
        sites, homeless, used, empty = 0, 0, set(), []
        for part in parts:
            rows = part.read()
            count, without, _ = rows["counts"].tolist()
            sites, homeless = sites + count, homeless + without
            used.update(rows["chroms"].tolist())
            empty += [] if count else [str(part)]
        if sites and sites == homeless:
            self.job.clear()  # another annotation makes other parts
            raise GenomeMismatch(
                "Sites and annotation must have chromosomes in common",
                where=self.annotation,
                received={"sites": self._chroms(), "annotation": names.some(found.starts)},
                hint="Take files of one assembly, with the same names of chromosomes",
            )
        idle = sum(chrom not in used for chrom in found.chroms) if self.source.seen is None else 0
        left = {what: count for what, count in counts.items() if what != "links"}
        regions = self.source.regions
        said = {
            f"Sites were looked for in {regions or 0:,} regions only: genes that are far from all of them are 0 in the "
            "matrix, as those without a site": regions is not None,
            f"factors without a site ({len(empty):,}): {names.some(empty)}": empty,
            f"{homeless:,} of {sites:,} sites lie on chromosomes without a gene": homeless,
            f"{idle:,} of {len(found.genes):,} genes lie on chromosomes without any site: they are 0 in the matrix, "
            "whether sites were looked for there or not": idle,
            f"names of several genes ({len(found.shared):,}), which share a row of the matrix: "
            f"{names.some(found.shared)}": found.shared,
            **{f"{count:,} of {counts['links']:,} {what}: left out": count for what, count in left.items()},
            f"genes that the annotation lacks: {names.some(unknown)}": unknown,
        }
        return [text for text, holds in said.items() if holds]

    def _chroms(self) -> str:
        loaded = (self.source.load(factor, sample) for sample in self.source.samples for factor in self.source.factors)
        return names.some(next(list(sites.chroms) for sites in loaded if len(sites.chroms)))


def settings_of(rule: object, upstream: int | None, downstream: int | None, with_links: bool, **others) -> Settings:
    """Settings with the defaults of the rule; of links None."""
    if with_links:
        return Settings(None, None, None, **others)
    rule = "nearest" if rule is None else rule
    return Settings(rule, *limits(rule, upstream, downstream), **others)


def _joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0, np.int64), *arrays])


def _texts(sites: SiteSet, rows: np.ndarray) -> np.ndarray:
    """Region strings, 1-based with both ends included."""
    spans = zip(sites.places[rows].tolist(), sites.spans[rows].tolist(), strict=True)
    return np.array([f"{sites.chroms[place]}:{start + 1}-{end}" for place, (start, end) in spans], str)
