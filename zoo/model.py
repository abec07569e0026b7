"""A pretrained model: a spec, a Keras network, and what to do with them."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from registry import digests
from zoo import folder
from zoo.arguments import number, optional_switch, refuse_together
from zoo.attribution import profiles
from zoo.attribution.engine import Choice, Engine
from zoo.attribution.methods import Method
from zoo.attribution.result import Attributions
from zoo.attribution.run import attribute
from zoo.attribution.targets import Shape
from zoo.errors import InputError
from zoo.files import process
from zoo.forward.forward import Forward
from zoo.forward.heads import check_shapes, scores
from zoo.forward.precision import FLOAT32
from zoo.forward.readouts import Selection
from zoo.inputs.opening import Inputs, check_species, named_regions
from zoo.notebook.models import parts_of
from zoo.notebook.tables import titled
from zoo.predict.check import Check, check
from zoo.predict.choice import PredictionChoice, predict
from zoo.predict.cost import Cost, estimate
from zoo.predict.files import PredictionFiles
from zoo.predict.options import Options
from zoo.predict.table import Predictions
from zoo.predict.thresholds import ThresholdTable
from zoo.predict.tiles import tiled, tiled_by
from zoo.prepare.regions import open_inputs
from zoo.saving import save
from zoo.spec import CONTROLS, COVARIATES, WINDOW, ModelSpec
from zoo.variants.haplotype_choice import HaplotypeChoice, predict_haplotypes
from zoo.variants.haplotype_run import HaplotypeFiles
from zoo.variants.haplotypes import HaplotypePrediction
from zoo.variants.head_forward import selection_of
from zoo.variants.result import VariantScores
from zoo.variants.scoring import VariantChoice, score_variants
from zoo.workers.calls import Call

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WHOLE = "full"  # what a model with components is called as a whole


class Model:
    """A model of the zoo, as `zoo.load` returns it.

    >>> import numpy as np, zoo
    >>> model = zoo.load("yeast/REB1")
    >>> model.spec.output.target, model.spec.input.window
    ('REB1', 1024)
    >>> model.predict(np.zeros((2, 1024, 5), np.float32)).shape
    (2, 32)
    >>> model.check().passed
    True

    Attributes:
        spec: what it reads and returns.
        network: the `keras.Model` as `zoo.build` describes it, with all its outputs.
        thresholds: its calibration table, or None.
        path: the folder that it was read from, or None for one that exists in memory only.
        origin: the file that the folder was converted from, if it is one of the user's own; else None.
        reload: loads the model again, also in another process; None unless `zoo.load` gave it.
    """

    path: Path | None = None
    origin: Path | None = None
    reload: "Callable[[], Model] | None" = None
    _whole: "Model | None" = None
    _weights: str | None = None
    _source: Mapping[str, str] = MappingProxyType({})

    def __init__(self, spec: ModelSpec, network, thresholds: ThresholdTable | None = None) -> None:
        """A model of a network in memory. `zoo.load` gives those of the registry.

        Args:
            spec: what the network reads and returns.
            network: a `keras.Model` with the inputs `window` (and `covariates`) and an output for each head.
            thresholds: a calibration table.

        Raises:
            IntegrityError: the network has other inputs or outputs than the spec promises.
        """
        process.enter()
        check_shapes(network, spec)
        self.spec, self.network, self.thresholds = spec, network, thresholds
        self._forwards: dict[object, Forward] = {}
        self._engines: dict[object, Engine] = {}
        self._tiled: dict[int, Model | None] = {}

    @classmethod
    def read(cls, path: Path) -> "Model":
        """Read a model folder that has been verified."""
        spec = folder.read_spec(path)
        model = cls(spec, folder.read_network(path, spec), folder.read_thresholds(path))
        model.path = path
        model._weights, model._source = digests.sha256(path / folder.WEIGHTS), folder.source(path)
        return model

    def __repr__(self) -> str:
        return f"Model({self.spec.summary})"

    def _repr_html_(self) -> str:
        known = {"parameters": self.network.count_params(), "folder": self.path}
        known["thresholds"] = () if self.thresholds is None else self.thresholds.rows()
        return titled(f"Model {self.spec.name}", *parts_of({**self.spec.to_json(), **known}))

    def save(self, path: str | Path, training: str = "") -> Path:
        """Write the model as a folder, which `zoo.load` reads and `registry.publish` takes; returns its path.

        Args:
            path: a new folder.
            training: for the card, what it was trained on.

        Raises `InputError` if something is there already, or for a part of a model that is none by itself.
        """
        if self._is_borrowed:
            raise InputError(
                "A part of a model must have an architecture of its own to be saved",
                received={"model": self.spec.name},
                hint="Save the whole model",
            )
        return save(path, self.spec, self.network, self.thresholds, training)

    def component(self, name: str) -> "Model":
        """A part of the network that is a model itself, such as one without the bias of an assay.

        Raises `InputError` if the model has no such component.
        """
        known = {item.name: item for item in self.spec.components}
        if not isinstance(name, str) or name not in known:
            raise InputError(
                f"The component must be one of those of {self.spec.name}: {', '.join(known) or 'it has none'}",
                received={"component": name},
            )
        chosen = known[name]
        spec = replace(
            self.spec,
            name=f"{self.spec.name}:{name}",
            description=chosen.description,
            architecture=chosen.architecture or self.spec.architecture,
            prediction=replace(self.spec.prediction, component=None),
            components=(),
        )
        part = Model(spec, self.network.get_layer(name))
        part.path, part.origin, part._weights, part._source = self.path, self.origin, self._weights, self._source
        part._whole = self
        return part

    @property
    def whole(self) -> "Model":
        """The model that this one is a part of; itself if it is none."""
        return self if self._whole is None else self._whole

    def chosen(self, component: str | None = None) -> "Model":
        """The part that `zoo.load` returns.

        Args:
            component: "full" for the whole network, or one of its components; by default as `spec.prediction` says.

        Raises `InputError` as `component` does.
        """
        name = self.spec.prediction.component if component is None else component
        whole = name is None or (isinstance(name, str) and name == WHOLE and bool(self.spec.components))
        return self if whole else self.component(name)

    def predict(
        self,
        x: np.ndarray | Mapping[str, np.ndarray] | None = None,
        *,
        genome: object = None,
        signal: object = None,
        regions: object = None,
        genes: str | Path | None = None,
        flank: int | None = None,
        chromosomes: Sequence[str] | str | None = None,
        windows: object = None,
        centers: object = None,
        covariates: Mapping[str, object] | None = None,
        head: str | None = None,
        track: str | int | Sequence[str | int] | None = None,
        output: str | Path | None = None,
        write: str | Sequence[str] | None = None,
        threshold: str | float | None = "auto",
        table: str | Path | None = None,
        blacklist: object = None,
        strands: str | None = None,
        views: str | None = None,
        shifts: Sequence[int] | None = None,
        stride: int | None = None,
        center_only: bool | None = None,
        scale: str | None = None,
        batch_size: int | None = None,
        compat: str | None = None,
        precision: str | None = None,
        progress: bool | None = None,
    ) -> np.ndarray | Predictions | PredictionFiles:
        """Predict windows, regions, chromosomes or a genome.

        The defaults are the published ones: forward strand, windows every `spec.prediction.stride` bp, overlaps
        averaged (Cazares et al. 2023, Methods), because the threshold tables were calibrated on them.

        Args:
            x: windows (n, window, channels), one-hot A, C, G, T and the tracks if any; or a mapping of them as
                `window`, of `controls` (n, window, tracks), zeros if left out, and of `covariates` (n, number), if the
                model reads some. Then nothing else is read.
            genome: the path of a `.2bit` or FASTA file, or a `Genome`.
            signal: a `.bw` path or a `Signal`, normalized as `spec.input.tracks` says; for models of several tracks a
                mapping of names to these; of controls, those that are left out are zeros. Uncovered bases have the fill
                value. Left out for models of DNA alone.
            regions: a BED path, region strings (1-based, `chr1:1,001-2,000`), intervals or a data frame; the bins that
                overlap them are predicted. Or "auto": where the signal says that chromatin is open
                (`zoo.prepare.peaks.open_regions`). With `genes` also names of genes, such as "GATA1" or "GATA1,TAL1".
            genes: an annotation, GTF or GFF3, plain or compressed (GENCODE, Ensembl, RefSeq), by which regions may be
                names or identifiers of genes: from the first to the last base of each. Several genes of one name are
                all taken, with a warning.
            flank: bp that are added at both ends of each gene (default 0).
            chromosomes: names; default all main chromosomes of the genome that the signal has, too. With regions, only
                those on these chromosomes.
            windows: a BED path or intervals, each exactly as long as the model's window. They are predicted as they
                are; bins of several windows are averaged. Instead of regions and stride.
            centers: regions as above; the middle of each, of narrowPeak files the summit (in a data frame a column
                `summit` may have its distance from the start; with `genes` also of genes by their names), is the
                middle of one window, which is predicted whole. A table has each window's own bins, in the order of the
                regions; in files bins of several windows are averaged. Windows that reach beyond an end of the
                chromosome read N there. Instead of regions and stride.
            covariates: name → a number; for one that each window has of its own also a BED path or intervals: 1 for
                windows that predict any base of them, else 0.
            head: what is predicted, of a model with several heads, or a readout of them (`zoo.forward.readouts`);
                default as `spec.prediction` says.
            track: names or numbers, from 0, of a head's tracks; where there is a table of tracks also a description
                ("DNASE:K562"), an assay ("DNASE") or a pattern ("DNASE:*brain*"). Default all, but in files not those
                of a head of more than 100. Of an ensemble that was made with its spread also any of these names and
                ".spread", "spread" for all, and "mean" for the tracks themselves: the population standard deviation of
                what its members would predict by themselves with these arguments, in the same scale.
            output: write `<output>.bw` (of several tracks `<output>.<track>.bw` each), `.bed` and `.json` (with regions
                or windows also `.tsv`, with centers of a model of counts `.counts.tsv`: a row for each region with the
                logarithm that the model returns and the expected counts) instead of returning a table. Finished pieces
                survive an interruption: the same call goes on from there.
            write: formats of these files (`zoo.formats.formats`), such as ("bigwig", "zarr") or "bigwig,zarr"; default
                bigwig, with a threshold bed, with regions or windows table, with centers counts. Zarr and Parquet
                hold all tracks in one.
            threshold: for the BED: "f1", "precision=0.9", "recall=0.5", "log2fc=6", a score, None for no BED, or
                "auto": "f1" if there is a threshold table, else None. Not for several tracks, nor for a spread; of a
                track and its spread it is of the track.
            table: a threshold table, as `zoo calibrate` writes it, instead of the model's own.
            blacklist: whose bins are left out: a path (BED, or a bigWig that is above 0 there) or intervals.
            strands: "forward" or "both" (strand-symmetric; twice the cost), by default as `spec.prediction` says
                (forward but for DeepSEA, Beluga and Sei). "both" is the mean over the strands, of models of profile and
                counts that of expected counts. (Scores of variants have the mean of logits, as variant-scorer does.)
            views: "all" to average every view that the weights can read (`zoo.forward.views`; for maxATAC four).
            shifts: bp by which windows are moved to the right, with zeros before them; the mean over all of them, such
                as -1, 0 and 1 of Basenji's and Borzoi's programs (default 0 alone). Bins stay where they are.
            stride: bp from one window to the next, a multiple of the bin size.
            center_only: use the central `stride` bp of each window instead of the average over windows; by default
                as `spec.prediction` says (maxATAC averages, ASAP takes the center).
            scale: for models that return ln(1 + x): "log1p" for that (default), or "linear" for x; of squashed coverage
                "squashed", or "linear" for coverage (`zoo.track_table`). Averages over windows and strands are of what
                the model returns. A threshold is a score in this scale. "probability" writes the probability that a
                bin is bound, by a threshold table that has it (`zoo calibrate --probabilities`; of bins of 200 bp by
                their highest score); thresholds stay scores of the model, and call the same intervals. It never falls
                with the score, so that ranks and AUPR stay, but for ties.
            batch_size: windows at once (default 256, of long windows fewer, as `spec.prediction` says); changes no
                number but its rounding.
            compat: "maxatac" for that program's rules: no window that touches the blacklist or reaches past the end
                of its chromosome; with regions every window that touches one, whole; chromosomes 1 to 22 by default.
                "chrombpnet" for that program's bigWig files, with centers only: expected counts are exp(logarithm), by
                default 1 less, as the model predicts ln(1 + counts); in files each base has the value of the window
                whose middle is nearest, by default the mean of all; windows that reach beyond an end are left out.
                "factornet" or "deepgrn" for the 0 of bins that these programs never predict: those within 1,002 bp of
                the blacklist, or of an end of their chromosome; by default bins on the blacklist have no value.
                "leopard" for its windows at the ends of chromosomes: the last hundred of each phase are moved back to
                end there; by default windows reach beyond an end, and no base within 100 bp of an edge counts.
            precision: "float32" (default), or "bfloat16", which is faster where the processor or GPU has units for it;
                the sidecar then has the largest difference between both on some windows of the run.
            progress: show a progress bar; by default in a terminal only.

        Returns:
            For `x`, (n, bins) float32, of several tracks (n, bins, tracks). With `output`, the files. Else a table of
            regions × bins, of whole chromosomes if no regions were given.

        Raises:
            InputError: what was given cannot be used, or would have no effect beside the rest; `GenomeMismatch` if
                files are of different assemblies.
        """
        progress = optional_switch("progress", progress)
        if centers is None:
            regions = named_regions(regions, genes, flank, genome)
        else:
            refuse_together("Windows around centers", {"flank": flank})
            centers = named_regions(centers, genes, None, genome)
        places = genome, signal, regions, chromosomes, windows, centers, covariates, blacklist
        choice = PredictionChoice(*places, output, write, threshold, table, stride, center_only, compat, scale)
        options = Options.resolve(
            self.spec,
            strands=strands,
            views=views,
            shifts=shifts,
            stride=stride,
            center_only=center_only,
            batch_size=batch_size,
            compat=compat,
            scale=scale,
            head=head,
            track=track,
            precision=precision,
        )
        return predict(self, x, choice, options, progress)

    def attribute(
        self,
        x: np.ndarray | Mapping[str, np.ndarray] | None = None,
        *,
        genome: object = None,
        signal: object = None,
        regions: object = None,
        genes: str | Path | None = None,
        flank: int | None = None,
        chromosomes: Sequence[str] | str | None = None,
        covariates: Mapping[str, object] | None = None,
        head: str | None = None,
        track: str | int | Sequence[str | int] | None = None,
        method: str | Method = "deeplift",
        target: str | int | tuple[int, int] | None = None,
        references: str | np.ndarray | None = None,
        signal_reference: str | None = None,
        count: int | None = None,
        seed: int | None = None,
        steps: int | None = None,
        width: int | None = None,
        alternative: np.ndarray | None = None,
        output: str | Path | None = None,
        batch_size: int | None = None,
        compat: str | None = None,
        executor: object = None,
        workers: int | None = None,
        dask: str | None = None,
        progress: bool | None = None,
    ) -> Attributions | list[Path]:
        """Compute contribution scores of bases, and of the signal, to predictions.

        Args:
            x: windows (n, window, channels), one-hot A, C, G, T and the signal if any.
            genome: else as for `predict`, with
            signal: the track, and
            regions: whose middles, of a narrowPeak file the summits, are those of the windows.
            genes: an annotation, by which regions may be names of genes, as for `predict`; windows lie around the
                middles of the genes.
            flank: bp at both ends of each gene, as for `predict`.
            chromosomes: only regions on these.
            covariates: as for `predict`. A window and what it is compared with have the same, so that nothing is
                attributed to them.
            head: what is explained, of a model with several heads, or a readout of them; default as `predict`, but of
                models that predict expected counts the total, "counts".
            track: the name or number of one of the head's tracks, if it has several; of a profile's logits also
                several, default all that share one total.
            method: "deeplift" (the rescale rule against references: Shrikumar et al. 2017; Lundberg & Lee 2017),
                "integrated_gradients" (Sundararajan et al. 2017), "input_x_gradient", "gradients",
                "saturation_mutagenesis" (every single substitution), or "occlusion" (of stretches); or one of
                `zoo.attribution.methods` with its parameters, such as `IntegratedGradients(steps=100)`, in place of the
                six from `references` to `width` below.
            target: "sum" of all bins (default), a bin's number from 0, a range such as (8, 24) or "8:24", "profile":
                bins weighted by the softmax of the window's own prediction (Grover et al. 2026), or "profile_local". Of
                a profile's logits "profile" is the default, and the sum of m softmax(m), with m the logits minus their
                mean (`zoo.attribution.profiles`).
            references: "dinucleotide_shuffle" (default), "mononucleotide_shuffle", "zeros" or "gc"; for the first two
                methods. Or, for windows x, an array (n, references, window, channels) of any. Here and below, what has
                no effect with the method is refused.
            signal_reference: what the signal is compared with: "fixed", its own value, so that all is attributed to
                bases (as both papers do; the default); "zeros"; "mean". Not for models of DNA alone.
            count: shuffles of each window (default 20).
            seed: of the shuffles (default 0); the same window and seed give the same ones.
            steps: of integrated gradients (default 50); more, up to 16 times and 2,000, for windows whose sum is off by
                more than 1 %.
            width: of the stretches that occlusion hides, in bp (default 12).
            alternative: windows like `x`, with other alleles: then the target is that of `x` minus theirs, with the
                references of `x`.
            output: write `<output>.npz` (`zoo.attribution.result.Attributions.load`), `.bw` (and `.signal.bw`) for a
                genome browser, and `.json`. The same call goes on after an interruption; once all is there, it does
                nothing.
            batch_size: sequences at once; by default what fits into about 2 GB.
            compat: "chrombpnet" for that program's contributions to a profile's logits, which do not add up to the
                difference from references (`zoo.attribution.profiles`); for deeplift.
            executor: with `output`: parts of the work go to this executor of `concurrent.futures`, to processes that
                see the files and the output. The files are the same, byte by byte.
            workers: processes of this machine instead.
            dask: the address or file of a Dask scheduler instead.
            progress: show a progress bar; by default in a terminal only.

        Returns:
            Attributions of bases and signal, apart, with the error of their sum; with `output`, the files.

        Raises:
            InputError: as for `predict`; a window without any base, a target outside the output, a reference for a
                signal that the model does not read.
        """
        call = Call.of("attribute", locals())
        progress = optional_switch("progress", progress)
        arrays = references if isinstance(references, np.ndarray) else None
        given = {"references": None if arrays is not None else references, "signal_reference": signal_reference}
        given |= {"count": count, "seed": seed, "steps": steps, "width": width}
        selection = profiles.selection(self.spec, head, track, target)
        choice = Choice.resolve(self.spec, method, target, batch_size, given, selection.output, compat)
        regions = named_regions(regions, genes, flank, genome)
        files = {"genome": genome, "signal": signal, "regions": regions, "chromosomes": chromosomes}
        files["covariates"] = covariates
        return attribute(self, choice, selection, x, alternative, arrays, files, output, progress, call)

    def score_variants(
        self,
        variants: object,
        *,
        genome: object,
        signal: object = None,
        blacklist: object = None,
        regions: object = None,
        genes: str | Path | None = None,
        flank: int | None = None,
        sample: str | None = None,
        covariates: Mapping[str, object] | None = None,
        head: str | None = None,
        track: str | int | Sequence[str | int] | None = None,
        scores: str | Sequence[str] | None = None,
        peaks: object = None,
        shuffles: int | None = None,
        background: int | None = None,
        background_regions: object = None,
        seed: int | None = None,
        strands: str | None = None,
        shifts: int = 1,
        around: int | None = None,
        only_passing: bool = False,
        strict: bool = False,
        profiles: bool = False,
        scale: str = "linear",
        csv: bool = False,
        measured: object = None,
        output: str | Path | None = None,
        compat: str | None = None,
        batch_size: int | None = None,
        precision: str | None = None,
        executor: object = None,
        workers: int | None = None,
        dask: str | None = None,
        progress: bool | None = None,
    ) -> VariantScores | list[Path]:
        """Score the effects of variants on predictions (Grover et al. 2026, Methods).

        Both alleles are predicted in windows with the variant in the middle; insertions and deletions are left-aligned,
        and their bins compared on the reference's bases. The signal, if any, is the same for both, and so are
        covariates: a flag is that of the stretch of the reference that a window predicts, also beside a deletion.

        Models of a profile and its total counts (ChromBPNet, BPNet) also have the scores of variant-scorer, unless
        another head is named: `logfc`, `jsd`, `abs_logfc_x_jsd` (IES) and so on, from the mean over strands of the
        logits and of exp(log counts) in the window that is not shifted. Of an ensemble they are the members' mean.

        Args:
            variants: a VCF or BCF file, a variant or several as text (`chr20:10677450:C:T`), a table with chrom, pos
                (1-based), ref and alt, a BED of chrom, start, end and the alternative bases, or rows
                (`zoo.variants.reading.read`). Those that cannot be scored are skipped and counted with a reason each.
            genome: the path of a `.2bit` or FASTA file, or a `Genome`.
            signal: a `.bw` path or a `Signal`; left out for models of DNA alone.
            blacklist: whose variants are skipped: a path (BED, or a bigWig that is above 0 there) or intervals.
            regions: only variants whose reference bases overlap these: as for `predict`. Of a VCF file of bgzip, or a
                BCF file, with an index beside it and pysam (extra `vcf`) no others are read.
            genes: an annotation, by which regions may be names of genes, as for `predict`.
            flank: bp at both ends of each gene, as for `predict`.
            sample: of a VCF file: only variants that this sample carries, on any copy; the VCF file that is written has
                no others.
            covariates: as for `predict`.
            head: what is scored, of a model with several heads, or a readout of them; default as `predict`.
            track: the name or number of one of the head's tracks, if it has several; of expected counts default their
                sum. Scores of variant-scorer are of all tracks. Of other heads several may be named, as for `predict`:
                all are scored in one pass, and a table has a column `score.track` for each.
            scores: names of scores (`zoo.variants.scores`), such as "SAD,SAR,D2,logSUM" of Basenji, Enformer and Borzoi
                (SAD is `difference`) or "log_odds_difference" of DeepSEA. Default of one track all usual ones; of
                several tracks of coverage these four, of probabilities `difference` and `log_odds_difference`.
            peaks: of models of a profile and its total counts: a narrowPeak or BED file, intervals or a data frame, at
                whose summits counts are predicted. Then there are also the quantiles of both alleles among these
                (`active_allele_quantile` and its products), `peak_overlap`, `peak_distance` in bp and `nearest_peak`.
            shuffles: of the same models: how often each variant is scored again in sequence whose dinucleotides are
                shuffled; the scores of all variants there are the null distribution of P values (`logfc.pval`; of an
                ensemble the geometric mean of the members'). Each costs as much as the scores themselves.
            background: how many variants of the same kind (`zoo.variants.background`: C>T, a deletion of 3-5 bases …)
                are drawn at random and scored, once for a model, genome and signal, and kept in the cache. Every score
                of an effect then has `.percentile`, the percent of these with a lower score, and `.pvalue`, the
                probability of one as extreme or more among them, which is never less than 1 / (background + 1), or
                twice that of directed scores. P values of `shuffles` (`.pval`) are of shuffled sequence instead.
            background_regions: where these are drawn: as for `predict`, such as peaks of the sample; default all main
                chromosomes.
            seed: of shuffles and background (default 0); the same window and seed give the same ones.
            strands: "both" (mean of both; twice the cost; the default) or "forward" (that of `compat="asap"`).
            shifts: windows to average over, an odd number; neighbors are moved by about 64 bp.
            around: bp around the variant that count; default all that a window predicts, or its middle half for models
                whose windows count for that.
            only_passing: skip records whose FILTER is not PASS.
            strict: raise if a reference allele is not the genome's, instead of skipping the variant.
            profiles: keep predicted profiles; with `output` as bigWigs of both alleles.
            scale: of these bigWigs: "linear", or "log1p" for models that predict ln(1 + a track).
            csv: with `output`, also `<output>.csv`, the table of ASAP's program with profiles.
            measured: the track that the model predicts, `.bw`, for that table.
            output: write `<output>.tsv`, `.skipped.tsv`, `.json`, of a VCF file also `.vcf` with scores in INFO. The
                same call goes on after an interruption.
            compat: "asap" for that program's windows: forward strand, the variant at the end of the left half, only
                records that pass. "deepsea" or "basenji" for the variant at the end of the left half, as their programs
                have it; by default it begins the right half. "chrombpnet" for those of variant-scorer: alleles as the
                record has them, neither trimmed nor left-aligned, `-` for no base; variants nearer to a chromosome's
                end than half a window are skipped; windows at peaks one base further left, as its coordinates have
                them.
            batch_size: windows at once, two for each variant; default as for `predict`.
            precision: "float32" (default) or "bfloat16", as for `predict`; the sidecar then has the largest difference
                between both of the profiles of some variants.
            executor: with `output`: parts of the work go to this executor of `concurrent.futures`, to processes that
                see the files and the output. The files are the same, byte by byte.
            workers: processes of this machine instead.
            dask: the address or file of a Dask scheduler instead.
            progress: show a progress bar; by default in a terminal only.

        Returns:
            Scores by name (`zoo.variants.scores`), and what was skipped for which reason; with `output`, the files.

        Raises:
            InputError: as for `predict`; files that hold no variants, or none that can be scored; options that
                contradict each other or have no effect.
        """
        call = Call.of("score_variants", locals())
        progress = optional_switch("progress", progress)
        regions = named_regions(regions, genes, flank, genome)
        choice = VariantChoice(
            strands,
            shifts,
            around,
            only_passing,
            strict,
            profiles,
            scale,
            csv,
            measured,
            output,
            compat,
            batch_size,
            peaks,
            shuffles,
            seed,
            precision,
            scores,
            regions,
            sample,
            background,
            background_regions,
        )
        selection = selection_of(self.spec, head, track)
        given = genome, signal, blacklist, covariates
        return score_variants(self, variants, choice, selection, *given, progress, call)

    def plot_variant(
        self,
        variant: object,
        *,
        genome: object,
        signal: object = None,
        motifs: object = None,
        covariates: Mapping[str, object] | None = None,
        head: str | None = None,
        track: str | int | None = None,
        method: str | Method = "deeplift",
        width: int = 80,
    ) -> "Figure":
        """Draw a variant: predictions with both alleles and their difference, contributions of the bases of both, and
        the known motifs that it makes or breaks.

        A method with references, such as DeepLIFT, compares both alleles with the same shuffles of the reference's
        window.

        Args:
            variant: one, as `score_variants` takes it, such as `chr20:10677450:C:T`.
            genome: the path of a `.2bit` or FASTA file, or a `Genome`.
            signal: as for `score_variants`.
            motifs: a MEME file, or name → probabilities (4, width); see `zoo.variants.motif_changes`.
            covariates: as for `predict`.
            head: as for `score_variants`.
            track: the name or number of one of the head's tracks, if it has several.
            method: of contributions, as for `attribute`.
            width: bp of contributions, from 20 to 200.

        Returns:
            A figure of matplotlib; `figure.savefig("variant.png")`.

        Raises:
            InputError: as `score_variants` and `attribute` do; several variants, or one that cannot be scored.
        """
        from zoo.plot.alleles import variant_figure

        given = {"genome": genome, "signal": signal, "covariates": covariates, "head": head, "track": track}
        return variant_figure(self, variant, motifs, width, **given, method=method)

    def predict_haplotypes(
        self,
        variants: object,
        sample: str | None = None,
        *,
        genome: object,
        regions: object,
        genes: str | Path | None = None,
        flank: int | None = None,
        signal: object = None,
        blacklist: object = None,
        covariates: Mapping[str, object] | None = None,
        head: str | None = None,
        track: str | int | None = None,
        strands: str = "forward",
        stride: int | None = None,
        threshold: str | float | None = "auto",
        output: str | Path | None = None,
        compat: str | None = None,
        batch_size: int | None = None,
        precision: str | None = None,
        executor: object = None,
        workers: int | None = None,
        dask: str | None = None,
        progress: bool | None = None,
    ) -> dict[str, HaplotypePrediction] | HaplotypeFiles:
        """Predict both haplotypes of a sample in regions, and the reference (Cazares et al. 2023, figure 7).

        Args:
            variants: a phased VCF file with the sample; or, without a sample, whatever `score_variants` takes, all of
                it on one haplotype.
            sample: a column of the VCF file; by default the only one.
            genome: the path of a `.2bit` or FASTA file, or a `Genome`.
            regions: as for `predict`: peaks, or blocks of linked variants.
            genes: an annotation, by which regions may be names of genes, as for `predict`.
            flank: bp at both ends of each gene, as for `predict`.
            signal: the sample's own track.
            blacklist: with `compat`: a path (BED, or a bigWig that is above 0 there) or intervals; blocks that touch it
                are left out.
            covariates: as for `predict`.
            head: what is predicted, of a model with several heads, or a readout of them; default as `predict`.
            track: the name or number of one of the head's tracks, if it has several.
            strands: "forward", as thresholds were calibrated, or "both".
            stride: bp from one window to the next; default as for `predict`.
            threshold: with `output`, of differential sites; as for `predict`.
            output: write `<output>.reference.bw`, `.haplotype1.bw`, `.haplotype2.bw`, `.skipped.tsv`, `.json`, and with
                a threshold `.sites.tsv`. The same call goes on after an interruption.
            compat: "maxatac" for that program's `variants`, with `output` only: `.bw` and `.bg` of windows with one
                variant each, which are averaged (`zoo.variants.maxatac`).
            batch_size: windows at once; default as for `predict`.
            precision: "float32" (default) or "bfloat16", as for `predict`.
            executor: with `output`: parts of the work go to this executor of `concurrent.futures`, to processes that
                see the files and the output. The files are the same, byte by byte.
            workers: processes of this machine instead.
            dask: the address or file of a Dask scheduler instead.
            progress: show a progress bar; by default in a terminal only.

        Returns:
            Name → predictions: "reference", then each haplotype. `zoo.variants.haplotypes.differences` lists the sites
            that are gained, lost and shared. With `output`, the files and what is to be known of them.

        Raises:
            InputError: as for `predict`; no such sample, or none of its heterozygous genotypes is phased; options that
                contradict each other or have no effect.
        """
        call = Call.of("predict_haplotypes", locals())
        progress = optional_switch("progress", progress)
        choice = HaplotypeChoice(variants, sample, output, compat, threshold, blacklist, strands, precision)
        selection = Selection.one(self.spec, head, track)
        given = genome, signal, named_regions(regions, genes, flank, genome), covariates
        return predict_haplotypes(self, choice, selection, given, stride, batch_size, progress, call)

    def cost(
        self,
        *,
        genome: object,
        signal: object = None,
        regions: object = None,
        chromosomes: Sequence[str] | str | None = None,
        blacklist: object = None,
        covariates: Mapping[str, object] | None = None,
        **choices: object,
    ) -> Cost:
        """What `predict` with these arguments would cost here; `choices` are its others (strands, stride, …).

        Raises:
            InputError: as `predict` would.
        """
        known = [name for name in inspect.signature(Options.resolve).parameters if name != "spec"]
        if unknown := sorted(set(choices) - set(known)):
            raise InputError(f"The choices of cost must be among {', '.join(known)}", received={"unknown": unknown})
        options = Options.resolve(self.spec, **choices)
        inputs = self.inputs(genome, signal, regions, chromosomes, blacklist, options.compat, covariates)
        check_species(self.spec, options.output, inputs.genome)
        forward = options.forward(self)
        return estimate(self.spec, forward, inputs, options, tiled_by(self, options))

    def check(self, tolerance: float = 1e-5) -> Check:
        """Run the golden inputs and compare with the golden outputs; the card says what computed those.

        Differences are relative to the largest golden output where that is above 1. Raises `InputError` for a tolerance
        below 0. Of a component, the whole model is checked.
        """
        tolerance = number("tolerance", tolerance, "0 or more", lambda value: value >= 0, example=1e-5)
        if self._whole is not None:
            return self._whole.check(tolerance)
        if self.path is None:
            raise InputError("A model must be in a folder to be checked: that has the golden outputs")
        golden = folder.read_golden(self.path, self.spec)
        wanted = {self.spec.output.name: golden.outputs, **golden.others}
        return check(self.spec.name, lambda head: self.predict(golden.x, head=head), wanted, tolerance)

    def inputs(
        self,
        genome: object,
        signal: object,
        regions: object,
        chromosomes: Sequence[str] | str | None,
        blacklist: object,
        compat: str | None,
        covariates: Mapping[str, object] | None = None,
    ) -> Inputs:
        """The files of a prediction; "auto" regions are looked for in the signal."""
        return open_inputs(self.spec, genome, signal, regions, chromosomes, blacklist, compat, covariates)

    def forward(
        self,
        views: tuple[str, ...],
        selection: Selection | None = None,
        precision: str = FLOAT32,
        fold: bool = True,
    ) -> Forward:
        """The compiled forward pass over some views, of a head and its tracks, made on first use; with the weights of
        now."""
        selection = Selection.of(self.spec) if selection is None else selection
        key = (views, selection.readout.name, selection.tracks, selection.spread, precision, fold)
        if key not in self._forwards:
            self._forwards[key] = Forward(self.network, self.spec, views, selection, fold, precision)
        else:
            self._forwards[key].refresh()
        return self._forwards[key]

    def tiled(self, tiles: int) -> "Model | None":
        """The same network for so many windows side by side, read as one (`zoo.predict.tiles`), with the weights of
        now; None if it cannot."""
        if tiles not in self._tiled:
            made = None if self._is_borrowed else tiled(self.spec, self.network, tiles)
            self._tiled[tiles] = None if made is None else Model(*made)
        found = self._tiled[tiles]
        if found is not None:
            found.network.set_weights(self.network.get_weights())
        return found

    @property
    def _is_borrowed(self) -> bool:
        """Whether this is a part of a network that has no architecture of its own."""
        return self._whole is not None and self.spec.architecture == self._whole.spec.architecture

    def engine(self, selection: Selection | None = None, shape: Shape | None = None) -> Engine:
        """The compiled backward passes of a head, made on first use.

        With a shape, predictions are what that makes of the head's.
        """
        selection = Selection.of(self.spec) if selection is None else selection
        key = selection.readout.name, selection.tracks, shape
        forward = self.forward(("forward",), selection, fold=False)

        def predicted(x: np.ndarray, batch_size: int, covariates: np.ndarray | None = None) -> np.ndarray:
            reads = self.spec.input.shapes
            more = {CONTROLS: np.zeros((len(x), *reads[CONTROLS]), np.float32)} if CONTROLS in reads else {}
            more |= {} if covariates is None else {COVARIATES: np.tile(covariates, (len(x), 1))}
            y = forward.array({WINDOW: x, **more}, batch_size)
            return y if shape is None else shape.array(y)

        if key not in self._engines:
            network = scores(*forward.parts)
            self._engines[key] = Engine(network if shape is None else shape.on(network), predicted)
        return self._engines[key]

    def provenance(self) -> dict:
        """What identifies the model in a sidecar: the file of its weights, and the network as it is in memory.

        The latter is of its spec as far as numbers depend on it, and of all its weights: both may have been changed
        since the folder was read.
        """
        return {
            "name": self.spec.name,
            **self.spec.provenance,
            "weights_sha256": self._weights or folder.digest(self.spec, self.network),
            "network_sha256": folder.digest(self.spec, self.network),
            "fetched": dict(self._source),
        }
