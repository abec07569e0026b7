"""The precisions that a network may compute in: bfloat16 for processors and GPUs that have units for it."""

from pathlib import Path

from zoo.errors import warn

FLOAT32, BFLOAT16 = PRECISIONS = ("float32", "bfloat16")
_UNITS = ("avx512_bf16", "amx_bf16", "bf16")  # what Linux calls them, on x86 and Arm


def described(precision: str, difference: float, compared: int, what: str = "windows") -> dict[str, object]:
    """What a sidecar says of a precision below float32; nothing of float32.

    Args:
        difference: the largest from float32, of what is predicted.
        compared: of how many windows, or variants.
    """
    if precision == FLOAT32:
        return {}
    measured = {"name": precision, "largest difference from float32": difference}
    return {"precision": {**measured, f"{what} compared": compared}}


def tell_of_units() -> None:
    """Warn if this processor is not known to have units for bfloat16: it is slower then than float32."""
    try:
        known = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return
    if not set(_UNITS) & set(known) and not _gpu():
        warn("This processor has no units for bfloat16: float32 is faster here")


def _gpu() -> bool:
    import keras

    return keras.distribution.list_devices("gpu") != []
