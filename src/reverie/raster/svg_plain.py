"""What a parser of SVG may be given: nothing that it is not to draw, and nothing without an end."""

from typing import Any
from xml.etree import ElementTree

LEFT_OUT = (
    *("text", "image", "clipPath", "mask", "filter", "pattern", "marker"),
    *("foreignObject", "video", "script"),
)
LINK = "{http://www.w3.org/1999/xlink}href"
MOST, DEEPEST = 200_000, 200  # elements, and of them in each other
NESTED = 4  # brackets in each other, as in a colour; parsers try deeper ones for ever


class TooMuch(ValueError):
    """A file that would keep a reader busy for ever."""


def name_of(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def plain(tree: Any) -> bytes:
    """The same file without what is not drawn here, and with symbols where only links find them.

    Raises:
        TooMuch: with all links followed, it would be too large; or a text of it has no end.
    """
    for element in tree.iter():
        _check_text(element.text or "")
        for text in element.attrib.values():
            _check_text(text)
    _check_links(tree)
    symbols = []
    for parent in [*tree.iter()]:
        others = [*parent][1:] if name_of(parent) == "switch" else []  # the first one is drawn
        for child in [*parent]:
            if name_of(child) in LEFT_OUT or child in others:
                parent.remove(child)
            elif name_of(child) == "symbol":
                parent.remove(child)
                symbols.append(child)
    if symbols:
        defs = ElementTree.Element(tree.tag[: -len(name_of(tree))] + "defs")
        defs.extend(symbols)
        tree.insert(0, defs)
    return ElementTree.tostring(tree)


def _check_text(text: str) -> None:
    depth = deepest = 0
    for letter in text if "(" in text else "":
        depth = max(depth + (letter == "(") - (letter == ")"), 0)
        deepest = max(deepest, depth)
    if deepest > NESTED:
        raise TooMuch(f"{deepest} brackets lie in each other")


def _check_links(tree: Any) -> None:
    """Counts what would be drawn, without drawing it."""
    names = {e.get("id"): e for e in tree.iter() if e.get("id")}
    counted: dict[int, int] = {}

    def count(element: Any, above: tuple[int, ...]) -> int:
        if id(element) in above or len(above) > DEEPEST:
            raise TooMuch("a link leads to itself, or elements lie too deep in each other")
        if id(element) not in counted:
            below = [*element]
            link = element.get(LINK) or element.get("href") or ""
            if name_of(element) == "use" and link[1:] in names:
                below.append(names[link[1:]])
            total = 1 + sum(count(e, (*above, id(element))) for e in below)
            if total > MOST:
                raise TooMuch(f"more than {MOST:,} elements when its links are followed")
            counted[id(element)] = total
        return counted[id(element)]

    count(tree, ())
