import { QueryRefusedError, UnsupportedError } from '../../errors.js'

/** The parser of Postgres itself, compiled to WebAssembly. Loaded when the first query is checked. */
interface Parser {
  parseSync(sql: string): unknown
}

let loading: Promise<Parser> | undefined

export function loadParser(): Promise<Parser> {
  loading ??= load()
  loading.catch(() => {
    loading = undefined
  })
  return loading
}

async function load(): Promise<Parser> {
  const parser = await import('libpg-query').catch((cause: unknown) => {
    throw new UnsupportedError(
      "The guard of the read-only door parses queries with libpg-query: npm install libpg-query, or set guard: 'off'.",
      { cause },
    )
  })
  await parser.loadModule()
  return parser
}

/** @throws {QueryRefusedError} It is not SQL, or nested too deeply to be read. */
export async function parseSql(sql: string): Promise<unknown> {
  const parser = await loadParser()
  try {
    return parser.parseSync(sql)
  } catch (error) {
    const [message, position] = detailsOf(error)
    throw new QueryRefusedError('syntax', message, { position, hint: 'Write one SELECT in the SQL of PostgreSQL.' })
  }
}

function detailsOf(error: unknown): [string, number | undefined] {
  if (!(error instanceof Error)) return ['The query cannot be parsed.', undefined]
  // The parser is left as it was by these two; after anything else a new one is loaded.
  if (error instanceof RangeError) return ['The query is nested too deeply.', undefined]
  const details = 'sqlDetails' in error ? (error.sqlDetails as { cursorPosition?: number }) : undefined
  if (details === undefined) return ['The query cannot be parsed.', undefined]
  const text = error.message.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').slice(0, 300)
  const position = details.cursorPosition === undefined ? undefined : details.cursorPosition + 1
  return [`${text[0]?.toUpperCase() ?? ''}${text.slice(1)}.`, position]
}
