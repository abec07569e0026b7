"""Least squares of max(0, a x + b) from a = b = 1, in many windows at once.

What SciPy's `curve_fit` finds, to the last bit: MINPACK's lmdif (Moré, Garbow, Hillstrom 1980, Argonne ANL-80-74) for
two parameters, step by step for all windows together. Names are those of its documentation.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

_EPSILON, _DWARF = np.finfo(float).eps, np.finfo(float).tiny
_STEP = np.sqrt(_EPSILON)
_TOLERANCE = 1.49012e-8
_MOST = 600  # evaluations
_FACTOR = 100.0
_ROUNDS = 10  # of the search for the parameter of Levenberg and Marquardt


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Fitted values of each row, divided by their largest.

    Where the fit does not converge, or has no covariance, they are x less its smallest value at a place with y > 0.

    Args:
        x: (n, width) float64.
        y: the same, of which every row has a positive value.

    Returns:
        (n, width) float64 from 0 to 1.
    """
    (slope, shift), good = solve(x, y)
    values = np.maximum(0, slope[:, None] * x + shift[:, None])
    lowest = np.where(y > 0, x, np.inf).min(axis=1, keepdims=True)
    values[~good] = np.maximum(0, x - lowest)[~good]
    top = values.max(axis=1, keepdims=True)
    return np.divide(values, top, out=values, where=top > 0)


