/**
 * Eight workers, 200 tests each, in random order, three times: whether anything of one test is seen by another.
 *
 *     npx tsx bench/many-tests.ts
 */
import { spawnSync } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = `${root}tests/.many`

const file = (n: number) => `import { expect } from 'vitest'
import { accounts, transaction, users } from '../../src/index.js'
import { anAccount, aTransaction, aUser } from '../../src/testing/index.js'
import { test } from '../support.js'

for (let i = 0; i < 200; i++) {
  test('file ${n}, test ' + i, async ({ db, pool }) => {
    expect((await users.list(db)).rows).toEqual([])
    const account = await anAccount({ opening_balance: '100' }).create(db)
    const same = { email: 'same@example.test' }
    await aUser(same).create(db)
    if (i % 3 === 0) await expect(aUser(same).create(db)).rejects.toThrow(/has this email/)
    if (i % 3 === 1) {
      const failing = transaction(db, async (trx) => {
        await aTransaction({ user_id: account.user_id, account_id: account.id }).create(trx)
        throw new Error('undo')
      })
      await expect(failing).rejects.toThrow('undo')
    }
    if (i % 3 === 2) await pool.query('begin; delete from finance.accounts; rollback')
    await Promise.all([1, 2, 3].map(() => aTransaction({ user_id: account.user_id, account_id: account.id }).create(db)))
    expect((await accounts.get(db, account.user_id, account.id)).balance).toBe('62.5000')
    expect((await users.list(db)).rows).toHaveLength(2)
  })
}
`

await rm(folder, { recursive: true, force: true })
await mkdir(folder)
try {
  for (let n = 1; n <= 8; n++) await writeFile(`${folder}/many${n}.test.ts`, file(n))
  for (let round = 1; round <= 3; round++) {
    const began = performance.now()
    const options = ['--maxWorkers=8', '--sequence.shuffle.tests', `--sequence.seed=${round}`, '--reporter=dot']
    const { status, stdout } = spawnSync('npx', ['vitest', 'run', 'tests/.many', ...options], {
      cwd: root,
      encoding: 'utf8',
    })
    const summary = /Tests.*passed.*/.exec(stdout)?.[0] ?? stdout.slice(-2_000)
    console.log(`round ${round}: ${((performance.now() - began) / 1000).toFixed(0)} s, exit ${status}, ${summary}`)
    if (status !== 0) process.exitCode = 1
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
