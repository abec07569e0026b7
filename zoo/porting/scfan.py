"""scFAN's files (Keras 2.0 on Theano), read as they are; their authors' repository holds no weights."""

from collections.abc import Mapping

import numpy as np

from zoo.porting.bins_of_200 import BIN, STEP, TRACKS, UNIQUE35, About
from zoo.porting.old_keras import OldKerasFile
from zoo.porting.system_file import SystemFile
from zoo.spec import Architecture, InputSpec, ModelSpec, OutputSpec, PredictionSpec, TrackSpec

CITATION = (
    "Fu L, Zhang L, Dollinger E, Peng Q, Nie Q, Xie X (2020) Predicting transcription factor binding in single cells "
    "through deep learning. Sci Adv 6: eaba9031. doi:10.1126/sciadv.aba9031"
)
_WINDOW, _POOL, _PARTS = 1000, 4, 3
_ATAC = TrackSpec(
    assay="ATAC-seq coverage per bp, scaled to 1x; of a single cell that of the cell and its 100 most similar ones",
    smoothing=0,
    read_depth=0,
    percentile=None,
    fill=0.0,
    name="atac",
)


def read(data: bytes, where: object) -> SystemFile:
    """Read the bytes of a file. Theano flips kernels, and pads a "same" convolution of even width on the left.

    Raises:
        IntegrityError: a damaged file, one of another backend, or tensors of another network.
    """
    file = OldKerasFile.read(data, where)
    convolutions, norms, dense = map(file.of_kind, ("conv2d", "batch_normalization", "dense"))
    if [len(convolutions), len(norms), len(dense)] != [_PARTS, _PARTS, 2]:
        raise file.error(
            "be of scFAN: three convolutions with batch normalization, and two dense layers",
            {"layers": list(file.layers)[:20]},
        )
    if file.backend not in ("theano", None):
        raise file.error("be of Theano, as the padding and the kernels of scFAN are", {"backend": file.backend})
    tensors, kernels = {}, []
    for i, (convolution, norm) in enumerate(zip(convolutions, norms, strict=True), start=1):
        kernel, bias = file.take(convolution, "kernel", "bias")
        if kernel.ndim != 4 or kernel.shape[0] != 1:
            raise file.error("have convolutions of one dimension", {convolution: kernel.shape})
        kernels.append(np.ascontiguousarray(kernel[0, ::-1]))
        tensors[f"convolution{i}"] = [kernels[-1], bias]
        tensors[f"norm{i}"] = file.take(norm, "gamma", "beta", "moving_mean", "moving_variance")
    tensors["hidden"], tensors["output"] = (file.take(name, "kernel", "bias") for name in dense)
    file.finish()
    columns, rows = kernels[0].shape[1], (_WINDOW // _POOL // _POOL) * kernels[-1].shape[2]
    if columns < 4 or columns % 2 or tensors["hidden"][0].shape[:1] != (rows,):
        raise file.error(
            f"read {_WINDOW} bp of four bases and of tracks, each of these twice",
            {"columns": columns, "rows of the first dense layer": tensors["hidden"][0].shape[:1], "expected": rows},
        )
    config = {
        "window": _WINDOW,
        "tracks": (columns - 4) // 2,
        "filters": tuple(kernel.shape[2] for kernel in kernels),
        "kernel_size": kernels[0].shape[0],
        "hidden": tensors["hidden"][0].shape[1],
        "outputs": tensors["output"][0].shape[-1],
    }
    return SystemFile("scfan", config, tensors, where)


def make_spec(config: Mapping[str, object], about: About, targets: tuple[str, ...]) -> ModelSpec:
    """The spec of a network. Arguments as those of `zoo.porting.factornet.make_spec`."""
    count = config["tracks"]
    tracks = (TRACKS[UNIQUE35], _ATAC) if count == 2 else tuple(_named(f"track{i}") for i in range(1, count + 1))
    target = targets[0] if len(targets) == 1 else f"{len(targets)} factors"
    return ModelSpec(
        name=about.name,
        description=f"{target} binding from ATAC-seq and sequence, human, scFAN",
        architecture=Architecture("scfan", dict(config)),
        input=InputSpec(_WINDOW, about.genome, tracks=tracks),
        outputs=(
            OutputSpec(
                bins=1,
                bin_size=BIN,
                offset=(_WINDOW - BIN) // 2,
                target=target,
                quantity="probability of binding",
                name="binding",
                kind="binding",
                tracks=targets if len(targets) > 1 else (),
                step=STEP,
            ),
        ),
        prediction=PredictionSpec(stride=STEP, views=("forward",)),
        metrics={},
        provenance=about.provenance,
    )


def _named(name: str) -> TrackSpec:
    return TrackSpec(f"the track {name} of its authors", 0, 0, None, 0.0, name=name)
