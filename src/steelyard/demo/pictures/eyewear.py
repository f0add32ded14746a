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


def halfrim(c: Canvas) -> Drawing:
    """A brow line above lenses that hang on a thread."""
    _temples(c)
    _lenses(c, _SQUARE, c.glass("#cfe0e6", 0.55, 0.3))
    start = len(c.shapes)
    c.line(_SQUARE, "#9aa6ad", 4, 0.6)
    c.line(
        "M56 300C56 262 76 226 114 222 170 216 214 218 256 226 274 230 284 244 284 262", darker(c.colour, 0.5), 30, 0.5
    )
    c.line(
        "M56 296C56 258 76 222 114 218 170 212 214 214 256 222 274 226 284 240 284 258", c.shade(c.colour, 0.3, 0.4), 25
    )
    c.line("M84 240C98 224 120 214 160 212 200 210 230 212 250 218", lighter(c.colour, 0.6), 3, min(0.8, 0.5 * c.gloss))
    c.oval(278, 350, 9, 22, "#f3efe6", 0.7)
    c.oval(58, 256, 5, 5, c.ball("#d9c59a"))
    c.line("M114 372L174 258", "#ffffff", 12, 0.4)
    _mirrored(c, start)
    c.line("M276 268C288 248 312 248 324 268", darker("#b9bfc6", 0.3), 12)
    c.line("M276 266C288 246 312 246 324 266", "#c9ced4", 6)
    return c.done(440, (190, 300), top=210)


def case(c: Canvas) -> Drawing:
    """A hard case, a little open, with a cloth in it."""
    c.path("M76 392C90 300 170 262 300 262S510 300 524 392Z", c.shade(darker(c.colour, 0.12), 0.3, 0.36))
    c.path("M92 392C108 320 180 288 300 288S492 320 508 392Z", c.shade(darker(c.accent, 0.42), 0.1, 0.3))
    c.path("M130 392C190 350 260 340 330 356 400 372 440 380 480 392Z", c.shade(lighter(c.accent, 0.5), 0.2, 0.2))
    c.line("M170 384C220 362 280 356 340 368", darker(c.accent, 0.2), 3, 0.4)
    c.path(
        "M60 388H540C552 388 556 398 554 412 548 500 520 560 470 560H130C80 560 52 500 46 412 44 398 48 388 60 388Z",
        c.shade(c.colour, 0.34, 0.42),
    )
    c.path("M60 388H540C552 388 556 398 554 412H46C44 398 48 388 60 388Z", lighter(c.colour, 0.26), 0.7)
    c.line("M74 436C90 510 112 538 140 542H460C490 538 512 510 526 436", lighter(c.colour, 0.5), 2.4, 0.5, "8 7")
    c.box(262, 404, 76, 30, 15, c.round_metal("#c79d4a", upright=True))
    c.shine("M92 426H220C190 470 170 510 164 536 120 530 98 480 92 426Z", 0.2)
    return c.done(480, (300, 420), top=262)
