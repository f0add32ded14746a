"""Things that stand on a table: teapot, mug, vase, notebook."""

from steelyard.demo.pictures.canvas import COLOURS, Canvas, Drawing, darker, lighter


def teapot(c: Canvas) -> Drawing:
    c.line("M420 330C540 270 590 380 520 450 490 480 456 486 430 482", darker(c.colour, 0.4), 36)
    c.line("M420 328C538 270 586 380 518 446 490 474 456 480 430 478", c.shade(c.colour, 0.3, 0.3), 26)
    c.path(
        "M176 400C120 396 96 350 70 282 62 262 38 262 34 252 60 238 92 246 104 268 126 316 150 330 196 336Z",
        c.shade(c.colour),
    )
    c.oval(58, 254, 24, 8, darker(c.colour, 0.66))
    body = (
        "M300 262C410 262 470 330 468 412 466 490 410 548 360 556H240C190 548 134 490 132 412 130 330 190 262 300 262Z"
    )
    c.path(body, c.ball(c.colour, 0.36, 0.46))
    c.path("M240 540H360V556C330 562 270 562 240 556Z", darker(c.colour, 0.5))
    c.shine("M172 372C182 326 216 296 262 288 222 312 200 350 196 410 180 404 170 392 172 372Z", 0.34)
    c.path("M190 280C214 262 386 262 410 280 396 296 204 296 190 280Z", darker(c.colour, 0.5))
    c.path(
        "M198 274C206 232 250 214 300 214S394 232 402 274C380 286 220 286 198 274Z",
        c.ball(c.colour, 0.36, 0.4),
    )
    c.shine("M226 258C236 238 262 228 286 226 262 238 248 250 244 264Z", 0.3)
    c.oval(300, 212, 22, 8, darker(c.colour, 0.45))
    c.oval(300, 186, 31, 29, c.ball(c.colour, 0.42, 0.4))
    if c.chance("mark", 2):
        c.box(272, 400, 56, 56, 5, darker(c.colour, 0.34), 0.8)
        c.line("M286 416h28M300 416v26M286 442h28", lighter(c.colour, 0.4), 5, 0.9)
    else:
        c.line("M146 366C240 390 360 390 454 366", darker(c.colour, 0.4), 4, 0.45)
    return c.done(330, (290, 330), top=157)


def mug(c: Canvas) -> Drawing:
    inside = COLOURS["ivory"]
    for x, height in ((250, 60), (318, 84)):
        c.line(f"M{x} 170c-26-{height / 3:.0f} 26-{height / 2:.0f} 0-{height}", "#ffffff", 11, 0.4)
    c.line("M428 300C530 286 556 346 536 408 520 462 470 482 424 470", darker(c.colour, 0.42), 40)
    c.line("M428 298C526 284 550 346 530 404 514 456 470 474 424 464", c.shade(c.colour, 0.3, 0.3), 29)
    c.path(
        "M124 210C128 340 140 470 160 530 168 552 200 560 284 560S400 552 408 530C428 470 440 340 444 210Z",
        c.shade(c.colour, 0.32, 0.42, across=True),
    )
    glaze = lighter(c.colour, 0.5) if c.chance("glaze", 2) else darker(c.colour, 0.38)
    c.path(
        "M124 210C126 270 130 330 136 384 180 420 226 372 284 396S390 418 432 384C438 330 442 270 444 210Z",
        c.shade(glaze, 0.3, 0.3, across=True),
    )
    c.oval(284, 210, 160, 44, c.shade(lighter(glaze, 0.25)))
    c.oval(284, 213, 145, 36, c.shade(darker(inside, 0.18), 0.0, 0.2))
    c.oval(284, 224, 128, 25, c.shade("#5b3a26", 0.18, 0.3))
    c.oval(250, 219, 42, 7, "#ffffff", 0.16)
    c.shine(
        "M150 262C158 270 172 274 182 276 186 360 194 450 206 530 190 526 178 520 172 510 160 430 152 340 150 262Z",
        0.26,
    )
    return c.done(300, (300, 300), centre=284, top=140)


