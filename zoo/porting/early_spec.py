"""What is known of DeepSEA, Beluga, Sei, DanQ and Basset beside their weights, and the specs of their models."""

from collections.abc import Mapping
from dataclasses import dataclass

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
        "the second LSTM is taken to read from the last position to the first, which its authors' files do not say",
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


def make_spec(found: SystemFile, about: About, features: Features) -> ModelSpec:
    """The spec of a file's model.

    Args:
        found: its network.
        about: what the file does not say.
        features: what it predicts.
    """
    system = SYSTEMS[found.architecture]
    known = {"citation": system.citation, "redistribution": system.terms}
    known |= {"note": system.note} if system.note else {}
    known |= {"strands": "its authors average both strands"} if system.both_strands else {}
    return ModelSpec(
        name=about.name,
        description=f"{len(features.names)} chromatin features from sequence, human, {system.title}",
        architecture=Architecture(found.architecture, dict(found.config)),
        input=InputSpec(system.window, about.genome),
        outputs=(_output(system, features),),
        prediction=PredictionSpec(stride=system.label, views=("forward", "reverse_complement")),
        metrics={},
        provenance={**known, **about.provenance},
    )


def _output(system: System, features: Features) -> OutputSpec:
    accessible = bool(features.assays) and set(features.assays) == {DNASE}
    one = len(features.names) == 1
    return OutputSpec(
        bins=1,
        bin_size=system.label,
        offset=(system.window - system.label) // 2,
        target=features.names[0] if one else f"{len(features.names)} features",
        quantity="probability of a peak",
        name=HEAD,
        kind="accessibility" if accessible else "other",
        tracks=() if one else features.names,
        table=features.table,
    )


def genome_of(found: SystemFile) -> str:
    """The assembly that a file's weights were trained on, if it predicts as many features as its authors' does."""
    system = SYSTEMS[found.architecture]
    return system.genome if found.config["outputs"] == system.features else UNKNOWN_ASSEMBLY
