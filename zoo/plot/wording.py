"""What is drawn, in words: of attributions what they explain, and how."""

from zoo.attribution.result import Attributions
from zoo.plot import style

_METHODS = {
    "deeplift": "DeepLIFT",
    "integrated_gradients": "integrated gradients",
    "input_x_gradient": "input × gradient",
    "gradients": "gradients",
    "saturation_mutagenesis": "in silico mutagenesis",
    "occlusion": "occlusion",
}
_TARGETS = {
    "profile": "profile, by its own weights",
    "profile_local": "profile, by local weights",
}


def explained(found: Attributions) -> str:
    """`contribution to predicted CTCF (DeepLIFT)`."""
    return f"contribution to {predicted(found)} ({method(found)})"


def headline(found: Attributions, number: int, place: str = "") -> str:
    """The title of a picture of a window: what is explained and where, and below it what is predicted."""
    return f"{first_line(found, place)}\n{amounts(found, number)}"


def first_line(found: Attributions, place: str = "") -> str:
    """`Contribution to predicted CTCF (DeepLIFT), chr20:1–100`."""
    text = ", ".join(filter(None, (explained(found), place)))
    return text[:1].upper() + text[1:]


def predicted(found: Attributions) -> str:
    """What a model predicts and attributions explain: its name, its head, and which bins."""
    name = found.model.rsplit("/", 1)[-1]
    head = f", {found.head}" if found.head else ""
    return f"predicted {name}{head}{_bins(found.target)}"


def amounts(found: Attributions, number: int) -> str:
    """What is predicted for a window, and for what it is compared with."""
    target = "predicted sum over the window" if found.target == "sum" else "predicted"
    compared = "" if found.baseline is None else f"; references {style.number(found.baseline[number])}"
    return f"{target} {style.number(found.prediction[number])}{compared}"


def method(found: Attributions) -> str:
    """The method's name as papers have it."""
    return _METHODS.get(found.method, found.method)


def _bins(target: str) -> str:
    if target == "sum":
        return ""
    if target in _TARGETS:
        return f", {_TARGETS[target]}"
    first, colon, beyond = target.partition(":")
    return f", bins {int(first) + 1}–{beyond}" if colon else f", bin {int(first) + 1}" if first.isdecimal() else ""
