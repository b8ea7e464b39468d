import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import {
  type Account,
  AccountInactiveError,
  accounts,
  audit,
  ConflictError,
  createFinanceDb,
  type Db,
  InsufficientFundsError,
  InvalidInputError,
  MissingReferenceError,
  type NewTransfer,
  RuleViolationError,
  reports,
  type Transfer,
  transaction,
  transactions,
  transfers,
} from '../../src/index.js'
import { startProxy } from '../connection/proxy.js'
import { createAccount, createUser } from '../people.js'
import { deadlocksIn } from '../server.js'
import { freshDatabase, pgliteDb, test } from '../support.js'

/** Someone with two accounts in dollars and one in euros. */
async function person(db: Db, opening = '100', others = '0') {
  const { id: user_id } = await createUser(db)
  const own = [
    await createAccount(db, { user_id, opening_balance: opening }),
    await createAccount(db, { user_id, opening_balance: others }),
    await createAccount(db, { user_id, opening_balance: others, currency: 'EUR' }),
  ] as [Account, Account, Account]
  let keys = 0
  const transfer = (overrides: Partial<NewTransfer> = {}): NewTransfer => ({
    user_id,
    from_account_id: own[0].id,
    to_account_id: own[1].id,
    amount: '10',
    idempotency_key: `key ${keys++}`,
    ...overrides,
  })
  const balances = async () => {
    const { rows } = await accounts.list(db, user_id)
    return own.map(({ id }) => rows.find((account) => account.id === id)?.balance)
  }
  return { user_id, own, transfer, balances }
}

const contents = ({ user_id, id, from_account_id, to_account_id, created_at, updated_at, ...rest }: Transfer) => rest

/** How many transfers each transaction of the database made. */
async function transactionsBehind(db: Db, userId: string): Promise<number[]> {
  const { rows } = await sql<{ transfers: number }>`
    select count(*)::int as transfers from ${sql.table('finance.transfers')} where user_id = ${userId} group by xmin::text`.execute(
    db,
  )
  return rows.map(({ transfers }) => transfers)
}

