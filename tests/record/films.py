"""Other readers of films than the one that wrote them, and pictures to make films of."""

import struct

import av
import numpy as np
from PIL import Image as pil


def mp4_seconds(path):
    """The duration that the movie header of an mp4 states."""
    data = path.read_bytes()
    at = data.index(b"mvhd") + 4
    version = data[at]
    if version == 1:
        scale, length = struct.unpack(">IQ", data[at + 20 : at + 32])
    else:
        scale, length = struct.unpack(">II", data[at + 12 : at + 20])
    return length / scale


def seconds(path):
    """How long a film lasts, read by other code than what wrote it where there is some."""
    if path.suffix == ".mp4":
        return mp4_seconds(path)
    if path.suffix == ".webm":
        with av.open(str(path)) as file:
            return file.duration / 1e6
    with pil.open(path) as file:
        total = 0
        for i in range(file.n_frames):
            file.seek(i)
            file.load()
            total += file.info["duration"]
        return total / 1000


def frames(path):
    """Every picture of a film, as bytes `[h, w, 3]`."""
    if path.suffix in (".mp4", ".webm"):
        with av.open(str(path)) as file:
            return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    shown = []
    with pil.open(path) as file:
        for i in range(file.n_frames):
            file.seek(i)
            shown.append(np.asarray(file.convert("RGB")))
    return shown


def moving(count, width=64, height=48):
    """A square that walks over four flat colours."""
    colours = np.array([[200, 40, 40], [40, 160, 60], [40, 60, 190], [230, 220, 200]], np.uint8)
    ground = colours[np.arange(width) * 4 // width][None].repeat(height, 0)  # [h, w, 3]
    made = []
    for i in range(count):
        picture = ground.copy()
        left = i * (width - 12) // max(1, count - 1)
        picture[10:22, left : left + 12] = (250, 250, 20)
        made.append(picture)
    return made
