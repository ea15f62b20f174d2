#!/usr/bin/env python3
"""test_report.py - the report of a fixed sample says what is in the sample.

TAP; needs no network, no server and a second.  The numbers that are expected
were computed by hand, or stand in tables of order statistics.
"""
import os
import re
import sys
import tempfile
import xml.etree.ElementTree as ET

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import many
import native
import points
import report
import runs
import samples
import servers
import stats
import svg
import tools
import works

SVG = "{http://www.w3.org/2000/svg}"
TESTS = []


def test(f):
    TESTS.append(f)
    return f


def same(got, want):
    assert got == want, "%r is not %r" % (got, want)


def near(got, want):
    assert abs(got - want) <= abs(want) * 1e-9, "%r is not %r" % (got, want)


def sample():
    return samples.load(os.path.join(HERE, "test_report.json"))


def made(raw):
    """The three files of a report, as texts."""
    with tempfile.TemporaryDirectory() as d:
        report.write(raw, d)
        out = {}
        for kind in ("txt", "md", "html"):
            with open(os.path.join(d, "report." + kind),
                      encoding="utf-8") as f:
                out[kind] = f.read()
        return out


def rows(raw):
    return {r.text: r for r in points.Points(samples.Samples(raw)).rows()}


@test
def the_interval_is_between_the_right_order_statistics():
    # n, rank of the lower end: tables of the sign test, 95 %
    for n, k in ((6, 1), (8, 1), (9, 2), (12, 3), (15, 4), (20, 6), (25, 8)):
        e = stats.estimate(range(1, n + 1))
        same((n, e.lo, e.hi), (n, k, n + 1 - k))
        assert e.coverage >= 0.95
    near(stats.estimate(range(6)).coverage, 1 - 2 / 64)


@test
def few_samples_have_their_range_and_say_so():
    e = stats.estimate([3, 1, 2])
    same((e.median, e.lo, e.hi), (2, 1, 3))
    near(e.coverage, 0.75)
    same(stats.estimate([]), None)


@test
def a_ratio_is_of_pairs_and_not_of_medians():
    # every pair says 2, though the machine became ten times slower
    r = stats.ratio({0: 200, 1: 20, 2: 40}, {0: 100, 1: 10, 2: 20, 3: 7})
    same((r.median, r.lo, r.hi, r.n), (2, 2, 2, 3))


@test
def a_number_keeps_three_digits():
    same([svg.number(v) for v in (None, 0, 0.0123, 1.234, 12.34, 1234.5)],
         ["-", "0", "0.0123", "1.23", "12.3", "1,234"])


@test
def the_page_is_xml_and_so_is_each_plot():
    html = made(sample())["html"]
    page = ET.fromstring(html.split("\n", 1)[1])
    plots = page.findall(".//" + SVG + "svg")
    assert len(plots) >= 7, "only %d plots" % len(plots)
    for p in plots:
        ET.fromstring(ET.tostring(p))
    for tag in ("script", "link", "img", "iframe"):
        same(page.findall(".//" + tag), [])
    same(re.findall(r"(?:src|href)=", html), [])
    same([u for u in re.findall(r"https?://[^\"' <]*", html)
          if u != "http://www.w3.org/2000/svg"], [])


@test
def bars_are_as_long_as_their_figures():
    page = ET.fromstring(made(sample())["html"].split("\n", 1)[1])
    plot = [p for p in page.iter(SVG + "svg")
            if p.get("aria-label") == "sequential read, 1 MiB"][0]
    width = {r.get("class"): float(r.get("width"))
             for r in plot.iter(SVG + "rect")}
    for name, mib in (("plain", 4000), ("vaultnfs", 1205), ("securefs", 500)):
        same(round(width["bar s-" + name], 1),
             round(svg.WIDTH * mib / (4000 * 1.02), 1))


