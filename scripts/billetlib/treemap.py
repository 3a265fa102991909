# SPDX-License-Identifier: ISC
"""A squarified treemap (Bruls, Huizing, van Wijk 2000) as one HTML page that
needs nothing else."""
import html

WIDTH, HEIGHT = 1600, 1000
TITLE = 16        # pixels of a folder's name
SMALL = 9         # a box without a text in it
HUES = 12

STYLE = """
body { font: 14px sans-serif; margin: 1em; }
#map { position: relative; width: 1600px; height: 1000px; }
#map div { position: absolute; box-sizing: border-box; overflow: hidden;
  font-size: 11px; line-height: 14px; border: 1px solid #fff; color: #000;
  white-space: nowrap; padding-left: 2px; }
#map .folder { font-weight: bold; }
"""


def worst(row, side):
    """The longest shape in a row of areas along `side`."""
    total = sum(row)
    return max(max(side * side * a / (total * total),
                   total * total / (side * side * a)) for a in row)


def squarify(areas, x, y, width, height):
    """Boxes (x, y, width, height) for areas, which begin with the largest."""
    boxes, i = [], 0
    while i < len(areas):
        side = min(width, height)
        if side <= 0:
            return boxes + [(x, y, 0, 0)] * (len(areas) - i)
        row = [areas[i]]
        while i + len(row) < len(areas) and \
                worst(row + [areas[i + len(row)]], side) <= worst(row, side):
            row.append(areas[i + len(row)])
        thick, along = sum(row) / side, 0
        for area in row:
            long = area / thick
            boxes.append((x, y + along, thick, long) if width >= height
                         else (x + along, y, long, thick))
            along += long
        if width >= height:
            x, width = x + thick, width - thick
        else:
            y, height = y + thick, height - thick
        i += len(row)
    return boxes


def weight(node):
    return node if isinstance(node, int) else sum(map(weight, node.values()))


def lay_out(children, x, y, width, height):
    """(name, node, box) of each child that has any bytes."""
    items = sorted(((n, c) for n, c in children.items() if weight(c)),
                   key=lambda item: (-weight(item[1]), item[0]))
    total = sum(weight(c) for _, c in items)
    if not items or width < 1 or height < 1:
        return []
    scale = width * height / total
    boxes = squarify([weight(c) * scale for _, c in items], x, y, width, height)
    return [(n, c, b) for (n, c), b in zip(items, boxes)]


def box(place, kind, colour, text, hint):
    x, y, width, height = place
    shown = html.escape(text) if width > 3 * SMALL and height > SMALL else ''
    return (f'<div class="{kind}" style="left:{x:.1f}px;top:{y:.1f}px;'
            f'width:{width:.1f}px;height:{height:.1f}px;background:{colour}" '
            f'title="{html.escape(hint)}">{shown}</div>')


def page(title, tree, words):
    parts = []
    for i, (folder, files, place) in enumerate(
            lay_out(tree, 0, 0, WIDTH, HEIGHT)):
        hue = i % HUES * 360 // HUES
        parts.append(box(place, 'folder', f'hsl({hue} 45% 60%)', folder,
                         f'{folder}: {weight(files):,} bytes'))
        x, y, width, height = place
        inner = lay_out(files, x, y + TITLE, width, height - TITLE)
        for j, (file, symbols, at) in enumerate(inner):
            for name, size, spot in lay_out(symbols, *at):
                parts.append(box(spot, 'symbol',
                                 f'hsl({hue} 60% {74 + j % 4 * 5}%)', name,
                                 f'{folder}/{file} {name}: {size:,} bytes'))
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<title>{html.escape(title)}</title><style>{STYLE}</style></head>'
            f'<body><h1>{html.escape(title)}</h1><p>{words}</p>'
            '<div id="map">' + '\n'.join(parts) + '</div></body></html>\n')
