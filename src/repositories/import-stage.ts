import { CompiledQuery, sql } from 'kysely'
import { CopySource } from '../connection/copy.js'
import { supportsCopy } from '../connection/postgres.js'
import type { Trx } from '../schema/database.js'
import { arrayLiterals, copyLine, stageColumns } from './import-encoding.js'
import { checkImportRow, type ImportRow } from './import-row.js'

/** Where the rows of an import wait until all are there. Of this session, and gone with the transaction at the latest. */
export const stageName = 'pg_temp.finance_db_import'
export const stage = sql.table(stageName)

/** What is in it. */
export interface Stage {
  readonly rows: number
  /** Those with an `external_id`. */
  readonly identified: number
}

interface Reading {
  readonly onProgress?: ((rows: number, phase: 'reading') => void) | undefined
  readonly signal?: AbortSignal | undefined
  readonly cardNumbers?: 'refuse' | 'mask' | undefined
}

export async function createStage(trx: Trx): Promise<void> {
  const columns = stageColumns.map(([name, type]) => `${name} ${type}`)
  await sql`create temporary table ${stage} (${sql.raw(columns.join(', '))}) on commit drop`.execute(trx)
}

// For the unnest: about 1 MB of parameters.
const unnestRows = 5000

/** Reads and checks the rows and puts them there, by COPY where the handle can. */
export async function stageRows(
  trx: Trx,
  rows: Iterable<ImportRow> | AsyncIterable<ImportRow>,
  reading: Reading,
): Promise<Stage> {
  const counts = { rows: 0, identified: 0 }
  const checked = check(rows, counts, reading)
  const names = stageColumns.map(([name]) => name).join(', ')

  if (supportsCopy(trx)) {
    const copy = CompiledQuery.raw(`copy ${stageName} (${names}) from stdin`, [new CopySource(copyChunks(checked))])
    await trx.getExecutor().executeQuery(copy)
  } else {
    for await (const batch of batches(checked)) {
      const arrays = arrayLiterals(batch).map((literal, i) => {
        const type = sql.raw(stageColumns[i]?.[1] as string)
        return sql`${literal}::text::${type}[]`
      })
      await sql`insert into ${stage} (${sql.raw(names)}) select * from unnest(${sql.join(arrays)})`.execute(trx)
    }
  }
  reading.onProgress?.(counts.rows, 'reading')
  return counts
}

const progressRows = 10_000

async function* check(
  rows: Iterable<ImportRow> | AsyncIterable<ImportRow>,
  counts: { rows: number; identified: number },
  { onProgress, signal, cardNumbers }: Reading,
): AsyncGenerator<ImportRow> {
  const mask = cardNumbers === 'mask'
  for await (const given of signal === undefined ? rows : abortable(rows, signal)) {
    const row = checkImportRow(given, ++counts.rows, { mask })
    if (row.external_id != null) counts.identified++
    if (counts.rows % progressRows === 0) onProgress?.(counts.rows, 'reading')
    yield row
  }
}

/** Chunks of a size that one write to the socket is worth. */
async function* copyChunks(rows: AsyncIterable<ImportRow>): AsyncGenerator<string> {
  let chunk = ''
  for await (const row of rows) {
    chunk += copyLine(row)
    if (chunk.length < 65_536) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

async function* batches(rows: AsyncIterable<ImportRow>): AsyncGenerator<ImportRow[]> {
  let batch: ImportRow[] = []
  for await (const row of rows) {
    if (batch.push(row) < unnestRows) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Ends with the signal's reason, also while the source is silent. */
async function* abortable<T>(source: Iterable<T> | AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let abort: () => void = () => {}
  const onAbort = () => abort()
  signal.addEventListener('abort', onAbort)
  let reading = false
  try {
    for (;;) {
      signal.throwIfAborted()
      reading = true
      // Not `Promise.race`: against one promise for all rows it would keep a reaction for each of them.
      const { done, value } = await new Promise<IteratorResult<T>>((resolve, reject) => {
        abort = () => reject(signal.reason)
        Promise.resolve(iterator.next()).then(resolve, reject)
      })
      reading = false
      if (done) return
      yield value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // A source that is stuck in `next` would hold the error back.
    const closed = Promise.resolve(iterator.return?.()).catch(() => {})
    if (!reading) await closed
  }
}
