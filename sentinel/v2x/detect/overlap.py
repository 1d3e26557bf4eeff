"""Shares of circles of error that a bound allows: the geometry of CaTCH's checks (`catch.py`).

Distances and radii are of one unit. The formulas' meaning is that of F2MD's support library and of the
documentation of VeReMi NextGen; what they say of two circles on a line is kept as it is there.
"""

from __future__ import annotations

import math

Vehicle = tuple[float, float, float, float, float, float]
"""x, y, heading (degrees), width, length, radius of the error."""

CORNERS = 24
"""Of the polygon that stands for an ellipse: its area is 1.1 % less, on both sides of a ratio."""


def segment(radius: float, depth: float) -> float:
    """Area of a circle's part that a chord cuts off, `depth` high."""
    if radius <= 0.0 or depth <= 0.0:
        return 0.0
    if depth >= 2.0 * radius:
        return math.pi * radius * radius
    rest = radius - depth
    return radius * radius * math.acos(rest / radius) - rest * math.sqrt(radius * radius - rest * rest)


def lens(a: float, b: float, apart: float) -> float:
    """Area that two circles share."""
    if a <= 0.0 or b <= 0.0 or apart > a + b:
        return 0.0
    if apart <= abs(a - b):
        return math.pi * min(a, b) ** 2
    first = (a * a + apart * apart - b * b) / (2.0 * apart)
    return segment(a, a - first) + segment(b, b - (apart - first))


def _split(apart: float, a: float, b: float, bound: float) -> tuple[float, float]:
    """Where on the line between two circles the middle of the bound lies, seen from each: one circle gives
    the other what it does not need."""
    if apart <= 0.0:
        return 0.0, 0.0
    first = (a * a + apart * apart - b * b) / (2.0 * apart)
    second = (b * b + apart * apart - a * a) / (2.0 * apart)
    half = bound / 2.0
    if first + a < half < second + b:
        spare = half - first - a
        return first + spare, second - spare
    if second + b < half < first + a:
        spare = half - second - b
        return first - spare, second + spare
    return first, second


def _shares(parts: list[tuple[float, float]]) -> float:
    """Areas of parts by those of their circles, circles without size left out."""
    whole = sum(math.pi * radius * radius for _, radius in parts if radius > 0.0)
    return sum(area for area, radius in parts if radius > 0.0) / whole


def circles(apart: float, a: float, b: float, bound: float) -> float:
    """The share of both circles that is within a bound of each other."""
    if a <= 0.0 and b <= 0.0:
        return 1.0 if bound >= apart else 0.0
    first, second = _split(apart, a, b, bound)
    half = bound / 2.0
    if (a <= 0.0 and half < first) or (b <= 0.0 and half < second):
        return 0.0
    return _shares([(lens(a, half, abs(first)), a), (lens(b, half, abs(second)), b)])


def segments(apart: float, a: float, b: float, bound: float) -> float:
    """The same on a line: shares of two intervals."""
    if a <= 0.0 and b <= 0.0:
        return 0.0 if apart > bound else 1.0
    first, second = _split(apart, a, b, bound)
    total = 0.0
    for middle, half in ((first, a), (second, b)):
        off = middle - bound / 2.0
        if off <= -half:
            total += 2.0 * half
        elif off < half:
            total += bound / 2.0 - middle + half
    return total / (2.0 * a + 2.0 * b)


def at_most(apart: float, a: float, b: float, bound: float) -> float:
    """The share of two circles that is at most a bound apart."""
    if bound > apart + a + b:
        return 1.0
    if bound < apart - a - b:
        return 0.0
    if a <= 0.0 and b <= 0.0:
        return 1.0 if bound >= apart else 0.0
    first, second = _split(apart, a, b, bound)
    half = bound / 2.0
    if (a <= 0.0 and half < first) or (b <= 0.0 and half < second):
        return 0.0
    return _shares([(segment(a, half - first + a), a), (segment(b, half - second + b), b)])


def at_least(apart: float, a: float, b: float, bound: float) -> float:
    """The share that is at least a bound apart: F2MD's form. VeReMi NextGen's code gives a quarter at the
    bound itself, and finds half of all honest vehicles false above 28 m/s, where its margin ends."""
    if bound <= 0.0:
        return 1.0
    return 1.0 - at_most(apart, a, b, bound)


