"""How the experiments reckon a figure of several rounds, and write it."""

import re
import statistics


def median(samples, key):
    """None if one of the samples is None or has no such figure: it was not served then, or the figure was out of sight."""
    figures = [None if sample is None else sample.get(key) for sample in samples]
    return None if None in figures else statistics.median(figures)


def short(number):
    return "–" if number is None else f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def put(text, mark, words):
    """`text` with `words` between <!-- mark --> and <!-- /mark -->."""
    place = re.compile(rf"(?<=<!-- {mark} -->\n).*?(?=<!-- /{mark} -->)", re.DOTALL)
    return place.sub(lambda _: words, text)


def publish_in(page, mark, words):
    page.write_text(put(page.read_text(), mark, words))
