"""Draws the pairs of every tile, and finds the gradient. Compiled; see `compiled.py`.

A tile's pixels are numbered row by row, 0 to AREA - 1, and places are told from its middle, so that
nothing of a picture's size is lost in float32. Shapes come from the top down, and `through` is the
light that reaches them; where none of a tile is left, the rest stay unseen. All is in one file, for
what is kept of a kernel does not see a change in another file.
"""

import math

import numpy as np

from reverie.raster.compiled import AREA, TILE, kernel

DARK = 1e-5  # light that nobody sees
NEAR = 1e-12  # square of a distance that has no direction


@kernel
def drawn(bins, softness, vertices, radii, colours, paint, paper, image):
    """Writes the picture."""
    starts, order, shapes = bins[:3]
    height, width = image.shape[2:]
    columns, rows = (width + TILE - 1) // TILE, (height + TILE - 1) // TILE
    zero, one = image.dtype.type(0), image.dtype.type(1)
    px, py = pixels(image)
    cover, square = np.empty(AREA, image.dtype), np.empty(AREA, image.dtype)
    through, mixed = np.empty(AREA, image.dtype), np.empty((3, AREA), image.dtype)
    near = np.empty(AREA, np.int32)
    for tile in range(len(starts) - 1):
        picture, x, y = place(tile, columns, rows)
        wide, high = min(TILE, width - x), min(TILE, height - y)
        for i in range(AREA):
            through[i] = one if i % TILE < wide and i // TILE < high else zero
            mixed[0, i] = mixed[1, i] = mixed[2, i] = zero
        for k in range(starts[tile], starts[tile + 1]):
            s = shapes[order[k]]
            covered(
                bins, order[k], paint[s], x, y, softness, vertices, radii[s], px, py,
                square, near, cover,
            )  # fmt: skip
            red, green, blue, alpha = colours[s]
            for i in range(AREA):
                a = cover[i] * alpha
                part = through[i] * a
                mixed[0, i] += part * red
                mixed[1, i] += part * green
                mixed[2, i] += part * blue
                through[i] *= one - a
            if dark(through):
                break
        for c in range(3):
            for j in range(high):
                for i in range(wide):
                    p = j * TILE + i
                    back = paper[picture, c, y + j, x + i]
                    image[picture, c, y + j, x + i] = mixed[c, p] + through[p] * back


@kernel
def slopes(
    bins, softness, vertices, radii, colours, paint, paper, grad,
    d_vertices, d_radii, d_colours, d_paper,
):  # fmt: skip
    """Adds the gradient of `(image * grad).sum()`, all of d_paper excepted, which it writes.

    From the top down it notes what each layer covers and how much light it has; from the bottom up
    it carries what is `behind`, so that nothing is divided by the light that a layer lets pass. It
    goes on below an opaque layer, which may become less so, until a second one hides the rest.
    """
    starts, order, shapes, begin = bins[:4]
    height, width = grad.shape[2:]
    columns, rows = (width + TILE - 1) // TILE, (height + TILE - 1) // TILE
    most = 0
    for tile in range(len(starts) - 1):
        most = max(most, starts[tile + 1] - starts[tile])
    px, py = pixels(grad)
    square, lift = np.empty(AREA, grad.dtype), np.empty(AREA, grad.dtype)
    covers, lights = np.empty((most, AREA), grad.dtype), np.empty((most, AREA), grad.dtype)
    nears = np.empty((most, AREA), np.int32)
    through, least = np.empty(AREA, grad.dtype), np.empty(AREA, grad.dtype)
    others = np.empty(AREA, grad.dtype)
    pull, behind = np.empty((3, AREA), grad.dtype), np.empty((3, AREA), grad.dtype)
    for tile in range(len(starts) - 1):
        picture, x, y = place(tile, columns, rows)
        wide, high = min(TILE, width - x), min(TILE, height - y)
        taken(grad, picture, x, y, wide, high, pull)
        taken(paper, picture, x, y, wide, high, behind)
        for i in range(AREA):
            through[i] = least[i] = 1
            others[i] = 1 if i % TILE < wide and i // TILE < high else 0
        depth = noted(
            bins, tile, x, y, softness, vertices, radii, colours, paint, px, py, square,
            covers, nears, lights, through, least, others,
        )  # fmt: skip
        for c in range(3):
            for j in range(high):
                for i in range(wide):
                    p = j * TILE + i
                    d_paper[picture, c, y + j, x + i] = through[p] * pull[c, p]
        for layer in range(depth - 1, -1, -1):
            pair = order[starts[tile] + layer]
            s = shapes[pair]
            cover, near = covers[layer], nears[layer]
            lifted(cover, lights[layer], colours[s], pull, behind, lift, d_colours[s])
            if begin[pair] == begin[pair + 1]:
                continue
            if paint[s] == 0:
                d_radii[s] += stroke_slopes(
                    bins, x, y, softness, vertices, radii[s], px, py, cover, near, lift, d_vertices
                )
            else:
                fill_slopes(bins, pair, x, y, softness, vertices, near, lift, d_vertices)


