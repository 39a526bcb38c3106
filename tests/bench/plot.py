#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""plot.py - rows of benchmarks over time: plot.py DIR JSON...

Each JSON is what BENCH_JSON=FILE made, the oldest first.  For each row DIR gets an SVG file with both
medians of each run and the middle 80 % of their samples.
"""
import html
import json
import os
import re
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 300, 70, 20, 48, 56
COLOURS = {'ring3': '#1f5fa8', 'other': '#b0621c'}


def history(files):
    """For each row: its unit, what it is beside, and (file, row) of each run that has it."""
    rows = {}
    for file in files:
        with open(file, encoding='ascii') as f:
            for row in json.load(f)['rows']:
                rows.setdefault(row['what'], []).append((os.path.basename(file), row))
    return rows


class Plot:
    def __init__(self, points):
        self.points = points
        self.top = max(max(row[s]['p90'], row[s]['median']) for _, row in points for s in COLOURS) or 1
        self.out = []

    def x(self, i):
        room = WIDTH - LEFT - RIGHT
        return LEFT + room * (i + 0.5) / len(self.points)

    def y(self, value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.top

    def text(self, x, y, text, **more):
        style = ''.join(' %s="%s"' % (k.replace('_', '-'), v) for k, v in more.items())
        self.out.append('<text x="%.1f" y="%.1f"%s>%s</text>' % (x, y, style, html.escape(text)))

    def line(self, x1, y1, x2, y2, colour, width=1):
        self.out.append('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%s"/>' %
                        (x1, y1, x2, y2, colour, width))

    def axes(self):
        for part in range(5):
            value = self.top * part / 4
            self.line(LEFT, self.y(value), WIDTH - RIGHT, self.y(value), '#ddd')
            self.text(LEFT - 6, self.y(value) + 4, '%.3g' % value, text_anchor='end')
        for i, (file, _) in enumerate(self.points):
            self.text(self.x(i), HEIGHT - BOTTOM + 18, re.sub(r'\.json$', '', file), text_anchor='middle')

    def series(self, which):
        colour, shift = COLOURS[which], -4 if which == 'ring3' else 4
        last = None
        for i, (_, row) in enumerate(self.points):
            s, x = row[which], self.x(i) + shift
            self.line(x, self.y(s['p10']), x, self.y(s['p90']), colour, 2)
            at = (x, self.y(s['median']))
            self.out.append('<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>' % (*at, colour))
            if last:
                self.line(*last, *at, colour, 1.5)
            last = at

    def svg(self):
        row = self.points[-1][1]
        self.text(LEFT, 18, '%s, %s' % (row['what'], row['unit']), font_weight='bold')
        self.text(LEFT, 36, 'ring3', fill=COLOURS['ring3'])
        self.text(LEFT + 60, 36, row['beside'], fill=COLOURS['other'])
        self.axes()
        for which in COLOURS:
            self.series(which)
        return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" '
                'font-size="12">\n<rect width="100%%" height="100%%" fill="white"/>\n%s\n</svg>\n' %
                (WIDTH, HEIGHT, '\n'.join(self.out)))


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    for what, points in history(sys.argv[2:]).items():
        name = re.sub(r'[^a-z0-9]+', '-', what.lower()).strip('-') + '.svg'
        with open(os.path.join(sys.argv[1], name), 'w', encoding='utf-8') as f:
            f.write(Plot(points).svg())


if __name__ == '__main__':
    main()
