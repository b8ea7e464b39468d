import Table from 'cli-table3'

/** One way to do the job. Gives the milliseconds that count, so that preparing is not measured. */
export type Candidate = () => Promise<number>

export async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

export interface Comparison {
  readonly title: string
  readonly rounds: number
  /** The one that the others are measured against. */
  readonly reference: string
  readonly candidates: Readonly<Record<string, Candidate>>
  /** How many operations one run is. */
  readonly operations: number
  readonly note?: string
}

/**
 * Runs the candidates in turn, round by round, each round beginning with another one, so that whatever else the machine
 * does falls on all of them. Prints medians, and the median of each round's ratio of speeds: 2 is twice as fast as the reference.
 */
export async function compare({ title, rounds, reference, candidates, operations, note }: Comparison): Promise<void> {
  const names = Object.keys(candidates)
  const times = new Map<string, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length] as string
      times.get(name)?.push(await (candidates[name] as Candidate)())
    }
    if (process.stderr.isTTY) process.stderr.write(`\r${title}: round ${round + 1} of ${rounds}`)
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')

  const base = times.get(reference) as number[]
  const table = new Table({
    head: ['', 'median ms', 'per second', 'speed', 'of each round'],
    colAligns: ['left', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  })
  for (const [name, all] of times) {
    const ratios = all.map((time, round) => (base[round] as number) / time)
    const ms = median(all)
    table.push([
      name,
      ms.toFixed(ms < 10 ? 3 : 0),
      Math.round((operations * 1000) / ms).toLocaleString('en'),
      name === reference ? '1' : median(ratios).toFixed(2),
      name === reference ? '' : `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
    ])
  }
  console.log(`\n${title} (${rounds} rounds)\n${table.toString()}`)
  if (note !== undefined) console.log(note)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** Runs `count` operations, `parallel` at a time. */
export async function repeat(count: number, parallel: number, run: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await run(next++)
  }
  await Promise.all(Array.from({ length: parallel }, worker))
}
