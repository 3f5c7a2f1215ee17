"""A film in the 256 colours that suit it best, for gifs."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import VideoFrame
    from av.filter import Graph
    from av.filter.context import FilterContext


def chosen(frames: "Iterator[VideoFrame]") -> "VideoFrame":
    """The palette of all frames together, as a frame."""
    import av
    import av.filter

    first = next(frames)
    graph = av.filter.Graph()
    source, generator, sink = (
        _buffer(graph, first),
        graph.add("palettegen"),
        graph.add("buffersink"),
    )
    source.link_to(generator)
    generator.link_to(sink)
    graph.configure()
    for frame in chain([first], frames, [None]):
        source.push(frame)
    return graph.vpull()


def painted(frames: "Iterator[VideoFrame]", palette: "VideoFrame") -> "Iterator[VideoFrame]":
    """The frames in the colours of a palette, dithered by a fixed pattern that does not flicker."""
    import av
    import av.filter

    first = next(frames)
    graph = av.filter.Graph()
    source, colours = _buffer(graph, first), _buffer(graph, palette)
    painter = graph.add("paletteuse", "dither=bayer:bayer_scale=3:diff_mode=rectangle")
    sink = graph.add("buffersink")
    source.link_to(painter, 0, 0)
    colours.link_to(painter, 0, 1)
    painter.link_to(sink)
    graph.configure()
    palette.pts = 0
    colours.push(palette)
    colours.push(None)
    for frame in chain([first], frames, [None]):
        source.push(frame)
        with suppress(av.BlockingIOError, av.EOFError):  # it wants more, or has said all
            while True:
                yield graph.vpull()


def _buffer(graph: "Graph", frame: "VideoFrame") -> "FilterContext":
    return graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
