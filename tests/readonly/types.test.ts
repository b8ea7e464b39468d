import { expect, expectTypeOf, test } from 'vitest'
import { accounts, type Db } from '../../src/index.js'
import type { ReadOnlyDb, ReadOnlyHandle } from '../../src/readonly/index.js'

const title = { user_id: 'x', title: 't', message: 'm', type: 'x' }

/** Compiled and never run: what the door runs is tested elsewhere. Each comment fails the compiler if its line is right. */
function compiles({ db }: ReadOnlyDb) {
  const mine = db.with('mine', (query) => query.selectFrom('finance.accounts').select('id'))
  return [
    db.selectFrom('finance.accounts').select('id').execute(),
    mine.selectFrom('mine').selectAll().execute(),
    db.transaction().execute((trx) => trx.selectFrom('finance.accounts').select('id').execute()),
    accounts.list(db, 'x'),

    // @ts-expect-error It writes.
    db.insertInto('finance.insights').values(title),
    // @ts-expect-error It writes.
    db.updateTable('finance.insights').set(title),
    // @ts-expect-error It writes.
    db.deleteFrom('finance.insights').execute(),
    // @ts-expect-error It writes.
    db.with('gone', (query) => query.deleteFrom('finance.insights').returningAll()),
    // @ts-expect-error It writes.
    mine.deleteFrom('finance.insights').execute(),
    // @ts-expect-error It writes.
    db.transaction().execute((trx) => trx.deleteFrom('finance.insights').execute()),
  ]
}

test('the handle of the door has no typed writes, and is what read functions take', () => {
  expectTypeOf<ReadOnlyHandle>().toExtend<Db>()
  expect(compiles).toBeTypeOf('function')
})