describe('transfers.createMany', () => {
  test('moves each of the list, in its order, with both sides', async ({ db }) => {
    const [one, two] = [await person(db), await person(db)]
    const list = [
      one.transfer({ amount: '40', date: '2026-03-02', memo: 'rainy days' }),
      two.transfer({ amount: '5' }),
      one.transfer({ amount: '15', from_account_id: one.own[1].id, to_account_id: one.own[0].id }),
      one.transfer({ amount: '10', to_account_id: one.own[2].id, rate: '0.92345', rate_source: 'ECB' }),
      one.transfer({ amount: '3', to_account_id: one.own[2].id, to_amount: '2.77', rate_source: 'bank' }),
    ]

    const made = await transfers.createMany(db, list)

    expect(made.map(({ idempotency_key }) => idempotency_key)).toEqual(list.map((asked) => asked.idempotency_key))
    for (const each of made) expect(each).toEqual(await transfers.get(db, each.user_id, each.id))
    expect(made[0]).toMatchObject({ status: 'completed', date: '2026-03-02', memo: 'rainy days' })
    expect(made[3]).toMatchObject({ to_amount: '9.2300', residue: '0.00450000000000' })
    expect(made[4]).toMatchObject({ to_amount: '2.7700', rate: '0.9233333333' })
    expect(await one.balances()).toEqual(['62.0000', '25.0000', '12.0000'])
    expect(await two.balances()).toEqual(['95.0000', '5.0000', '0.0000'])
    const { rows } = await transactions.list(db, one.user_id)
    expect(rows).toHaveLength(8)
    expect(rows.every(({ transfer_id, category }) => transfer_id !== null && category === 'transfer')).toBe(true)
    expect(await reports.spendingByCategory(db, one.user_id, { from: '2026-01-01', to: '2026-12-31' })).toEqual([])
    expect(await audit.verify(db, one.user_id)).toMatchObject({ ok: true })
  })

  test('does what create does one after the other, or nothing', async ({ db }) => {
    const steps = fc.array(fc.record({ from: fc.nat(2), to: fc.nat(2), cents: fc.integer({ min: 2, max: 6000 }) }), {
      minLength: 1,
      maxLength: 8,
    })
    let [refused, done] = [0, 0]
    await fc.assert(
      fc.asyncProperty(steps, async (wishes) => {
        const lists = await Promise.all(
          [await person(db, '60', '60'), await person(db, '60', '60')].map(async (somebody) => ({
            somebody,
            list: wishes.map(({ from, to, cents }) => {
              const [source, target] = [somebody.own[from], somebody.own[to === from ? (to + 1) % 3 : to]] as Account[]
              return somebody.transfer({
                from_account_id: source?.id as string,
                to_account_id: target?.id as string,
                amount: (cents / 100).toFixed(2),
                ...(source?.currency !== target?.currency && { rate: '0.9173', rate_source: 'test' }),
              })
            }),
          })),
        )
        const [together, single] = lists as [(typeof lists)[0], (typeof lists)[0]]
        const before = await together.somebody.balances()

        const outcome = await transfers.createMany(db, together.list).catch((error: unknown) => error)
        const made: Transfer[] = []
        for (const [index, transfer] of single.list.entries()) {
          const error = await transfers.create(db, transfer).then(
            (each) => void made.push(each),
            (problem: unknown) => problem,
          )
          if (error === undefined) continue
          expect(error).toBeInstanceOf(InsufficientFundsError)
          expect(outcome).toBeInstanceOf(InsufficientFundsError)
          expect(outcome).toMatchObject({ index })
          expect(await together.somebody.balances()).toEqual(before)
          expect((await transfers.list(db, together.somebody.user_id)).rows).toEqual([])
          refused++
          return
        }

        expect((outcome as Transfer[]).map(contents)).toEqual(made.map(contents))
        expect(await together.somebody.balances()).toEqual(await single.somebody.balances())
        done++
      }),
      { numRuns: 60 },
    )
    expect(Math.min(refused, done)).toBeGreaterThan(3)
  })

  test('says which one is refused, and leaves nothing behind', async ({ db }) => {
    const { own, user_id, transfer, balances } = await person(db)
    const theirs = await createAccount(db)
    const frozen = await createAccount(db, { user_id })
    await accounts.update(db, user_id, frozen.id, { status: 'frozen' })
    const known = await transfers.create(db, transfer())
    const before = await balances()

    for (const [wrong, error] of [
      [{ amount: '90.01' }, InsufficientFundsError],
      [{ to_account_id: frozen.id }, AccountInactiveError],
      [{ from_account_id: frozen.id }, AccountInactiveError],
      [{ to_account_id: theirs.id }, MissingReferenceError],
      [{ from_account_id: theirs.id }, MissingReferenceError],
      [{ to_account_id: own[2].id }, RuleViolationError],
      [{ id: known.id }, ConflictError],
      [{ idempotency_key: known.idempotency_key, amount: '11' }, ConflictError],
    ] as const) {
      const list = [transfer({ amount: '1' }), transfer(wrong), transfer({ amount: '1' })]
      const problem = await transfers.createMany(db, list).catch((thrown: unknown) => thrown)
      expect(problem, JSON.stringify(wrong)).toBeInstanceOf(error)
      expect(problem, JSON.stringify(wrong)).toMatchObject({ index: 1, message: expect.stringContaining('At 1 of') })
    }
    await expect(transfers.createMany(db, [transfer(), transfer({ amount: '-1' })])).rejects.toMatchObject({
      issues: [{ path: '1.amount' }],
    })
    await expect(
      transfers.createMany(db, [transfer(), transfer({ rate: '1.1', rate_source: 'x' })]),
    ).rejects.toMatchObject({ constraint: 'transfers_rate_check' })

    expect(await balances()).toEqual(before)
    expect((await transfers.list(db, user_id)).rows).toEqual([known])
  })

  test('undoes a refused list inside a transaction of the host, which goes on', async ({ db }) => {
    const { transfer, balances } = await person(db)
    const known = await transfers.create(db, transfer())

    await transaction(db, async (trx) => {
      const list = [transfer(), transfer({ idempotency_key: known.idempotency_key, amount: '11' })]
      await expect(transfers.createMany(trx, list)).rejects.toThrow(ConflictError)
      await transfers.createMany(trx, [transfer({ amount: '7' })])
    })

    expect(await balances()).toEqual(['83.0000', '17.0000', '0.0000'])
  })

  test('gives those whose key is known as they were made, and makes the others', async ({ db }) => {
    const { transfer, balances } = await person(db)
    const list = [transfer(), transfer({ amount: '20' }), transfer({ amount: '30' })] as const
    const first = await transfers.createMany(db, [list[1]])

    const made = await transfers.createMany(db, list)
    const again = await transfers.createMany(db, list)

    expect(made[1]).toEqual(first[0])
    expect(again).toEqual(made)
    expect(await balances()).toEqual(['40.0000', '60.0000', '0.0000'])
    expect(await transfers.createMany(db, [])).toEqual([])
  })

  test('refuses a list in which a key is there twice, but not the same key of two people', async ({ db }) => {
    const [one, two] = [await person(db), await person(db)]
    const same = { idempotency_key: 'same' }

    await expect(
      transfers.createMany(db, [one.transfer(), one.transfer(same), one.transfer(same)]),
    ).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      issues: [{ path: '2.idempotency_key', message: 'another of the list has this key' }],
    })
    await expect(
      transfers.createMany(db, [one.transfer(same), two.transfer({ ...same, amount: '101' })]),
    ).rejects.toMatchObject({ code: 'INSUFFICIENT_FUNDS', index: 1 })
    expect(await transfers.createMany(db, [one.transfer(same), two.transfer(same)])).toHaveLength(2)
    await expect(
      transfers.createMany(db, [
        one.transfer({ idempotency_key: 'x', to_account_id: two.own[0].id }),
        two.transfer(same),
      ]),
    ).rejects.toMatchObject({ code: 'MISSING_REFERENCE', index: 0 })
  })

  test('from many connections, in any order and with the same keys, moves each once', async () => {
    await using fresh = await freshDatabase()
    const people = [await person(fresh.db), await person(fresh.db), await person(fresh.db)]
    const list = Array.from({ length: 30 }, (_, i) => {
      const { transfer, own } = people[i % 3] as (typeof people)[0]
      const back = { from_account_id: own[1].id, to_account_id: own[0].id, amount: '1' }
      return transfer(i % 2 === 0 ? { amount: '3' } : { ...back, amount: '0.5' })
    })
    await transfers.createMany(
      fresh.db,
      people.map(({ transfer }) => transfer({ amount: '20' })),
    )

    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => transfers.createMany(fresh.db, i % 2 === 0 ? list : list.toReversed())),
    )

    expect(new Set(answers.flat().map(({ id }) => id)).size).toBe(30)
    for (const { balances } of people) {
      const [first, second] = await balances()
      expect(Number(first) + Number(second)).toBe(100)
    }
    expect((await transactions.list(fresh.db, people[0]?.user_id as string)).rows).toHaveLength(22)
  })
})

