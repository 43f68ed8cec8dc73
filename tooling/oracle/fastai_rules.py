"""
fastai's rules for choosing a rate from the curve of a range test, from its `callback/schedule.py` (Apache-2.0). Each
rule takes the rates and losses as lists and returns a rate, or None if fastai raises an error.
"""

import numpy as np


def valley(rates, losses):
    """The point half-way down the longest falling subsequence of the losses."""
    count = len(losses)
    start, end = 0, 0
    longest = [1] * count
    for i in range(1, count):
        for j in range(i):
            if losses[i] < losses[j] and longest[i] < longest[j] + 1:
                longest[i] = longest[j] + 1
            if longest[end] < longest[i]:
                end = i
                start = end - longest[end]
    third = (end - start) / 3
    at = start + int(third) + int(third / 2)
    return rates[at] if count else None


def slide(rates, losses, distance=15, threshold=0.005):
    """
    Slides two points, `distance` steps apart, from the right end to the left until the slopes at both are nearly equal.
    Returns the rate of the last left point at which they still differed.
    """
    if len(losses) < distance + 1:
        return None
    slope = np.gradient(losses)
    right, left = -1, -1 - distance
    found = rates[left]
    while left >= -len(losses) and abs(slope[right] - slope[left]) > threshold:
        found = rates[left]
        right -= 1
        left -= 1
    return found


def minimum(rates, losses):
    """A tenth of the rate with the lowest loss."""
    return rates[int(np.argmin(losses))] / 10 if losses else None


def steep(rates, losses):
    """The rate at which the loss falls fastest as a function of the logarithm of the rate."""
    if len(losses) < 2:
        return None
    return rates[int(np.argmin(np.diff(losses) / np.diff(np.log(rates))))]


RULES = {"valley": valley, "slide": slide, "minimum": minimum, "steep": steep}


def smooth(losses, beta=0.98):
    """The debiased running average that fastai records."""
    average, smoothed = 0.0, []
    for step, loss in enumerate(losses):
        average = beta * average + (1 - beta) * loss
        smoothed.append(average / (1 - beta ** (step + 1)))
    return smoothed


def views_of(rates, losses, planned):
    """
    The results of the rules for three versions of a curve: as in fastai (smoothed, cut at the divergence, without both
    ends), smoothed as a whole, and raw. A version is left out if one of its losses is not finite. A smoothed version is
    also left out if the results depend on the last bits of the losses.
    """
    smoothed = smooth(losses)
    end, best = len(losses), float("inf")
    for step, loss in enumerate(smoothed):
        if loss > 4 * best:
            end = step + 1
            break
        best = min(best, loss)
    views = []
    for name, curve, first, last in [
        ("fastai", smoothed, planned // 10, end - 5),
        ("smoothed", smoothed, 0, len(losses)),
        ("raw", losses, 0, len(losses)),
    ]:
        part, where = curve[first:last], rates[first:last]
        if not np.isfinite(part).all():
            continue
        coarse = [float(f"{loss:.11g}") for loss in part]
        found = {rule: by(where, part) for rule, by in RULES.items()}
        if name == "raw" or found == {rule: by(where, coarse) for rule, by in RULES.items()}:
            views.append({"name": name, "slice": [first, last], "rules": found})
    return views
