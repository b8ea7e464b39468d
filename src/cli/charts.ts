/** Small charts of block characters. They show sizes; the exact figures stand beside them as text. */

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const levels = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** A bar of at most `width` characters. Anything above zero shows. */
export function bar(value: number, max: number, width: number): string {
  if (max <= 0 || value <= 0) return ''
  const parts = Math.max(1, Math.round((Math.min(value, max) / max) * width * 8))
  return '█'.repeat(Math.floor(parts / 8)) + eighths[parts % 8]
}

export interface AreaChart {
  readonly width: number
  readonly height: number
  /** Writes a value of the vertical axis. */
  readonly label: (value: number) => string
  /** What stands under the left and right end. */
  readonly ends: readonly [string, string]
}

/**
 * The course of a value from left to right. The axis begins at zero, or below it where the value does; for one that stays
 * high above zero it begins nearer, as its label says, so that the course shows.
 */
export function area(values: readonly number[], { width, height, label, ends }: AreaChart): string[] {
  const columns = resample(values, width)
  const top = Math.max(0, ...columns)
  const least = Math.min(...columns)
  const bottom = least > top / 3 ? roundDown(least - (top - least) / 4) : Math.min(0, least)
  const span = top - bottom || 1
  const labels = Array.from({ length: height }, (_, row) => {
    if (row === 0) return label(top)
    if (row === height - 1) return label(bottom)
    return row === Math.floor(height / 2) ? label(bottom + (span * (height - row)) / height) : ''
  })
  const margin = Math.max(...labels.map((text) => text.length))

  const rows = labels.map((text, row) => {
    const below = (height - 1 - row) * 8
    const cells = columns.map((value) => {
      const filled = Math.round(((value - bottom) / span) * height * 8) - below
      return levels[Math.max(0, Math.min(8, filled))]
    })
    return `${text.padStart(margin)} ┤${cells.join('')}`.trimEnd()
  })
  const [left, right] = ends
  const axis = `${' '.repeat(margin)} └${'─'.repeat(columns.length)}`
  const under = `${' '.repeat(margin + 2)}${left}${right.padStart(Math.max(right.length + 1, columns.length - left.length))}`
  return [...rows, axis, under]
}

/** To two digits: 12,345 becomes 12,000. */
function roundDown(value: number): number {
  if (value <= 0) return 0
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1)
  return Math.floor(value / unit) * unit
}

/** The last value of each of so many equal parts: for a balance, that at the end of the part. */
function resample(values: readonly number[], width: number): number[] {
  const size = Math.min(width, values.length)
  return Array.from({ length: size }, (_, column) => values[Math.ceil(((column + 1) * values.length) / size) - 1] ?? 0)
}
