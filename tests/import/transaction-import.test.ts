import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import {
  type Account,
  accounts,
  ConflictError,
  type Db,
  ImportConflictError,
  InvalidInputError,
  MissingReferenceError,
  transaction,
  transactions,
} from '../../src/index.js'
import { createAccount, createTransaction, createUser } from '../people.js'
import { openHandles } from './handles.js'

type Row = transactions.ImportRow

const handles = openHandles()

function row(account: Account, overrides: Partial<Row> = {}): Row {
  return {
    user_id: account.user_id,
    account_id: account.id,
    date: '2026-03-01',
    merchant: 'Corner shop',
    amount: '-12.50',
    ...overrides,
  }
}

async function balance(db: Db, { user_id, id }: Account): Promise<string> {
  return (await accounts.get(db, user_id, id)).balance
}

async function stored(db: Db, { user_id, id }: Account) {
  return (await transactions.list(db, user_id, { account_id: id }, { limit: 100 })).rows
}

describe.each(['COPY', 'unnest', 'PGlite'] as const)('transactions.import by %s', (way) => {
  test('writes what create writes, and the balance follows', async () => {
    const db = handles[way]
    const [one, other] = [await createAccount(db, { currency: 'EUR' }), await createAccount(db, { currency: 'EUR' })]
    const created = await createTransaction(db, one, { source: 'bank' })

    expect(await transactions.import(db, [row(other)], { source: 'bank' })).toEqual({
      inserted: 1,
      skipped: 0,
      updated: 0,
    })

    const [imported] = await stored(db, other)
    expect(imported).toEqual({
      ...created,
      user_id: other.user_id,
      account_id: other.id,
      id: imported?.id,
      posted_at: imported?.created_at,
      recorded_at: imported?.created_at,
      created_at: imported?.created_at,
      updated_at: imported?.created_at,
    })
    expect(await balance(db, other)).toBe('-12.5000')
  })

  test('carries every field, and texts that the wire formats give a meaning', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const given = row(account, {
      amount: '900719925474099.9371',
      currency: 'USD',
      category: 'a\\N{b}',
      description: '\\.\n\\N\ttab\r\nNULL,"quoted" \\"\' {} \u{1F4B6} \u0001\b\f\v',
      merchant: '\\N',
      is_subscription: true,
      posted_at: new Date('2026-03-02T10:11:12.345Z'),
      external_id: '\\.',
      pending_id: '01890000-0000-7000-8000-00000000000a',
    })

    const description = 'old\rMac'
    const second = row(account, { merchant: '', description, status: 'pending', external_id: 'NULL' })
    await transactions.import(db, [given, second])

    const [pending, posted] = (await stored(db, account)).toSorted((a, b) => a.status.localeCompare(b.status))
    expect(posted).toMatchObject({ ...given, status: 'posted', direction: 'credit' })
    expect(pending).toMatchObject({ merchant: '', description, posted_at: null, external_id: 'NULL' })
    expect(await balance(db, account)).toBe('900719925474099.9371')
  })

  test('takes an external_id once on its account, however often it comes', async () => {
    const db = handles[way]
    const [one, other] = [await createAccount(db), await createAccount(db)]
    const rows = [
      row(one, { external_id: 'a' }),
      row(one, { external_id: 'b', amount: '5' }),
      row(one, { external_id: 'b', amount: '5.000', merchant: 'told otherwise' }),
      row(other, { external_id: 'a', amount: '7' }),
    ]

    expect(await transactions.import(db, rows)).toEqual({ inserted: 3, skipped: 1, updated: 0 })
    expect(await transactions.import(db, rows)).toEqual({ inserted: 0, skipped: 4, updated: 0 })
    expect(await transactions.import(db, [...rows, row(one, { external_id: 'c' })])).toMatchObject({ inserted: 1 })

    expect([await balance(db, one), await balance(db, other)]).toEqual(['-20.0000', '7.0000'])
  })

  test('inserts rows without an external_id each time', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const rows = [row(account), row(account), row(account, { external_id: 'a' })]

    await transactions.import(db, rows)

    expect(await transactions.import(db, rows)).toEqual({ inserted: 2, skipped: 1, updated: 0 })
    expect(await balance(db, account)).toBe('-62.5000')
  })

  test('refuses all of it when an external_id comes back with another movement', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const ids = Array.from({ length: 12 }, (_, i) => `x${i}`)
    await transactions.import(
      db,
      [...ids, 'known'].map((external_id) => row(account, { external_id })),
    )

    const refused = transactions.import(db, [
      row(account, { external_id: 'new' }),
      row(account, { external_id: 'known', amount: '-1', status: 'pending' }),
      ...ids.map((external_id, i) =>
        row(account, { external_id, ...(i % 2 ? { amount: '-12.51' } : { date: '2026-03-02' }) }),
      ),
    ])

    const error = await refused.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConflictError)
    expect(error).toMatchObject({ code: 'CONFLICT', count: 12, externalIds: ids.slice(0, 10) })
    expect((error as Error).message).not.toMatch(/x\d/)
    expect(await stored(db, account)).toHaveLength(13)
    expect(await balance(db, account)).toBe('-162.5000')
  })

  test('refuses all of it when one external_id has two movements in the file', async () => {
    const db = handles[way]
    const account = await createAccount(db)

    const rows = [row(account, { external_id: 'a' }), row(account, { external_id: 'a', amount: '3' })]
    await expect(transactions.import(db, rows)).rejects.toThrow(ImportConflictError)

    expect(await stored(db, account)).toEqual([])
  })

  test('settles a pending transaction by the posted row, and skips the pending one when it comes again', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const hold = row(account, { external_id: 'a', status: 'pending', amount: '-50' })
    const posted_at = new Date('2026-03-04T00:00:00.000Z')
    const charge = row(account, { external_id: 'a', status: 'posted', amount: '-48.20', date: '2026-03-03', posted_at })
    await transactions.import(db, [hold])
    const [before] = await stored(db, account)
    expect(await balance(db, account)).toBe('0.0000')

    expect(await transactions.import(db, [charge])).toEqual({ inserted: 0, skipped: 0, updated: 1 })
    expect(await transactions.import(db, [charge, hold])).toEqual({ inserted: 0, skipped: 2, updated: 0 })

    expect(await stored(db, account)).toEqual([
      expect.objectContaining({ id: before?.id, status: 'posted', amount: '-48.2000', date: '2026-03-03', posted_at }),
    ])
    expect(await balance(db, account)).toBe('-48.2000')
  })

  test('settles a pending transaction whose movement stays as it was', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    await transactions.import(db, [row(account, { external_id: 'a', status: 'pending' })])

    expect(await transactions.import(db, [row(account, { external_id: 'a' })])).toMatchObject({ updated: 1 })

    expect(await stored(db, account)).toMatchObject([{ status: 'posted', posted_at: expect.any(Date) }])
    expect(await balance(db, account)).toBe('-12.5000')
  })

  test('settles a pending row of the same file, wherever it stands', async () => {
    const db = handles[way]
    const [one, other] = [await createAccount(db), await createAccount(db)]
    const hold = { external_id: 'a', status: 'pending', amount: '-50' } as const
    const charge = { external_id: 'a', amount: '-48.20', date: '2026-03-03' } as const

    await transactions.import(db, [row(one, hold), row(one, charge), row(other, charge), row(other, hold)])

    for (const account of [one, other]) {
      expect(await stored(db, account)).toMatchObject([{ status: 'posted', amount: '-48.2000', date: '2026-03-03' }])
      expect(await balance(db, account)).toBe('-48.2000')
    }
  })

  test('takes the last of several pending rows', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const hold = (amount: string) => row(account, { external_id: 'a', status: 'pending', amount })

    await transactions.import(db, [hold('-1'), hold('-3'), hold('-2')])
    expect(await stored(db, account)).toMatchObject([{ status: 'pending', amount: '-2.0000', posted_at: null }])

    expect(await transactions.import(db, [hold('-4')])).toEqual({ inserted: 0, skipped: 0, updated: 1 })
    expect(await transactions.import(db, [hold('-4')])).toEqual({ inserted: 0, skipped: 1, updated: 0 })
    expect(await stored(db, account)).toMatchObject([{ status: 'pending', amount: '-4.0000' }])
  })

  test('names the row and the field that is wrong, and keeps nothing', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const rows = [row(account), row(account), row(account, { amount: '12,50', merchant: 'a\0b' })]

    const error = await transactions.import(db, rows).catch((thrown: unknown) => thrown)

    expect(error).toBeInstanceOf(InvalidInputError)
    expect((error as InvalidInputError).message).toMatch(/^Row 3 is not valid: merchant: .*; amount: /)
    expect((error as InvalidInputError).issues.map(({ path }) => path)).toEqual(['merchant', 'amount'])
    expect(await stored(db, account)).toEqual([])
  })

  test('masks full card numbers in words, or refuses them, and leaves ids alone', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const number = '4111 1111 1111 1111'
    const rows = [
      row(account, {
        external_id: number,
        merchant: `Shop ${number}`,
        category: number,
        description: `${number} 12/27`,
      }),
      row(account, { merchant: 'XXXX XXXX XXXX 1111', date: '2026-12-31' }),
    ]

    await expect(transactions.import(db, rows, { cardNumbers: 'refuse' })).rejects.toThrow(
      /^Row 1 .*merchant: must not contain a full card number/,
    )
    await expect(transactions.import(db, rows, { cardNumbers: 'drop' as 'mask' })).rejects.toThrow(InvalidInputError)
    expect(await stored(db, account)).toEqual([])
    expect(await transactions.import(db, rows)).toMatchObject({ inserted: 2 })

    const masked = '**** **** **** 1111'
    expect(await stored(db, account)).toMatchObject([
      { merchant: 'XXXX XXXX XXXX 1111' },
      { merchant: `Shop ${masked}`, category: masked, description: `${masked} 12/27`, external_id: number },
    ])
    const wrong = [row(account, { merchant: number, amount: '1,5' })]
    await expect(transactions.import(db, wrong, { cardNumbers: 'mask' })).rejects.toThrow(/^Row 1 .*amount/)
  })

  test('refuses an account of somebody else, one that is not there, and another currency', async () => {
    const db = handles[way]
    const [account, stranger] = [await createAccount(db), await createUser(db)]
    const wrong = [{ user_id: stranger.id }, { account_id: stranger.id }, { currency: 'EUR' }]

    for (const overrides of wrong) {
      const rows = [row(account), row(account, overrides)]
      await expect(transactions.import(db, rows)).rejects.toThrow(MissingReferenceError)
    }
    expect(await stored(db, account)).toEqual([])
  })

  test('takes an external_id on each account, whoever else has it', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const second = await createAccount(db, { user_id: account.user_id })
    const stranger = await createAccount(db, { id: account.id })
    await transactions.import(db, [row(account, { external_id: 'known' })])

    for (const other of [second, stranger]) {
      expect(await transactions.import(db, [row(other, { external_id: 'known' })])).toMatchObject({ inserted: 1 })
    }
  })

  test('does not take a row for one that is there in another currency', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const known = row(account, { external_id: 'known' })
    await transactions.import(db, [known])

    await expect(transactions.import(db, [{ ...known, currency: 'EUR' }])).rejects.toThrow(MissingReferenceError)
  })

  test('leaves nothing when the source fails half-way, and throws its error', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const broken = new Error('the bank hung up')
    async function* source() {
      for (let i = 0; i < 12_000; i++) yield row(account)
      throw broken
    }

    await expect(transactions.import(db, source())).rejects.toBe(broken)

    expect(await stored(db, account)).toEqual([])
    expect(await balance(db, account)).toBe('0.0000')
    expect(await transactions.import(db, [row(account)])).toMatchObject({ inserted: 1 })
  })

  test('is a part of the transaction it is called in, which survives its failure', async () => {
    const db = handles[way]
    const account = await createAccount(db)

    await transaction(db, async (trx) => {
      await createTransaction(trx, account, { amount: '1' })
      await expect(transactions.import(trx, [row(account), row(account, { amount: 'x' })])).rejects.toThrow()
      await transactions.import(trx, [row(account, { amount: '10', external_id: 'a' })])
      expect(await transactions.import(trx, [row(account, { amount: '10', external_id: 'a' })])).toMatchObject({
        skipped: 1,
      })
    })
    const undone = transaction(db, async (trx) => {
      await transactions.import(trx, [row(account, { amount: '100' })])
      throw new Error('never mind')
    })

    await expect(undone).rejects.toThrow('never mind')
    expect(await balance(db, account)).toBe('11.0000')
  })

  test('leaves the time limits of the transaction it is called in as they were', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const limits = (trx: Db) =>
      sql`select name, setting from pg_settings where name like '%timeout' order by name`.execute(trx)

    await transaction(db, async (trx) => {
      await sql`set local statement_timeout = 54321`.execute(trx)
      await sql`set local idle_in_transaction_session_timeout = 65432`.execute(trx)
      const before = await limits(trx)
      await transactions.import(trx, [row(account)])
      expect((await limits(trx)).rows).toEqual(before.rows)
    })
  })

  test('writes in several statements, tells how far it is, and keeps the order of the file within a day', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const told: Array<[number, string]> = []
    const rows = Array.from({ length: 25_000 }, (_, i) => row(account, { amount: '0.01', description: String(i) }))

    const onProgress = (n: number, phase: string) => told.push([n, phase])
    expect(await transactions.import(db, rows, { batchRows: 10_000, onProgress })).toMatchObject({ inserted: 25_000 })

    expect(told.slice(0, 3)).toEqual([
      [10_000, 'reading'],
      [20_000, 'reading'],
      [25_000, 'reading'],
    ])
    expect(told.slice(3).length).toBeGreaterThanOrEqual(3)
    expect(told.at(-1)).toEqual([25_000, 'writing'])
    expect(await balance(db, account)).toBe('250.0000')
    // PGlite's clock counts milliseconds, which many rows share.
    if (way === 'PGlite') return
    const latest = (await stored(db, account)).slice(0, 3).map(({ description }) => description)
    expect(latest).toEqual(['24999', '24998', '24997'])
  })

  test('stops by a signal, also while the source is silent', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const controller = new AbortController()
    async function* source() {
      yield row(account)
      setTimeout(() => controller.abort(new Error('enough')), 20)
      await new Promise(() => {})
    }

    await expect(transactions.import(db, source(), { signal: controller.signal })).rejects.toThrow('enough')

    expect(await stored(db, account)).toEqual([])
    await expect(transactions.import(db, [row(account)], { signal: controller.signal })).rejects.toThrow('enough')
  })

  test.each([true, false])('closes its source when a row is wrong, with a signal: %s', async (signalled) => {
    const db = handles[way]
    const account = await createAccount(db)
    let closed = false
    async function* source() {
      try {
        yield row(account, { amount: 'x' })
        yield row(account)
      } finally {
        closed = true
      }
    }

    await expect(
      transactions.import(db, source(), signalled ? { signal: new AbortController().signal } : {}),
    ).rejects.toThrow(InvalidInputError)

    expect(closed).toBe(true)
  })

  test('stops by a signal between the statements that write', async () => {
    const db = handles[way]
    const account = await createAccount(db)
    const controller = new AbortController()
    const told: number[] = []
    const onProgress = (rows: number, phase: string) => {
      if (phase === 'reading') return
      told.push(rows)
      controller.abort(new Error('enough'))
    }
    const rows = Array.from({ length: 1000 }, () => row(account))

    const stopped = transactions.import(db, rows, { batchRows: 1, onProgress, signal: controller.signal })

    await expect(stopped).rejects.toThrow('enough')
    expect(told).toHaveLength(1)
    expect(await stored(db, account)).toEqual([])
  })

  test('takes nothing at all', async () => {
    expect(await transactions.import(handles[way], [])).toEqual({ inserted: 0, skipped: 0, updated: 0 })
  })

  test('refuses options that make no sense', async () => {
    await expect(transactions.import(handles[way], [], { batchRows: 0 })).rejects.toThrow(InvalidInputError)
    await expect(transactions.import(handles[way], [], { source: '' })).rejects.toThrow(InvalidInputError)
  })
})
