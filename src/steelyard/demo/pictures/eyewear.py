"""Spectacles, seen from the front and a little above."""

from steelyard.demo.pictures.canvas import Canvas, Drawing, darker, lighter

# Outlines of the left lens; the right one is its mirror image.
_ROUND = "M62 318c0-62 50-104 110-104s110 42 110 104-46 112-110 112-110-50-110-112Z"
_SQUARE = (
    "M62 262c4-26 22-40 52-42 54-4 96-2 140 6 22 5 30 20 28 44-4 62-18 128-64 148-34 12-84 10-110-6-36-24-48-92-46-150Z"
)


def spectacles(c: Canvas) -> Drawing:
    shape = _ROUND if c.chance("shape", 2) else _SQUARE
    _temples(c)
    _lenses(c, shape, c.glass("#cfe0e6", 0.5, 0.22))
    for x in (62, 318):
        c.line(f"M{x + 52} 372L{x + 112} 258M{x + 88} 384L{x + 132} 300", "#ffffff", 12, 0.42)
    _rims(c, shape, 20)
    return c.done(440, (190, 320), top=220)


def sunglasses(c: Canvas) -> Drawing:
    _temples(c)
    _lenses(c, _SQUARE, c.glass(darker(c.accent, 0.62), 0.96, 0.68))
    for x in (66, 330):
        c.path(
            f"M{x + 26} 268C{x + 60} 244 {x + 120} 236 {x + 160} 246L{x + 70} 390C{x + 40} 370 {x + 26} 330 {x + 26} 268Z",
            "#ffffff",
            0.13,
        )
    _rims(c, _SQUARE, 26)
    return c.done(440, (190, 320), top=220)


def _temples(c: Canvas) -> None:
    """The arms, folded open behind the front and touching the table."""
    for side in (1, -1):
        hinge, far = (66, 120) if side == 1 else (534, 480)
        bend = f"M{hinge} 262C{hinge + 18 * side} 380 {far - 14 * side} 470 {far} 556"
        c.line(bend, darker(c.colour, 0.45), 17)
        c.line(bend, darker(c.colour, 0.2), 9)


def _lenses(c: Canvas, shape: str, fill: str) -> None:
    start = len(c.shapes)
    c.path(shape, fill)
    _mirrored(c, start)


def _rims(c: Canvas, shape: str, width: float) -> None:
    rim = c.shade(c.colour, 0.3, 0.4)
    start = len(c.shapes)
    c.line(shape, darker(c.colour, 0.55), width + 4, 0.5)
    c.line(shape, rim, width)
    c.line(shape, lighter(c.colour, 0.55), 3, min(0.8, 0.4 * c.gloss))
    c.oval(278, 350, 9, 22, "#f3efe6", 0.7)
    c.path("M44 240h28l-6 34h-28Z", rim)
    c.oval(56, 256, 4.5, 4.5, c.ball("#d9c59a"))
    _mirrored(c, start)
    c.line("M268 292C284 258 316 258 332 292", darker(c.colour, 0.4), width + 3)
    c.line("M268 290C284 256 316 256 332 290", rim, width - 3)


def _mirrored(c: Canvas, start: int) -> None:
    """Draws what was drawn since `start` once more, on the right."""
    left = "".join(c.shapes[start:])
    c.shapes.append(f'<g transform="translate(600 0) scale(-1 1)">{left}</g>')
