import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { transactions } from '../../src/index.js'
import { arrayLiterals, copyLine } from '../../src/repositories/import-encoding.js'
import { passes } from '../../src/repositories/import-row.js'
import { createAccount } from '../people.js'
import { openHandles } from './handles.js'

const uuid = '01890000-0000-7000-8000-00000000000a'
const minimal = { user_id: uuid, account_id: uuid, date: '2026-03-01', merchant: 'Shop', amount: '-12.50' }

const near = {
  uuid: fc.oneof(
    fc.uuid(),
    fc.uuid().map((id) => id.toUpperCase()),
    fc.stringMatching(/^[0-9a-g]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{11,12}\n?$/),
  ),
  day: fc.oneof(
    fc
      .tuple(fc.nat(9999), fc.nat(13), fc.nat(32))
      .map(([y, m, d]) => `${String(y).padStart(4, '0')}-${String(m).padStart(2, '0')}-${String(d).padStart(2, '0')}`),
    fc.constantFrom(
      '2024-02-29',
      '2023-02-29',
      '1900-02-29',
      '2000-02-29',
      '0000-01-01',
      '2026-3-01',
      '2026-03-01\n',
      '+12026-03-01',
    ),
  ),
  amount: fc.oneof(fc.stringMatching(/^[-+]?\d{0,16}[.,]?\d{0,5}\n?$/), fc.constantFrom('-0', '1e3', '٣', ' 1', '0x1')),
  currency: fc.stringMatching(/^[A-Za-z]{2,4}\n?$/),
  text: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('', '\0', 'a\0', '\ud800', '\u{1F4B6}'),
    fc.constantFrom('4111 1111 1111 1111', 'card 378282246310005', '4111 1111 1111 1112', 'x4111111111111111'),
    fc.nat(10_002).map((n) => 'x'.repeat(n)),
    fc.constantFrom(199, 200, 201, 499, 500, 501).map((n) => 'x'.repeat(n)),
  ),
  instant: fc.oneof(fc.date({ noInvalidDate: false }), fc.constantFrom(new Date(Number.NaN), new Date(8.64e15))),
  flag: fc.boolean(),
  status: fc.constantFrom('posted', 'pending', 'settled'),
}

const odd = fc.oneof(fc.constantFrom(undefined, null, 0, 1, true, '', 'x', [], {}), fc.anything())
const mostly = (arbitrary: fc.Arbitrary<unknown>) => fc.oneof({ weight: 12, arbitrary }, { weight: 1, arbitrary: odd })

const rows = fc.record(
  {
    user_id: mostly(near.uuid),
    account_id: mostly(near.uuid),
    date: mostly(near.day),
    merchant: mostly(near.text),
    amount: mostly(near.amount),
    currency: mostly(near.currency),
    category: mostly(near.text),
    description: mostly(near.text),
    is_subscription: mostly(near.flag),
    status: mostly(near.status),
    posted_at: mostly(near.instant),
    external_id: mostly(near.text),
    pending_id: mostly(near.uuid),
    surprise: fc.anything(),
  },
  { requiredKeys: [] },
)

describe('the check of a row', () => {
  test('agrees with the zod schema, field by field on an otherwise right row', () => {
    const changed = fc.record({
      kept: fc.constantFrom(minimal, { ...minimal, status: 'pending' }),
      changes: rows,
      count: fc.integer({ min: 1, max: 3 }),
      from: fc.nat(),
    })
    const seen = { right: 0, wrong: 0 }
    fc.assert(
      fc.property(changed, ({ kept, changes, count, from }) => {
        const entries = Object.entries(changes)
        const some =
          entries.length === 0
            ? []
            : Array.from({ length: count }, (_, i) => entries[(from + i) % entries.length] as [string, unknown])
        const row = { ...kept, ...Object.fromEntries(some) }
        const right = transactions.importRow.safeParse(row).success
        seen[right ? 'right' : 'wrong']++
        expect(passes(row)).toBe(right)
      }),
      { numRuns: 5000 },
    )
    // Neither answer may be so rare that the test says nothing.
    expect(Math.min(seen.right, seen.wrong)).toBeGreaterThan(500)
  })

  test('agrees with the zod schema on what is no row at all', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), rows), (value) => {
        expect(passes(value)).toBe(transactions.importRow.safeParse(value).success)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the encodings of a row', () => {
  const handles = openHandles()

  test('leave nothing to be escaped in plain texts', () => {
    expect(copyLine({ ...minimal, external_id: 'é"\'{},' })).toBe(
      `${uuid}\t${uuid}\t2026-03-01\tShop\t-12.50\t\\N\tuncategorized\t\tf\tposted\t\\N\té"'{},\t\\N\n`,
    )
    expect(arrayLiterals([minimal, minimal])[3]).toBe('{"Shop","Shop"}')
  })

  test.each(['COPY', 'unnest', 'PGlite'] as const)('bring any text and instant back as it was, by %s', async (way) => {
    const db = handles[way]
    const text = fc
      .array(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 5 }),
          fc.constantFrom('\\', '\t', '\n', '\r', '\\N', '\\.', '"', '{', ',', 'NULL', '\u0001', '\u{1F4B6}'),
        ),
        { maxLength: 8 },
      )
      .map((parts) => parts.join('').replaceAll('\0', ''))
      .filter((joined) => joined.isWellFormed())
    // timestamptz has the years from 4713 BC to 294276.
    const instant = fc.date({ min: new Date('-004712-01-02T00:00:00Z'), noInvalidDate: true })
    const account = await createAccount(db)

    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ merchant: text, description: text, posted_at: instant }), { minLength: 1, maxLength: 30 }),
        async (texts) => {
          const given = texts.map((row, i) => ({
            ...row,
            external_id: `${i}${row.merchant}`.slice(0, 500),
            date: '2026-03-01',
            amount: '1',
            user_id: account.user_id,
            account_id: account.id,
            category: `c${row.merchant}`,
          }))
          const undo = new Error('undo')
          await db
            .transaction()
            .execute(async (trx) => {
              await transactions.import(trx, given)
              const back = await trx
                .selectFrom('finance.transactions')
                .select(['merchant', 'description', 'external_id', 'category', 'posted_at'])
                .where('account_id', '=', account.id)
                .orderBy('id')
                .execute()
              const order = (a: { external_id: string | null }, b: { external_id: string | null }) =>
                (a.external_id ?? '') < (b.external_id ?? '') ? -1 : 1
              expect(back.sort(order)).toEqual(
                given
                  .map(({ merchant, description, external_id, category, posted_at }) => ({
                    merchant,
                    description,
                    external_id,
                    category,
                    posted_at,
                  }))
                  .sort(order),
              )
              throw undo
            })
            .catch((error) => {
              if (error !== undo) throw error
            })
        },
      ),
      { numRuns: 40 },
    )
  })
})
