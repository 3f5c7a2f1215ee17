"""Which shapes show in which tile of TILE x TILE pixels, and which of their chords count there.

A shape and a tile that it touches are a pair. A pair with chords has an edge there; one without is
covered whole. All is found in float64 and with some slack: what is kept in vain costs time only.
"""

import math

import numpy as np

from reverie.raster.compiled import TILE, kernel

HALF = math.sqrt(2) * (TILE - 1) / 2  # from the middle of a tile to its farthest pixel
SLACK = 1e-3  # pixels
LARGEST = 1e18  # of a number: its square is finite in float32


@kernel
def tiled(chains, shapes, pictures, paint, width, height, softness, vertices, radii, colours):
    """Pairs sorted by tile, the top shape first.

    Returns:
        starts: `[tiles + 1]` into order, tiles row by row, picture by picture.
        order: `[pairs]`, the pair at each place.
        shape: `[pairs]`.
        begin: `[pairs + 1]` into chords.
        chords: the first vertex of each.
        drops: `[pairs * TILE]`, of fills: what edges to the left add to the area of each row.
        after: `[v]`, the vertex at the end of a chord.
        along: `[v, 3]`, its direction and length.
    """
    columns, rows = (width + TILE - 1) // TILE, (height + TILE - 1) // TILE
    after, along = measured(chains, vertices)
    tile, shape = np.empty(1024, np.int32), np.empty(1024, np.int32)
    begin, chords = np.empty(1025, np.int32), np.empty(4096, np.int32)
    drops = np.empty(1024 * TILE)
    active, spans = np.empty(len(vertices), np.int32), np.empty((len(vertices), 2))
    pairs, used = np.int64(0), np.int64(0)  # plain zeros would be types of their own
    for picture in range(len(pictures) - 1):
        for s in range(pictures[picture + 1] - 1, pictures[picture] - 1, -1):
            lo, hi = shapes[s], shapes[s + 1]
            stroke = paint[s] == 0
            reach = softness / 2 + (abs(float(radii[s])) if stroke else 0.0)
            x0, x1, y0, y1 = box(vertices, chains[lo], chains[hi], reach, columns, rows)
            if x0 >= x1 or y0 >= y1 or not sound(colours[s], reach):
                continue
            for y in range(y0, y1):
                count = gathered(
                    chains, lo, hi, vertices, after, stroke, y * TILE, reach, active, spans
                )
                room = pairs + x1 - x0
                tile, shape, begin = fit(tile, room), fit(shape, room), fit(begin, room + 1)
                drops = fit(drops, 0 if stroke else room * TILE)
                chords = fit(chords, used + count * (x1 - x0))
                was, where = pairs, (picture * rows + y) * columns
                if stroke:
                    pairs, used = stroke_row(
                        y, x0, x1, where, float(radii[s]), softness, vertices, along,
                        active[:count], spans, tile, begin, chords, pairs, used,
                    )  # fmt: skip
                else:
                    pairs, used = fill_row(
                        y, x0, x1, where, paint[s] == 2, softness, vertices, after,
                        active[:count], spans, tile, begin, chords, drops, pairs, used,
                    )  # fmt: skip
                for pair in range(was, pairs):
                    shape[pair] = s
    begin[pairs] = used
    starts, order = counted(tile[:pairs], rows * columns * (len(pictures) - 1))
    return starts, order, shape, begin, chords, drops, after, along


@kernel
def measured(chains, vertices):
    """Where the chord from each vertex ends, and its direction and length.

    The last vertex of a contour leads back to the first, which counts where it is filled.
    """
    after, along = np.empty(len(vertices), np.int32), np.empty((len(vertices), 3))
    for c in range(len(chains) - 1):
        for v in range(chains[c], chains[c + 1]):
            w = v + 1 if v + 1 < chains[c + 1] else chains[c]
            x = float(vertices[w, 0]) - float(vertices[v, 0])
            y = float(vertices[w, 1]) - float(vertices[v, 1])
            length = math.sqrt(x * x + y * y)
            after[v] = w
            along[v, 0] = x / length if length > 0 else 1.0
            along[v, 1] = y / length if length > 0 else 0.0
            along[v, 2] = length
    return after, along


@kernel
def box(vertices, lo, hi, reach, columns, rows):
    """The tiles that a shape can touch; none where a number is not finite."""
    left = top = np.inf
    right = bottom = -np.inf
    for v in range(lo, hi):
        x, y = float(vertices[v, 0]), float(vertices[v, 1])
        if not (abs(x) < LARGEST and abs(y) < LARGEST):
            return 0, 0, 0, 0
        left, right = min(left, x), max(right, x)
        top, bottom = min(top, y), max(bottom, y)
    if not (lo < hi and reach < LARGEST):
        return 0, 0, 0, 0
    x0 = int(min(max((left - reach) / TILE, 0.0), float(columns)))
    x1 = int(min(max((right + reach) / TILE + 1, 0.0), float(columns)))
    y0 = int(min(max((top - reach) / TILE, 0.0), float(rows)))
    y1 = int(min(max((bottom + reach) / TILE + 1, 0.0), float(rows)))
    return x0, x1, y0, y1