@test
def all_forms_have_the_figures():
    for kind, text in made(sample()).items():
        for figure in ("1,205 [1,180, 1,260]",      # seq-read of ours
                       "602 [590, 630]",            # of the best mount
                       "2.00 [2.00, 2.00]",         # their ratio
                       "100 [98.0, 102]",           # CPU of securefs
                       "gocryptfs 2.3", "Linux 0.0 test", "0.25, 0.5, 0.75"):
            assert figure in text, "%s is not in %s" % (figure, kind)


@test
def a_missing_system_and_a_failure_are_shown():
    for kind, text in made(sample()).items():
        assert "missing: there is no cryfs" in text, kind
        assert "failed: nfsload ended with status 1" in text, kind
        assert "CryFS" in text, kind
    out = made(sample())
    assert "&lt;no&gt; answer" in out["html"]
    assert "did not reach its end" not in out["txt"]
    assert "did not reach its end" in made(dict(sample(),
                                                complete=False))["txt"]
    assert "| CryFS | fuse, encrypted |  | missing: there is no cryfs |" in \
        out["md"]


@test
def goals_are_judged_by_the_samples():
    r = rows(sample())
    one = r["GETATTR / NULL, depth 1"]
    same((one.figure, one.limit, one.verdict),
         ("0.9 [0.8, 1]", ">= 0.85", "pass"))
    assert "the interval has the limit inside" in one.remark
    one = r["sequential read, vaultnfs / best encrypted FUSE"]
    same((one.figure, one.verdict, one.remark),
         ("2 [2, 2]", "pass", "best: gocryptfs"))
    # 70 us are a third of gocryptfs's, but securefs takes 100
    one = r["server CPU, create and write 4 KiB / best encrypted FUSE, depth 1"]
    same((one.figure[:3], one.limit, one.verdict, one.remark),
         ("0.7", "<= 0.6", "miss", "best: securefs"))
    same(r["start to ready, less scrypt"].verdict, "miss")
    one = r["new 4 KiB files, depth 1 / plain ganesha"]
    same((one.figure, one.verdict), ("1.8 [1.78, 1.82]", "pass"))


@test
def a_share_of_null_that_was_measured_in_turns_is_the_one():
    raw = sample()
    for s in raw["samples"]:
        if (s["system"], s["work"]) == ("vaultnfs", "getattr"):
            s["values"]["of_null"] = 0.5
    one = rows(raw)["GETATTR / NULL, depth 1"]
    same((one.figure, one.verdict, one.remark),
         ("0.5 [0.5, 0.5]", "miss", "in turns"))


@test
def what_was_not_measured_is_no_pass():
    one = rows(sample())["sequential write, vaultnfs / best encrypted FUSE "
                         "mount that syncs"]
    same(one.verdict, "not measured")
    raw = sample()
    raw["samples"] = [s for s in raw["samples"] if s["work"] != "null"]
    one = rows(raw)["GETATTR / NULL, depth 1"]
    same((one.verdict, one.remark),
         ("not measured", "vaultnfs, null: not measured"))
    raw["samples"] = []
    verdicts = {r.verdict for r in points.Points(samples.Samples(raw)).rows()}
    same(verdicts, {"not measured", "not judged"})
    made(raw)


def add(raw, system, work, n, **values):
    """The same figures in rounds 0 to n - 1."""
    raw["samples"] += [{"round": i, "place": 0, "system": system,
                        "work": work, "load": 0, "values": values}
                       for i in range(n)]


@test
def writing_is_judged_beside_mounts_that_sync():
    raw = sample()
    raw["systems"] = [s for s in raw["systems"] if s["name"] != "cryfs"] + [
        {"name": "cryfs", "title": "CryFS", "kind": "fuse", "encrypted": True,
         "syncs": False, "state": "ok", "reason": "", "version": ""}]
    for system, rate in (("vaultnfs", 600.0), ("gocryptfs", 200.0),
                         ("securefs", 150.0), ("cryfs", 1200.0)):
        add(raw, system, "seq-write", 6, main=rate)
    r = rows(raw)
    one = r["sequential write, vaultnfs / best encrypted FUSE mount that "
            "syncs"]
    same((one.figure, one.verdict, one.remark),
         ("3 [3, 3]", "pass", "best: gocryptfs"))
    one = r["sequential write, vaultnfs / cryfs"]
    same((one.figure, one.verdict), ("0.5 [0.5, 0.5]", "not judged"))
    assert "fsync" in one.remark
    same(r["sequential write, vaultnfs / gocryptfs"].remark, "")