def vase(c: Canvas) -> Drawing:
    stem, leaf = COLOURS["olive"], COLOURS["green"]
    for x, y, bend in ((226, 66, -30), (318, 30, 8), (392, 92, 34)):
        c.line(f"M300 250Q{300 + bend} 170 {x} {y}", darker(stem, 0.2), 5)
        for step in range(5):
            px, py = 300 + (x - 300) * (0.3 + step * 0.15), 240 + (y - 240) * (0.3 + step * 0.15)
            lean = -1 if step % 2 else 1
            c.path(
                f"M{px:.0f} {py:.0f}q{34 * lean} -34 {56 * lean} -8q{-26 * lean} 26 {-56 * lean} 8Z",
                c.shade(leaf, 0.3, 0.3),
            )
        c.oval(x, y, 17, 17, c.ball(c.accent, 0.5))
    body = "M262 236C262 300 160 330 160 432 160 510 220 560 300 560S440 510 440 432C440 330 338 300 338 236Z"
    c.path(body, c.shade(c.colour, 0.4, 0.44, across=True))
    c.path(
        "M250 220C250 240 350 240 350 220L342 250C330 256 270 256 258 250Z",
        c.shade(c.colour, 0.4, 0.4, across=True),
    )
    c.oval(300, 220, 50, 13, darker(c.colour, 0.55))
    c.ring(300, 220, 48, 12, lighter(c.colour, 0.4), 5)
    for step in range(3):
        c.line(
            f"M{166 + step * 4} {402 + step * 34}C240 {428 + step * 34} 360 {428 + step * 34} {434 - step * 4} {402 + step * 34}",
            c.accent,
            6,
            0.7,
        )
    c.shine("M196 410C202 366 232 336 258 312 238 350 222 400 226 470 206 458 194 436 196 410Z", 0.36)
    return c.done(250, (300, 340))


def notebook(c: Canvas) -> Drawing:
    """A bound notebook and a pencil, from above."""
    c.box(146, 74, 330, 456, 10, "#efe9dc")
    for step in range(5):
        c.line(f"M472 {84}V{520}", darker("#efe9dc", 0.1 + step * 0.04), 1.5, 0.5)
    c.box(140, 66, 328, 456, 14, c.shade(c.colour, 0.22, 0.3))
    c.path("M154 66h24v456h-24a14 14 0 0 1-14-14V80a14 14 0 0 1 14-14Z", darker(c.colour, 0.34), 0.6)
    c.line("M190 74V514", lighter(c.colour, 0.4), 1.5, 0.5, "6 6")
    if c.chance("label", 2):
        c.box(226, 150, 190, 112, 6, c.shade("#f4efe3", 0.2, 0.08))
        c.line("M250 186h142M250 208h142M250 230h90", darker("#f4efe3", 0.4), 3, 0.6)
    else:
        c.ring(322, 206, 56, 56, lighter(c.colour, 0.5), 3, 0.7)
        c.line("M286 212L360 198M304 209v-22M296 210l-12 26h24ZM346 202v14", lighter(c.colour, 0.5), 3.5, 0.8)
    c.box(418, 66, 15, 456, 2, darker(c.colour, 0.5))
    c.box(418, 66, 5, 456, 2, lighter(c.colour, 0.2), 0.4)
    c.path("M250 522h22v58l-11-12-11 12Z", c.shade(c.accent))
    c.shine("M200 78H400L250 512H200Z", 0.07)
    c.path("M500 470L520 96 544 97 524 471Z", c.round_metal(c.accent))
    c.path("M500 470L524 471 510 516Z", "#e2c9a0")
    c.path("M507 500l8 1-5 15Z", "#33302e")
    c.path("M519 110L520 78 545 79 543 111Z", c.round_metal(COLOURS["silver"]))
    c.path("M520 78C521 60 545 60 545 79Z", c.shade(COLOURS["pink"]))
    return c.done(330, (330, 230), flat=True)


