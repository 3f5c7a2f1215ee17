"""What colour a shape of an SVG has: a plain one, or the mean of a gradient."""

import re
from typing import Any

from reverie.raster.svg_plain import LINK, name_of

Gradients = dict[str, tuple[float, ...]]


def colour(
    paint: Any,
    values: dict[str, Any],
    kind: str,
    gradients: Gradients,
    opacity: float,
) -> tuple[float, float, float, float] | None:
    """Red, green, blue and alpha, or None where nothing is painted."""
    raw = str(values.get(kind, ""))
    named = re.match(r"\s*url\(\s*['\"]?#([^)'\"]+)", raw)
    if named:
        if named[1] not in gradients:
            return None
        red, green, blue, alpha = gradients[named[1]]
    elif paint is None or paint.value is None:
        return None
    else:
        red, green, blue = paint.red / 255, paint.green / 255, paint.blue / 255
        alpha = 1.0 if f"{kind}-opacity" in values else paint.opacity
    alpha *= share(values.get(f"{kind}-opacity"), 1.0) * opacity
    return (red, green, blue, alpha) if alpha > 0 else None


def mean_colours(tree: Any) -> Gradients:
    """The mean colour of every gradient, by its id."""
    import svgelements

    stops: dict[str, list[tuple[float, ...]]] = {}
    like: dict[str, str] = {}
    for element in tree.iter():
        if name_of(element) not in ("linearGradient", "radialGradient") or not element.get("id"):
            continue
        name = element.get("id")
        link = element.get(LINK) or element.get("href") or ""
        like[name] = link.removeprefix("#")
        stops[name] = []
        for stop in element:
            style = dict(re.findall(r"([\w-]+)\s*:\s*([^;]+)", stop.get("style", "")))
            said = style.get("stop-color", stop.get("stop-color", "black"))
            colour: Any = svgelements.Color(said)
            if colour.value is not None:
                alpha = share(style.get("stop-opacity", stop.get("stop-opacity")), 1.0)
                rgb = (colour.red / 255, colour.green / 255, colour.blue / 255)
                stops[name].append((*rgb, alpha * colour.opacity))
    found = {}
    for name in stops:
        source, seen = name, set()
        while not stops.get(source) and like.get(source) and source not in seen:
            seen.add(source)
            source = like[source]
        if colours := stops.get(source):
            found[name] = tuple(sum(x) / len(colours) for x in zip(*colours, strict=True))
    return found


def share(text: Any, default: float) -> float:
    """`0.5` or `50%` as 0 to 1."""
    if text is None:
        return default
    percent = str(text).strip().endswith("%")
    value = number(str(text).strip().rstrip("%"), default)
    return min(max(value / 100 if percent else value, 0.0), 1.0)


def number(text: Any, default: float) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return default