@test
def cpu_is_judged_at_both_depths_and_beside_null():
    raw = sample()
    add(raw, "vaultnfs", "null", 6, cpu_us=25.0)
    add(raw, "vaultnfs", "create-write-16", 6, main=9.0, cpu_us=40.0)
    r = rows(raw)
    text = "server CPU, create and write 4 KiB / best encrypted FUSE, depth %d"
    one = r[text % 1]
    same((one.figure[:3], one.verdict, one.remark),
         ("0.7", "miss", "best: securefs; 2 NULL at depth 1 are 50 us, and no "
          "NFS call costs less"))
    one = r[text % 16]                  # beside the same 100 us of securefs
    same((one.figure[:3], one.verdict, one.remark),
         ("0.4", "pass", "best: securefs"))
    same(r["server CPU, unlink / best encrypted FUSE, depth 16"].verdict,
         "not measured")
    assert "server CPU, list / best encrypted FUSE" in r


@test
def memory_may_be_64_mib_and_the_caches():
    raw = sample()
    add(raw, "vaultnfs", "rss-peak", 6, main=100.0)
    one = rows(raw)["memory under load"]
    same((one.limit, one.verdict), ("<= 64 MiB", "miss"))
    raw["caches"] = {"cache_mib": 30, "dirty_mib": 20}
    one = rows(raw)["memory under load"]
    same((one.limit, one.verdict), ("<= 114 MiB", "pass"))
    assert "30 MiB" in one.remark and "20 MiB" in one.remark


@test
def a_vault_of_many_files_is_held_against_a_small_one():
    raw = sample()
    for n, us in ((1000, 50.0), (100000, 55.0), (1000000, 65.0)):
        add(raw, "vaultnfs", "lookup-files", 6, main=us, cpu_us=us / 2,
            files=n)
        if n > 1000:
            add(raw, "vaultnfs", "lookup-files-wide", 6, main=us, files=n)
    r = rows(raw)
    text = "LOOKUP per call, in a vault of %s files / of %s"
    one = r[text % ("100,000", "1,000")]
    same((one.figure, one.limit, one.verdict, one.remark),
         ("1.1 [1.1, 1.1]", "<= 1.2", "pass", "server CPU: 1.1 [1.1, 1.1]"))
    same(r[text % ("1,000,000", "1,000")].verdict, "miss")
    one = r[text % ("1,000,000", "100,000") + ", one file in each directory"]
    same((one.figure[:4], one.verdict), ("1.18", "pass"))
    same(r["GETATTR per call, in a vault of ? files / of ?"].verdict,
         "not measured")


@test
def what_the_file_system_asks_for_more_files_stands_beside():
    raw = sample()
    for n, us in ((1000, 50.0), (1000000, 75.0)):
        for work, part in (("create-files", 1), ("by-hand-files", 5)):
            add(raw, "vaultnfs", work, 6, main=us, cpu_us=us / part, files=n)
    one = rows(raw)["CREATE per call, in a vault of 1,000,000 files / of "
                    "1,000"]
    same((one.verdict, one.remark),
         ("miss", "server CPU: 1.5 [1.5, 1.5]; files made in the folder, CPU: "
          "1.5 [1.5, 1.5]"))