def bowl(c: Canvas) -> Drawing:
    """A bowl on a foot, with a ring of glaze."""
    glaze = lighter(c.colour, 0.4) if c.chance("glaze", 2) else darker(c.colour, 0.3)
    c.path("M212 530H388L376 560H224Z", c.shade(darker(c.colour, 0.2)))
    c.path("M56 318C66 450 150 540 300 540S534 450 544 318Z", c.shade(c.colour, 0.3, 0.44, across=True))
    c.path(
        "M56 318C60 370 76 412 98 440 150 414 200 452 256 434 330 410 400 462 470 436 510 420 540 380 544 318Z",
        c.shade(glaze, 0.26, 0.34, across=True),
    )
    c.oval(300, 318, 244, 62, c.shade(lighter(glaze, 0.24)))
    c.oval(300, 322, 228, 52, c.shade(darker(glaze, 0.2), 0.05, 0.25))
    c.path(
        "M92 336C140 372 240 376 300 376S460 372 508 336C480 362 400 374 300 374S120 362 92 336Z",
        lighter(glaze, 0.6),
        0.6,
    )
    c.shine("M92 356C104 430 150 480 196 500 150 440 126 400 120 360Z", 0.3)
    return c.done(330, (300, 380), top=256)


def flask(c: Canvas) -> Drawing:
    """A vacuum flask with its cup."""
    steel = COLOURS["steel"]
    c.box(204, 210, 192, 350, 40, c.shade(c.colour, 0.34, 0.48, across=True))
    c.box(204, 514, 192, 46, 20, c.round_metal(steel))
    c.box(214, 186, 172, 40, 10, c.round_metal(steel))
    c.path(
        "M222 190C222 96 230 72 262 64H338C370 72 378 96 378 190Z",
        c.shade(darker(c.colour, 0.14), 0.34, 0.46, across=True),
    )
    c.line("M222 156H378", darker(c.colour, 0.5), 3, 0.5)
    if c.chance("mark", 2):
        c.line("M276 340h48M300 340v70M276 410h48", lighter(c.colour, 0.55), 6, 0.8)
    else:
        c.ring(300, 380, 34, 34, lighter(c.colour, 0.5), 4, 0.8)
        c.line("M270 390L330 372M300 380v-30", lighter(c.colour, 0.5), 4, 0.8)
    c.shine("M222 240H246V500H222Z", 0.34)
    c.shine("M240 84H258V180H240Z", 0.3)
    return c.done(220, (300, 330), top=64)


def candle(c: Canvas) -> Drawing:
    """A candle burning in its holder."""
    c.path(
        "M300 96C330 150 344 176 336 204 330 226 316 236 300 236S270 226 264 204C256 176 270 150 300 96Z",
        c.glass("#f6a94a", 0.95, 0.85),
    )
    c.path(
        "M300 150C314 178 320 192 316 208 312 222 306 228 300 228S288 222 284 208C280 192 286 178 300 150Z", "#fff3cf"
    )
    c.line("M300 220V262", "#33302e", 5)
    c.path("M264 262C264 252 336 252 336 262V420H264Z", c.shade("#f1ead8", 0.3, 0.3, across=True))
    c.path("M264 262C280 282 320 250 336 266V300C330 330 318 300 312 296S286 350 276 310Z", "#fbf6e8", 0.8)
    c.box(246, 404, 108, 60, 10, c.round_metal(c.colour))
    c.path("M280 460H320L330 520H270Z", c.round_metal(c.colour))
    c.path(
        "M130 528C130 512 200 506 300 506S470 512 470 528 400 560 300 560 130 548 130 528Z",
        c.round_metal(lighter(c.colour, 0.06)),
    )
    c.oval(300, 524, 150, 15, darker(c.colour, 0.3), 0.5)
    c.line("M462 524C530 500 530 450 470 470", darker(c.colour, 0.4), 18)
    c.line("M462 522C524 500 524 454 470 470", lighter(c.colour, 0.24), 9)
    return c.done(360, (300, 260), top=96)
