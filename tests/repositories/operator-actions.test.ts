import { describe, expect } from 'vitest'
import {
  type Db,
  InvalidInputError,
  MissingReferenceError,
  NotFoundError,
  OperatorRequiredError,
  operatorActions,
  RuleViolationError,
  transaction,
  translateError,
  users,
} from '../../src/index.js'
import { createUser } from '../people.js'
import { freshDatabase, test } from '../support.js'

const flag = { action_type: 'flag', reason: 'Looks like someone else is typing.' } as const

async function pair(db: Db) {
  const [operator, user] = [await createUser(db, { role: 'operator' }), await createUser(db)]
  return { operator, user, ids: { operator_id: operator.id, user_id: user.id } }
}

describe('operatorActions', () => {
  test.for(['operator', 'admin'] as const)('are recorded for an active %s', async (role, { db }) => {
    const [operator, user] = [await createUser(db, { role }), await createUser(db)]

    const action = await operatorActions.record(db, { operator_id: operator.id, user_id: user.id, ...flag })

    expect(action).toMatchObject({ operator_id: operator.id, user_id: user.id, ...flag })
    expect(await operatorActions.get(db, user.id, action.id)).toEqual(action)
    await expect(operatorActions.get(db, operator.id, action.id)).rejects.toThrow(NotFoundError)
  })

  test('are refused to whoever is no operator, no longer one, or not there', async ({ db }) => {
    const user = await createUser(db)
    const refused = [
      await createUser(db, { role: 'consumer' }),
      await createUser(db, { role: 'operator', is_active: false }),
      await createUser(db, { role: 'admin', is_active: false }),
      { id: crypto.randomUUID() },
    ]

    for (const { id } of refused) {
      await expect(operatorActions.record(db, { operator_id: id, user_id: user.id, ...flag })).rejects.toThrow(
        OperatorRequiredError,
      )
    }
    expect((await operatorActions.list(db, user.id)).rows).toEqual([])
  })

  test('are about another person, in the database too', async ({ db }) => {
    const { id } = await createUser(db, { role: 'admin' })

    await expect(operatorActions.record(db, { operator_id: id, user_id: id.toUpperCase(), ...flag })).rejects.toThrow(
      InvalidInputError,
    )
    const direct = db.insertInto('finance.operator_actions').values({ operator_id: id, user_id: id, ...flag })
    await expect(direct.execute().catch(translateError)).rejects.toThrow(RuleViolationError)
  })

  test('need a user who is there, and a reason', async ({ db }) => {
    const { ids } = await pair(db)

    await expect(operatorActions.record(db, { ...ids, ...flag, user_id: crypto.randomUUID() })).rejects.toThrow(
      MissingReferenceError,
    )
    await expect(operatorActions.record(db, { ...ids, ...flag, reason: '' })).rejects.toThrow(InvalidInputError)
  })

  test('are listed newest first, by whom they are about and by who did them', async ({ db }) => {
    const { operator, user, ids } = await pair(db)
    const other = await createUser(db)
    const first = await operatorActions.record(db, { ...ids, ...flag })
    const second = await operatorActions.record(db, { ...ids, ...flag, action_type: 'override' })
    const third = await operatorActions.record(db, { ...ids, ...flag, user_id: other.id })

    for (const list of [
      { of: operatorActions.list, id: user.id, rows: [second, first] },
      { of: operatorActions.listByOperator, id: operator.id, rows: [third, second, first] },
    ]) {
      const found = []
      let after: string | undefined
      do {
        const page = await list.of(db, list.id, {}, { limit: 1, after })
        found.push(...page.rows)
        after = page.next ?? undefined
      } while (after !== undefined)
      expect(found).toEqual(list.rows)
      expect((await list.of(db, list.id, { action_type: 'override' })).rows).toEqual([second])
      expect((await list.of(db, list.id, { to: first.created_at })).rows).toEqual([])
      expect((await list.of(db, list.id, { from: first.created_at })).rows).toEqual(list.rows)
    }
  })

  test('are not recorded for an operator whose role is being taken away', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { operator, ids } = await pair(db)
    let recording: Promise<unknown> = Promise.resolve()

    await transaction(db, async (trx) => {
      await users.update(trx, operator.id, { role: 'consumer' })
      recording = operatorActions.record(db, { ...ids, ...flag }).catch((error: unknown) => error)
      await new Promise((resolve) => setTimeout(resolve, 200)) // until it waits for the row
    })

    expect(await recording).toBeInstanceOf(OperatorRequiredError)
  })

  test('keep the role of the operator until what was done is committed', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { operator, ids } = await pair(db)
    const order: string[] = []
    let demoting: Promise<unknown> = Promise.resolve()

    await transaction(db, async (trx) => {
      await operatorActions.record(trx, { ...ids, ...flag })
      demoting = users.update(db, operator.id, { is_active: false }).then(() => order.push('deactivated'))
      await new Promise((resolve) => setTimeout(resolve, 200))
      order.push('committing')
    })
    await demoting

    expect(order).toEqual(['committing', 'deactivated'])
  })
})
