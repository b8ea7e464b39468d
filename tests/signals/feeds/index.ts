import type { Kysely } from 'kysely'
import { accounts, transactions, users } from '../../../src/index.js'
import type { Database } from '../../../src/schema/index.js'
import { newUser } from '../../people.js'
import { dayNumber } from './days.js'
import { goAboutLife } from './habits.js'
import { earn, moveAround, type PayKind, type Quote, quotes } from './money-in.js'
import { type AccountName, Person } from './person.js'
import { places } from './places.js'
import { payAgain } from './recurring.js'

export interface FeedPerson {
  readonly user_id: string
  readonly person: Person
  readonly payKind: PayKind
  readonly rates: readonly Quote[]
  /** Keys of rows by their ids. */
  readonly keys: ReadonlyMap<string, string>
}

export interface FeedOptions {
  readonly seed: string
  readonly perCountry: number
  /** The last day. */
  readonly until: string
  readonly countries?: readonly string[]
}

/** People of all countries with two years of rows or less: the same options, the same rows. */
export function people({ seed, perCountry, until, countries = Object.keys(places) }: FeedOptions) {
  return countries.flatMap((country) =>
    Array.from({ length: perCountry }, (_, number) => {
      const last = dayNumber(until)
      const days = [760, 540, 400][number % 3] as number
      const person = new Person(country, number, seed, last - days, last)
      const rates = quotes(person)
      const payKind = earn(person)
      payAgain(person)
      goAboutLife(person)
      moveAround(person, rates)
      return { person, payKind, rates }
    }),
  )
}

/** Writes them, through the import. */
export async function load(db: Kysely<Database>, options: FeedOptions): Promise<FeedPerson[]> {
  const made = people(options)
  const owners = await users.createMany(
    db,
    // A host knows how half of them are called.
    made.map(({ person: { own, number } }) => {
      const [first_name = own, ...rest] = own.split(' ')
      return newUser(number % 2 === 0 ? { first_name, last_name: rest.join(' ') } : {})
    }),
  )
  const types: Readonly<Record<AccountName, 'checking' | 'savings' | 'credit_card'>> = {
    checking: 'checking',
    savings: 'savings',
    card: 'credit_card',
    foreign: 'checking',
  }
  const names = Object.keys(types) as AccountName[]
  const opened = await accounts.createMany(
    db,
    made.flatMap(({ person }, i) =>
      names.map((name) => ({
        user_id: owners[i]?.id as string,
        account_type: types[name],
        name,
        currency: name === 'foreign' ? person.foreign : person.place.currency,
      })),
    ),
  )
  const accountOf = new Map(opened.map(({ user_id, name, id }) => [`${user_id} ${name}`, id]))
  await transactions.import(
    db,
    made.flatMap(({ person }, i) => {
      const user_id = owners[i]?.id as string
      return person.rows.map(({ key, account, why: _, pending, ...row }) => ({
        user_id,
        account_id: accountOf.get(`${user_id} ${account}`) as string,
        external_id: key,
        ...row,
        status: pending ? ('pending' as const) : ('posted' as const),
      }))
    }),
  )
  const rows = await db.selectFrom('finance.transactions').select(['id', 'user_id', 'external_id']).execute()
  const keysOf = new Map<string, Map<string, string>>()
  for (const { id, user_id, external_id } of rows) {
    const keys = keysOf.get(user_id) ?? new Map<string, string>()
    keysOf.set(user_id, keys.set(id, external_id ?? ''))
  }
  return made.map((one, i) => {
    const user_id = owners[i]?.id as string
    return { ...one, user_id, keys: keysOf.get(user_id) ?? new Map() }
  })
}
