"""Which pictures are taken of a product, and how they get into the file store."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from steelyard.demo import pictures
from steelyard.kernel.files import Files
from steelyard.kernel.text import Text, text

DRAWN_AT_ONCE = 8

_ANGLES = {name: place for place, name in enumerate(pictures.ANGLES)}
_ALT = {
    "alone": text("", ""),
    "turned": text("另一侧", "from the other side"),
    "close": text("细节", "in detail"),
    "pair": text("两色一起", "two colours together"),
    "pedestal": text("陈列", "on display"),
    "room": text("使用场景", "in use"),
    "measures": text("尺寸图", "its measures"),
}


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """One picture: what `pictures.draw` is asked for."""

    kind: str
    colour: str
    material: str
    seed: int
    angle: str = "alone"
    box: tuple[int, int, int] | None = None

    def alt(self, title: Text) -> Text:
        """What it shows, in words."""
        words = _ALT[self.angle]
        return Text({tag: f"{said}, {words[tag]}" if words.get(tag) else said for tag, said in title.items()})

    def draw(self) -> str:
        return pictures.draw(self.kind, self.colour, self.material, _ANGLES[self.angle], self.seed, measures=self.box)


def shots(kind: str, material: str, colours: Sequence[str], box: tuple[int, int, int], seed: int) -> list[Shot]:
    """The pictures of a product in their order: the main one, others by turns, its measures last."""
    scenes = ("turned", "close", "room", "pair", "pedestal")
    chosen = ["alone", *(scenes[(seed + n) % len(scenes)] for n in range(3))]
    return [
        *(
            Shot(kind=kind, colour=colours[n % len(colours)], material=material, seed=seed, angle=angle)
            for n, angle in enumerate(chosen)
        ),
        Shot(kind=kind, colour=colours[0], material=material, seed=seed, angle="measures", box=box),
    ]


class Studio:
    """Draws pictures into a file store, each different one once: copies of a product show the same."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._kept: dict[Shot, str] = {}

    def developed(self, wanted: Sequence[Shot], step: Callable[[int, int], None]) -> dict[Shot, str]:
        """The names of these pictures in the store."""
        new = [shot for shot in dict.fromkeys(wanted) if shot not in self._kept]
        with ThreadPoolExecutor(DRAWN_AT_ONCE) as together:
            # Drawing holds the interpreter; writing waits for the disk, and that is what is done side by side.
            for done, (shot, name) in enumerate(zip(new, together.map(self._put, new), strict=True), start=1):
                self._kept[shot] = name
                if done % 200 == 0 or done == len(new):
                    step(done, len(new))
        return {shot: self._kept[shot] for shot in wanted}

    def _put(self, shot: Shot) -> str:
        return self._files.put(shot.draw().encode(), "image/svg+xml")
