import { getEncoding } from 'js-tiktoken'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { accounts, investments, migrate, transactions } from '../../src/index.js'
import { valuesOf } from '../../src/readonly/describe/catalogue.js'
import { sampleQuestions } from '../../src/readonly/describe/samples.js'
import { createReadOnlyDb, estimateTokens, type ReadOnlyDb } from '../../src/readonly/index.js'
import { createAccount, createUser, newAccount, newTransaction } from '../people.js'
import { execute } from '../server.js'
import { pgliteDb } from '../support.js'
import { type AgentDatabase, agentDatabase } from './agents.js'

let place: AgentDatabase
let ada: string
let bob: string
let door: ReadOnlyDb

beforeAll(async () => {
  place = await agentDatabase()
  ;[ada, bob] = [(await createUser(place.db)).id, (await createUser(place.db)).id]
  await fill(ada)
  door = place.door(place.agent)
})
afterAll(() => place[Symbol.asyncDispose]())

/** A day so many days ago, as the samples ask about the time before today. */
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)

async function fill(user_id: string): Promise<void> {
  const checking = await createAccount(place.db, { user_id })
  await accounts.create(
    place.db,
    newAccount(user_id, { account_type: 'credit_card', credit_limit: '1000', opening_balance: '-200' }),
  )
  for (let ago = 0; ago < 120; ago += 5) {
    const what = { date: day(ago), category: 'groceries', is_subscription: ago % 30 === 0 }
    await transactions.create(place.db, newTransaction(checking, what))
  }
  const broker = await createAccount(place.db, { user_id, account_type: 'investment' })
  await investments.create(place.db, {
    ...{ user_id, account_id: broker.id, symbol: 'VT', name: 'World', asset_class: 'etf', quantity: '2' },
    ...{ cost_basis: '150', price: '100', price_date: day(1), currency: 'USD' },
  })
}

