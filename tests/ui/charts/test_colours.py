import numpy as np
import pytest

from semafo.ui.charts import colours


def linear(hex_colour):
    rgb = np.array([int(hex_colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    to_lms = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
    to_lms.append([0.0883024619, 0.2817188376, 0.6299787005])
    to_lab = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
    to_lab.append([0.0259040371, 0.7827717662, -0.8086757660])
    return np.array(to_lab) @ np.cbrt(np.array(to_lms) @ rgb)


# Machado et al. 2009, full severity, on linear RGB
PROTAN = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTAN = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
TRITAN = [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
VISIONS = {"normal": np.eye(3), "protanopia": PROTAN, "deuteranopia": DEUTAN, "tritanopia": TRITAN}

# Distance in OKLab: from about 0.02 two patches side by side differ, from about 0.05 two marks apart do. The more
# colours there are, the less room is left between them.
LEAST = {
    "6 runs": (colours.RUNS, 0.10),
    "8 batches": (colours.BATCHES[:8], 0.08),
    "16 batches": (colours.BATCHES, 0.06),
    "12 types": (colours.TYPES[:12], 0.07),
    "20 types": (colours.TYPES, 0.045),
}
GROUNDS = {"light": "#FFFFFF", "dark": "#14191F"}  # of .streamlit/config.toml


@pytest.mark.parametrize("vision", VISIONS.values(), ids=VISIONS)
@pytest.mark.parametrize(("palette", "least"), LEAST.values(), ids=LEAST)
def test_colours_can_be_told_apart_by_colour_blind_eyes(palette, least, vision):
    seen = [oklab(np.clip(np.array(vision) @ linear(colour), 0, 1)) for colour in palette]
    distances = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(distances) > least


def contrast(first, second):
    """WCAG's contrast ratio, 1 to 21."""
    low, high = sorted(0.05 + linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (first, second))
    return high / low


@pytest.mark.parametrize("ground", GROUNDS.values(), ids=GROUNDS)
@pytest.mark.parametrize(
    ("palette", "least"),
    [(colours.RUNS, 2.5), (colours.TYPES, 1.5), (colours.BATCHES, 1.5)],
    ids=["runs", "types", "batches"],
)
def test_colours_stand_out_from_either_ground(palette, least, ground):
    assert min(contrast(colour, ground) for colour in palette) > least


def test_a_type_keeps_its_colour_whatever_the_order_of_the_names():
    assert colours.of_types(["B", "A", "C"]) == colours.of_types(["C", "B", "A", "A"])


def test_another_data_set_does_not_move_the_colours_of_the_first():
    alone = colours.of_types(["C", "A"])
    both = colours.of_types(["C", "A"], ["B", "A"])
    assert {name: both[name] for name in alone} == alone
    assert len(set(both.values())) == 3


def test_more_types_than_colours_get_another_symbol():
    looks = colours.of_types([f"type {i:02d}" for i in range(45)])
    assert len(set(looks.values())) == 45


def test_palettes_of_types_batches_and_runs_are_separate():
    palettes = (set(colours.TYPES), set(colours.BATCHES), set(colours.RUNS))
    assert sum(map(len, palettes)) == len(set.union(*palettes))


def test_right_and_wrong_are_not_red_and_green():
    right, wrong = linear(colours.RIGHT), linear(colours.WRONG)
    assert right[2] > right[1] > right[0]  # bluish
    assert wrong[1] > 0.5 * wrong[2]  # orange
    assert wrong[0] > wrong[1]
