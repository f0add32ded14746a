"""Toys: car, robot, bear."""

from steelyard.demo.pictures.canvas import COLOURS, Canvas, Drawing, darker, lighter


def car(c: Canvas) -> Drawing:
    cream = COLOURS["ivory"]
    c.path(
        "M176 356C190 268 232 236 300 234 386 232 424 270 446 356Z",
        c.shade(cream if c.chance("roof", 2) else c.colour),
    )
    c.path("M204 352C216 288 244 264 292 262V352Z", c.shade("#a9c6d2", 0.5, 0.3))
    c.path("M312 352V262C370 262 396 290 412 352Z", c.shade("#a9c6d2", 0.5, 0.3))
    c.path("M222 340C230 300 246 284 268 278L240 346Z", "#ffffff", 0.5)
    body = "M40 470C34 400 60 376 128 366 160 360 176 350 200 348H420C450 348 470 356 500 372 548 390 566 420 562 480"
    c.path(f"{body} C560 500 540 504 520 504H80C54 504 42 496 40 470Z", c.shade(c.colour, 0.36, 0.36))
    c.path("M42 452C200 436 400 436 562 452L562 474C400 460 200 460 41 474Z", c.shade(cream, 0.2, 0.2))
    c.shine("M64 410C90 386 150 380 210 374 320 366 430 370 500 390 380 384 200 388 64 410Z", 0.34)
    c.line("M302 352V500", darker(c.colour, 0.5), 3, 0.45)
    c.line("M322 404h34", lighter(c.colour, 0.6), 7, 0.9)
    c.oval(62, 430, 20, 24, c.ball("#fff0c0", 0.6, 0.25))
    c.ring(62, 430, 20, 24, COLOURS["silver"], 5)
    c.oval(552, 424, 10, 18, c.ball(COLOURS["red"]))
    for x, w in ((24, 66), (512, 66)):
        c.box(x, 482, w, 24, 12, c.round_metal(COLOURS["silver"], upright=True))
    for x in (150, 446):
        c.path(f"M{x - 84} 504a84 84 0 0 1 168 0Z", darker(c.colour, 0.55))
        c.oval(x, 494, 68, 66, c.ball("#33343a", 0.24, 0.4))
        c.oval(x, 494, 46, 45, c.ball(cream, 0.3, 0.2))
        c.oval(x, 494, 34, 33, c.shade(c.colour, 0.3, 0.3))
        c.oval(x, 494, 13, 13, c.ball(COLOURS["silver"]))
    return c.done(500, (200, 400), top=234)


