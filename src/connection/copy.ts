import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type pg from 'pg'
import pgCopyStreams from 'pg-copy-streams'
import { UnsupportedError } from '../errors.js'

const brand = Symbol.for('@org/finance-db/copy-source')

/**
 * What `COPY … FROM STDIN` reads, as the only parameter of that statement on a handle that {@link supportsCopy}:
 *
 * ```ts
 * const source = new CopySource(lines())
 * await trx.executeQuery(CompiledQuery.raw('copy t (a, b) from stdin', [source]))
 * source.rowCount
 * ```
 *
 * Chunks are pulled no faster than the server takes them, and need not end at rows. The `statement_timeout` of the
 * connection holds for the whole COPY: set it for the transaction when the source is long.
 */
export class CopySource {
  readonly [brand] = true
  readonly chunks: AsyncIterable<string | Uint8Array>
  /** How many rows the server stored: Kysely has no place for it in the result of a COPY. Undefined until it is done. */
  rowCount: number | undefined

  constructor(chunks: AsyncIterable<string | Uint8Array>) {
    this.chunks = chunks
  }
}

export function isCopySource(value: unknown): value is CopySource {
  return typeof value === 'object' && value !== null && brand in value
}

export interface CopyResult {
  readonly command: 'COPY'
  readonly rowCount: number
  readonly rows: []
}

// Small strings (a row each) are joined: a message of the protocol and two socket writes for each would dominate.
const batchLength = 65_536

/**
 * Runs one COPY. When the source throws, the COPY is aborted and the source's error is thrown; when the server refuses,
 * the source is closed and the server's error is thrown.
 */
export async function copyFrom(client: pg.ClientBase, text: string, source: CopySource): Promise<CopyResult> {
  if (!/^\s*copy\b[\s\S]*\bfrom\s+stdin\b/i.test(text)) {
    throw new UnsupportedError('A CopySource is only for a `copy … from stdin` statement.')
  }

  const stream = client.query(pgCopyStreams.from(text))
  const failure = watch(stream)
  const iterator = source.chunks[Symbol.asyncIterator]()
  let pulling = true
  let batch = ''

  // One chunk in flight: pg-copy-streams would go on flushing a longer queue after the server's error, and crash.
  const send = (chunk: string | Uint8Array) =>
    failure.or(new Promise<void>((resolve) => stream.write(chunk, () => resolve())))

  try {
    for (;;) {
      const { done, value } = await failure.or(iterator.next())
      if (done) break
      if (typeof value === 'string') {
        batch += value
        if (batch.length < batchLength) continue
      }
      if (batch !== '') await send(batch)
      batch = ''
      if (typeof value !== 'string') await send(value)
      // While the socket takes everything, a source that never waits would keep the process from reading the answer.
      await failure.or(setImmediate())
    }
    pulling = false
    if (batch !== '') await send(batch)
    const finished = once(stream, 'finish')
    stream.end()
    await failure.or(finished)
  } catch (error) {
    if (failure.error === undefined) {
      // Our own words, not the source's: they go to the server's log.
      stream.destroy(new Error('the source of the COPY failed'))
      await failure.settled
    }
    // Not awaited: a source that is stuck in `next()` would hold the error back.
    if (pulling) void Promise.resolve(iterator.return?.()).catch(() => {})
    throw error
  }

  source.rowCount = stream.rowCount
  return { command: 'COPY', rowCount: stream.rowCount, rows: [] }
}

/**
 * Lets a stream's error cut a wait short. A plain `Promise.race` against one long-lived promise would keep a reaction
 * for every chunk.
 */
function watch(stream: Writable) {
  let wake: ((error: Error) => void) | undefined
  let settle: () => void = () => {}
  const watcher = {
    error: undefined as Error | undefined,
    settled: new Promise<void>((resolve) => {
      settle = resolve
    }),
    or<T>(wait: Promise<T>): Promise<T> {
      return new Promise((resolve, reject) => {
        if (watcher.error !== undefined) reject(watcher.error)
        wake = reject
        wait.then(resolve, reject)
      })
    },
  }
  stream.on('error', (error) => {
    watcher.error ??= error
    settle()
    wake?.(error)
  })
  return watcher
}
