#!/usr/bin/env python3
"""report.py - text, Markdown and one HTML page of raw samples.

usage: report.py SAMPLES.json [--ablation ABLATION.json] [--out DIR]

Writes report.txt, report.md and report.html into DIR (that of the samples by
default).  The page needs no network and no script: its plots are SVG inside.
bench/compare and bench/ablation call this at their end; called by hand it
makes the same again of samples that were kept.
"""
import argparse
import os
import sys
import textwrap
from xml.sax.saxutils import escape

sys.dont_write_bytecode = True

import points
import samples
import svg
import works
from samples import OURS

# -- a report is a list of blocks: ("h", text), ("p", text), ("table", head,
# rows) or ("svg", drawing); the three forms below know no more.


def head(text):
    return ("h", text)


def para(text):
    return ("p", text)


def table(columns, rows):
    return ("table", columns, rows)


def figure(e):
    return "-" if e is None else "%s [%s, %s]" % (
        svg.number(e.median), svg.number(e.lo), svg.number(e.hi))


def short(words):
    """A reason, where many rows have it; the whole one stands elsewhere."""
    return textwrap.shorten(words, 60, placeholder=" ...")


def css_class(name):
    return "s-" + "".join(c if c.isalnum() else "-" for c in name)


class Report:
    def __init__(self, s, ablation=None):
        self.s = s
        self.ablation = ablation
        self.raw = s.raw
        self.names = [x["name"] for x in s.systems]
        self.title_of = {x["name"]: x["title"] for x in s.systems}

    def title(self):
        return {"compare": "vaultnfs beside others (%s)" %
                           self.raw.get("mode", "?"),
                "ablation": "vaultnfs with and without each idea"}.get(
                    self.raw["program"], self.raw["program"])

    def blocks(self):
        out = self.about()
        if self.raw["program"] == "ablation":
            out += self.switches()
        else:
            out += self.acceptance() + self.overview()
            for group in self.groups():
                out += self.group(group)
        return out + self.failures()

    # -- what and where

    def about(self):
        m = self.raw["machine"]
        rows = [[k, ", ".join(map(str, v)) if isinstance(v, list) else str(v)]
                for k, v in m.items() if v not in (None, [])]
        rows += [[k, str(self.raw[k])] for k in ("mode", "rounds", "quick",
                                                 "scale", "seconds_taken")
                 if k in self.raw]
        few = self.raw.get("rounds", 0) < 6
        return [
            head("What was run, and where"),
            para("All systems took turns in one run: in each round every work "
                 "is run on every system, in an order that is drawn anew for "
                 "each work. Figures are medians with an interval in brackets; "
                 "a ratio is computed in each round, and its median shown. " +
                 ("With fewer than six rounds no interval of order statistics "
                  "covers 95 %: here it is the whole range."
                  if few else "The intervals are between two order statistics "
                  "and cover the median with 95 % or more.")),
            table(["machine", ""], rows),
            table(["system", "kind", "version", "state"],
                  [[x["title"], x["kind"] + (", encrypted" if x["encrypted"]
                                             else ""), x["version"],
                    x["state"] + (": " + x["reason"] if x["reason"] else "")]
                   for x in self.s.systems]),
        ] + [para(n) for n in self.raw["notes"]] + (
            [] if self.raw.get("complete", True) else
            [para("The run did not reach its end: here is what it had.")])

    def acceptance(self):
        rows = points.Points(self.s, self.ablation).rows()
        count = {v: sum(r.verdict == v for r in rows)
                 for v in ("pass", "miss", "not measured")}
        return [
            head("Goals"),
            para("%d pass, %d miss, %d not measured. The verdict is the "
                 "median's." % (count["pass"], count["miss"],
                                count["not measured"])),
            table(["point", "what", "figure", "limit", "verdict", "remark"],
                  [list(r) for r in rows])]

    # -- figures

    def groups(self):
        seen = []
        for w in self.s.works:
            if w["group"] not in seen:
                seen.append(w["group"])
        return seen

    def measured(self, work):
        return any(self.s.estimate(n, work) for n in self.names)

    def overview(self):
        """Ours over the best encrypted FUSE mount, work by work."""
        out = []
        for value, title, good in (
                ("main", "Speed: vaultnfs / best encrypted FUSE mount",
                 "right"),
                ("cpu_us", "Server CPU: vaultnfs / best encrypted FUSE mount",
                 "left")):
            rows, lines = [], []
            for w in self.s.works:
                best = self.s.best(self.s.fuse(), w["name"], value)
                if best is None or w["group"] == works.EXTRA[0].group or \
                        not self.s.rounds(OURS, w["name"], value):
                    continue
                over, under = (OURS, w["name"]), (best, w["name"])
                if value == "main" and not self.s.more(w["name"]):
                    over, under = under, over
                r = self.s.ratio(over, under, value)
                rows.append((w["name"], css_class(OURS), r, "no pair"))
                lines.append([w["title"], best, figure(r)])
            if rows:
                out += [head(title), ("svg", svg.dots(title, rows, good)),
                        table(["work", "best mount", "ratio"], lines)]
        return out

    def group(self, group):
        found = [w for w in self.s.works if w["group"] == group and
                 self.measured(w["name"])]
        out = [head(group.capitalize())] if found else []
        for w in found:
            out += self.work(w)
        return out

    def involved(self, w):
        """Systems with a figure for it, or that should have had one."""
        return [n for n in self.names if self.s.estimate(n, w["name"]) or
                self.s.state(n)["state"] != "ok" or
                self.s.why_not(n, w["name"]).startswith("failed")]

    def work(self, w):
        rows, lines, costs = [], [], []
        best = self.s.best(self.s.fuse(), w["name"])
        for n in self.involved(w):
            e = self.s.estimate(n, w["name"])
            cpu = self.s.estimate(n, w["name"], "cpu_us")
            why = "" if e else short(self.s.why_not(n, w["name"]))
            label = self.title_of[n]
            rows.append((n, css_class(n), e, why))
            if cpu:
                costs.append((n, css_class(n), cpu, ""))
            r = None
            if best and e:
                over, under = (n, w["name"]), (best, w["name"])
                if not self.s.more(w["name"]):
                    over, under = under, over
                r = self.s.ratio(over, under)
            lines.append([label, figure(e) if e else why, figure(cpu),
                          figure(r), str(e.n) if e else "0"])
        per = "server CPU, us / %s" % w["per"]
        out = [("svg", svg.bars(w["title"], w["unit"], rows))]
        if costs:
            out.append(("svg", svg.bars("%s: %s" % (w["title"], per),
                                        per.rsplit(", ", 1)[1], costs)))
        return out + [table(["%s (%s)" % (w["title"], w["name"]), w["unit"],
                             per, "times the best mount", "n"], lines)]

    # -- ablation

    def switches(self):
        out = []
        for w in [w for w in self.s.works if self.measured(w["name"])]:
            rows, lines = [], []
            for x in self.s.systems:
                if x["name"] == OURS:
                    continue
                for value, what in (("main", w["unit"]),
                                    ("cpu_us", "server CPU")):
                    over, under = (OURS, w["name"]), (x["name"], w["name"])
                    if value == "cpu_us" or not self.s.more(w["name"]):
                        over, under = under, over
                    r = self.s.ratio(over, under, value)
                    if r is None and value == "cpu_us":
                        continue
                    why = short(self.s.why_not(x["name"], w["name"]))
                    rows.append(("%s: %s" % (x["name"], what),
                                 "on" if value == "main" else "cpu", r, why))
                    lines.append([x["name"], what,
                                  figure(r) if r else why, moved(r)])
            title = "%s: gain of what the switch takes away" % w["title"]
            out += [head(w["title"]), ("svg", svg.dots(title, rows)),
                    table(["switch", "measure", "gain (1: none)", "sure"],
                          lines)]
        if self.raw.get("counters"):
            out += self.counters()
        return out

    def counters(self):
        """Of bench/callcost: counted, not timed; the machine has no say."""
        sets = self.raw["counters"]
        out = [head("Counters of one call")]
        for work in sorted({k for c in sets.values() for k in c}):
            names = sorted({k for c in sets.values() for k in c.get(work, {})})
            out.append(table([work] + names, [
                [s] + [svg.number(c[work].get(k)) if work in c else "-"
                       for k in names] for s, c in sets.items()]))
        return out

    def failures(self):
        if not self.raw["failures"]:
            return [head("Failures"), para("None.")]
        return [head("Failures"),
                table(["round", "system", "work", "reason"],
                      [[str(f["round"]), f["system"], f["work"], f["reason"]]
                       for f in self.raw["failures"]])]


