"""The words of a product: its title, its description and its specification table, in Chinese and English."""

from steelyard.demo.catalogue import Feature, Form, Line, Maker, Words
from steelyard.goods.catalog.model import Attribute
from steelyard.kernel.text import Text, text

_OPENINGS: tuple[Words, ...] = (
    ("{series}系列的{form}，{made}做的，{feature}是它的脾气。",
     "The {series} {form} is made of {made}; {feature} is what it is known for."),
    ("一件{form}，用{made}，从打样到定版改了{tries}次。",
     "A {form} in {made}. It took {tries} samples until we left it alone."),
    ("{maker}的{series}，名字来自做它的那个季节。{made}，{feature}。",
     "{series} is named after the season we made it in: {made}, {feature}."),
    ("如果只买一件{form}，我们会劝你买这件。{made}，{feature}。",
     "If you buy one {form} only, let it be this: {made}, {feature}."),
    ("{series}这一款，老顾客回来买第二件的最多。{made}制成。",
     "{series} is the one that customers come back for. Made of {made}."),
    ("做{form}没有捷径：{made}，一道一道来。",
     "There is no short cut to a {form}: {made}, one step after the other."),
)  # fmt: skip
_HEADINGS: tuple[tuple[Words, Words, Words], ...] = (
    (("为什么选它", "Why this one"), ("细节", "Details"), ("用前请看", "Before you use it")),
    (("好在哪里", "What is good about it"), ("做工", "How it is made"), ("小贴士", "A word of advice")),
    (("它能做什么", "What it does"), ("看得见的地方", "What you see"), ("保养", "Care")),
)


def title(maker: Maker, form: Form, series: Words, feature: Feature, copy: int) -> Text:
    """Series, form and what is particular; a house that sells abroad says its series in Latin letters in both."""
    again_zh, again_en = (f" {copy + 1}号", f" No. {copy + 1}") if copy else ("", "")
    if maker.english_first:
        return Text(
            {
                "en": f"{series[1]} {form.en}{again_en}, {feature.en}",
                "zh-Hans": f"{series[1]} {series[0]}{form.zh}{again_zh} {feature.zh}",
            }
        )
    return text(f"{series[0]}{form.zh}{again_zh} {feature.zh}", f"{series[1]} {form.en}{again_en}, {feature.en}")


def description(maker: Maker, line: Line, form: Form, series: Words, feature: Feature, place: int) -> Text:
    """An opening, what is good about the kind, what is particular about this one, and the house's own closing word."""
    written = [_in(language, maker, line, form, series, feature, place) for language in (0, 1)]
    if maker.english_first:
        return Text({"en": written[1], "zh-Hans": written[0]})
    return text(*written)


def _in(language: int, maker: Maker, line: Line, form: Form, series: Words, feature: Feature, place: int) -> str:
    said = _OPENINGS[(place + len(maker.slug)) % len(_OPENINGS)][language].format(
        series=series[language],
        form=(form.zh, form.en)[language],
        made=line.made_of[language],
        feature=(feature.zh, feature.en)[language],
        maker=maker.name[language],
        tries=3 + place % 5,
    )
    why, details, care = (heading[language] for heading in _HEADINGS[place % len(_HEADINGS)])
    about = [line.about[(place + n) % len(line.about)][language] for n in range(min(2, len(line.about)))]
    sentence = (feature.zh_sentence, feature.en_sentence)[language]
    closing = maker.closing[(place // 2) % len(maker.closing)][language]
    bullet = "· "
    return "\n".join(
        [
            said,
            "",
            why,
            f"{bullet}{sentence}",
            *(f"{bullet}{words}" for words in about),
            "",
            details,
            *(f"{bullet}{_row(line, place, n)[language]}" for n in range(len(line.specs))),
            "",
            care,
            f"{bullet}{closing}",
        ]
    )


def _row(line: Line, place: int, n: int) -> Words:
    spec = line.specs[n]
    zh, en = spec.values[(place + n) % len(spec.values)]
    return f"{spec.zh}：{zh}", f"{spec.en}: {en}"


def specifications(line: Line, place: int, abroad: bool) -> list[Attribute]:
    """The specification table: what it is made of, its measures, and what belongs to its kind."""
    wide, deep, high = line.box
    rows = [
        Attribute(name=text("工艺", "Made of"), value=text(*line.made_of)),
        *(
            Attribute(name=text(spec.zh, spec.en), value=text(*spec.values[(place + n) % len(spec.values)]))
            for n, spec in enumerate(line.specs)
        ),
        Attribute(
            name=text("尺寸", "Measures"),
            value=text(f"{wide} × {deep} × {high} 毫米", f"{wide} × {deep} × {high} mm"),
        ),
        Attribute(name=text("重量", "Weight"), value=text(f"{line.grams} 克", f"{line.grams} g")),
    ]
    if abroad:
        rows.append(Attribute(name=text("发货", "Sent from"), value=text("境外直发", "Abroad, directly")))
    return rows
