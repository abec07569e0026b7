"""Channels of towers of convolutions."""

import math


def growing(first: float, last: float, steps: int, divisor: int) -> list[int]:
    """So many whole numbers from the first to the last by a constant factor, rounded half to even to multiples.

    As the codes of Enformer compute it: the last digit of the factor decides where a half is rounded to.
    """
    factor = math.exp(math.log(last / first) / (steps - 1))
    return [round(first * factor**step / divisor) * divisor for step in range(steps)]