def moved(r):
    """Does the interval of a ratio leave out 1?"""
    if r is None:
        return ""
    if r.coverage < 0.95:
        return "too few rounds"
    return "better with" if r.lo > 1 else \
        "worse with" if r.hi < 1 else "no difference seen"


# -- three forms

def as_text(title, blocks):
    out = [title, "=" * len(title), ""]
    for b in blocks:
        if b[0] == "h":
            out += [b[1], "-" * len(b[1])]
        elif b[0] == "p":
            out += textwrap.wrap(b[1], 78) + [""]
        elif b[0] == "table":
            grid = [b[1]] + b[2]
            wide = [min(60, max(len(r[i]) for r in grid))
                    for i in range(len(b[1]))]
            for i, r in enumerate(grid):
                out.append("  ".join(c.ljust(w) for c, w in
                                     zip(r, wide)).rstrip())
                if i == 0:
                    out.append("  ".join("-" * w for w in wide))
            out.append("")
    return "\n".join(out) + "\n"


def as_markdown(title, blocks):
    cell = lambda c: c.replace("|", "\\|").replace("\n", " ")
    out = ["# " + title, ""]
    for b in blocks:
        if b[0] == "h":
            out += ["## " + b[1], ""]
        elif b[0] == "p":
            out += [b[1], ""]
        elif b[0] == "table":
            out.append("| " + " | ".join(map(cell, b[1])) + " |")
            out.append("|" + " --- |" * len(b[1]))
            out += ["| " + " | ".join(map(cell, r)) + " |" for r in b[2]]
            out.append("")
    return "\n".join(out)


