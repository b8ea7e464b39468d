import { createReadStream, existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'csv-parse'

/** Real bank data, which is not part of the project: `FINANCE_DB_REAL_DATA`, or `../shared/data` beside the project. */
const folder = resolve(process.env.FINANCE_DB_REAL_DATA ?? join(import.meta.dirname, '../../../shared/data'))

export function realData(name: string): { readonly path: string; readonly absent: boolean } {
  const path = join(folder, name)
  return { path, absent: !existsSync(path) }
}

/** The rows of a CSV file with a header, as objects. */
export async function readCsv(path: string, delimiter = ','): Promise<Array<Record<string, string>>> {
  return createReadStream(path)
    .pipe(parse({ columns: true, delimiter }))
    .toArray()
}