@kernel
def noted(
    bins, tile, x, y, softness, vertices, radii, colours, paint, px, py, square,
    covers, nears, lights, through, least, others,
):  # fmt: skip
    """The layers of a tile from the top down, and how many there are until all is dark."""
    starts, order, shapes = bins[:3]
    for k in range(starts[tile], starts[tile + 1]):
        s, depth = shapes[order[k]], k - starts[tile]
        covered(
            bins, order[k], paint[s], x, y, softness, vertices, radii[s], px, py,
            square, nears[depth], covers[depth],
        )  # fmt: skip
        dim(covers[depth], colours[s, 3], lights[depth], through, least, others)
        if dark(others):
            return depth + 1
    return starts[tile + 1] - starts[tile]


@kernel
def place(tile, columns, rows):
    """Its picture, and its first pixel."""
    return tile // (columns * rows), tile % columns * TILE, tile // columns % rows * TILE


@kernel
def pixels(like):
    """Where a tile's pixels lie from its middle."""
    px, py = np.empty(AREA, like.dtype), np.empty(AREA, like.dtype)
    for i in range(AREA):
        px[i], py[i] = i % TILE - (TILE - 1) / 2, i // TILE - (TILE - 1) / 2
    return px, py


@kernel
def taken(image, picture, x, y, wide, high, into):
    """A tile's colours; 0 beyond the picture."""
    for c in range(3):
        for i in range(AREA):
            into[c, i] = 0
        for j in range(high):
            for i in range(wide):
                into[c, j * TILE + i] = image[picture, c, y + j, x + i]


@kernel
def dark(light):
    for i in range(AREA):  # noqa: SIM110, numba knows no any() of a generator
        if abs(light[i]) >= DARK:
            return False
    return True


@kernel
def dim(cover, alpha, light, through, least, others):
    """Notes a layer's light and lets it through; `others` does so without the most opaque layer."""
    one = cover.dtype.type(1)
    for i in range(AREA):
        light[i] = through[i]
        rest = one - cover[i] * alpha
        through[i] *= rest
        rest = abs(rest)
        others[i] *= least[i] if rest < least[i] else rest
        least[i] = rest if rest < least[i] else least[i]


@kernel
def lifted(cover, light, colour, pull, behind, lift, d_colour):
    """Puts a layer before what is `behind`; `lift` becomes the slope by its cover."""
    red, green, blue, alpha = colour
    for_red = for_green = for_blue = for_alpha = cover.dtype.type(0)
    for i in range(AREA):
        a = cover[i] * alpha
        part = light[i] * a
        for_red += part * pull[0, i]
        for_green += part * pull[1, i]
        for_blue += part * pull[2, i]
        r, g, b = red - behind[0, i], green - behind[1, i], blue - behind[2, i]
        slope = light[i] * (r * pull[0, i] + g * pull[1, i] + b * pull[2, i])
        for_alpha += slope * cover[i]
        lift[i] = slope * alpha
        behind[0, i] += a * r
        behind[1, i] += a * g
        behind[2, i] += a * b
    d_colour[0] += for_red
    d_colour[1] += for_green
    d_colour[2] += for_blue
    d_colour[3] += for_alpha


