import { randomBytes, randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { translateError } from '../../postgres-errors.js'
import type { Database, Db } from '../../schema/database.js'

/** Two people who exist to be attacked: one asks, and nothing of the other may be seen. */
export interface Canaries {
  readonly me: string
  readonly victim: string
  /** In each row of the victim, and in the secrets of both. */
  readonly canary: string
  /** Takes them out again. What is left is their entries in the audit log, which is append-only. */
  remove(): Promise<void>
}

/** @param owner Writes the rows of everybody: the role that migrates, or an application's. */
export async function plantCanaries(owner: Kysely<Database>): Promise<Canaries> {
  const canary = `zq${randomBytes(6).toString('hex')}qz`
  const [me, victim] = [randomUUID(), randomUUID()]
  await owner
    .transaction()
    .execute(async (trx) => {
      await plant(trx, me, 'mine', canary)
      await plant(trx, victim, canary, canary)
      await trx
        .insertInto('finance.operator_actions')
        .values({ user_id: victim, operator_id: me, action_type: 'flag', reason: canary })
        .execute()
    })
    .catch(translateError)
  return { me, victim, canary, remove: () => remove(owner, [me, victim]) }
}

async function plant(db: Db, user_id: string, word: string, secret: string): Promise<void> {
  const account = { user_id, id: randomUUID() }
  const ids = { user_id, account_id: account.id }
  const recommendation = randomUUID()
  await db
    .insertInto('finance.users')
    .values({
      id: user_id,
      email: `${word}.${user_id}@example.invalid`,
      first_name: word,
      last_name: word,
      phone_number: word,
      financial_goals: word,
      external_auth_id: `${word}-${user_id}`,
      password_hash: `$argon2id$${secret}`,
      is_active: false,
    })
    .execute()
  await db
    .insertInto('finance.accounts')
    .values({ ...account, account_type: 'checking', name: word, institution: word, external_id: word })
    .execute()
  await db
    .insertInto('finance.transactions')
    .values(
      ['2026-03-01', '2026-03-02'].map((date) => ({
        ...ids,
        date,
        merchant: word,
        description: `${word} ${date}`,
        amount: '-1.2345',
        currency: 'USD',
        category: word,
        status: 'pending' as const,
        posted_at: null,
        source: 'finance-db doctor',
      })),
    )
    .execute()
  await db
    .insertInto('finance.cards')
    .values({
      ...ids,
      brand: word,
      last4: '0000',
      exp_month: 1,
      exp_year: 2030,
      token: `v1.canary.${secret}.${'0'.repeat(24)}`,
    })
    .execute()
  await db
    .insertInto('finance.computed_features')
    .values({ user_id, time_window: '30d', signal_type: word, signal_value: JSON.stringify({ word }) as never })
    .execute()
  await db.insertInto('finance.insights').values({ user_id, title: word, message: word, type: word }).execute()
  await db.insertInto('finance.chat_logs').values({ user_id, message: word, response: word }).execute()
  await db
    .insertInto('finance.recommendations')
    .values({ user_id, id: recommendation, type: 'education', title: word, rationale: word })
    .execute()
  await db
    .insertInto('finance.decision_traces')
    .values({ user_id, recommendation_id: recommendation, trace_data: JSON.stringify({ word }) as never })
    .execute()
  await db
    .insertInto('finance.consent_records')
    .values({ user_id, version: word, granted_at: sql`now()` as never })
    .execute()
}

/** What hangs on `users` by a cascade goes with it. */
async function remove(owner: Kysely<Database>, users: readonly string[]): Promise<void> {
  await owner
    .transaction()
    .execute(async (trx) => {
      for (const table of [
        'finance.operator_actions',
        'finance.cards',
        'finance.transactions',
        'finance.accounts',
        'finance.agent_queries',
      ] as const) {
        await trx.deleteFrom(table).where('user_id', 'in', users).execute()
      }
      await trx.deleteFrom('finance.users').where('id', 'in', users).execute()
    })
    .catch(translateError)
}
