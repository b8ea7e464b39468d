import * as accounts from '../repositories/accounts.js'
import * as users from '../repositories/users.js'
import type { Db } from '../schema/database.js'
import type { Account, User } from '../schema/rows.js'
import { uuid } from '../schema/values.js'
import { UsageError } from './exit-codes.js'

/** By id, email or username. */
export async function findUser(db: Db, text: string): Promise<User> {
  const known = uuid.safeParse(text).success ? await users.find(db, text) : undefined
  const user = known ?? (await (text.includes('@') ? users.findByEmail(db, text) : users.findByUsername(db, text)))
  if (user === undefined) throw new UsageError('There is no such user: give an id, a username or an email.')
  return user
}

/** By id, the bank's id, or name, as long as it is the only one. */
export async function findAccount(db: Db, userId: string, text: string): Promise<Account> {
  const known = uuid.safeParse(text).success ? await accounts.find(db, userId, text) : undefined
  const account = known ?? (await accounts.findByExternalId(db, userId, text))
  if (account !== undefined) return account

  const { rows } = await accounts.list(db, userId, {}, { limit: 1000 })
  const named = rows.filter(({ name }) => name.toLowerCase() === text.toLowerCase())
  if (named.length === 1 && named[0] !== undefined) return named[0]
  if (named.length > 1) throw new UsageError('The user has several accounts of this name: give the id.')
  const names = rows.map(({ name }) => name).join(', ')
  throw new UsageError(`The user has no such account${names === '' ? '' : `, only: ${names}`}.`)
}
