/** What runs in the page: it draws each canvas from its `data-chart` (see `Chart`), again when the colours change. */
export const browserScript = `'use strict'
const root = document.documentElement
const colour = (name) => getComputedStyle(root).getPropertyValue('--' + name).trim()
const drawn = []

function write(chart, options) {
  if (chart.currency === undefined) return (value) => value.toLocaleString('en-US')
  const format = new Intl.NumberFormat('en-US', { style: 'currency', currency: chart.currency, ...options })
  return (value) => format.format(value)
}

function options(chart) {
  const tick = write(chart, { notation: 'compact', maximumFractionDigits: 1 })
  const label = write(chart, {})
  const figures = {
    beginAtZero: true,
    grid: { color: colour('line') },
    border: { display: false },
    ticks: { callback: tick, color: colour('dim'), maxTicksLimit: 7, precision: 0 },
  }
  const names = {
    grid: { display: false },
    border: { color: colour('line') },
    stacked: chart.horizontal === true,
    ticks: {
      color: colour('dim'), maxRotation: 0, autoSkip: chart.horizontal !== true, autoSkipPadding: 16,
      callback(value) {
        const text = this.getLabelForValue(value)
        return text.length > 28 ? text.slice(0, 27) + '\\u2026' : text
      },
    },
  }
  return {
    animation: false,
    maintainAspectRatio: false,
    indexAxis: chart.horizontal ? 'y' : 'x',
    interaction: { mode: 'index', axis: chart.horizontal ? 'y' : 'x', intersect: false },
    scales: chart.horizontal ? { x: figures, y: names } : { x: names, y: figures },
    plugins: {
      legend: {
        display: chart.series.length > 1,
        align: 'start',
        labels: { color: colour('text'), usePointStyle: true, boxHeight: 7, padding: 16 },
      },
      tooltip: {
        filter: (item) => item.raw !== null,
        callbacks: { label: (item) => ' ' + item.dataset.label + ': ' + label(item.raw) },
      },
    },
  }
}

function dataset(chart, { name, values, line, colour: of }) {
  const ink = colour('c' + of)
  const asLine = chart.kind === 'line' || line === true
  return {
    type: asLine ? 'line' : 'bar',
    label: name,
    data: values,
    order: line ? 0 : 1,
    borderColor: ink,
    backgroundColor: ink,
    ...(asLine
      ? { borderWidth: 2, pointRadius: line ? 3 : 0, pointHitRadius: 8, tension: 0, stepped: chart.kind === 'line' }
      : { borderRadius: 3, maxBarThickness: 26, categoryPercentage: 0.75, barPercentage: 0.9 }),
  }
}

function draw() {
  for (const chart of drawn.splice(0)) chart.destroy()
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily
  Chart.defaults.font.size = 12
  for (const canvas of document.querySelectorAll('canvas[data-chart]')) {
    const chart = JSON.parse(canvas.dataset.chart)
    const datasets = chart.series.map((series) => dataset(chart, series))
    drawn.push(new Chart(canvas, { data: { labels: chart.labels, datasets }, options: options(chart) }))
  }
}

draw()
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
addEventListener('beforeprint', () => { root.classList.add('paper'); draw() })
addEventListener('afterprint', () => { root.classList.remove('paper'); draw() })
`
