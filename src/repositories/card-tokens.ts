import { sql } from 'kysely'
import { z } from 'zod'
import { DecryptionError, NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import type { SecretKeys } from '../secrets/keys.js'
import { createSecrets, type FieldAddress, type Secrets } from '../secrets/secrets.js'
import { repeatStatement } from '../transaction.js'

/** What the ciphertext of a card's token is bound to. */
export function tokenField(user_id: string, id: string): FieldAddress {
  return { table: 'finance.cards', column: 'token', user_id, id }
}

/** Fingerprints of a token compare for one user only. */
export function tokenPurpose(userId: string): string {
  return `finance.cards.token of ${userId.toLowerCase()}`
}

/**
 * The processor's token of a card, in clear. Hand it to the processor and nowhere else: no log, no answer to a client.
 *
 * @throws {NotFoundError} Also when the card belongs to another user.
 * @throws {DecryptionError} The key is gone, or the ciphertext is not what was written here.
 */
export async function token(db: Db, keys: SecretKeys, userId: string, id: string): Promise<string> {
  const card = await db
    .selectFrom('finance.cards')
    .select('token')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow(() => new NotFoundError('card'))
    .catch(translateError)
  return createSecrets(keys).decrypt(card.token, tokenField(userId, id))
}

export interface RotateOptions {
  /** Cards at most in this call, all when left out. */
  readonly limit?: number | undefined
}

export interface CardKey {
  user_id: string
  id: string
}

export interface RotateResult {
  /** How many cards were changed. */
  readonly rotated: number
  /** Cards left as they are, since their ciphertext is not what was written there: somebody changed or moved it. */
  readonly unreadable: readonly CardKey[]
}

const rotateOptions = z.strictObject({ limit: z.int().min(1).optional() })

const batchRows = 500

/**
 * Encrypts the tokens anew that are not by `keys.current`, and fingerprints those that are not by `keys.fingerprint`, for all
 * users. It can be stopped at any time and started again, run twice at once, and run while cards are added and used: a
 * batch is written by one short statement, and a card that changed meanwhile is left for the next run. When a run rotates
 * none, none is left, and an old key is needed only by those that are `unreadable`.
 *
 * A card whose token another card of its user has too, which only a change of `keys.fingerprint` can bring to light, loses
 * its fingerprint and both stay.
 *
 * @throws {InvalidConfigError} `keys` has no good current key.
 * @throws {DecryptionError} A card names a key that `keys` does not have. The batches before it are rotated.
 */
export async function rotateTokens(db: Db, keys: SecretKeys, options: RotateOptions = {}): Promise<RotateResult> {
  const { limit = Number.POSITIVE_INFINITY } = parseInput(rotateOptions, options, 'The options')
  const secrets = createSecrets(keys)
  const result = { rotated: 0, unreadable: [] as CardKey[] }
  let after: CardKey | undefined
  while (result.rotated < limit) {
    const rows = await outdated(db, keys, after, Math.min(batchRows, limit - result.rotated)).catch(translateError)
    after = rows.at(-1)
    if (after === undefined) break
    result.rotated += await replace(db, await rotateAll(secrets, rows, result.unreadable))
  }
  return result
}

interface Outdated extends CardKey {
  token: string
  token_fingerprint: string | null
}

interface Rotated extends CardKey {
  old_token: string
  new_token: string
  fingerprint: string | null
}

/** Walks `cards_pkey`. */
async function outdated(db: Db, keys: SecretKeys, after: CardKey | undefined, limit: number): Promise<Outdated[]> {
  let query = db
    .selectFrom('finance.cards')
    .select(['user_id', 'id', 'token', 'token_fingerprint'])
    .where(({ eb, or }) =>
      or([
        eb(sql`split_part(token, '.', 2)`, '<>', keys.current),
        eb(sql`split_part(token_fingerprint, '.', 2)`, '<>', keys.fingerprint ?? keys.current),
      ]),
    )
  if (after !== undefined) {
    const { user_id, id } = after
    query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('user_id', 'id'), '>', tuple(user_id, id)))
  }
  return query.orderBy('user_id').orderBy('id').limit(limit).execute()
}

async function rotateAll(secrets: Secrets, rows: readonly Outdated[], unreadable: CardKey[]): Promise<Rotated[]> {
  const seen = new Set<string>()
  const rotated: Rotated[] = []
  for (const { user_id, id, token: old_token, token_fingerprint } of rows) {
    const field = tokenField(user_id, id)
    const clear = await secrets.decrypt(old_token, field).catch(unlessMissing)
    if (clear === undefined) {
      unreadable.push({ user_id, id })
      continue
    }
    const fingerprint = token_fingerprint === null ? null : await secrets.fingerprint(clear, tokenPurpose(user_id))
    const isFirst = !seen.has(`${user_id} ${fingerprint}`)
    seen.add(`${user_id} ${fingerprint}`)
    rotated.push({
      user_id,
      id,
      old_token,
      new_token: await secrets.encrypt(clear, field),
      fingerprint: isFirst ? fingerprint : null,
    })
  }
  return rotated
}

/** One bad row must not keep the others from their new key; a missing key concerns them all. */
function unlessMissing(error: unknown): undefined {
  if (!(error instanceof DecryptionError) || error.reason === 'unknown-key') throw error
}

/** Those that are still what was read. Two runs take the cards in one order; others, and unique tokens, may be in the way. */
async function replace(db: Db, rotated: readonly Rotated[]): Promise<number> {
  const cards = sql.table('finance.cards')
  const update = sql`
    with rotated as materialized (
      select r.*
      from jsonb_to_recordset(${JSON.stringify(rotated)}::text::jsonb)
        as r(user_id uuid, id uuid, old_token text, new_token text, fingerprint text)
    ), locked as materialized (
      select c.user_id, c.id from ${cards} c
      where (c.user_id, c.id) in (select r.user_id, r.id from rotated r)
      order by c.user_id, c.id
      for no key update
    )
    update ${cards} c
    set token = r.new_token,
      token_fingerprint = case
        when not exists (
          select from ${cards} other
          where other.user_id = r.user_id and other.id <> r.id and other.token_fingerprint = r.fingerprint
        ) then r.fingerprint
      end
    from rotated r
    join locked l on l.user_id = r.user_id and l.id = r.id
    where c.user_id = r.user_id and c.id = r.id and c.token = r.old_token
  `
  const { numAffectedRows = 0n } = await repeatStatement(db, () => update.execute(db)).catch(translateError)
  return Number(numAffectedRows)
}