@kernel
def sound(colour, reach):
    """Whether a shape's numbers besides its vertices are finite."""
    good = reach < LARGEST
    for c in range(4):
        good = good and abs(colour[c]) < LARGEST
    return good


@kernel
def fit(array, room):
    """An array that has room: itself, or a copy with more."""
    if room <= len(array):
        return array
    longer = np.empty(2 * room, array.dtype)
    for k in range(len(array)):  # a slice would take numba a second to compile
        longer[k] = array[k]
    return longer


@kernel
def gathered(chains, lo, hi, vertices, after, stroke, y, reach, active, spans):
    """The chords of contours lo to hi that come near a row of tiles, and how many they are.

    `spans` takes the reach of each in x, of its part that comes near.
    """
    top, bottom = y + 0.5 - reach - SLACK, y + TILE - 0.5 + reach + SLACK
    count = 0
    for c in range(lo, hi):
        for v in range(chains[c], chains[c + 1] - stroke):
            ax, ay = float(vertices[v, 0]), float(vertices[v, 1])
            bx, by = float(vertices[after[v], 0]), float(vertices[after[v], 1])
            if max(ay, by) < top or min(ay, by) > bottom:
                continue
            if not stroke and abs(by - ay) > SLACK:
                slope = (bx - ax) / (by - ay)
                cx = ax + slope * (min(max(ay, top), bottom) - ay)
                bx = bx + slope * (min(max(by, top), bottom) - by)
                ax = cx
            active[count] = v
            spans[count, 0] = min(ax, bx) - reach - SLACK
            spans[count, 1] = max(ax, bx) + reach + SLACK
            count += 1
    return count


@kernel
def stroke_row(
    y, x0, x1, where, radius, softness, vertices, along, active, spans, tile, begin, chords,
    pairs, used,
):  # fmt: skip
    """Adds the pairs of a row of tiles; gives the numbers of pairs and chords."""
    away = np.empty(len(active))
    reach = abs(radius) + softness / 2
    cy = (y + 0.5) * TILE
    for x in range(x0, x1):
        cx = (x + 0.5) * TILE
        nearest = np.inf
        for k in range(len(active)):
            away[k] = np.inf
            if spans[k, 0] > cx + TILE / 2 or spans[k, 1] < cx - TILE / 2:
                continue
            v = active[k]
            px, py = cx - vertices[v, 0], cy - vertices[v, 1]
            u = px * along[v, 0] + py * along[v, 1]
            over = u - min(max(u, 0.0), along[v, 2])
            side = px * along[v, 1] - py * along[v, 0]
            away[k] = math.sqrt(over * over + side * side)
            nearest = min(nearest, away[k])
        if nearest > reach + HALF + SLACK:
            continue
        tile[pairs], begin[pairs] = where + x, used
        pairs += 1
        if nearest + HALF + SLACK <= radius - softness / 2:
            continue
        far = min(nearest + 2 * HALF, reach + HALF) + SLACK
        for k in range(len(active)):
            if away[k] <= far:
                chords[used] = active[k]
                used += 1
    return pairs, used


@kernel
def fill_row(
    y, x0, x1, where, evenodd, softness, vertices, after, active, spans, tile, begin, chords,
    drops, pairs, used,
):  # fmt: skip
    """The same of a fill. Edges that lie wholly to the left of a tile become numbers."""
    drop = np.zeros(TILE)
    count = len(active)
    for x in range(x0, x1):
        left, right = x * TILE + 0.5, (x + 1) * TILE - 0.5
        was, k = used, 0
        while k < count:
            if spans[k, 1] < left:
                add_drop(active[k], y, softness, vertices, after, drop)
                count -= 1
                active[k] = active[count]
                spans[k, 0], spans[k, 1] = spans[count, 0], spans[count, 1]
                continue
            if spans[k, 0] <= right:
                chords[used] = active[k]
                used += 1
            k += 1
        turns = round(drop[TILE // 2])
        if used == was and (turns % 2 == 0 if evenodd else turns == 0):
            continue
        tile[pairs], begin[pairs] = where + x, was
        for row in range(TILE):
            drops[pairs * TILE + row] = drop[row]
        pairs += 1
    return pairs, used


@kernel
def add_drop(v, y, softness, vertices, after, drop):
    """Adds the share of each row that an edge crosses, with its sign."""
    a, b = float(vertices[v, 1]), float(vertices[after[v], 1])
    for row in range(TILE):
        top = y * TILE + row + 0.5 - softness / 2
        bottom = top + softness
        drop[row] += (min(max(b, top), bottom) - min(max(a, top), bottom)) / softness


@kernel
def counted(tile, tiles):
    """Sorts by counting: where each tile's pairs start, and the pairs in order."""
    starts, order = np.zeros(tiles + 1, np.int64), np.empty(len(tile), np.int64)
    for t in tile:
        starts[t + 1] += 1
    for t in range(tiles):
        starts[t + 1] += starts[t]
    place = np.zeros(tiles, np.int64)
    for pair in range(len(tile)):
        t = tile[pair]
        order[starts[t] + place[t]] = pair
        place[t] += 1
    return starts, order
