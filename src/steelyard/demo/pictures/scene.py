"""Ground, shadow and composition: the studio in which the objects are photographed."""

import hashlib
from collections.abc import Callable

from steelyard.demo.pictures import places
from steelyard.demo.pictures.canvas import COLOURS, MATERIALS, Canvas, Drawing, darker, lighter, mix

ANGLES = ("alone", "turned", "close", "pair", "pedestal", "room", "measures")
_GROUNDS = ("#e9e4da", "#dfe6e6", "#e8e1e2", "#e2e6dc", "#e4e3ea", "#efe6d6", "#dde5ea")
_WALLS = ("sky", "sand", "teal", "pink", "ivory", "olive")
_ACCENTS = ("ivory", "gold", "ink", "clay", "teal", "sand")
_SIZE = 800


def compose(
    drawer: Callable[[Canvas], Drawing],
    kind: str,
    *,
    colour: str,
    material: str,
    angle: int,
    seed: int,
    measures: tuple[int, int, int] | None = None,
) -> str:
    """The whole picture: ground, shadow, object or objects."""
    names = list(COLOURS)
    pick = number(seed, kind)
    base = COLOURS.get(colour) or (colour if colour.startswith("#") else COLOURS[names[pick % len(names)]])
    accent = COLOURS[_ACCENTS[pick // 7 % len(_ACCENTS)]]
    ground = mix(_GROUNDS[(pick // 3 + angle) % len(_GROUNDS)], base, 0.07)
    grain, size, gloss = MATERIALS.get(material, MATERIALS[""])

    def object_at(prefix: str, turned: bool = False, other: str = "") -> tuple[Canvas, Drawing]:
        canvas = Canvas(other or base, accent, gloss, seed, prefix, turned)
        return canvas, drawer(canvas)

    main_canvas, main = object_at("a", turned=ANGLES[angle] == "turned")
    if main.flat and main_canvas.turned:  # a flat thing is laid askew, not mirrored: the light stays where it is
        main_canvas, main = object_at("a")
    parts, defs = (
        [_backdrop(ground, ANGLES[angle], main.flat)],
        [*shared(ground, grain, size), *main_canvas.defs],
    )
    lift = max(0, main.top - 100) * 0.5
    match ANGLES[angle]:
        case "close":
            x, y = main.focus
            parts.append(placed(main, grain, f"translate(400 410) scale(2.05) translate({-x} {-y})"))
        case "pair":
            second_canvas, second = object_at("b", turned=not main.flat, other=companion(base))
            defs += second_canvas.defs
            parts.append(placed(second, grain, "translate(322 92) scale(.82)", turned=True))
            parts.append(placed(main, grain, "translate(-6 214) scale(.94)"))
        case "pedestal":
            parts.append(_pedestal(ground, main.flat))
            place = "translate(130 130) scale(.9)" if main.flat else "translate(127 64) scale(.91)"
            parts.append(placed(main, grain, place))
        case "room":
            plant = COLOURS[("green", "olive", "teal")[pick % 3]]
            wall = COLOURS[_WALLS[pick // 5 % len(_WALLS)]]
            parts = [places.table(plant, pick) if main.flat else places.room(ground, wall, plant, pick)]
            place = "translate(130 100) scale(.95)" if main.flat else "translate(146 186) scale(.86)"
            parts.append(placed(main, grain, place))
        case "measures":
            parts = [places.paper(), places.measures(main, measures or (100, 100, 100))]
            parts.append(placed(main, grain, places.MEASURED))
        case "turned":
            parts.append(placed(main, grain, f"translate(55 {62 - lift:.0f}) scale(1.15)", turned=True))
        case _:
            parts.append(placed(main, grain, f"translate(55 {62 - lift:.0f}) scale(1.15)"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}" width="{_SIZE}" height="{_SIZE}">'
        f"<defs>{''.join(defs)}</defs>{''.join(parts)}</svg>"
    )


def number(seed: int, kind: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{kind}".encode()).digest()[:4])


def companion(base: str) -> str:
    """The second colour of a pair: lighter if the first is dark, and the other way round."""
    bright = sum(int(base[i : i + 2], 16) for i in (1, 3, 5)) > 380
    return darker(base, 0.42) if bright else lighter(base, 0.5)


def shared(ground: str, grain: float, size: float) -> list[str]:
    """The gradients and filters of the studio, and the grain of the material."""
    defs = [
        '<filter id="soft" x="-40%" y="-120%" width="180%" height="340%"><feGaussianBlur stdDeviation="16"/></filter>',
        '<filter id="near" x="-40%" y="-200%" width="180%" height="500%"><feGaussianBlur stdDeviation="5"/></filter>',
        '<filter id="drop" x="-30%" y="-30%" width="160%" height="160%"><feDropShadow dx="10" dy="18" '
        'stdDeviation="14" flood-color="#1c1620" flood-opacity=".34"/></filter>',
        '<radialGradient id="wall" cx="34%" cy="22%" r="95%">'
        f'<stop offset="0" stop-color="{lighter(ground, 0.62)}"/><stop offset=".55" stop-color="{ground}"/>'
        f'<stop offset="1" stop-color="{darker(ground, 0.13)}"/></radialGradient>',
        '<linearGradient id="floor" x1="0" y1="0" x2="0" y2="1">'
        f'<stop offset="0" stop-color="{darker(ground, 0.1)}" stop-opacity="0"/>'
        f'<stop offset=".3" stop-color="{darker(ground, 0.09)}" stop-opacity=".5"/>'
        f'<stop offset="1" stop-color="{lighter(ground, 0.2)}" stop-opacity=".65"/></linearGradient>',
    ]
    if grain:
        defs.append(
            f'<filter id="grain" x="-12%" y="-12%" width="124%" height="124%"><feTurbulence type="fractalNoise" '
            f'baseFrequency="{size}" numOctaves="2" seed="3" result="noise"/><feColorMatrix in="noise" values="0 0 0 0 .1 '
            f'0 0 0 0 .08 0 0 0 0 .08 {grain} {grain} 0 0 {-grain * 0.62:.3f}" result="dust"/><feComposite in="dust" '
            'in2="SourceAlpha" operator="in" result="on"/><feMerge><feMergeNode in="SourceGraphic"/>'
            '<feMergeNode in="on"/></feMerge></filter>'
        )
    return defs


def _backdrop(ground: str, angle: str, flat: bool) -> str:
    wall = f'<path d="M0 0h{_SIZE}v{_SIZE}H0z" fill="url(#wall)"/>'
    if flat or angle == "close":
        return wall
    sweep = f'<path d="M0 560h{_SIZE}v240H0z" fill="url(#floor)"/>'
    if angle == "turned":
        return wall + _window(ground) + sweep
    if angle == "pair":
        return f'{wall}<circle cx="500" cy="330" r="235" fill="{lighter(ground, 0.5)}" opacity=".75"/>{sweep}'
    return wall + sweep


def _window(ground: str) -> str:
    """The light of a window on the wall."""
    panes = (
        "M70 90L230 40V300L70 350ZM250 34L410 -16V244L250 294ZM70 372L230 322V582L70 632ZM250 316L410 266V526L250 576Z"
    )
    return f'<path d="{panes}" fill="{lighter(ground, 0.85)}" opacity=".55" filter="url(#near)"/>'


def _pedestal(ground: str, flat: bool) -> str:
    """An arch behind and a round step below; flat things get a tray."""
    stone, edge = lighter(ground, 0.42), darker(ground, 0.16)
    side = (
        '<linearGradient id="side" x1="0" y1="0" x2="1" y2="0">'
        f'<stop offset="0" stop-color="{darker(ground, 0.05)}"/><stop offset=".3" stop-color="{lighter(ground, 0.34)}"/>'
        f'<stop offset="1" stop-color="{darker(ground, 0.2)}"/></linearGradient>'
    )
    if flat:
        return (
            f'<circle cx="400" cy="400" r="330" fill="{edge}" opacity=".28" filter="url(#soft)"/>'
            f'<circle cx="400" cy="395" r="325" fill="{stone}"/>'
            f'<circle cx="400" cy="395" r="300" fill="{lighter(ground, 0.2)}"/>'
        )
    return (
        f'<path d="M170 600V330a230 230 0 0 1 460 0v270z" fill="{darker(ground, 0.09)}"/>'
        '<ellipse cx="440" cy="694" rx="310" ry="34" fill="#1c1620" opacity=".28" filter="url(#soft)"/>'
        f'<defs>{side}</defs><path d="M120 562v96c0 30 125 54 280 54s280-24 280-54v-96z" fill="url(#side)"/>'
        f'<ellipse cx="400" cy="562" rx="280" ry="52" fill="{stone}"/>'
    )


def placed(drawing: Drawing, grain: float, place: str, turned: bool = False) -> str:
    """The object with its shadow, at its place."""
    grainy = ' filter="url(#grain)"' if grain else ""
    textured = f"<g{grainy}>{drawing.markup}</g>"
    if drawing.flat:
        askew = ' transform="rotate(-17 300 300)"' if turned else ""
        return f'<g transform="{place}"><g filter="url(#drop)"><g{askew}>{textured}</g></g></g>'
    mirror = ' transform="translate(600 0) scale(-1 1)"' if turned else ""
    half, middle = drawing.width / 2, 600 - drawing.centre if turned else drawing.centre
    shadow = "".join(
        f'<ellipse cx="{middle + aside:.0f}" cy="{y}" rx="{half * wide:.0f}" ry="{ry}" fill="#1c1620" '
        f'opacity="{dark}" filter="url(#{blur})"/>'
        for aside, y, wide, ry, dark, blur in (
            (20, 562, 1.08, 30, 0.3, "soft"),
            (4, 559, 0.94, 9, 0.42, "near"),
        )
    )
    return f'<g transform="{place}">{shadow}<g{mirror}>{textured}</g></g>'
