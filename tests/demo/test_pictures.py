"""Drawn pictures: the same for the same wish, well-formed, small, and different where they should be."""

from xml.etree import ElementTree

import pytest

from steelyard.demo.pictures import ANGLES, COLOURS, KINDS, MATERIALS, draw


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("angle", range(len(ANGLES)))
def test_every_kind_can_be_drawn_from_every_angle(kind: str, angle: int) -> None:
    picture = draw(kind, "teal", "leather", angle, seed=4)

    root = ElementTree.fromstring(picture)
    names = [element.get("id") for element in root.iter() if element.get("id")]
    assert root.get("viewBox") == "0 0 800 800"
    assert len(names) == len(set(names)), "two gradients of one name"
    assert len(picture) < 40_000


def test_the_same_wish_gives_the_same_picture() -> None:
    assert draw("boot", "brown", "leather", 3, 11) == draw("boot", "brown", "leather", 3, 11)


def test_colour_material_angle_and_seed_each_change_the_picture() -> None:
    first = draw("mug", "blue", "ceramic", 0, 1)

    others = [
        draw("mug", "red", "ceramic", 0, 1),
        draw("mug", "blue", "clay", 0, 1),
        draw("mug", "blue", "ceramic", 1, 1),
        draw("mug", "blue", "ceramic", 0, 2),
    ]
    assert first not in others


@pytest.mark.parametrize("colour", [*COLOURS, "#123456", "", "of no name"])
def test_any_colour_is_drawn(colour: str) -> None:
    assert draw("bag", colour, "canvas").startswith("<svg")


@pytest.mark.parametrize("material", [*MATERIALS, "of no name"])
def test_any_material_is_drawn(material: str) -> None:
    assert draw("bag", "ink", material).startswith("<svg")


def test_a_kind_without_drawing_is_told() -> None:
    with pytest.raises(LookupError, match="no picture of a 'submarine'"):
        draw("submarine")