def solve(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """a and b of each row of x and y (n, width): (2, n); and whether they converged and have a covariance, (n,)."""
    lines, good = np.ones((2, len(x))), np.zeros(len(x), bool)
    with np.errstate(all="ignore"):
        state = _Fits.begin(np.ascontiguousarray(x.T), np.ascontiguousarray(y.T))
        while state.number.size:
            info = _derive(state)
            _advance(state, info)
            done = info > 0
            ended = state.among(done)
            lines[:, ended.number] = ended.x
            good[ended.number] = (info[done] <= 4) & _has_covariance(ended)
            state = state.among(~done)
    return lines, good


@dataclass
class _Fits:
    """Where the fits that go on are. The last axis is that of windows.

    Attributes:
        number: which window it is.
        at: (width, n), where values are given.
        values: (width, n), what is fitted.
        x: (2, n), the parameters.
        fvec: (width, n), the residual.
        fnorm: its length.
        diag: (2, n), the scale of the parameters.
        delta: the radius of trust.
        xnorm: the length of the scaled parameters.
        par: the parameter of Levenberg and Marquardt.
        r: (3, n), the triangle of the decomposed Jacobian: row 0, its end, row 1.
        qtf: (2, n), the residual turned as the Jacobian was.
        swapped: whether b comes first in r.
        nfev: evaluations.
        first: whether no step was taken yet.
        fresh: whether the Jacobian is to be taken anew.
    """

    number: np.ndarray
    at: np.ndarray
    values: np.ndarray
    x: np.ndarray
    fvec: np.ndarray
    fnorm: np.ndarray
    diag: np.ndarray
    delta: np.ndarray
    xnorm: np.ndarray
    par: np.ndarray
    r: np.ndarray
    qtf: np.ndarray
    swapped: np.ndarray
    nfev: np.ndarray
    first: np.ndarray
    fresh: np.ndarray

    @classmethod
    def begin(cls, at: np.ndarray, values: np.ndarray) -> Self:
        """At a = b = 1."""
        n = at.shape[1]
        x, zeros, true = np.ones((2, n)), np.zeros((7, n)), np.ones(n, bool)
        fvec = _residual(x, at, values)
        return cls(
            *(np.arange(n), at, values, x, fvec, _norm(fvec), np.zeros((2, n)), *zeros[:3].copy()),
            *(np.zeros((3, n)), np.zeros((2, n)), ~true, np.ones(n, np.int64), true, true.copy()),
        )

    def among(self, chosen: np.ndarray) -> Self:
        """Some of the windows."""
        if chosen.all():
            return self
        at = np.flatnonzero(chosen)
        return type(self)(*(getattr(self, item.name).take(at, axis=-1) for item in fields(self)))

    def put(self, chosen: np.ndarray, other: Self, *names: str) -> None:
        """Take over what changed of some windows."""
        for name in names:
            getattr(self, name)[..., chosen] = getattr(other, name)


def _residual(x: np.ndarray, at: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.maximum(0, x[0] * at + x[1]) - values


def _sum(values: np.ndarray) -> np.ndarray:
    """Over the first axis, from its first term to its last: NumPy adds up in pairs along an axis that is contiguous."""
    if values.shape[1] == 1:
        return np.add.accumulate(values, axis=0)[-1]
    return np.add.reduce(np.ascontiguousarray(values), axis=0)


def _norm(values: np.ndarray) -> np.ndarray:
    return np.sqrt(_sum(values * values))


def _ordered(values: np.ndarray, swapped: np.ndarray) -> np.ndarray:
    """(2, n) in the order of the decomposed Jacobian, or from it."""
    return np.where(swapped, values[::-1], values)


def _derive(state: _Fits) -> np.ndarray:
    """Take the Jacobian where it is due, and decompose it. Returns 4 where the gradient vanishes, else 0."""
    info = np.zeros(len(state.number), np.int64)
    if not state.fresh.any():
        return info
    at = state.fresh.copy()
    new = state.among(at)
    columns = []
    for number in (0, 1):
        step = _STEP * np.abs(new.x[number])
        step = np.where(step == 0, _STEP, step)
        moved = new.x.copy()
        moved[number] += step
        columns.append((_residual(moved, new.at, new.values) - new.fvec) / step)
    new.nfev = new.nfev + 2
    norms = _decompose(new, columns)
    new.diag = np.where(new.first & (new.delta == 0), np.where(norms == 0, 1, norms), new.diag)
    begins = new.first & (new.delta == 0)
    new.xnorm = np.where(begins, _norm(new.diag * new.x), new.xnorm)
    reach = _FACTOR * new.xnorm
    new.delta = np.where(begins, np.where(reach == 0, _FACTOR, reach), new.delta)
    turned, ordered = new.qtf / new.fnorm, _ordered(norms, new.swapped)
    sums = np.stack([new.r[0] * turned[0], new.r[1] * turned[0] + new.r[2] * turned[1]])
    gradient = np.where(ordered != 0, np.abs(sums / ordered), 0).max(axis=0)
    gradient = np.where(new.fnorm != 0, gradient, 0)
    new.diag = np.maximum(new.diag, norms)
    state.put(at, new, "nfev", "diag", "xnorm", "delta", "r", "qtf", "swapped")
    info[at] = np.where(gradient <= 0, 4, 0)
    return info


def _decompose(new: _Fits, columns: list[np.ndarray]) -> np.ndarray:
    """Householder's QR with the longer column first: fills in `r`, `qtf` and `swapped`. Returns the columns' norms."""
    norms = np.stack([_norm(column) for column in columns])
    new.swapped = norms[1] > norms[0]
    one, two = np.where(new.swapped, columns[1], columns[0]), np.where(new.swapped, columns[0], columns[1])
    one, r00 = _reflected(one, norms.max(axis=0))
    residual = new.fvec
    there = one[0] != 0
    factor = np.where(there, _sum(one * two) / one[0], 0)
    two = two - factor * one
    factor = np.where(there, -_sum(one * residual) / one[0], 0)
    residual = residual + one * factor
    rest, r11 = _reflected(two[1:], _norm(two[1:]))
    factor = np.where(rest[0] != 0, -_sum(rest * residual[1:]) / rest[0], 0)
    new.r = np.stack([r00, two[0], r11])
    new.qtf = np.stack([residual[0], residual[1] + rest[0] * factor])
    return norms


def _reflected(column: np.ndarray, norm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A column's Householder vector, and the diagonal element that it leaves."""
    norm = np.where(column[0] < 0, -norm, norm)
    vector = np.where(norm != 0, column / norm, column)
    vector[0] += norm != 0
    return vector, -norm


def _advance(state: _Fits, info: np.ndarray) -> None:
    """Try a step where `info` is 0, and set it where that was the last one (1 to 3 converged, above not)."""
    at = info == 0
    if not at.any():
        return
    now = state.among(at)
    step, par = _lmpar(now)
    trial = now.x - step
    pnorm = _norm(now.diag * step)
    delta = np.where(now.first, np.minimum(now.delta, pnorm), now.delta)
    fvec = _residual(trial, now.at, now.values)
    fnorm, nfev = _norm(fvec), now.nfev + 1
    quotient = fnorm / now.fnorm
    actual = np.where(0.1 * fnorm < now.fnorm, 1 - quotient * quotient, -1)
    turned = -_ordered(step, now.swapped)
    linear = _norm(np.stack([now.r[0] * turned[0] + now.r[1] * turned[1], now.r[2] * turned[1]])) / now.fnorm
    damped = np.sqrt(par) * pnorm / now.fnorm
    predicted = linear * linear + damped * damped / 0.5
    slope = -(linear * linear + damped * damped)
    ratio = np.where(predicted != 0, actual / predicted, 0)
    shrink = np.where(actual >= 0, 0.5, 0.5 * slope / (slope + 0.5 * actual))
    shrink = np.where((0.1 * fnorm >= now.fnorm) | (shrink < 0.1), 0.1, shrink)
    poor, fine = ratio <= 0.25, (par == 0) | (ratio >= 0.75)
    now.delta = np.where(poor, shrink * np.minimum(delta, pnorm / 0.1), np.where(fine, pnorm / 0.5, delta))
    now.par = np.where(poor, par / shrink, np.where(fine, 0.5 * par, par))
    taken = ratio >= 1e-4
    now.x, now.fvec = np.where(taken, trial, now.x), np.where(taken, fvec, now.fvec)
    now.xnorm = np.where(taken, _norm(now.diag * now.x), now.xnorm)
    now.fnorm = np.where(taken, fnorm, now.fnorm)
    now.first, now.fresh, now.nfev = now.first & ~taken, taken, nfev
    state.put(at, now, "delta", "par", "x", "fvec", "xnorm", "fnorm", "first", "fresh", "nfev")
    info[at] = _ending(now, np.abs(actual), predicted, ratio)


def _ending(now: _Fits, actual: np.ndarray, predicted: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """MINPACK's `info` after a step: 0 to go on."""
    close = (actual <= _TOLERANCE) & (predicted <= _TOLERANCE) & (0.5 * ratio <= 1)
    near = now.delta <= _TOLERANCE * now.xnorm
    bounds = (actual <= _EPSILON) & (predicted <= _EPSILON) & (0.5 * ratio <= 1)
    failed = np.select([now.delta <= _EPSILON * now.xnorm, bounds, now.nfev >= _MOST], [7, 6, 5], 0)
    return np.select([close & near, near, close], [3, 2, 1], failed)


def _lmpar(now: _Fits) -> tuple[np.ndarray, np.ndarray]:
    """The step within the radius of trust, (2, n), and its parameter."""
    diag, (r00, r01, r11), (q0, q1) = _ordered(now.diag, now.swapped), now.r, now.qtf
    whole = (r00 != 0) & (r11 != 0)
    s1 = np.where(whole, q1 / r11, 0)
    step = np.stack([np.where(r00 != 0, (q0 - r01 * s1) / r00, 0), s1])
    dxnorm = _norm(diag * step)
    fp = dxnorm - now.delta
    far = np.flatnonzero(~(fp <= 0.1 * now.delta))
    par = np.zeros(len(fp))
    if len(far):
        found = _search(
            *(diag[:, far], now.r[:, far], now.qtf[:, far], now.delta[far]),
            *(step[:, far], dxnorm[far], now.par[far], whole[far]),
        )
        step[:, far], par[far] = found
    return _ordered(step, now.swapped), par


def _search(
    diag: np.ndarray,
    r: np.ndarray,
    qtf: np.ndarray,
    delta: np.ndarray,
    step: np.ndarray,
    dxnorm: np.ndarray,
    par: np.ndarray,
    whole: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The parameter with which a step is about as long as the radius; the step."""
    fp = dxnorm - delta
    w0, w1 = diag * (diag * step / dxnorm)
    w0 = w0 / r[0]
    length = _norm(np.stack([w0, (w1 - r[1] * w0) / r[2]]))
    low = np.where(whole, fp / delta / length / length, 0)
    gradient = _norm(np.stack([r[0] * qtf[0], r[1] * qtf[0] + r[2] * qtf[1]]) / diag)
    high = gradient / delta
    high = np.where(high == 0, _DWARF / np.minimum(delta, 0.1), high)
    par = np.minimum(np.maximum(par, low), high)
    par = np.where(par == 0, gradient / dxnorm, par)
    open_ = np.ones(len(par), bool)
    step = step.copy()
    for number in range(_ROUNDS):
        par = np.where(open_ & (par == 0), np.maximum(_DWARF, 0.001 * high), par)
        tried, scale, below = _qrsolv(r, np.sqrt(par) * diag, qtf)
        step = np.where(open_, tried, step)
        dxnorm = _norm(diag * tried)
        before, fp = fp, np.where(open_, dxnorm - delta, fp)
        open_ = open_ & ~((np.abs(fp) <= 0.1 * delta) | ((low == 0) & (fp <= before) & (before < 0)))
        if number == _ROUNDS - 1 or not open_.any():
            break
        w0, w1 = diag * (diag * tried / dxnorm)
        w0 = w0 / scale[0]
        length = _norm(np.stack([w0, (w1 - below * w0) / scale[1]]))
        more = fp / delta / length / length
        low = np.where(open_ & (fp > 0), np.maximum(low, par), low)
        high = np.where(open_ & (fp < 0), np.minimum(high, par), high)
        par = np.where(open_, np.maximum(low, par + more), par)
    return step, par


def _qrsolv(r: np.ndarray, diag: np.ndarray, qtf: np.ndarray) -> tuple[np.ndarray, tuple, np.ndarray]:
    """Solve the triangle with a diagonal below it: the solution, the diagonal of the new triangle, and its corner."""
    (a00, a10, a11), (w0, w1) = r, qtf
    cos, sin = _rotation(a00, diag[0])
    s0 = cos * a00 + sin * diag[0]
    w0, rest = cos * w0, -sin * w0
    corner, s1 = cos * a10, -sin * a10
    cos, sin = _rotation(a11, s1)
    a11, w1 = cos * a11 + sin * s1, cos * w1 + sin * rest
    cos, sin = _rotation(a11, diag[1])
    s1, w1 = cos * a11 + sin * diag[1], cos * w1
    x1 = np.where((s0 != 0) & (s1 != 0), w1 / s1, 0)
    x0 = np.where(s0 != 0, (w0 - corner * x1) / s0, 0)
    return np.stack([x0, x1]), (s0, s1), corner


def _rotation(a: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine that turn (a, d) into (…, 0); 1 and 0 where d is 0."""
    steep = np.abs(a) < np.abs(d)
    quotient = np.where(steep, a / d, d / a)
    large = 0.5 / np.sqrt(0.25 + 0.25 * (quotient * quotient))
    small = large * quotient
    cos, sin = np.where(steep, small, large), np.where(steep, large, small)
    return np.where(d == 0, 1.0, cos), np.where(d == 0, 0.0, sin)


def _has_covariance(state: _Fits) -> np.ndarray:
    """Whether the Jacobian's triangle can be inverted without a NaN in the product of the inverse with itself."""
    r00, r01, r11 = state.r
    one, two = 1 / r00, 1 / r11
    side = -(r01 * two) * one
    products = np.stack([one * one + side * side, one * 0 + side * two, two * two])
    return (r00 != 0) & (r11 != 0) & ~np.isnan(products).any(axis=0)
