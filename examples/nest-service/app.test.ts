import { NotFoundException } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { ConflictError } from '@org/finance-db'
import { aUser } from '@org/finance-db/testing'
import { test as base } from '@org/finance-db/testing/vitest'
import { expect } from 'vitest'
import { AccountsService, appModule } from './app.js'

const test = base.extend('service', async ({ sandbox }, { onCleanup }) => {
  // A pool of its own: the application ends it when it shuts down.
  const module = await Test.createTestingModule({ imports: [appModule(sandbox.createPool())] }).compile()
  onCleanup(() => module.close())
  return module.get(AccountsService)
})

test('opens an account for a new person', async ({ db, service }) => {
  const account = await service.open('ada@example.test', 'Everyday')

  expect((await service.get(account.user_id, account.id)).balance).toBeDecimal('0')
  await expect(account).toHaveBalance(db, '0')
})

test('opens none for somebody who is there already', async ({ db, service }) => {
  const { email } = await aUser().create(db)

  await expect(service.open(email, 'Everyday')).rejects.toThrow(ConflictError)

  expect(await db.selectFrom('finance.accounts').select('id').execute()).toEqual([])
})

test('does not find an account of somebody else', async ({ service }) => {
  const [mine, theirs] = [await service.open('a@example.test', 'A'), await service.open('b@example.test', 'B')]

  await expect(service.get(mine.user_id, theirs.id)).rejects.toThrow(NotFoundException)
})
