"""A package as one page, to be read and printed anywhere: nothing is loaded from elsewhere, charts are SVG."""

from collections.abc import Iterator
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Final

from syncd.books.reports.sheet import Cell, Package, Sheet, text
from syncd.language import Language, say
from syncd.whole_files import replacing

_STYLE: Final = """
:root { color-scheme: light; color: #1c2733 }
:root { font: 14px/1.45 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif }
body { margin: 2rem auto; max-width: 1500px; padding: 0 1.5rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.5rem 0 .25rem }
nav { margin: 1rem 0; display: flex; flex-wrap: wrap; gap: .4rem 1.2rem } a { color: #1f5fa8 }
.head, .foot { color: #51606f; margin: .15rem 0 } .foot { font-size: .9rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .86rem; margin: .6rem 0; min-width: 100% }
th, td { border: 1px solid #cfd6dd; padding: .28rem .5rem; text-align: left; vertical-align: top }
td { white-space: nowrap } td.long { white-space: normal; min-width: 18em } th { min-width: 4.2em }
th { background: #e8edf3; position: sticky; top: 0 } tbody tr:nth-child(even) { background: #f7f9fb }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } td.minus { color: #b3261e }
td.across { background: #fff; font-weight: 600; white-space: pre-wrap; padding-top: .8rem }
tr.total td { font-weight: 600; border-top: 2px solid #51606f; background: #fff }
svg { max-width: 46rem; width: 100%; height: auto; margin: .4rem 0 }
@page { size: A4 landscape; margin: 12mm }
@media print { body { margin: 0; padding: 0; max-width: none } nav { display: none } section { break-before: page }
  section:first-of-type { break-before: auto } .wide { overflow: visible } table { font-size: 7.5pt }
  th, td { padding: .15rem .3rem }
  td.long { min-width: 11em } thead { display: table-header-group } tr { break-inside: avoid }
  tr.page { break-before: page } }
"""
_LINE_MAX: Final = 24
"""Characters that stand on one line: a name, a code, a voucher's number is not broken."""
_LONG: Final = ' class="long"'
_BAR: Final = 22
_LABEL: Final = 180
_WIDTH: Final = 760


def write(package: Package, path: Path, language: Language) -> None:
    """Write the page."""
    with replacing(path) as part, part.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in _page(package, language))


def _page(package: Package, language: Language) -> Iterator[str]:
    lang = "zh-CN" if language == "zh" else "en"
    title = escape(f"{say('report_title', language=language)} {package.period}")
    yield f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
    yield f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
    yield f"<style>{_STYLE}</style></head><body>"
    yield f'<h1>{title}</h1><p class="head">{escape(package.head(language))}</p><nav>'
    for sheet in package.sheets:
        yield f'<a href="#{sheet.code}">{escape(say(sheet.code, language=language))}</a>'
    yield "</nav>"
    for sheet in package.sheets:
        yield from _section(package, sheet, language)
    yield "</body></html>"


def _section(package: Package, sheet: Sheet, language: Language) -> Iterator[str]:
    yield f'<section id="{sheet.code}"><h2>{escape(say(sheet.code, language=language))}</h2>'
    yield f'<p class="head">{escape(package.head(language, sheet.since))}</p>'
    if sheet.chart is not None:
        yield from _chart(sheet, language)
    if sheet.rows:
        yield '<div class="wide"><table><thead><tr>'
        for column in sheet.columns:
            number = ' class="n"' if column.kind in ("money", "count") else ""
            yield f"<th{number}>{escape(column.title(language))}</th>"
        yield "</tr></thead><tbody>"
        for n, row in enumerate(sheet.rows):
            page = ' class="page"' if n and n in sheet.pages else ""
            if len(row) < len(sheet.columns):
                across = escape(text(row[0], language))
                yield f'<tr{page}><td class="across" colspan="{len(sheet.columns)}">{across}</td></tr>'
            else:
                yield f"<tr{page}>{''.join(_cell(cell, language) for cell in row)}</tr>"
        if sheet.total:
            yield f'<tr class="total">{"".join(_cell(cell, language) for cell in sheet.total)}</tr>'
        yield "</tbody></table></div>"
    for line in package.below(sheet, language):
        yield f'<p class="foot">{escape(line)}</p>'
    yield "</section>"


def _cell(cell: Cell, language: Language) -> str:
    if isinstance(cell, Decimal):
        return f'<td class="n{" minus" if cell < 0 else ""}">{text(cell, language)}</td>'
    if isinstance(cell, int):
        return f'<td class="n">{cell:,}</td>'
    said = text(cell, language)
    return f"<td{_LONG if len(said) > _LINE_MAX else ''}>{escape(said)}</td>"


def _chart(sheet: Sheet, language: Language) -> Iterator[str]:
    spec = sheet.chart
    assert spec is not None
    rows = sheet.rows[spec.first : spec.last + 1]
    bars = [(text(row[spec.names], language), v) for row in rows if isinstance(v := row[spec.values], Decimal)]
    longest = max((abs(value) for _, value in bars), default=Decimal(0)) or Decimal(1)
    room, title = _WIDTH - _LABEL - 130, escape(say(spec.code, language=language))
    yield f'<svg viewBox="0 0 {_WIDTH} {24 + _BAR * len(bars)}" role="img" aria-label="{title}">'
    yield f'<text x="0" y="14" font-size="13" font-weight="600">{title}</text>'
    for n, (name, value) in enumerate(bars):
        y, length = 24 + _BAR * n, int(room * abs(value) / longest)
        fill = "#2f6db5" if value >= 0 else "#b3261e"
        yield f'<text x="{_LABEL - 8}" y="{y + 15}" font-size="12" text-anchor="end">{escape(name)}</text>'
        yield f'<rect x="{_LABEL}" y="{y + 3}" width="{length}" height="{_BAR - 6}" fill="{fill}"/>'
        yield f'<text x="{_LABEL + length + 6}" y="{y + 15}" font-size="12">{value:,.2f}</text>'
    yield "</svg>"
