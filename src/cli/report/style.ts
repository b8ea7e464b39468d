const bars = Array.from({ length: 10 }, (_, i) => i + 3)
  .map((n) => `.bars-${n} { height: ${n * 34 + 40}px }`)
  .join('\n')

const light = `--page: #f6f7f9; --card: #ffffff; --text: #1b2430; --dim: #55606f; --line: #dde2e9; --accent: #0b5cad;
  --c1: #0b6e8f; --c2: #c2571a; --c3: #6b4fbb; --c4: #2d7d46; --c5: #b3306b; --c6: #8a6d00; --c7: #46617f; --c8: #a03a3a;`

const dark = `--page: #12161c; --card: #1a2029; --text: #e8ecf1; --dim: #a9b4c2; --line: #323b48; --accent: #7db8f5;
  --c1: #4fb8d8; --c2: #f0935a; --c3: #b39cf5; --c4: #6cc788; --c5: #f07fb0; --c6: #d9b93a; --c7: #9cb4d0; --c8: #ee8a8a;`

/** The style of the page. Its colours hold 4.5:1 for text and 3:1 for charts, in both schemes. */
export const style = `:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
:root.paper { color-scheme: light; ${light} }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.5rem }
header { padding-top: 2.5rem }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.01em }
h2 { margin: 0 0 1rem; font-size: 1.25rem; line-height: 1.3 }
h3 { margin: 1.75rem 0 0.5rem; font-size: 1rem }
h2 + h3 { margin-top: 0 }
p { margin: 0.25rem 0 0.75rem }
header p, .lead, .none, footer { color: var(--dim) }
section { margin: 1.5rem 0; padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px }
.chart { position: relative; overflow: hidden; margin: 0 0 1.25rem; width: 100% }
.upright { height: 320px }
${bars}
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; margin: 0 0 1rem }
.tiles:last-child { margin-bottom: 0 }
.tiles div { padding: 0.75rem 1rem; border: 1px solid var(--line); border-radius: 8px }
dt { color: var(--dim); font-size: 0.85rem }
dd { margin: 0; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums }
small { display: block; color: var(--dim); font-size: 0.8rem; font-weight: 400 }
.scroll { overflow-x: auto; margin-bottom: 1rem }
.scroll:last-child { margin-bottom: 0 }
.scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
table { width: 100%; border-collapse: collapse; font-size: 0.88rem }
caption { padding: 0.25rem 0; color: var(--dim); font-size: 0.85rem; text-align: left }
th, td { padding: 0.4rem 0.75rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  unicode-bidi: isolate; overflow-wrap: break-word }
th:first-child { padding-left: 0 }
th:last-child, td:last-child { padding-right: 0 }
thead th { border-bottom: 2px solid var(--line); color: var(--dim); font-weight: 600; vertical-align: bottom; white-space: nowrap }
tbody th { min-width: 11rem; font-weight: 500 }
tbody tr:last-child > * { border-bottom: 0 }
.figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
time { white-space: nowrap }
.why { min-width: 16rem; color: var(--dim); font-size: 0.82rem }
details { border-top: 1px solid var(--line); padding: 0.75rem 0 }
summary { cursor: pointer; font-weight: 600 }
summary small { display: inline; margin-left: 0.75rem }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
details .scroll { margin-top: 0.5rem }
td ul { margin: 0; padding-left: 1.1rem }
footer { padding-bottom: 2.5rem; font-size: 0.85rem }
@media (max-width: 40rem) {
  header, main, footer { padding-left: 0.75rem; padding-right: 0.75rem }
  section { padding: 1rem }
  th, td { padding-left: 0.4rem; padding-right: 0.4rem }
  tbody th { min-width: 5rem }
}
@media print {
  body { background: #fff; font-size: 11px }
  header, main, footer { max-width: none; padding: 0 }
  section { padding: 0; border: 0 }
  .scroll { overflow: visible }
  details::details-content { content-visibility: visible; block-size: auto }
  .chart, tr, .tiles { break-inside: avoid }
  h2, h3, caption { break-after: avoid }
}
`