def beyond(inside: float, radius: float, least: float) -> float:
    """The share of a circle that lies further inside than a bound."""
    if radius <= 0.0:
        return 1.0 if inside >= least else 0.0
    return segment(radius, radius + inside - least) / (math.pi * radius * radius)


def direction(way: float, off: float, error: float, now: float, then: float) -> float:
    """How well a way fits a heading that it is `off` degrees from, give or take its error. The radii are
    those of the two positions, above zero."""
    total = 0.0
    for angle in (max(0.0, off - error), min(180.0, off + error)):
        ahead = way * math.cos(math.radians(angle))
        total += segment(now, now + ahead) / (math.pi * now * now)
        total += 1.0 - segment(then, then - ahead) / (math.pi * then * then)
    return total / 4.0


def _ellipse(vehicle: Vehicle, x: float, y: float) -> list[tuple[float, float]]:
    """Corners of a vehicle's ellipse, against the clock, from a place."""
    at_x, at_y, heading, width, length, radius = vehicle
    across, along = width / 2.0 + radius, length / 2.0 + radius
    sin, cos = math.sin(math.radians(heading)), math.cos(math.radians(heading))
    corners = []
    for number in range(CORNERS):
        angle = 2.0 * math.pi * number / CORNERS
        u, v = across * math.cos(angle), along * math.sin(angle)
        corners.append((at_x - x + u * cos + v * sin, at_y - y - u * sin + v * cos))
    return corners


def _area(corners: list[tuple[float, float]]) -> float:
    return 0.5 * sum(
        x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True)
    )


def _common(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> float:
    """Area that two convex polygons share: one is cut along each side of the other."""
    rest = one
    for (ax, ay), (bx, by) in zip(other, other[1:] + other[:1], strict=True):
        kept = []
        for (px, py), (qx, qy) in zip(rest, rest[1:] + rest[:1], strict=True):
            p = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
            q = (bx - ax) * (qy - ay) - (by - ay) * (qx - ax)
            if p >= 0.0:
                kept.append((px, py))
            if (p >= 0.0) != (q >= 0.0):
                share = p / (p - q)
                kept.append((px + share * (qx - px), py + share * (qy - py)))
        if not kept:
            return 0.0
        rest = kept
    return _area(rest)


def _normal(value: float, deviation: float) -> float:
    return 0.5 * (1.0 + math.erf(value / deviation / math.sqrt(2.0)))


def _weight(a: float, b: float, apart: float) -> float:
    """How much an overlap of two normal errors weighs; radii are three deviations."""
    shared = a + b - apart
    if shared < 0.0 or a <= 0.0 or b <= 0.0:
        return 0.0
    parts = []
    for own, other in ((a, b), (b, a)):
        if shared < 2.0 * min(a, b):
            share, inside = shared / (2.0 * own), _normal(shared - own, own / 3.0)
        elif own <= other:
            share, inside = 1.0, 1.0
        else:
            low, high = -(apart + other), -(apart - other)
            share = (high - low) / (2.0 * own)
            inside = _normal(high, own / 3.0) - _normal(low, own / 3.0)
        parts.append(inside / share)
    total = parts[0] + parts[1]
    return 2.0 * parts[0] * parts[1] / total / apart if total > 0.0 else 0.0


def vehicles(one: Vehicle, other: Vehicle, least: float) -> float:
    """How much two vehicles, with their errors around them, are in one place: 0 to 1. What is less than
    `least` in any case is told as 0."""
    apart = max(math.hypot(one[0] - other[0], one[1] - other[1]), 1e-4)
    between = math.degrees(math.atan2(other[0] - one[0], other[1] - one[1]))
    radii = []
    for _, _, heading, width, length, radius in (one, other):
        angle = math.radians((heading - between + 90.0) % 180.0 - 90.0)
        radii.append((width / 2 + radius) * math.sin(angle) + (length / 2 + radius) * math.cos(angle))
    weight = min(_weight(radii[0], radii[1], apart), 1.0)
    if weight < least:
        return 0.0
    polygons = _ellipse(one, one[0], one[1]), _ellipse(other, one[0], one[1])
    areas = _area(polygons[0]), _area(polygons[1])
    common = _common(*polygons)
    if common <= 0.0:
        return 0.0
    return common / (sum(areas) - common) * weight
