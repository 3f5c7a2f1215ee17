"""The wordings that captions are made of.

{x} and {y} stand for things, {a} and {b} for the two colours of a place, {c} for the colour in
which a thing {n} is dyed. Lines that come more than once come more often.
"""

PLACES: dict[str, tuple[str, ...]] = {
    "plain": (
        "on a {a} background",
        "on {a}",
        "in front of a {a} wall",
        "against {a}",
        "with a {a} background",
        "{a} background",
    ),
    "gradient": ("on a {a} and {b} gradient", "with a {a} and {b} background"),
    "stripes": ("on {a} and {b} stripes", "on a striped background", "with {a} stripes behind"),
    "dots": ("on {b} polka dots", "on a dotted background", "with {b} dots behind"),
    "checks": ("on a checkered background", "on {a} and {b} checks", "on a chessboard pattern"),
    "blobs": (),
    "night": (
        "at night",
        "in the night",
        "under the stars",
        "under a starry sky",
        "in the moonlight",
        "in the dark",
    ),
    "sky": ("in the sky", "in a blue sky", "among the clouds", "on a sunny day", "under the sky"),
    "sunset": ("at sunset", "in the evening", "at sunrise", "in front of a sunset"),
    "forest": ("in a forest", "in the woods", "among trees", "in the jungle"),
    "sea": ("at sea", "on the sea", "on the ocean", "on the water", "on a lake"),
    "underwater": ("under water", "underwater", "under the sea", "in deep water"),
    "beach": ("on the beach", "at the beach", "on the sand by the sea", "on the shore"),
    "desert": ("in the desert", "in the sand", "among dunes"),
    "grass": ("on the grass", "in a meadow", "in a field", "in a garden", "on a green lawn"),
    "mountains": ("in the mountains", "before mountains", "on a mountain", "in a valley"),
    "snow": ("in the snow", "in winter", "on snow", "in a snowy landscape"),
    "fire": ("in the fire", "on fire", "in flames", "in hell", "in lava"),
    "city": ("in the city", "in a street", "in town", "before skyscrapers", "downtown"),
    "room": ("in a room", "at home", "in a house", "indoors", "by the window"),
    "table": ("on a {a} table", "on a table", "on top of a {a} table", "on the {a} table"),
    "space": ("in space", "in outer space", "in the galaxy", "among the stars", "in the universe"),
    "rain": ("in the rain", "on a rainy day", "in a storm", "in bad weather"),
}
EMPTY: dict[str, tuple[str, ...]] = {
    "plain": ("{a}", "a {a} wall", "plain {a}", "the colour {a}", "the color {a}"),
    "gradient": ("a {a} and {b} gradient",),
    "stripes": ("{a} and {b} stripes", "stripes"),
    "dots": ("{b} polka dots", "dots"),
    "checks": ("a {a} and {b} chessboard", "checks"),
    "blobs": ("{a} and {b} clouds", "abstract {a} and {b}"),
    "night": ("the night sky", "a starry night", "night", "a night landscape"),
    "sky": ("a blue sky", "the sky with clouds", "clouds"),
    "sunset": ("a sunset", "a sunrise", "the evening sun"),
    "forest": ("a forest", "the woods", "trees", "a jungle"),
    "sea": ("the sea", "the ocean", "a lake", "water and waves"),
    "underwater": ("an underwater scene", "the deep sea"),
    "beach": ("a beach", "the sea shore"),
    "desert": ("a desert", "dunes of sand"),
    "grass": ("a meadow", "a green field", "grass"),
    "mountains": ("mountains", "a valley"),
    "snow": ("a snowy landscape", "snow", "winter"),
    "fire": ("fire", "flames", "lava"),
    "city": ("a city", "a street", "skyscrapers", "a town"),
    "room": ("a room", "an empty room"),
    "table": ("a {a} table", "an empty table"),
    "space": ("outer space", "a galaxy", "stars"),
    "rain": ("rain", "a rainy day", "a storm"),
}
ARTS: dict[str, tuple[str, ...]] = {
    "pixel art": (
        "pixel art of {x}",
        "{x}, pixel art",
        "{x} as pixel art",
        "8-bit {x}",
        "pixelated {x}",
    ),
    "pencil": (
        "a pencil drawing of {x}",
        "a pencil sketch of {x}",
        "{x}, pencil sketch",
        "a sketch of {x}",
    ),
    "mosaic": ("a mosaic of {x}", "{x}, mosaic", "{x} as a mosaic", "tiles showing {x}"),
    "stained glass": (
        "stained glass of {x}",
        "{x} in stained glass",
        "a stained glass window of {x}",
    ),
    "watercolour": (
        "a watercolour of {x}",
        "{x}, watercolour",
        "a watercolor painting of {x}",
        "{x} in watercolour",
    ),
    "oil": (
        "an oil painting of {x}",
        "{x}, oil painting",
        "{x}, oil on canvas",
        "a painting of {x}",
    ),
    "black and white": (
        "a black and white picture of {x}",
        "{x}, black and white",
        "{x} in black and white",
        "monochrome {x}",
    ),
    "neon": ("neon {x}", "{x} in neon", "{x}, neon lights", "a neon sign of {x}", "glowing {x}"),
}
FRAMES = ("{x}",) * 9 + (
    "a picture of {x}",
    "a drawing of {x}",
    "an image of {x}",
    "an illustration of {x}",
    "a photo of {x}",
    "an emoji of {x}",
    "a cartoon of {x}",
    "{x}, clip art",
)
BESIDE = ("{x} and {y}", "{x} next to {y}", "{x} beside {y}", "{x} with {y}", "{y} and {x}")
LEFT = ("{x} to the left of {y}", "{x} left of {y}", "{y} to the right of {x}", "{y} right of {x}")
ABOVE = ("{x} above {y}", "{x} over {y}", "{x} on top of {y}", "{y} below {x}", "{y} under {x}")
COUNTS = {2: ("two", "two", "2", "a pair of", "a couple of"), 3: ("three", "three", "3")}
DYED = ("{c} {n}", "{c} {n}", "{c} {n}", "{n} that is {c}", "{c} coloured {n}", "{c} colored {n}")
GREETING = (
    "",
    "",
    "",
    "cute ",
    "small ",
    "big ",
    "happy ",
    "beautiful ",
    "funny ",
    "little ",
    "old ",
)
