import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { promisify } from 'node:util'
import { describe, expect, inject } from 'vitest'
import { personaAssignments, personas, signals } from '../../src/index.js'
import { personas as personaNames } from '../../src/schema/enums.js'
import { isAbandoned, newRunName } from '../../src/testing/databases/names.js'
import {
  aConsent,
  aMonthOfAHousehold,
  anAccount,
  anInsight,
  anInvestment,
  aPersona,
  aTransaction,
  aUser,
  expectQueries,
  startTestDatabases,
  UnexpectedQueriesError,
} from '../../src/testing/index.js'
import { test } from '../../src/testing/vitest/index.js'
import { execute } from '../server.js'

describe('factories', () => {
  test('make rows from nothing, with their owners', async ({ db }) => {
    const made = await Promise.all(
      [aUser(), anAccount(), aTransaction(), anInvestment(), anInsight(), aConsent()].map((factory) =>
        factory.create(db),
      ),
    )

    expect(made).toHaveLength(6)
    const [users] = await db
      .selectFrom('finance.users')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .execute()
    expect(users?.n).toBe(6)
  })

  test('begin with the name of the test, in every worker', ({ sandbox }) => {
    const tag = createHash('sha256').update(sandbox.name).digest('hex').slice(0, 8)

    expect(aUser().build().email).toBe(`user1.${tag}@example.test`)
  })

  test('put what is given on top, and keep to a given owner', async ({ db }) => {
    const owner = await aUser({ first_name: 'Ada' }).create(db)
    const account = await anAccount({ user_id: owner.id, currency: 'EUR' }).create(db)
    const { user_id, currency, amount } = await aTransaction({
      user_id: owner.id,
      account_id: account.id,
      amount: '1',
    }).create(db)

    expect([user_id, currency, amount]).toEqual([owner.id, 'EUR', '1.0000'])
  })

  test('make a household whose numbers are what they say', async ({ db }) => {
    const { checking, savings, card, transactions } = await aMonthOfAHousehold(db)

    await expect(checking).toHaveBalance(db, '2311.81')
    await expect(savings).toHaveBalance(db, '5300')
    await expect(card).toHaveBalance(db, '-131.99')
    expect(transactions).toHaveLength(15)
  })

  test.for(personaNames)('make a person whom the signals take for %s', async (persona, { db }) => {
    const { user } = await aPersona(db, persona)
    await signals.compute(db, { as_of: '2026-06-30' })
    await personas.assign(db, { as_of: '2026-06-30' })

    expect((await personaAssignments.current(db, user.id, '90d'))?.persona).toBe(persona)
  })
})

describe('matchers', () => {
  test('compare decimals by value, and take no numbers', () => {
    expect('-12.5000').toBeDecimal('-12.5')
    expect('0.0000').toBeDecimal('0')
    expect('-0.00').toBeDecimal('0')
    expect('12.51').not.toBeDecimal('12.5')
    expect(12.5).not.toBeDecimal('12.5')
    expect(() => expect('1').toBeDecimal('2')).toThrow('expected the text "1" to be the decimal 2')
  })

  test('ask the database for the balance', async ({ db }) => {
    const account = await anAccount().create(db)
    await aTransaction({ user_id: account.user_id, account_id: account.id, amount: '5' }).create(db)

    await expect(account).toHaveBalance(db, '5.00')
    await expect(expect(account).toHaveBalance(db, '4')).rejects.toThrow(/to have the balance 4, and it has 5/)
  })
})

describe('expectQueries', () => {
  test('names what is sent once for each row', async ({ db }) => {
    const [one, two, three] = [await aUser().create(db), await aUser().create(db), await aUser().create(db)]
    const work = async () => {
      for (const { id } of [one, two, three])
        await db.selectFrom('finance.users').select('id').where('id', '=', id).execute()
    }

    await expectQueries(db, 3, work)
    await expect(expectQueries(db, { atMost: 2 }, work)).rejects.toThrow(UnexpectedQueriesError)
    await expect(expectQueries(db, 1, work)).rejects.toThrow(/there were 3\. One that comes often .*\n {2}3 × select/)
  })
})

describe('databases', () => {
  test('of a run whose process is gone are known by their name', () => {
    const ours = newRunName()
    const gone = ours.replace(`_${process.pid}_`, '_4194999_')
    const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 6)

    expect([ours, `${ours}_w1`, gone, `${gone}_w1`].map((name) => isAbandoned(name))).toEqual([
      false,
      false,
      true,
      true,
    ])
    expect(isAbandoned(gone.replace(host, 'ffffff'))).toBe(false)
    expect(isAbandoned(gone.replace(host, 'ffffff'), Date.now() + 2 * 86_400_000)).toBe(true)
    expect(isAbandoned('finance_db_test_mine')).toBe(false)
  })

  test('are migrated once, and what a crash has left is dropped, nothing else', async () => {
    const url = inject('databaseUrl')
    const gone = newRunName().replace(`_${process.pid}_`, '_4194998_')
    await execute(url, `create database ${gone}_w1`, 'create database finance_db_test_mine')
    const databases = await startTestDatabases({ url })
    const again = await startTestDatabases({ url })

    expect(databases.handle).toMatchObject({ template: (again.handle as { template: string }).template })
    await expect(execute(url, `drop database ${gone}_w1`)).rejects.toMatchObject({ code: '3D000' })
    await execute(url, 'drop database finance_db_test_mine')
    await databases.stop()
    await again.stop()
  })
})

describe('useSandbox', () => {
  test('works in node:test, and reports by the name of the test', async ({ onTestFinished }) => {
    const file = `${import.meta.dirname}/.node-test-${process.pid}.mts`
    onTestFinished(() => import('node:fs/promises').then(({ rm }) => rm(file)))
    await writeFile(
      file,
      `import assert from 'node:assert'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { users } from '../../src/index.js'
import { aUser, useSandbox } from '../../src/testing/index.js'
const sandbox = useSandbox({ before, after, beforeEach, afterEach })
for (const n of [1, 2]) test('writes ' + n, async () => {
  await aUser({ email: 'same@example.test' }).create(sandbox().db)
  assert.equal((await users.list(sandbox().db)).rows.length, 1)
})
test('leaks', async () => void (await sandbox().pool.connect()))
`,
    )
    const run = promisify(execFile)(process.execPath, ['--import', 'tsx', '--test', '--test-reporter=tap', file])
    const { stdout } = await run.catch((error: { stdout: string }) => error)

    expect(stdout).toContain('ok 1 - writes 1')
    expect(stdout).toContain('ok 2 - writes 2')
    expect(stdout).toContain('not ok 3 - leaks')
    expect(stdout).toMatch(/leaks: A client checked out at .* was never released/)
  })
})
