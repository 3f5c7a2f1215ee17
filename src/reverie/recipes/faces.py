"""What the recipes on a StyleGAN share: the model, where it starts, and how it is painted with."""

POCKET = "pocket-stylegan"


def best(*kinds: str) -> str:
    """The installed StyleGAN that comes first in the manifest, or else the first imported one; or
    else the one in the package.

    Args:
        kinds: "stylegan2" or "stylegan3", where only one of them will do.
    """
    from reverie.recipes.words import first_installed

    return first_installed(*(kinds or ("stylegan2", "stylegan3"))) or POCKET
