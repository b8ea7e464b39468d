import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { schemaOf } from '../connection/schema-plugin.js'
import { NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import { auditActor } from '../schema/audit.js'
import type { Db, Trx } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { text, uuid } from '../schema/values.js'
import { transaction } from '../transaction.js'
import { assertReadCommitted } from './read-committed.js'
import { liftTimeLimits } from './time-limits.js'

export interface EraseOptions {
  /** Who does it, for the audit log. */
  readonly actor?: string | undefined
  /** Why, kept in the audit log for good: no personal data in it. */
  readonly reason?: string | undefined
}

const options = z.strictObject({ actor: auditActor.optional(), reason: text(1000).optional() })

/**
 * Erases a person: what is personal goes, in one transaction, and what the books need stays.
 *
 * Gone are name, addresses, logins, cards, sessions, insights, recommendations, signals, personas, chats, documents, what was
 * asked through the read-only door, the words on accounts, transactions and transfers, and every value in the person's audit
 * log, which still proves that nothing was added or taken. Amounts, days, currencies and ids stay, the accounts are closed, and
 * the row of the person is a tombstone with `erased_at`. What is held is released, and transfers between people that wait are
 * cancelled or declined. See docs/privacy.md for what stays and why. Of somebody who was removed before, the audit log goes.
 *
 * Someone with a million transactions takes minutes: the time limits of the session for statements and for idling are off
 * meanwhile.
 *
 * @returns False when there was nothing to erase: it was done before.
 * @throws {NotFoundError} Nobody has this id, nor does the audit log know it.
 * @throws {UnsupportedError} In a transaction of the host that is not read committed: what others wrote meanwhile would stay.
 */
export async function erase(db: Db, userId: string, { actor, reason }: EraseOptions = {}): Promise<boolean> {
  const id = parseInput(uuid, userId, 'The user id')
  const checked = parseInput(options, { actor, reason }, 'The options')
  if (db.isTransaction) await assertReadCommitted(db, 'A person is erased')
  const work = async (trx: Trx) => {
    const restoreLimits = await liftTimeLimits(trx).catch(translateError)
    const erased = await eraseIn(trx, id, checked.reason)
    await restoreLimits().catch(translateError)
    return erased
  }
  return transaction(db, work, {
    // What was written while we waited has to be seen.
    ...(!db.isTransaction && { isolationLevel: 'read committed' as const }),
    ...(checked.actor !== undefined && { actor: checked.actor }),
  })
}

const table = (name: string) => sql.table(`finance.${name}`)

async function eraseIn(trx: Trx, id: string, reason: string | undefined): Promise<boolean> {
  const run = async <Row = unknown>(statement: RawBuilder<Row>) =>
    (await statement.execute(trx).catch(translateError)).rows

  // Whoever is writing about the person is waited for, and whoever begins now waits for us.
  const [person] = await run(sql<{ erased: boolean }>`
    select erased_at is not null as erased from ${table('users')} where id = ${id}::uuid for update`)
  if (person?.erased === true) return false
  if (person !== undefined) await erasePerson(trx, id, run)
  const [asked] = await run(sql<{ gone: boolean }>`
    with gone as (delete from ${table('agent_queries')} where user_id = ${id}::uuid returning id)
    select exists (select from gone) as gone`)

  const [log] = await run(sql<{ erased: boolean; known: boolean }>`
    select ${table('erase_audit')}(${id}::uuid, ${reason ?? null}::text) as erased,
      exists (select from ${table('audit_log')} where user_id = ${id}::uuid) as known`)
  if (person === undefined && log?.known !== true && asked?.gone !== true) throw new NotFoundError('user')
  return person !== undefined || log?.erased === true || asked?.gone === true
}

/** What refers to their rows goes with them. */
const deleted = [
  'auth_sessions',
  'cards',
  'insights',
  'recommendations',
  'signal_states', // in the order of `signals.compute`
  'computed_features',
  'persona_assignments',
  'transfer_matches',
  'chat_logs',
] as const

async function erasePerson(trx: Trx, id: string, run: (statement: RawBuilder<unknown>) => Promise<unknown>) {
  const mine = sql`user_id = ${id}::uuid`
  // Transfers between people, then accounts, each in the order of everybody. Whoever moves money updates the account last: what
  // was being written is waited for, and what comes now finds the account closed.
  const pending = sql`${table('p2p_transfers')} p where p.status = 'pending'`
  const received = sql`${pending} and p.recipient_id = ${id}::uuid`
  await run(sql`
    select from ${pending} and (p.user_id = ${id}::uuid or p.recipient_id = ${id}::uuid) order by p.user_id, p.id for no key update`)
  await run(sql`
    select from ${table('accounts')} where (user_id, id) in (
      select user_id, id from ${table('accounts')} where ${mine} union select p.user_id, p.from_account_id from ${received})
    order by user_id, id for no key update`)
  // Money on its way stays with its sender, also what was being sent when the accounts were locked.
  await run(
    sql`select ${table('end_p2p')}(p.user_id, null, p.id, 'cancelled') from ${pending} and p.user_id = ${id}::uuid`,
  )
  await run(sql`select ${table('end_p2p')}(null, p.recipient_id, p.id, 'declined') from ${received}`)
  for (const name of deleted) await run(sql`delete from ${table(name)} where ${mine}`)
  if (await hasDocuments(trx)) await run(sql`delete from ${table('documents')} where ${mine}`)

  // Also where nothing changes: who is changing a row is waited for, before the log writes it down as it is.
  await run(sql`update ${table('consent_records')} set ip_address = null where ${mine}`)
  await run(sql`update ${table('operator_actions')} set reason = 'erased' where ${mine}`)
  await run(sql`update ${table('investments')} set name = symbol where ${mine}`)
  await run(sql`update ${table('transfers')} set memo = '' where ${mine}`)
  await run(sql`update ${table('p2p_transfers')} set memo = '' where ${mine} and memo <> ''`)
  // What is held is let go. The bank's id of a posted row is final, as is the key of the host: they are opaque, and stay.
  await run(sql`
    update ${table('transactions')}
    set merchant = 'erased', description = '', category = 'uncategorized', is_subscription = false,
      external_id = case when status <> 'pending' then external_id end,
      status = case when status = 'pending' then 'released' else status end
    where ${mine}`)
  await run(sql`
    update ${table('accounts')}
    set name = account_type, institution = null, account_number_last4 = null, external_id = null, status = 'closed'
    where ${mine}`)
  await run(sql`
    update ${table('users')}
    set email = 'erased+' || id::text || '@erased.invalid', username = null, first_name = null, last_name = null,
      phone_number = null, financial_goals = null, password_hash = null, external_auth_id = null, is_active = false,
      erased_at = now()
    where id = ${id}::uuid`)
}

/** The table is only where pgvector is. */
async function hasDocuments(trx: Trx): Promise<boolean> {
  const { rows } = await sql<{ there: boolean }>`
    select exists (
      select from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schemaOf(trx)} and c.relname = 'documents'
    ) as there`
    .execute(trx)
    .catch(translateError)
  return rows[0]?.there === true
}