@kernel
def covered(
    bins, pair, paint, x, y, softness, vertices, radius, px, py, square, near, cover
):  # fmt: skip
    """Writes the share of every pixel that a pair covers.

    `near` becomes the chord that is nearest; of a fill, the slope of the share by the area.
    """
    begin, chords, drops, after, along = bins[3:]
    lo, hi = begin[pair], begin[pair + 1]
    if lo == hi:
        for i in range(AREA):
            cover[i] = 1
    elif paint == 0:
        stroke_cover(
            chords[lo:hi], vertices, along, x, y, softness, radius, px, py, square, near, cover
        )
    else:
        fill_cover(chords[lo:hi], vertices, after, x, y, softness, px, drops, pair, cover)
        fold(cover, near, paint == 2)


@kernel
def seen(v, vertices, along, x, y):
    """A chord seen from the middle of a tile: its direction, its reach in it, its side."""
    ax, ay = vertices[v, 0] - (x + TILE / 2), vertices[v, 1] - (y + TILE / 2)
    ex, ey = along[v, 0], along[v, 1]
    start = ax * ex + ay * ey
    return ex, ey, start, start + along[v, 2], ax * ey - ay * ex


@kernel
def stroke_cover(chords, vertices, along, x, y, softness, radius, px, py, square, near, cover):
    real = cover.dtype.type
    zero, one, half, width = real(0), real(1), real(0.5), real(softness)
    for i in range(AREA):
        square[i] = np.inf
    for v in chords:
        sight = seen(v, vertices, along, x, y)
        ex, ey, lo, hi = real(sight[0]), real(sight[1]), real(sight[2]), real(sight[3])
        beside = real(sight[4])
        for i in range(AREA):
            u = px[i] * ex + py[i] * ey
            within = lo if u < lo else u
            within = hi if within > hi else within
            over, side = u - within, px[i] * ey - py[i] * ex - beside
            here = over * over + side * side
            near[i] = v if here < square[i] else near[i]
            square[i] = here if here < square[i] else square[i]
    for i in range(AREA):
        distance = math.sqrt(square[i])
        outer = (radius - distance) / width + half
        inner = (-radius - distance) / width + half
        outer = zero if outer < zero else (one if outer > one else outer)
        inner = zero if inner < zero else (one if inner > one else inner)
        cover[i] = outer - inner


