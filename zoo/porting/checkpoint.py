"""PyTorch's checkpoints as names and arrays; nothing in them is ever executed."""

import io
from collections.abc import Mapping

import numpy as np

from zoo.errors import IntegrityError, MissingExtra
from zoo.files import npz


def state_dict(data: bytes, name: object) -> Mapping[str, np.ndarray]:
    """The tensors of a state dict, floating-point ones as float32.

    Args:
        data: of a file that `torch.save` wrote, or of an `.npz` of the same tensors, which needs no PyTorch.
        name: of the file; its ending tells which.

    Raises:
        MissingExtra: PyTorch is needed and not installed.
        IntegrityError: a damaged file, or anything else than names and tensors.
    """
    if str(name).endswith(".npz"):
        return npz.read(io.BytesIO(data), where=name)
    try:
        import torch
    except ImportError:
        raise MissingExtra(
            "PyTorch must be installed to read its checkpoints; an .npz of the tensors needs none",
            extra="torch",
            received={"checkpoint": str(name)},
        ) from None
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        return {
            key: (tensor.float() if tensor.is_floating_point() else tensor).numpy() for key, tensor in state.items()
        }
    except Exception as error:  # whatever an unpickler makes of damaged or hostile bytes
        said = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise IntegrityError(
            f"A checkpoint must be a state dict, names and tensors ({said})",
            where=name,
            hint="Save model.state_dict(), not the model",
        ) from None
