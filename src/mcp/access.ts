import { createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { InvalidConfigError } from '../errors.js'
import { uuid } from '../schema/values.js'

/** Who may use the server, and whose rows they see. */
export interface McpAccess {
  /** The bearer token: at least 32 characters that nobody can guess, such as `openssl rand -hex 32` gives. */
  readonly token: string
  /** Whose rows. Undefined: those that the door itself sees. */
  readonly userId?: string | undefined
}

const access = z.strictObject({
  token: z
    .string()
    .regex(/^[A-Za-z0-9._~+/=-]{32,512}$/, { error: 'needs 32 to 512 letters, digits or any of . _ ~ + / = -' }),
  userId: uuid.optional(),
})

/** The one that a bearer token belongs to, if any. How long it takes tells nothing about tokens. */
export type FindAccess = (token: string) => McpAccess | undefined

/** @throws {InvalidConfigError} There is no token, or one is too short, or given twice. Names no token. */
export function accessFinder(list: readonly McpAccess[]): FindAccess {
  const issues = list.flatMap((entry, i) => {
    const { error } = access.safeParse(entry)
    return (error?.issues ?? []).map(({ path, message }) => ({ path: `access.${i}.${path.join('.')}`, message }))
  })
  if (list.length === 0) issues.push({ path: 'access', message: 'needs a token at least' })
  if (new Set(list.map(({ token }) => token)).size < list.length) {
    issues.push({ path: 'access', message: 'has a token twice' })
  }
  if (issues.length > 0) throw new InvalidConfigError(issues)

  const known = list.map((entry) => ({ entry, digest: digestOf(entry.token) }))
  return (token) => {
    const given = digestOf(token)
    let found: McpAccess | undefined
    // All of them, so that the place of a token does not show.
    for (const { entry, digest } of known) if (timingSafeEqual(digest, given)) found = entry
    return found
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
