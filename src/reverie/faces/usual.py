"""How faces are changed unless something else is asked for. Imports nothing: the command line
shows it."""

NEUTRAL = "a face"
ALPHA, TOP = 4.0, 20  # steps, and channels
FIRM, FIRM_ALPHA = "pocket-stylegan", 8.0  # one whose channels each do little
SHARE = 7 / 18  # of the rows of w, that style mixing takes from the other face: 0-6 of 1024 pixels
TRUNCATION = 0.7