@kernel
def fill_cover(chords, vertices, after, x, y, softness, px, drops, pair, area):
    """The signed area of a box of side `softness` about every pixel to the right of edges."""
    real = area.dtype.type
    zero, one, half, width = real(0), real(1), real(0.5), real(softness)
    cx, cy = x + TILE / 2, y + TILE / 2
    edge = (TILE - 1) / 2 + softness / 2
    for i in range(AREA):
        area[i] = drops[pair * TILE + i // TILE]
    for v in chords:
        ax, ay = vertices[v, 0] - cx, vertices[v, 1] - cy
        bx, by = vertices[after[v], 0] - cx, vertices[after[v], 1] - cy
        if ay == by:
            continue
        slope = (bx - ax) / (by - ay)
        for row in range(TILE):
            top = row - (TILE - 1) / 2 - softness / 2
            y0 = min(max(ay, top), top + softness)
            y1 = min(max(by, top), top + softness)
            if y0 == y1:
                continue
            tall = (y1 - y0) / softness
            x0, x1 = ax + slope * (y0 - ay), ax + slope * (y1 - ay)
            left, right = min(x0, x1), max(x0, x1)
            if right - left > softness:  # what lies beyond the tile is far, and has no slope here
                span = right - left
                full = min(max((-edge - left) / span, 0.0), 1.0)
                none = min(max((right - edge) / span, 0.0), 1.0)
                for i in range(row * TILE, row * TILE + TILE):
                    area[i] += real(tall * full)
                tall *= max(1.0 - full - none, 0.0)
                left, right = max(left, -edge), min(right, edge)
            span = max(right - left, 0.0) / softness
            wide, share = real(span), real(0.5 / span if span > 1e-12 else 0.0)
            end, part = real(right), real(tall)
            for i in range(row * TILE, row * TILE + TILE):
                lo = (px[i] - end) / width + half  # of the box, 0 to 1, is left of the edge
                lo = -wide if lo < -wide else (one if lo > one else lo)
                under, beyond = -lo if lo < zero else zero, lo + wide - one
                beyond = beyond if beyond > zero else zero
                mean = lo + half * wide + (under * under - beyond * beyond) * share
                area[i] += part * mean


@kernel
def fold(cover, near, evenodd):
    """Signed areas to shares, and their slopes -1, 0 or 1."""
    real = cover.dtype.type
    zero, one, two = real(0), real(1), real(2)
    for i in range(AREA):
        area = cover[i]
        if evenodd:
            area -= two * math.floor(area / two)
            near[i] = 1 if area < one else -1
            cover[i] = area if area < one else two - area
        else:
            near[i] = 0 if abs(area) > one or area == zero else (1 if area > zero else -1)
            cover[i] = min(abs(area), one)


@kernel
def stroke_slopes(
    bins, x, y, softness, vertices, radius, px, py, cover, near, lift, d_vertices
):  # fmt: skip
    """Adds to the ends of the chord nearest to every pixel of the ramp; gives that by the radius.

    What moves a point along its chord leaves its distance as it is.
    """
    after, along = bins[6:]
    for_radius = 0.0
    for i in range(AREA):
        if cover[i] == 0 or cover[i] == 1 or lift[i] == 0:
            continue
        v = near[i]
        ex, ey, lo, hi, beside = seen(v, vertices, along, x, y)
        u = px[i] * ex + py[i] * ey
        within = min(max(u, lo), hi)
        over, side = u - within, px[i] * ey - py[i] * ex - beside
        square = over * over + side * side
        distance = math.sqrt(max(square, NEAR))
        outer = 1.0 if abs(radius - distance) < softness / 2 else 0.0
        inner = 1.0 if abs(radius + distance) < softness / 2 else 0.0
        for_radius += lift[i] * (outer + inner) / softness
        if square > NEAR:
            pull = lift[i] * (outer - inner) / softness / distance
            dx, dy = pull * (over * ex + side * ey), pull * (over * ey - side * ex)
            end = (within - lo) / (hi - lo) if hi > lo else 0.0
            d_vertices[v, 0] += dx * (1 - end)
            d_vertices[v, 1] += dy * (1 - end)
            d_vertices[after[v], 0] += dx * end
            d_vertices[after[v], 1] += dy * end
    return for_radius


@kernel
def fill_slopes(bins, pair, x, y, softness, vertices, near, lift, d_vertices):
    """Adds to the ends of every edge what crossing pixels' boxes sweeps of them."""
    begin, chords, _, after = bins[3:7]
    cx, cy = x + TILE / 2, y + TILE / 2
    for v in chords[begin[pair] : begin[pair + 1]]:
        w = after[v]
        ax, ay = vertices[v, 0] - cx, vertices[v, 1] - cy
        dx, dy = vertices[w, 0] - cx - ax, vertices[w, 1] - cy - ay
        start = end = 0.0
        for row in range(TILE):
            y0, y1 = between(ay, dy, row - (TILE - 1) / 2 - softness / 2, softness, 0.0, 1.0)
            if y0 >= y1:
                continue
            for column in range(TILE):
                i = row * TILE + column
                if near[i] == 0 or lift[i] == 0:
                    continue
                left = column - (TILE - 1) / 2 - softness / 2
                t0, t1 = between(ax, dx, left, softness, y0, y1)
                if t0 < t1:
                    slope = near[i] * lift[i]
                    late = (t1 * t1 - t0 * t0) / 2
                    start += slope * (t1 - t0 - late)
                    end += slope * late
        start, end = start / softness**2, end / softness**2
        d_vertices[v, 0] -= start * dy
        d_vertices[v, 1] += start * dx
        d_vertices[w, 0] -= end * dy
        d_vertices[w, 1] += end * dx


@kernel
def between(a, d, low, width, t0, t1):
    """The part of t0 to t1 for which a + d * t lies between low and low + width."""
    if d == 0:
        return (t0, t1) if low <= a < low + width else (1.0, 0.0)
    first, last = (low - a) / d, (low + width - a) / d
    return max(t0, min(first, last)), min(t1, max(first, last))
