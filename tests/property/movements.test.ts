import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { type Kysely, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { checkInvariants } from '../../src/cli/invariants.js'
import { accounts, type Database } from '../../src/index.js'
import { provisionedDatabase } from '../roles/support.js'
import { freshDatabase } from '../support.js'
import { Bank, verbs, type Wish } from './bank.js'
import { fragileClient, untilAnswered } from './clients.js'

const connections = 16

const wish: fc.Arbitrary<Wish> = fc.record({
  verb: fc.constantFrom(...verbs),
  account: fc.nat(11),
  other: fc.nat(11),
  earlier: fc.nat(),
  cents: fc.integer({ min: 1, max: 6000 }),
  // Few keys, so that they meet, with the same contents and with others.
  key: fc.nat(40),
})
const fault = fc.option(fc.record({ side: fc.constantFrom('client', 'backend'), afterMs: fc.nat(8) }), {
  freq: 6,
  nil: undefined,
})
const request = fc.record({ wish, fault, twice: fc.boolean() })
const scripts = fc.array(fc.array(request, { minLength: 6, maxLength: 10 }), {
  minLength: connections,
  maxLength: connections,
})
type Request = typeof request extends fc.Arbitrary<infer Value> ? Value : never

interface Seen {
  killed: number
  readonly refused: Map<string, number>
}

/** @param url How the clients connect. */
async function storm(db: Kysely<Database>, url: string, scripts: readonly (readonly Request[])[], seen: Seen) {
  const bank = await Bank.open(db)

  await Promise.all(
    scripts.map(async (script) => {
      await using client = fragileClient(url)
      for (const { wish, fault, twice } of script) {
        const request = bank.plan(wish)
        const run = () => untilAnswered(() => request(client.db))
        const strike = async () => {
          if (fault === undefined) return
          await sleep(fault.afterMs)
          seen.killed++
          const pid = client.backend()
          if (fault.side === 'client' || pid === undefined) client.killClient()
          else await sql`select pg_terminate_backend(${pid})`.execute(db)
        }
        await Promise.all([run(), strike()])
        if (twice) await run()
      }
    }),
  )

  for (const account of bank.accounts) {
    const { balance, available, minimum_balance } = await accounts.get(db, account.user_id, account.id)
    const expected = BigInt(account.opening_balance.replace('.', '')) + (bank.moved.get(account.id) ?? 0n)
    expect(BigInt(balance.replace('.', '')), 'what the answers add up to').toBe(expected)
    expect(Number(available)).toBeGreaterThanOrEqual(0)
    if (minimum_balance !== null) expect(Number(balance)).toBeGreaterThanOrEqual(Number(minimum_balance))
  }
  const broken = (await checkInvariants(db, 'finance', () => {})).filter(({ broken }) => broken > 0)
  expect(broken).toEqual([])
  for (const [code, n] of bank.refused) seen.refused.set(code, (seen.refused.get(code) ?? 0) + n)
}

describe('money is conserved, keys are used once and no rule is broken, whoever dies when', {
  timeout: 240_000,
}, () => {
  test('as the owner', async () => {
    const seen: Seen = { killed: 0, refused: new Map() }
    await fc.assert(
      fc.asyncProperty(scripts, async (given) => {
        await using fresh = await freshDatabase()
        await storm(fresh.db, fresh.url, given, seen)
      }),
      { numRuns: 6, endOnFailure: true },
    )

    // Otherwise it has shown nothing.
    expect(seen.killed).toBeGreaterThan(20)
    for (const code of ['INSUFFICIENT_FUNDS', 'CONFLICT', 'RULE_VIOLATION', 'ACCOUNT_INACTIVE']) {
      expect(seen.refused.get(code), code).toBeGreaterThan(0)
    }
  })

  test('as the role of applications', async () => {
    const seen: Seen = { killed: 0, refused: new Map() }
    await fc.assert(
      fc.asyncProperty(scripts, async (given) => {
        await using database = await provisionedDatabase()
        await storm(database.owner, database.urlOf('app'), given, seen)
      }),
      { numRuns: 2, endOnFailure: true },
    )

    expect(seen.killed).toBeGreaterThan(5)
  })
})
