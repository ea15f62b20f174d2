"""stats.py - medians with intervals, and ratios of pairs.

Of few samples on a machine that others use too, no distribution is assumed:
the interval of a median is between two order statistics.  The chance that it
covers the true median is a binomial sum (David, Nagaraja, Order Statistics,
section 7.1); below six samples not even the whole range covers 95 %, and the
coverage that is reached is told.
"""
import collections
import math

Estimate = collections.namedtuple("Estimate", "median lo hi n coverage")


def median(values):
    v = sorted(values)
    half = len(v) // 2
    return v[half] if len(v) % 2 else (v[half - 1] + v[half]) / 2


def coverage_of(n, k):
    """The chance that the k-th lowest and k-th highest enclose the median."""
    return 1 - 2 * sum(math.comb(n, i) for i in range(k)) / 2 ** n


def estimate(values, level=0.95):
    """The median and the narrowest interval that covers level, or the range."""
    v = sorted(values)
    if not v:
        return None
    k = 1
    while 2 * (k + 1) <= len(v) and coverage_of(len(v), k + 1) >= level:
        k += 1
    return Estimate(median(v), v[k - 1], v[-k], len(v),
                    max(0.0, coverage_of(len(v), k)))


def ratios(over, under):
    """Of two {round: value}: one quotient for each round that has both."""
    return {r: over[r] / under[r] for r in sorted(over)
            if under.get(r) and over[r] is not None}


def ratio(over, under):
    return estimate(ratios(over, under).values())


def jain(values):
    """Jain's index: 1 if all have the same share, 1/n if one has all."""
    squares = sum(v * v for v in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else None