@test
def as_many_files_are_made_by_hand():
    class Store:
        files = 1000000

        def __init__(self, top):
            self.top = top

        def at(self, name):
            return os.path.join(self.top, name)

    with tempfile.TemporaryDirectory() as top:
        for i in range(1500):
            os.makedirs("%s/store/d/%02d/%04d" % (top, i % 30, i))
        s = Store(top)
        same([len(set(many.folders(s, f))) for f in many.FORMS], [10, 1000])
        many.by_hand(Keeper(), 3, s, "", many.folders(s, ""))
        made = [f for _, _, fs in os.walk(top) for f in fs]
        same((len(made), len(set(made))), (1000, 1000))
        same(Keeper.kept[0]["files"], 1000000)
        assert 0 < Keeper.kept[0]["cpu_us"] < 1e4, Keeper.kept


class Keeper:
    kept = []

    def add(self, rnd, place, system, w, values):
        same((rnd, system, w.name), (3, "vaultnfs", "by-hand-files"))
        self.kept.append(values)


@test
def the_same_number_of_files_is_touched_in_every_vault():
    for n in (1000, 100000, 1000000):
        near_ones = many.paths(n, "")
        same((len(set(near_ones)), len({os.path.dirname(p)
                                        for p in near_ones})), (1000, 10))
        last = max(int(p.split("/")[1][4:]) for p in near_ones)
        assert 0.8 * (n // 100) < last < n // 100, last     # far apart
    same(many.paths(1000, "-wide"), None)
    for n in (100000, 1000000):
        far = many.paths(n, "-wide")
        same((len(set(far)), len({os.path.dirname(p) for p in far})),
             (1000, 1000))
    same(many.path(12345, 7),
         "group-000123/dir-012345/file-00000007.txt")   # as scale_make has it


@test
def stalls_are_told_from_inside_and_outside():
    procs = {"GETATTR": {"max_us": 4000, "p99_us": 900},
             "NULL": {"max_us": 3900, "p99_us": 800}}
    got = dict(native.stalls({"loop_max_us": 1500}, {"procs": procs},
                             {"procs": {"NULL": {"max_us": 3000,
                                                 "p99_us": 100}}}))
    same({k: v["main"] for k, v in got.items()},
         {"stall": 1.5, "stall-outside": 4, "stall-null": 3.9,
          "stall-machine": 3})
    raw = sample()
    for work, values in got.items():
        add(raw, "vaultnfs", work, 6, **values)
    r = rows(raw)
    same(r["longest stall of the loop under mixed load"].verdict, "pass")
    one = r["longest GETATTR under mixed load, from outside"]
    same((one.figure, one.verdict), ("4 [4, 4] ms", "miss"))
    assert "same load 3.9 [3.9, 3.9] ms" in one.remark and \
        "no other load 3 [3, 3] ms" in one.remark, one.remark


@test
def what_is_written_is_as_large_as_vaultbench_has_it():
    # vb_scale(64, 8) of vb.c
    for scale, mib in ((1.0, 64), (0.2, 13), (0.5, 32), (0.01, 8)):
        same(works.large_file(scale), mib)


@test
def a_time_is_good_when_it_is_short():
    raw = sample()
    raw["mode"] = "guest"
    raw["works"] = [{"name": "ide", "title": "ide", "group": "workloads",
                     "unit": "s", "per": "run"}]
    raw["samples"] = [
        {"round": n, "place": 0, "system": s, "work": "ide", "load": 0,
         "values": {"main": v}} for n in range(6)
        for s, v in (("vaultnfs", 2.0), ("gocryptfs", 3.0),
                     ("securefs", 1.0))]
    r = rows(raw)
    same((r["ide / gocryptfs"].figure, r["ide / gocryptfs"].verdict),
         ("1.5 [1.5, 1.5]", "pass"))
    same(r["ide / securefs"].verdict, "miss")
    same(r["ide / cryfs"].verdict, "not measured")
    out = made(raw)["md"]
    assert "| ide | securefs | 0.500 [0.500, 0.500] |" in out, out
    assert "| vaultnfs | 2.00 [2.00, 2.00] | - | 0.500 [0.500" in out, out


@test
def the_three_ideas_are_judged_by_an_ablation():
    raw = sample()
    raw["mode"] = "guest"
    off = sample()
    off["program"] = "ablation"
    off["works"] = [
        dict(works.describe(works.of_workload(
            {"name": n, "phase": "warm", "unit": u})))
        for n, u in (("ide", "s"), ("concurrent", "ops/s"))]
    off["samples"] = [
        {"round": n, "place": 0, "system": s, "work": w, "load": 0,
         "values": {"main": v}} for n in range(6)
        for s, w, v in (("vaultnfs", "ide", 2.0),
                        ("no-arena+no-inline+no-pool", "ide", 2.5),
                        ("vaultnfs", "concurrent", 110.0),
                        ("no-arena+no-inline+no-pool", "concurrent", 100.0))]
    r = {x.text: x for x in points.Points(
        samples.Samples(raw), samples.Samples(off)).rows()}
    one = r["ide, three ideas on / off"]
    same((one.figure, one.limit, one.verdict),
         ("1.25 [1.25, 1.25]", ">= 1.1", "pass"))
    one = r["concurrent, three ideas on / off"]
    same((one.figure, one.limit, one.verdict),
         ("1.1 [1.1, 1.1]", ">= 1.15", "miss"))


@test
def the_three_ideas_are_judged_by_a_pair_in_the_same_run_too():
    raw = sample()
    raw["mode"] = "guest"
    raw["systems"].append(
        {"name": "vaultnfs-noideas", "title": "off", "kind": "nfs",
         "encrypted": True, "state": "ok", "reason": "", "version": ""})
    raw["works"] = [dict(works.describe(works.of_workload(
        {"name": "ide", "phase": "-", "unit": "s"})))]
    raw["samples"] = []
    add(raw, "vaultnfs", "ide", 6, main=2.0)
    add(raw, "vaultnfs-noideas", "ide", 6, main=2.1)
    r = rows(raw)
    one = r["ide, three ideas on / off"]
    same((one.figure, one.verdict), ("1.05 [1.05, 1.05]", "miss"))
    same(r["concurrent, three ideas on / off"].verdict, "not measured")


@test
def some_workloads_may_have_rounds_of_their_own():
    same(runs.rounds_of("git=1,ide=10,none=3", ["git", "ide", "tree"], 3),
         {"git": 1, "ide": 10, "tree": 3})
    same(runs.rounds_of(None, ["git"], 3), {"git": 3})
    try:
        runs.rounds_of("git", ["git"], 3)
    except SystemExit:
        pass
    else:
        assert False, "a part without a number was taken"


@test
def who_is_not_named_takes_part_if_usual():
    names = [c.name for c in servers.ALL if c.usual]
    assert "vaultnfs" in names and "vaultnfs-noideas" not in names
    assert "knfsd" not in names
    host = servers.BY_NAME["knfsd"]("/nowhere", {})
    assert host.missing(), "it is not ours to start on a host"
    same(servers.BY_NAME["vaultnfs-noideas"].tune,
         ("no-arena", "no-inline", "no-pool"))
    same(servers.BY_NAME["vaultnfs-plain"].cipher, "NONE")
    same([c.name for c in servers.ALL if not c.syncs], ["cryfs"])
    for name in works.ONLY_OURS:        # each beside one that others have too
        assert works.BY_NAME[name[:-len("-16")]].bench, name


@test
def what_the_programs_say_becomes_one_unit():
    said = {"calls": 100, "bytes": 50 << 20, "rate": 200.0, "mib_s": 100.0,
            "seconds": 0.5, "server_cpu_us": 400.0, "entries": 5000}
    v = works.of_nfsload(works.BY_NAME["seq-read"], said)
    same((v["main"], v["cpu_us"]), (100.0, 800.0))
    v = works.of_nfsload(works.BY_NAME["list"], said)
    same((v["main"], v["cpu_us"]), (10000.0, 8.0))
    v = works.of_nfsload(works.BY_NAME["getattr"], said)
    same((v["main"], v["cpu_us"]), (200.0, 400.0))
    v = works.of_nfsload(works.BY_NAME["getattr"],
                         dict(said, server_cpu_us=4e13))
    same(v.get("cpu_us"), None)
    result = {"name": "x", "phase": "-", "unit": "s", "samples": [3.0, 2.0],
              "net_of_sleeps": [2.0, 1.0], "server_cpu_s": [0.5, None],
              "ops": 100, "bytes": 64 << 20}
    v = works.of_vaultbench(works.BY_NAME["create-write"], result, 0)
    same((v["main"], v["cpu_us"]), (50.0, 5000.0))
    v = works.of_vaultbench(works.BY_NAME["seq-read"], result, 1)
    same((v["main"], v.get("cpu_us")), (64.0, None))
    v = works.of_vaultbench(works.of_workload(result), result, 0)
    same((v["main"], v["cpu_us"]), (2.0, 500000.0))
    for phase, name in (("cold", "list"), ("-", "list"), ("warm", None)):
        w = works.of_step({"name": "micro-list", "phase": phase})
        same(w.name if w else None, name)


@test
def a_program_that_fails_is_a_failure_with_its_words():
    for out, status, err in (("", 1, "nfsload: no server\n"),
                             ('{"errors": 3}\n', 0, "three went wrong\n"),
                             ('{"errors": 0}\n', 1, "it ended badly\n")):
        try:
            tools.understood(out, ["bench/nfsload"], status, err)
        except tools.Failed as e:
            assert err.strip() in str(e), e
        else:
            assert False, "status %d was taken for success" % status


LISTING = """suites:
  large        seq-read seq-write (at scale 1)
  workloads    ide tree
              photo
  micro        micro-files
workloads:
  seq-read     a file, by 64 KiB
  seq-write    a new file
  ide          code editor: read, edit
  tree         folder browse
  photo        heads, slide show
  micro-files  call by call
"""


@test
def the_workloads_of_a_suite_are_read_from_the_list():
    for suite, names in (("workloads", ["ide", "tree", "photo"]),
                         ("large", ["seq-read", "seq-write"]),
                         ("micro", ["micro-files"]), ("tree", ["tree"]),
                         ("none", [])):
        same(tools.suite_of(LISTING, suite), names)


@test
def a_report_of_switches_shows_gains():
    raw = sample()
    raw["program"] = "ablation"
    raw["systems"] = [
        {"name": n, "title": n, "kind": "nfs", "encrypted": True,
         "version": "", "state": s, "reason": r}
        for n, s, r in (("vaultnfs", "ok", ""), ("no-arena", "ok", ""),
                        ("no-such", "failed", "no experiment is called so"))]
    raw["works"] = [raw["works"][0], raw["works"][2]]
    raw["samples"] = [
        {"round": n, "place": 0, "system": s, "work": "getattr", "load": 0,
         "values": {"main": m, "cpu_us": c}} for n in range(6)
        for s, m, c in (("vaultnfs", 1200.0, 10.0),
                        ("no-arena", 1000.0, 15.0))]
    raw["counters"] = {"vaultnfs": {"GETATTR": {"mallocs": 0}},
                       "no-arena": {"GETATTR": {"mallocs": 7}}}
    for kind, text in made(raw).items():
        for words in ("1.20 [1.20, 1.20]", "1.50 [1.50, 1.50]",
                      "better with", "failed: no experiment is called so",
                      "mallocs"):
            assert words in text, "%s is not in %s" % (words, kind)
        assert "sequential read" not in text, "a work that was left out"
    raw["samples"] = [x for x in raw["samples"] if x["round"] < 5]
    text = made(raw)["txt"]
    assert "too few rounds" in text and "better with" not in text


def main():
    bad = 0
    for n, f in enumerate(TESTS, 1):
        name = f.__name__.replace("_", " ")
        try:
            f()
            print("ok %d - %s" % (n, name))
        except Exception as e:          # the other tests are still run
            bad += 1
            print("# %s: %s" % (type(e).__name__,
                                str(e).replace("\n", "\n# ")))
            print("not ok %d - %s" % (n, name))
    print("1..%d" % len(TESTS))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
