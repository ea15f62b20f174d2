"""svg.py - bars with intervals, drawn as SVG text.

Nothing here knows what is measured: a chart is a title, a unit and rows.  The
elements have classes only; the page's style sheet gives them their colours.
"""
import math
from xml.sax.saxutils import escape, quoteattr

LABEL, WIDTH, VALUE, ROW, TOP, FOOT = 190, 430, 190, 22, 30, 26


def number(v):
    """Three digits that count, and thousands in groups."""
    if v is None:
        return "-"
    if v == 0:
        return "0"
    size = abs(v)
    if size >= 100:
        return "{:,.0f}".format(v)
    return "{:.{}f}".format(v, max(0, 2 - math.floor(math.log10(size)))
                            if size >= 0.001 else 6)


def steps(top, count=4):
    """Round numbers from 0 to about top, for the axis."""
    raw = top / count
    base = 10 ** math.floor(math.log10(raw))
    step = next(m * base for m in (1, 2, 5, 10) if m * base >= raw)
    return [i * step for i in range(int(top / step) + 1)]


def text(x, y, kind, what, anchor="start"):
    return '<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>' % (
        x, y, kind, anchor, escape(what))


def line(x1, y1, x2, y2, kind):
    return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>' % (
        x1, y1, x2, y2, kind)


def frame(title, rows, parts):
    height = TOP + ROW * rows + FOOT
    width = LABEL + WIDTH + VALUE
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" '
            'width="%d" height="%d" role="img" aria-label=%s>\n%s\n</svg>' % (
                width, height, width, height, quoteattr(title),
                "\n".join([text(0, 16, "title", title)] + parts)))


def whisker(lo, hi, y):
    return [line(lo, y, hi, y, "ci"), line(lo, y - 4, lo, y + 4, "ci"),
            line(hi, y - 4, hi, y + 4, "ci")]


def bars(title, unit, rows):
    """Rows are (label, class, estimate or None, words if there is none)."""
    known = [e for _, _, e, _ in rows if e]
    top = max([e.hi for e in known if e.hi > 0], default=1) * 1.02
    at = lambda v: LABEL + WIDTH * min(v, top) / top
    bottom = TOP + ROW * len(rows)
    parts = []
    for v in steps(top):
        parts += [line(at(v), TOP, at(v), bottom, "grid"),
                  text(at(v), bottom + 14, "axis", number(v), "middle")]
    parts.append(text(LABEL + WIDTH + 8, bottom + 14, "axis", unit))
    for i, (label, kind, e, words) in enumerate(rows):
        y = TOP + ROW * i
        parts.append(text(LABEL - 8, y + 15, "label", label, "end"))
        if e is None:
            parts.append(text(LABEL + 6, y + 15, "absent", words))
            continue
        tip = "%s: %s %s [%s, %s], n = %d" % (
            label, number(e.median), unit, number(e.lo), number(e.hi), e.n)
        parts.append('<rect x="%d" y="%d" width="%.1f" height="%d" '
                     'class="bar %s"><title>%s</title></rect>' % (
                         LABEL, y + 3, max(at(e.median) - LABEL, 1), ROW - 6,
                         kind, escape(tip)))
        parts += whisker(at(e.lo), at(e.hi), y + ROW / 2)
        parts.append(text(LABEL + WIDTH + 8, y + 15, "value",
                          "%s [%s, %s]" % (number(e.median), number(e.lo),
                                           number(e.hi))))
    return frame(title, len(rows), parts)


def ratio_marks(least, most):
    """1, 2 and 5 times the powers of ten that lie between."""
    marks = [m * 10.0 ** p for p in range(-4, 5) for m in (1, 2, 5)]
    return [m for m in marks if least <= m <= most]


def dots(title, rows, better="right"):
    """Ratios on a logarithmic axis; rows are (label, class, estimate, words)."""
    known = [e for _, _, e, _ in rows if e and e.lo > 0]
    least = min([e.lo for e in known] + [0.5]) / 1.1
    most = max([e.hi for e in known] + [2.0]) * 1.1
    span = math.log(most / least)
    at = lambda v: LABEL + WIDTH * math.log(v / least) / span
    bottom = TOP + ROW * len(rows)
    parts = []
    for v in ratio_marks(least, most):
        parts += [line(at(v), TOP, at(v), bottom, "one" if v == 1 else "grid"),
                  text(at(v), bottom + 14, "axis", "%g" % v, "middle")]
    parts.append(text(LABEL + WIDTH + 8, bottom + 14, "axis",
                      "better on the " + better))
    for i, (label, kind, e, words) in enumerate(rows):
        y = TOP + ROW * i + ROW / 2
        parts.append(text(LABEL - 8, y + 4, "label", label, "end"))
        if e is None or e.lo <= 0:
            parts.append(text(LABEL + 6, y + 4, "absent", words))
            continue
        parts += whisker(at(e.lo), at(e.hi), y)
        parts.append('<circle cx="%.1f" cy="%.1f" r="5" class="bar %s">'
                     '<title>%s</title></circle>' % (
                         at(e.median), y, kind,
                         escape("%s: %.3g [%.3g, %.3g]" % (
                             label, e.median, e.lo, e.hi))))
        parts.append(text(LABEL + WIDTH + 8, y + 4, "value",
                          "%.3g [%.3g, %.3g]" % (e.median, e.lo, e.hi)))
    return frame(title, len(rows), parts)