describe('transfers.inBatches', () => {
  test('makes what is asked for at once in few transactions, and answers each', async () => {
    await using fresh = await freshDatabase()
    const { transfer, balances, user_id } = await person(fresh.db)
    const move = transfers.inBatches(fresh.db, { parallel: 2 })

    const made = await Promise.all(
      Array.from({ length: 50 }, (_, i) => move(transfer({ amount: `0.${i + 10}`, memo: `${i}` }))),
    )

    expect(made.map(({ memo }) => memo)).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`))
    expect(await balances()).toEqual(['82.7500', '17.2500', '0.0000'])
    expect(await transactionsBehind(fresh.db, user_id)).toEqual([25, 25])
  })

  test('keeps to the size of a batch and to so many at once', async () => {
    await using fresh = await freshDatabase()
    const { transfer, user_id } = await person(fresh.db)
    let [running, most] = [0, 0]
    await using db = createFinanceDb(
      {
        connectionString: fresh.url,
        log: ({ sql: text }) => {
          if (/^begin/i.test(text)) most = Math.max(most, ++running)
          if (/^commit/i.test(text)) running--
        },
      },
      {},
    )
    const move = transfers.inBatches(db, { size: 4, parallel: 3 })

    await Promise.all(Array.from({ length: 40 }, () => move(transfer({ amount: '1' }))))

    expect(await transactionsBehind(db, user_id)).toEqual(Array.from({ length: 10 }, () => 4))
    expect(most).toBeLessThanOrEqual(3)
  })

  test('lets one fail by itself', async () => {
    await using fresh = await freshDatabase()
    const [rich, poor] = [await person(fresh.db), await person(fresh.db, '1')]
    const theirs = await createAccount(fresh.db)
    const move = transfers.inBatches(fresh.db)

    const outcomes = await Promise.allSettled([
      move(rich.transfer()),
      move(poor.transfer()),
      move(rich.transfer({ to_account_id: theirs.id })),
      move(rich.transfer({ rate: '1.1', rate_source: 'no need' })),
      move(rich.transfer({ amount: '0' })),
      move(rich.transfer()),
    ])

    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'made' : outcome.reason.constructor))).toEqual([
      'made',
      InsufficientFundsError,
      MissingReferenceError,
      RuleViolationError,
      InvalidInputError,
      'made',
    ])
    expect(outcomes[1]).toMatchObject({
      reason: { index: undefined, message: 'The account does not have that much available.' },
    })
    expect(await rich.balances()).toEqual(['80.0000', '20.0000', '0.0000'])
  })

  test('keeps the others together as far as it can when one is refused', async () => {
    await using fresh = await freshDatabase()
    const { transfer, user_id } = await person(fresh.db)
    const move = transfers.inBatches(fresh.db, { parallel: 1 })

    const outcomes = await Promise.allSettled(
      Array.from({ length: 9 }, (_, i) => move(transfer({ amount: i === 4 ? '100' : '1' }))),
    )

    expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(outcomes.map((_, i) => i === 4))
    expect((await transactionsBehind(fresh.db, user_id)).sort()).toEqual([1, 3, 4])
  })

  test('gives those who ask with one key the same transfer, and refuses other contents', async () => {
    await using fresh = await freshDatabase()
    const { transfer, balances } = await person(fresh.db)
    const move = transfers.inBatches(fresh.db)
    const asked = transfer()

    const [first, second, other] = await Promise.allSettled([
      move(asked),
      move(asked),
      move({ ...asked, amount: '11' }),
    ])

    expect(second).toEqual(first)
    expect(other).toMatchObject({ reason: expect.any(ConflictError) })
    expect(await balances()).toEqual(['90.0000', '10.0000', '0.0000'])
  })

  test('tells everybody when the database is away, and goes on when it is back', async () => {
    await using fresh = await freshDatabase()
    const { transfer } = await person(fresh.db)
    const proxy = await startProxy(fresh.url)
    await using db = createFinanceDb({ connectionString: proxy.through(fresh.url) }, {})
    const move = transfers.inBatches(db, { parallel: 1 })
    const list = [transfer(), transfer(), transfer()]

    proxy.newcomers('refuse')
    const outcomes = await Promise.allSettled(list.map(move))
    const attempts = proxy.opened()
    proxy.newcomers('answer')

    expect(attempts).toBe(1)
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
      list.map(() => 'CONNECTION_FAILED'),
    )
    expect(await Promise.all(list.map(move))).toHaveLength(3)
    await proxy.close()
  })

  test('all on one account are never in each other’s way', async () => {
    await using fresh = await freshDatabase()
    const { transfer, own, balances } = await person(fresh.db)
    await transfers.create(fresh.db, transfer({ amount: '50' }))
    const back = { from_account_id: own[1].id, to_account_id: own[0].id }
    const move = transfers.inBatches(fresh.db, { size: 5, parallel: 8 })

    await Promise.all(
      Array.from({ length: 200 }, (_, i) => move(transfer({ amount: '0.1', ...(i % 2 === 0 && back) }))),
    )

    expect(await balances()).toEqual(['50.0000', '50.0000', '0.0000'])
    await fresh.db.destroy()
    expect(await deadlocksIn(fresh.url)).toBe(0)
  })

  test('says in the audit log who did it', async () => {
    await using fresh = await freshDatabase()
    const { transfer, user_id } = await person(fresh.db)
    const move = transfers.inBatches(fresh.db, { actor: 'payouts' })

    const made = [await move(transfer()), ...(await Promise.all([move(transfer()), move(transfer())]))]

    const { rows } = await audit.list(fresh.db, user_id, { table_name: 'transfers' })
    expect(rows.map(({ row_id, actor }) => [row_id, actor]).sort()).toEqual(
      made.map(({ id }) => [id, 'payouts']).sort(),
    )
  })

  test('needs sensible options', async ({ db }) => {
    expect(() => transfers.inBatches(db, { actor: '' })).toThrow(InvalidInputError)
    expect(() => transfers.inBatches(db, { size: 0 })).toThrow(InvalidInputError)
    expect(() => transfers.inBatches(db, { parallel: 1.5 })).toThrow(InvalidInputError)
  })
})

test('many transfers work on PGlite', async () => {
  await using embedded = await pgliteDb()
  const { own, transfer, balances } = await person(embedded.db)
  const move = transfers.inBatches(embedded.db)

  await transfers.createMany(embedded.db, [
    transfer(),
    transfer({ to_account_id: own[2].id, rate: '0.91235', rate_source: 'x' }),
  ])
  const outcomes = await Promise.allSettled([move(transfer()), move(transfer({ amount: '100' })), move(transfer())])

  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await balances()).toEqual(['60.0000', '30.0000', '9.1200'])
})
