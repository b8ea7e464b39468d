import assert from 'node:assert'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { users } from '../../src/index.js'
import { aUser, useSandbox } from '../../src/testing/index.js'

const sandbox = useSandbox({ before, after, beforeEach, afterEach })
for (const n of [1, 2])
  test('writes ' + n, async () => {
    await aUser({ email: 'same@example.test' }).create(sandbox().db)
    assert.equal((await users.list(sandbox().db)).rows.length, 1)
  })
test('leaks', async () => void (await sandbox().pool.connect()))
