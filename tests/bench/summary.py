#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Medians, spread and ratios of a benchmark run: summary.py SAMPLES [JSON-FILE]

SAMPLES has lines "SERIES NUMBER".
"""
import json
import platform
import sys

# What is measured, its series, what it is compared with, that one's series, the unit.
ROWS = [
    ("start to exit, e1000e, true", "start", "bare UML, same kernel", "start-bare", "ms"),
    ("start to exit, nothing hosted, true", "start-nothing", "bare UML, same kernel", "start-bare", "ms"),
    ("start to exit, e1000e, true: a full guest", "start", "full QEMU guest", "start-guest", "ms"),
    ("readl, mapped BAR", "mapped", "volatile load", "load", "ns"),
    ("readl, mapped page of a BAR with a trapped one", "mapped-hole", "volatile load", "load", "ns"),
    ("readl, trapped BAR", "trapped", "socket ping-pong", "socket", "ns"),
    ("writel, trapped BAR", "trapped-write", "socket ping-pong", "socket", "ns"),
    ("readl, trapped BAR, beside spinning", "trapped", "shared-memory ping-pong", "spin", "ns"),
    ("posted trapped write (writel)", "posted", "one-way ring store", "ring", "ns"),
    ("inl", "inl", "socket ping-pong", "socket", "ns"),
    ("readl, QEMU model", "qemu-readl", "one qtest command", "qtest", "ns"),
    ("interrupt to handler, idle polling", "irq-poll", "eventfd wake-up from another CPU", "wake-away", "ns"),
    ("interrupt to handler, idle polling", "irq-poll", "eventfd, read all the time", "wake-spin", "ns"),
    ("interrupt to handler, idle", "irq-idle", "eventfd wake-up", "wake-idle", "ns"),
    ("interrupt to handler, user code busy", "irq-busy", "eventfd wake-up, busy", "wake-busy", "ns"),
    ("interrupt to handler, kernel busy", "irq-spin", "eventfd wake-up, busy", "wake-busy", "ns"),
    ("NVMe 4 KiB random read", "nvme", "full QEMU guest", "nvme-guest", "us"),
    ("NVMe 4 KiB random read, 32 at once, each", "nvme-32", "full QEMU guest", "nvme-32-guest", "us"),
    ("e1000e TCP, sending", "tcp-up", "full QEMU guest", "tcp-up-guest", "MB/s"),
    ("e1000e TCP, receiving", "tcp-down", "full QEMU guest", "tcp-down-guest", "MB/s"),
    ("NVMe reads, 2 devices at once, all", "devices-all-2", "one device", "devices-all-1", "MB/s"),
    ("NVMe reads, 4 devices at once, all", "devices-all-4", "one device", "devices-all-1", "MB/s"),
    ("NVMe reads, 8 devices at once, all", "devices-all-8", "one device", "devices-all-1", "MB/s"),
    ("NVMe reads, 2 devices at once, each", "devices-each-2", "one device", "devices-each-1", "MB/s"),
    ("NVMe reads, 4 devices at once, each", "devices-each-4", "one device", "devices-each-1", "MB/s"),
    ("NVMe reads, 8 devices at once, each", "devices-each-8", "one device", "devices-each-1", "MB/s"),
    ("edit, rebuild, run", "loop-run", "the same in a full guest", "loop-guest", "ms"),
    ("edit, rebuild, run to a breakpoint", "loop", "full guest, without gdb", "loop-guest", "ms"),
    ("memory of an idle e1000e, all processes", "memory-run", "full QEMU guest", "memory-guest", "MB"),
    ("start of the 10th idle run, testdev", "idle-start-tenth", "of the first", "idle-start-first", "ms"),
    ("start of the 50th idle run, testdev", "idle-start-last", "of the first", "idle-start-first", "ms"),
    ("32 MB touched, with 49 idle runs", "idle-touch-last", "without", "idle-touch-first", "ms"),
    ("processor time of 10 idle runs, each, a second", "idle-cpu-ten", "of one", "idle-cpu-one", "ms"),
    ("processor time of 50 idle runs, each, a second", "idle-cpu-all", "of one", "idle-cpu-one", "ms"),
    ("NVMe sequential read, 8 readers of the view", "view", "without them", "view-alone", "MB/s"),
    ("dma_map_single() and unmap", "dma-static", "plain dma-direct", "dma-plain", "ns"),
    ("dma_map_single() and unmap, the least", "dma-static", "an addition", "addition", "ns"),
    ("dma_map_single() and unmap, --dma strict", "dma-strict", "static", "dma-static", "ns"),
    ("NVMe sequential read, --dma strict", "nvme-strict", "static", "nvme-static", "MB/s"),
    ("NVMe 4 KiB random read, --dma strict", "nvme-4k-strict", "static", "nvme-4k-static", "us"),
    ("start to exit, nothing hosted", "sandbox-start", "--no-sandbox", "sandbox-start-off", "ms"),
    ("NVMe 128 KiB reads, sandbox", "sandbox-nvme", "--no-sandbox", "sandbox-nvme-off", "MB/s"),
    ("NVMe 4 KiB reads in sequence, sandbox", "sandbox-nvme-4k", "--no-sandbox", "sandbox-nvme-4k-off", "MB/s"),
    ("fork and wait inside, sandbox", "sandbox-fork", "--no-sandbox", "sandbox-fork-off", "ms"),
    ("readl, trapped BAR, with --trace", "trace-on", "without", "trace-off", "ns"),
    # tests/bench/lab
    ("VFIO: readl, mapped BAR", "lab-readl", "native, mapped resource0", "lab-readl-native", "ns"),
] + [
    (f"VFIO: {what}{more}", f"lab-{job}{cpu}", "the kernel's own driver",
     f"lab-{job}{cpu}-native", unit)
    for what, job, cost in (
        ("e1000e TCP, sending", "tcp-up", "4 MB"), ("e1000e TCP, receiving", "tcp-down", "4 MB"),
        ("NVMe 128 KiB reads", "nvme-read", "34 MB"), ("NVMe 128 KiB writes", "nvme-write", "34 MB"))
    for more, cpu, unit in (("", "", "MB/s"), (f", CPU for {cost}", "-cpu", "s"))
]


# Rows of a tail: the 99th percentile beside the median of the same samples.
TAILS = [("interrupt to handler, idle: p99", "irq-idle", "ns"),
         ("interrupt to handler, idle polling: p99", "irq-poll", "ns"),
         ("interrupt to handler, user code busy: p99", "irq-busy", "ns"),
         ("interrupt to handler, kernel busy: p99", "irq-spin", "ns")]


def read(path):
    series = {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            name, number = line.split()
            series.setdefault(name, []).append(float(number))
    return series


def stats(values):
    """Median and the middle 80 % of the samples (all of them if they are few)."""
    s = sorted(values)
    at = lambda q: s[min(len(s) - 1, int(q * (len(s) - 1) + 0.5))]
    return {"median": at(0.5), "p10": at(0.1), "p90": at(0.9), "p99": at(0.99), "samples": len(s)}


def number(x):
    return f"{x:.0f}" if x >= 1000 else f"{x:.3g}"


def cell(s):
    return f"{number(s['median'])} [{number(s['p10'])}–{number(s['p90'])}]"


def tails(series):
    for what, name, unit in TAILS:
        if name in series:
            s = stats(series[name])
            yield {"what": what, "unit": unit, "ring3": dict(s, median=s["p99"], p10=s["p99"], p90=s["p99"]),
                   "beside": "its median", "other": s, "ratio": s["p99"] / s["median"],
                   "ring3_samples": series[name], "other_samples": series[name]}


def main():
    series = read(sys.argv[1])
    rows = []
    for what, own, other_name, other, unit in ROWS:
        if own in series and other in series:
            a, b = stats(series[own]), stats(series[other])
            rows.append({"what": what, "unit": unit, "ring3": a, "beside": other_name,
                         "other": b, "ratio": a["median"] / b["median"] if b["median"] else None,
                         "ring3_samples": series[own], "other_samples": series[other]})
    rows += tails(series)
    form = "{:<47} {:>5} {:>24}   {:<22} {:>24} {:>9}"
    print(form.format("", "", "ring3, median [80 %]", "beside", "median [80 %]", "ratio"))
    for r in rows:
        ratio = number(r["ratio"]) if r["ratio"] is not None else "-"
        print(form.format(r["what"], r["unit"], cell(r["ring3"]), r["beside"], cell(r["other"]), ratio))
    if len(sys.argv) > 2:
        with open(sys.argv[2], "w", encoding="ascii") as f:
            json.dump({"host": platform.platform(), "rows": rows}, f, indent=1)
            f.write("\n")


main()
