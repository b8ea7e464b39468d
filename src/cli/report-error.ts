import { FinanceDbError, ImportConflictError } from '../errors.js'
import { asOurs } from '../postgres-errors.js'
import { type ExitCode, exit, Interrupted, UsageError } from './exit-codes.js'
import { printable } from './format.js'

const usageCodes: readonly string[] = ['INVALID_CONFIG', 'INVALID_INPUT', 'INVALID_CURSOR']

/** Writes one paragraph about the error to stderr, with `--verbose` also what caused it, and gives the exit code. */
export function reportError(
  thrown: unknown,
  { verbose = false, json = false }: { verbose?: boolean | undefined; json?: boolean | undefined },
): ExitCode {
  if (thrown instanceof Interrupted) return exit.interrupted
  const error = asOurs(thrown) // some queries of ours are raw: their errors are the driver's
  const known = error instanceof UsageError ? error.cause : error
  const code = known instanceof FinanceDbError ? known.code : undefined
  const message = redact(messageOf(error))
  const causes = verbose ? causesOf(error) : []

  const text = json
    ? JSON.stringify({ error: { code, message, ...(verbose && { causes }) } })
    : [`Error: ${message}`, ...causes.map((cause) => `  caused by: ${cause}`)].join('\n')
  process.stderr.write(`${printable(text)}\n`)
  return error instanceof UsageError || (code !== undefined && usageCodes.includes(code)) ? exit.usage : exit.failed
}

function messageOf(error: unknown): string {
  // ids are kept out of messages, since those are logged; here somebody asks which
  if (error instanceof ImportConflictError) return `${error.message} Such as: ${error.externalIds.join(', ')}.`
  return error instanceof Error && error.message !== '' ? error.message : String(error)
}

function causesOf(error: unknown): string[] {
  const causes: string[] = []
  for (let e = error instanceof Error ? error.cause : undefined; e !== undefined && causes.length < 10; ) {
    const code = e instanceof Error && 'code' in e && typeof e.code === 'string' ? ` (${e.code})` : ''
    causes.push(redact(`${e instanceof Error ? `${e.name}: ` : ''}${messageOf(e)}${code}`))
    e = e instanceof Error ? e.cause : undefined
  }
  return causes
}

/** The password of any connection string that found its way into a message. */
export function redact(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+]*:\/\/[^\s:/@]*):[^\s]*@/gi, '$1:***@')
}
