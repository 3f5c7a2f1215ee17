"""What words say of a scene: colours, places, numbers and art styles, by the words for them."""

from reverie.canvas.art import ArtName

COLOURS = {
    "red": "#d81e22", "orange": "#f5840f", "yellow": "#fad71f", "green": "#2aa239",
    "turquoise": "#1abcb8", "cyan": "#1abcb8", "teal": "#128c8a", "blue": "#1f52db",
    "purple": "#7f2eb2", "violet": "#7f2eb2", "pink": "#f780b8", "brown": "#754521",
    "black": "#101014", "grey": "#85878c", "gray": "#85878c", "white": "#f5f5f7",
    "gold": "#e0b030", "golden": "#e0b030", "silver": "#b8bcc4",
}  # fmt: skip
PLACES = {
    "gradient": "gradient", "stripes": "stripes", "striped": "stripes", "dots": "dots",
    "dotted": "dots", "checks": "checks", "checkered": "checks", "chessboard": "checks",
    "background": "plain", "wall": "plain",
    "night": "night", "moonlight": "night", "starry": "night", "dark": "night",
    "sky": "sky", "clouds": "sky", "sunny": "sky", "sunset": "sunset", "sunrise": "sunset",
    "evening": "sunset", "dusk": "sunset", "dawn": "sunset",
    "forest": "forest", "woods": "forest", "jungle": "forest", "trees": "forest",
    "sea": "sea", "ocean": "sea", "lake": "sea", "water": "sea", "waves": "sea", "river": "sea",
    "underwater": "underwater", "beach": "beach", "shore": "beach", "desert": "desert",
    "dunes": "desert", "sand": "desert", "grass": "grass", "meadow": "grass", "field": "grass",
    "garden": "grass", "lawn": "grass", "park": "grass", "mountain": "mountains",
    "mountains": "mountains", "valley": "mountains", "snow": "snow", "snowy": "snow",
    "winter": "snow", "fire": "fire", "flames": "fire", "hell": "fire", "lava": "fire",
    "city": "city", "street": "city", "town": "city", "downtown": "city", "skyscrapers": "city",
    "room": "room", "indoors": "room", "house": "room", "home": "room", "kitchen": "room",
    "table": "table", "desk": "table", "space": "space", "galaxy": "space", "universe": "space",
    "rain": "rain", "rainy": "rain", "storm": "rain",
}  # fmt: skip
MOODS = {"night", "moonlight", "starry", "sunny", "sunset", "sunrise", "evening", "dusk", "dawn",
         "underwater", "snowy", "winter", "rainy", "indoors", "downtown", "striped", "dotted",
         "checkered", "background"}  # fmt: skip
WHERE = {
    "in",
    "on",
    "at",
    "under",
    "by",
    "among",
    "before",
    "behind",
    "near",
    "over",
    "inside",
    "across",
}
ART_WORDS: dict[str, ArtName] = {  # patterns, since "a pencil" is a thing
    r"pixel(ated)?( art)?|8-bit": "pixel art",
    r"mosaic|tiles": "mosaic",
    r"stained glass( window)?": "stained glass",
    r"pencil (drawing|sketch)|sketch": "pencil",
    r"watercolou?r( painting)?": "watercolour",
    r"oil painting|oil on canvas|painted in oil": "oil",
    r"in black and white|black and white (picture|photo|drawing)|monochrome": "black and white",
    r"neon( sign| lights)?": "neon",
}
FRAMES = r"(picture|painting|drawing|photo|image|illustration|emoji|icon) of"
COUNTS = {"two": 2, "2": 2, "pair": 2, "couple": 2, "three": 3, "3": 3}