describe('the card of the schema', () => {
  test('tells purpose, units, signs, allowed values, nulls, joins and how many rows', async () => {
    const { text, complete, shortened } = await door.asUser(ada).describeSchema()

    expect(text).toContain('transactions (rows: tens): Movements of money on an account.')
    expect(text).toContain('  amount numeric: In currency. Money into the account is positive, out of it negative.')
    expect(text).toContain('  posted_at timestamptz?: The instant it counts for; null while pending.')
    expect(text).toContain('  status active|frozen|closed: ')
    expect(text).toContain('account_type checking|savings|high_yield_savings|')
    expect(text).toContain('  join (user_id, account_id) = accounts (user_id, id)\n')
    expect(text).toContain('At most 5,000 rows, 8 MiB and 10 s')
    expect(text).toContain('cards (rows: none)')
    expect({ complete, shortened }).toEqual({ complete: true, shortened: [] })
  })

  test('counts the rows of the user alone, and none where there is no user', async () => {
    const transactionsOf = async (of: ReadOnlyDb) =>
      (await of.describeSchema()).tables.find(({ name }) => name === 'transactions')?.rows

    expect(await transactionsOf(door.asUser(ada))).toBe('tens')
    expect(await transactionsOf(door.asUser(bob))).toBe('none')
    expect(await transactionsOf(door)).toBeUndefined()
  })

  test('has no table, column or join that the role may not read', async () => {
    const { rows: readable } = await sql<{ table_name: string; column_name: string }>`
      select table_name, column_name from finance.readable_columns`.execute(place.db)
    const here = await sql<{ name: string }>`
      select relname::text as name from pg_class where relnamespace = 'finance'::regnamespace`.execute(place.db)
    const names = new Set(here.rows.map(({ name }) => name))

    const { tables, text } = await door.asUser(ada).describeSchema()

    const told = tables.flatMap(({ name, columns }) => columns.map((column) => `${name}.${column.name}`)).sort()
    const allowed = readable.filter((r) => names.has(r.table_name)).map((r) => `${r.table_name}.${r.column_name}`)
    expect(told).toEqual(allowed.sort())
    expect(text).not.toMatch(/password|refresh_token|fingerprint|scope_keys|auth_sessions|audit_log/)
  })

  test('leaves out the joins and samples of what a role may not read', async () => {
    await using bare = await agentDatabase()
    await execute(bare.url, `revoke select (transfer_id, account_id) on finance.transactions from ${bare.agent}`)

    const { tables, text } = await bare.door(bare.agent).describeSchema()

    const joins = tables.find(({ name }) => name === 'transactions')?.joins.map(({ columns }) => columns.join())
    expect(joins).not.toContain('user_id,account_id')
    expect(joins).toContain('user_id,reverses_id')
    expect(text).not.toContain('What was spent on what in the last full month?')
    expect(text).not.toContain('transfer_id is set')
    expect(text).toContain('What is on which account')
  })

  test('knows a new column, comment, constraint and row at once', async () => {
    await using young = await agentDatabase()
    const mine = young.door(young.agent).asUser((await createUser(young.db)).id)
    expect((await mine.describeSchema({ tables: ['pots'] })).unknown).toEqual(['pots'])

    await migrate(young.db, {
      migrations: [
        {
          name: 'host_0001_pots',
          up: () => [
            `create table finance.pots (user_id uuid not null references finance.users, id int not null,
              kind text not null constraint pots_kind_check check (kind in ('jar', 'it''s a box')), primary key (user_id, id))`,
            `comment on table finance.pots is 'Pots.'`,
            `comment on column finance.pots.id is 'Counted from 1.'`,
            `insert into finance.readable_columns select 'pots', unnest(array['user_id', 'id', 'kind'])`,
          ],
          down: () => ['drop table finance.pots'],
        },
      ],
    })
    const { text, unknown, tables } = await mine.describeSchema({ tables: ['finance.pots', 'nothing'] })

    expect(text).toContain(
      "pots (rows: none): Pots.\n  user_id uuid, kind jar|it's a box\n  id integer: Counted from 1.",
    )
    expect(unknown).toEqual(['nothing'])
    expect(tables.map(({ name }) => name)).toEqual(['pots'])
    // The parser guard looks at the role again when a second has passed.
    await vi.waitFor(() => mine.query('select count(*) from pots'), { timeout: 5000, interval: 200 })
  })

  test('fits whatever it is given, and never cuts a line', async () => {
    const user = door.asUser(ada)
    const full = (await user.describeSchema({ tokens: 100_000 })).text.split('\n')
    const whole = new Set(full)
    let before = 0

    for (const tokens of [150, 200, 300, 450, 700, 1000, 1500, 2200, 3000, 4000, 4600, 100_000]) {
      const card = await user.describeSchema({ tokens })

      expect(card.tokens).toBe(estimateTokens(card.text))
      expect(card.tokens).toBeLessThanOrEqual(tokens)
      expect(card.tokens).toBeGreaterThanOrEqual(before)
      before = card.tokens
      const made =
        /^ {2}\w+ [^:]*$|^Also, by name only: |more tables? (is|are) not told here\.$|^PostgreSQL \d+, read only\./
      expect(card.text.split('\n').filter((line) => !whole.has(line) && !made.test(line))).toEqual([])
      expect(card.text).toContain('transactions')
    }
  })

  test('gives up samples first, then comments, then rare tables', async () => {
    const user = door.asUser(ada)
    const { tokens } = await user.describeSchema()
    const at = async (share: number) => (await user.describeSchema({ tokens: Math.floor(tokens * share) })).text

    const [less, half, little] = [await at(0.95), await at(0.5), await at(0.2)]
    expect(less).toContain('What was spent on what')
    expect(less).not.toContain(sampleQuestions.at(-1)?.question)
    expect(half).not.toContain('## Questions')
    expect(half).toContain('operator_actions')
    expect(half).toContain('  amount numeric: In currency. Money into the account is positive')
    expect(half).not.toContain('guardrails_passed boolean:')
    expect(little).not.toContain('operator_actions (')
    expect(little).toContain('transactions (rows: tens)')
  })

  test('is estimated above what tokenizers of language models count', async () => {
    const user = door.asUser(ada)
    for (const name of ['o200k_base', 'cl100k_base'] as const) {
      const encoding = getEncoding(name)
      for (const tokens of [300, 1000, 3000, 5000]) {
        const card = await user.describeSchema({ tokens })
        expect(encoding.encode(card.text).length).toBeLessThanOrEqual(card.tokens)
      }
    }
  })

  test('refuses a size in which nothing has room', async () => {
    await expect(door.describeSchema({ tokens: 149 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('the sample questions', () => {
  test.each(sampleQuestions)('$question', async ({ sql: text, reads }) => {
    const mine = await door.asUser(ada).query(text)
    const others = await door.asUser(bob).query(text)

    expect(mine.rowCount).toBeGreaterThan(0)
    expect(mine.truncated).toBe(false)
    expect(others.rowCount).toBe(0)
    // It reads just the tables that it says.
    const named = [...text.matchAll(/\b(?:from|join) (?!lateral)([a-z_]+)/g)].map(([, name = '']) => name)
    expect(new Set(named.filter((name) => !['months', 'generate_series'].includes(name)))).toEqual(
      new Set(Object.keys(reads)),
    )
  })

  test('need no column but those they say', async () => {
    await using narrow = await agentDatabase()
    const { id } = await createUser(narrow.db)
    for (const { sql: text, reads } of sampleQuestions) {
      await execute(
        narrow.url,
        ...Object.keys({ transactions: 0, accounts: 0, investments: 0 }).map(
          (table) => `revoke select on finance.${table} from ${narrow.agent}`,
        ),
        ...Object.entries(reads).map(
          ([table, columns]) =>
            `grant select (${columns.split(' ').join(', ')}) on finance.${table} to ${narrow.agent}`,
        ),
      )
      const only = narrow.door(narrow.agent)
      await expect(only.asUser(id).query(text)).resolves.toMatchObject({ rowCount: 0 })
    }
  })
})

test('an analyst gets estimates of everybody’s rows', async () => {
  await execute(place.url, 'analyze finance.transactions')

  const { tables, text } = await place.door(place.analyst).describeSchema()

  expect(tables.find(({ name }) => name === 'transactions')?.rows).toBe('tens')
  expect(text).toContain('Tables show the rows of every user: user_id says whose a row is.')
})

test('on PGlite nothing is told that the door holds back', async () => {
  await using embedded = await pgliteDb()
  const user = await createUser(embedded.db)
  await createAccount(embedded.db, { user_id: user.id })
  await using own = createReadOnlyDb({ pglite: embedded.pglite }, {})

  const { text, tables } = await own.describeSchema()

  expect(text).toContain('  amount numeric: In currency. Money into the account is positive, out of it negative.')
  expect(tables.map(({ name }) => name)).toContain('documents')
  expect(text).not.toMatch(/password_hash|scope_keys|auth_sessions|token_fingerprint|agent_queries/)
})

test('reads lists of words in checks, and nothing else', () => {
  expect(valuesOf("CHECK ((a = ANY (ARRAY['x'::text, 'it''s, a y'::text])))")).toEqual(['x', "it's, a y"])
  expect(
    valuesOf("CHECK (((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])))"),
  ).toEqual(['x', 'y'])
  expect(valuesOf('CHECK ((a = ANY (ARRAY[1, 2])))')).toBeUndefined()
  expect(valuesOf("CHECK (((a = ANY (ARRAY['x'::text])) OR (b IS NULL)))")).toBeUndefined()
})