def robot(c: Canvas) -> Drawing:
    joint, bright = COLOURS["steel"], COLOURS["yellow"]
    for x in (216, 324):
        c.box(x, 440, 60, 84, 8, c.round_metal(joint))
        for step in range(4):
            c.line(f"M{x + 4} {452 + step * 18}h52", darker(joint, 0.5), 3, 0.5)
        c.path(f"M{x - 20} 560v-26c0-20 16-26 32-26h36c18 0 34 8 34 30v22Z", c.shade(darker(c.colour, 0.25)))
    for x, side in ((108, -1), (492, 1)):
        c.line(f"M{x - 30 * side} 286Q{x + 10 * side} 310 {x} 392", c.shade(joint, 0.4, 0.4), 34)
        for step in range(5):
            c.line(f"M{x - 18 + 2 * side} {312 + step * 18}h36", darker(joint, 0.55), 3, 0.45)
        c.line(f"M{x - 22} 436c-4-40 48-40 44 0", c.shade(bright), 15)
        c.oval(x - 30 * side, 284, 30, 30, c.ball(darker(c.colour, 0.2)))
    c.box(168, 244, 264, 206, 22, c.shade(c.colour, 0.36, 0.34))
    c.box(196, 272, 208, 116, 12, c.shade("#e9e2d0", 0.3, 0.16))
    c.oval(246, 330, 38, 38, c.ball("#fdfaf0", 0.4, 0.12))
    c.ring(246, 330, 38, 38, darker(joint, 0.3), 5)
    c.line("M246 330L268 308", COLOURS["red"], 5)
    for step, colour in enumerate(("red", "yellow", "teal")):
        c.oval(314 + step * 32, 308, 11, 11, c.ball(COLOURS[colour], 0.5))
        c.box(306 + step * 32, 336, 16, 36, 4, c.shade(darker("#e9e2d0", 0.12 + 0.12 * step)))
    for x in (188, 412):
        for y in (262, 432):
            c.oval(x, y, 6, 6, c.ball(lighter(c.colour, 0.3)))
    c.line("M214 416h172", darker(c.colour, 0.45), 6, 0.5)
    c.box(262, 218, 76, 34, 6, c.round_metal(joint))
    c.box(296, 48, 8, 48, 3, c.round_metal(joint))
    c.oval(300, 48, 15, 15, c.ball(COLOURS["red"], 0.6))
    c.box(190, 92, 220, 136, 26, c.shade(lighter(c.colour, 0.08), 0.4, 0.32))
    for x in (170, 410):
        c.box(x, 132, 22, 54, 6, c.round_metal(joint, upright=True))
    for x in (252, 348):
        c.oval(x, 146, 34, 34, c.ball("#2c3138", 0.2, 0.3))
        c.oval(x, 146, 23, 23, c.ball(bright, 0.7, 0.2))
        c.oval(x - 8, 138, 7, 7, "#ffffff", 0.9)
    c.box(250, 194, 100, 18, 6, darker(c.colour, 0.6))
    for step in range(5):
        c.line(f"M{266 + step * 17} 195v16", lighter(c.colour, 0.5), 3, 0.8)
    c.shine("M206 112C212 104 222 102 236 102H330C280 108 230 126 212 178 206 150 204 124 206 112Z", 0.26)
    return c.done(330, (300, 190))


def plush(c: Canvas) -> Drawing:
    belly, nose = lighter(c.colour, 0.46), "#3a2a28"
    for x in (186, 414):
        c.oval(x, 128, 60, 58, c.ball(c.colour))
        c.oval(x, 134, 34, 33, c.ball(belly, 0.1, 0.24))
    c.path(
        "M300 270C420 270 440 400 434 460 428 530 372 556 300 556S172 530 166 460C160 400 180 270 300 270Z",
        c.ball(c.colour),
    )
    c.oval(300, 442, 92, 96, c.ball(belly, 0.2, 0.2))
    for side in (-1, 1):
        x = 300 + side * 148
        c.path(
            f"M{300 + side * 92} 330C{x} 316 {x + side * 52} 400 {x + side * 30} 448"
            f" {x + side * 6} 470 {x - side * 36} 452 {x - side * 44} 400Z",
            c.ball(c.colour, 0.26, 0.32),
        )
        c.oval(300 + side * 116, 512, 74, 50, c.ball(c.colour, 0.3, 0.34))
        c.oval(300 + side * 128, 516, 42, 34, c.ball(belly, 0.16, 0.2))
    c.path(
        "M300 84C420 84 462 160 456 222 450 290 380 322 300 322S150 290 144 222C138 160 180 84 300 84Z",
        c.ball(c.colour),
    )
    c.oval(300, 252, 88, 64, c.ball(belly, 0.3, 0.18))
    c.path("M268 222C280 208 320 208 332 222 338 238 314 252 300 252S262 238 268 222Z", c.ball(nose, 0.36, 0.3))
    c.line("M300 252V274M300 274C290 290 268 290 260 278M300 274C310 290 332 290 340 278", nose, 5)
    for x in (228, 372):
        c.oval(x, 192, 17, 19, c.ball(nose, 0.3, 0.4))
        c.oval(x - 5, 185, 5.5, 5.5, "#ffffff", 0.95)
    c.line("M300 96V150", darker(c.colour, 0.4), 3, 0.4, "7 7")
    c.line("M300 364V520", darker(belly, 0.35), 3, 0.4, "7 7")
    c.path(
        "M300 330C262 304 220 316 214 344 214 372 262 366 300 344 338 366 386 372 386 344 380 316 338 304 300 330Z",
        c.shade(c.accent),
    )
    c.oval(300, 338, 19, 17, c.ball(c.accent))
    return c.done(380, (300, 210))
