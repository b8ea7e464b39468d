import { styleText } from 'node:util'
import Table from 'cli-table3'
import type { Environment } from '../config.js'
import { printable, printableLine } from './format.js'
import { createProgress, type Progress } from './progress.js'

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/**
 * Where a command writes. Results go to stdout, for people or, with `--json`, as one JSON document and nothing else.
 * Notes and progress go to stderr.
 */
export interface Output {
  readonly json: boolean
  /** What the command found: the document with `--json`, else what `print` writes. */
  result(document: unknown, print: () => void): void
  /** A line on stdout. */
  line(text?: string): void
  /** A table without frames, indented like the text. */
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void
  style(style: Style, text: string): string
  /** Something to know, on stderr; not with `--quiet`. */
  note(text: string): void
  /** A line on stderr that is rewritten; not with `--quiet`, nor where nobody watches. */
  progress(): Progress
}

export interface OutputOptions {
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
}

export function createOutput({ json = false, quiet = false }: OutputOptions, env: Environment): Output {
  const colours = inColour(process.stdout, env)
  const line = (text = '') => void process.stdout.write(`${printable(text)}\n`)

  return {
    json,
    result(document, print) {
      // An escape is the same to who parses it.
      if (json) process.stdout.write(`${printable(JSON.stringify(document, null, 2))}\n`)
      else print()
    },
    line,
    table(columns, rows) {
      for (const text of renderTable(columns, rows)) line(text)
    },
    // Never asks styleText about the stream: Node 20 and 22 answer differently.
    style: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text),
    note(text) {
      if (!quiet) process.stderr.write(`${printable(text)}\n`)
    },
    progress: () => createProgress(process.stderr, !quiet),
  }
}

/** @see https://no-color.org and https://force-color.org */
function inColour(stream: NodeJS.WriteStream, env: Environment): boolean {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true
  return stream.isTTY === true && env.TERM !== 'dumb'
}

const noFrame = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: ' ',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
}

function renderTable(columns: readonly Column[], given: readonly (readonly string[])[]): string[] {
  const rows = given.map((row) => row.map(printableLine))
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  )
  const table = new Table({
    chars: noFrame,
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 0 },
    colAligns: columns.map(({ align = 'left' }) => align),
  })
  table.push(
    columns.map(({ title }) => title),
    widths.map((width) => '─'.repeat(width)),
    ...rows.map((row) => [...row]),
  )
  return table
    .toString()
    .split('\n')
    .map((text) => text.trimEnd())
}