STYLE = """
:root { --paper: #fff; --ink: #1c1c1e; --soft: #6b6b70; --rule: #e2e2e6;
	--ours: #0b6bcb; --ours2: #4a9ae8; --ours3: #86bdf2; --ours4: #b5d6f6;
	--a: #c2571a; --b: #8a5fb0; --c: #a8872a; --d: #3d8a5f; --e: #77a98c;
	--f: #9a9aa0; --good: #1d7a3c; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
	:root { --paper: #18181a; --ink: #ececf0; --soft: #a0a0a8;
	--rule: #36363b; --ours: #5aa9f5; --ours2: #3b82c4; --ours3: #2d6496;
	--ours4: #234c70; --good: #5cc07d; --bad: #f08078; } }
body { background: var(--paper); color: var(--ink); max-width: 62rem;
	font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto;
	padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; margin: .6rem 0 1.4rem;
	font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .22rem .7rem .22rem 0;
	border-bottom: 1px solid var(--rule); vertical-align: top; }
.pass { color: var(--good); font-weight: 600; }
.miss { color: var(--bad); font-weight: 600; }
svg { display: block; max-width: 100%; height: auto; margin-top: 1rem; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .title { font-size: 14px; font-weight: 600; }
svg .axis, svg .absent { fill: var(--soft); }
svg .absent { font-style: italic; }
svg .grid { stroke: var(--rule); } svg .one { stroke: var(--soft); }
svg .ci { stroke: var(--ink); stroke-width: 1.5; }
.bar { fill: var(--f); }
.s-vaultnfs, .on { fill: var(--ours); } .s-vaultnfs-plain { fill: var(--ours4); }
.s-vaultnfs-ctrmac { fill: var(--ours2); }
.s-vaultnfs-nojournal { fill: var(--ours3); }
.s-gocryptfs { fill: var(--a); } .s-securefs { fill: var(--b); }
.s-cryfs { fill: var(--c); } .s-ganesha { fill: var(--e); }
.s-ganesha-gocryptfs, .cpu { fill: var(--d); }
"""


def as_html(title, blocks):
    def cell(tag, c):
        kind = ' class="%s"' % c if c in ("pass", "miss") else ""
        return "<%s%s>%s</%s>" % (tag, kind, escape(c), tag)

    out = ['<!DOCTYPE html>', '<html lang="en"><head><meta charset="utf-8"/>',
           '<meta name="viewport" content="width=device-width"/>',
           "<title>%s</title>" % escape(title),
           "<style>%s</style></head><body>" % STYLE,
           "<h1>%s</h1>" % escape(title)]
    for b in blocks:
        if b[0] == "h":
            out.append("<h2>%s</h2>" % escape(b[1]))
        elif b[0] == "p":
            out.append("<p>%s</p>" % escape(b[1]))
        elif b[0] == "svg":
            out.append(b[1])
        else:
            out.append('<div class="wide"><table><tr>%s</tr>' % "".join(
                cell("th", c) for c in b[1]))
            out += ["<tr>%s</tr>" % "".join(cell("td", c) for c in r)
                    for r in b[2]]
            out.append("</table></div>")
    return "\n".join(out) + "\n</body></html>\n"


def write(raw, folder, ablation=None):
    """The three files; gives the text."""
    r = Report(samples.Samples(raw),
               samples.Samples(ablation) if ablation else None)
    title, blocks = r.title(), r.blocks()
    for name, form in (("report.txt", as_text), ("report.md", as_markdown),
                       ("report.html", as_html)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(form(title, blocks))
    return as_text(title, blocks)


def main():
    p = argparse.ArgumentParser(description="tables and plots of raw samples")
    p.add_argument("samples", metavar="SAMPLES.json")
    p.add_argument("--ablation", metavar="ABLATION.json")
    p.add_argument("--out", metavar="DIR")
    opt = p.parse_args()
    out = opt.out or os.path.dirname(os.path.abspath(opt.samples))
    os.makedirs(out, exist_ok=True)
    write(samples.load(opt.samples), out,
          samples.load(opt.ablation) if opt.ablation else None)
    print(os.path.join(out, "report.html"))


if __name__ == "__main__":
    main()
