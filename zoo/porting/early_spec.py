"""What is known of DeepSEA, Beluga, Sei, DanQ and Basset beside their weights, and the specs of their models."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import registry
from registry.schema import Entry
from zoo.errors import IntegrityError
from zoo.porting import features, own
from zoo.porting.bins_of_200 import About
from zoo.porting.features import DNASE, Features
from zoo.porting.system_file import SystemFile
from zoo.spec import UNKNOWN_ASSEMBLY, Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec

HEAD = "features"


@dataclass(frozen=True)
class System:
    """A system.

    Attributes:
        title: as its authors write it.
        features: how many its authors' weights predict.
        window: bp of its input.
        label: bp in the middle of the window that its labels are of.
        genome: that its authors' weights were trained on.
        both_strands: whether its authors average the predictions of both.
        citation: whom to cite.
        terms: of its authors' weights, for `redistribution`.
        note: what else must be known of a model.
    """

    title: str
    features: int
    window: int
    label: int
    genome: str
    both_strands: bool
    citation: str
    terms: str
    note: str = ""


SYSTEMS: Mapping[str, System] = {
    "deepsea": System(
        "DeepSEA",
        919,
        1000,
        200,
        "hg19",
        True,
        "Zhou J, Troyanskaya OG (2015) Predicting effects of noncoding variants with deep learning-based sequence "
        "model. Nat Methods 12: 931-934. doi:10.1038/nmeth.3547",
        "with attribution (Kipoi states CC-BY 3.0 of its authors' weights)",
    ),
    "beluga": System(
        "Beluga",
        2002,
        2000,
        200,
        "hg19",
        True,
        "Zhou J, Theesfeld CL, Yao K, Chen KM, Wong AK, Troyanskaya OG (2018) Deep learning sequence-based ab initio "
        "prediction of variant effects on expression and disease risk. Nat Genet 50: 1171-1179. "
        "doi:10.1038/s41588-018-0160-6",
        "no: the academic licence of Princeton University forbids it for its authors' weights",
    ),
    "sei": System(
        "Sei",
        21907,
        4096,
        1,
        "hg38",
        True,
        "Chen KM, Wong AK, Troyanskaya OG, Zhou J (2022) A sequence-based global map of regulatory activity for "
        "deciphering human genetics. Nat Genet 54: 940-949. doi:10.1038/s41588-022-01102-2",
        "no: its authors' weights are for academic and research use only, with their licence text",
        "unknown bases are 0.25 of each base, as in its authors' encoding",
    ),
    "danq": System(
        "DanQ",
        919,
        1000,
        200,
        "hg19",
        False,
        "Quang D, Xie X (2016) DanQ: a hybrid convolutional and recurrent deep neural network for quantifying the "
        "function of DNA sequences. Nucleic Acids Res 44: e107. doi:10.1093/nar/gkw226",
        "no: its authors' weights are for non-commercial use, and their licence says nothing of redistribution",
        "its authors' files do not say what the second LSTM reads: argument `backward` of the network; other than "
        "`time` by danq.json beside the file",
    ),
    "basset": System(
        "Basset",
        164,
        600,
        200,
        "hg19",
        False,
        "Kelley DR, Snoek J, Rinn JL (2016) Basset: learning the regulatory code of the accessible genome with deep "
        "convolutional neural networks. Genome Res 26: 990-999. doi:10.1101/gr.200535.115",
        "yes (MIT)",
    ),
}


def make_spec(architecture: Architecture, about: About, predicted: Features) -> ModelSpec:
    """The spec of a network.

    Args:
        architecture: its builder, one of `SYSTEMS`, and arguments.
        about: what its file does not say.
        predicted: what it predicts.
    """
    system = SYSTEMS[architecture.name]
    known = {"citation": system.citation, "redistribution": system.terms}
    known |= {"note": system.note} if system.note else {}
    strands = "both" if system.both_strands else "forward"
    return ModelSpec(
        name=about.name,
        description=f"{len(predicted.names)} chromatin features from sequence, human, {system.title}",
        architecture=architecture,
        input=InputSpec(system.window, about.genome),
        outputs=(_output(system, predicted),),
        prediction=PredictionSpec(system.label, ("forward", "reverse_complement"), strands=strands),
        metrics={},
        provenance={**known, **about.provenance},
    )


def _output(system: System, predicted: Features) -> OutputSpec:
    accessible = bool(predicted.assays) and set(predicted.assays) == {DNASE}
    one = len(predicted.names) == 1
    return OutputSpec(
        bins=1,
        bin_size=system.label,
        offset=system.window // 2 - system.label // 2,
        target=predicted.names[0] if one else f"{len(predicted.names)} features",
        quantity="probability of a peak",
        name=HEAD,
        kind="accessibility" if accessible else "other",
        tracks=() if one else predicted.names,
        table=predicted.table,
    )


def of_file(found: SystemFile, path: Path, sha256: str) -> ModelSpec:
    """The spec of a user's own file; names of outputs are those of a released file, or of a list beside it."""
    system, count = SYSTEMS[found.architecture], found.config["outputs"]
    genome = system.genome if count == system.features else UNKNOWN_ASSEMBLY
    origin = {"source": own.shown(path), "sha256": sha256, "license": "that of the file"}
    about = About(f"local/{own.model_of(path)}", origin, genome)
    released = _released(found.architecture, sha256)
    known = features.beside(path, found.architecture, count) if released is None else released
    return make_spec(Architecture(found.architecture, dict(found.config)), about, known)


def features_of(entry: Entry, system: str) -> Features:
    """What a released model predicts, as the index says. Raises `IntegrityError` if it does not."""
    if not isinstance(targets := entry.arguments.get("targets"), str):
        raise IntegrityError(
            "An index must name what a model predicts", where=entry.name, received={"arguments": [*entry.arguments]}
        )
    return features.parsed(targets.split(), system)


def _released(system: str, sha256: str) -> Features | None:
    """What a released model whose file has this digest predicts."""
    for family in registry.families().values():
        for entry in family.models.values() if family.porting == system else ():
            if sha256 in [file.sha256 for file in entry.files.values()]:
                return features_of(entry, system)
    return None
