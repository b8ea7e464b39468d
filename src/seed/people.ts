import { UnsupportedError } from '../errors.js'
import type { NewUser } from '../schema/users.js'
import type { DayNumber } from './calendar.js'
import { uuidAt } from './ids.js'
import type { Prng } from './prng.js'

/** Someone to make up money for. */
export interface Person {
  readonly user: NewUser & { readonly id: string }
  readonly employer: string
  readonly landlord: string
}

/** What we take of faker, which is an optional peer: its types stay out of ours. */
interface Names {
  seed(value: number): unknown
  readonly person: { firstName(): string; lastName(): string }
  readonly company: { name(): string }
}

/** A faker of our own: the host's shared instance is neither used nor reseeded. */
export async function loadNames(): Promise<Names> {
  const { Faker, base, en } = await import('@faker-js/faker').catch((cause: unknown) => {
    throw new UnsupportedError('The seed makes up names with @faker-js/faker: npm install @faker-js/faker', { cause })
  })
  return new Faker({ locale: [en, base] })
}

/** The person at this place of the seed; the first is `demo_user`. Emails and phone numbers belong to nobody. */
export function createPerson(names: Names, prng: Prng, place: number, since: DayNumber, goals: string): Person {
  names.seed(prng.bits())
  const [first_name, last_name] = [names.person.firstName(), names.person.lastName()]
  const login = `${first_name}.${last_name}.${place}`.toLowerCase().replaceAll(/[^a-z0-9.]/g, '')
  const username = place === 1 ? 'demo_user' : login.replaceAll('.', '_')
  return {
    user: {
      id: uuidAt(prng, since, place),
      email: place === 1 ? 'demo_user@example.com' : `${login}@example.com`,
      username,
      first_name,
      last_name,
      // 555-0100 to 555-0199 are set aside for fiction.
      phone_number: `+1 ${prng.int(201, 989)} 555 01${String(prng.int(0, 99)).padStart(2, '0')}`,
      financial_goals: goals,
    },
    employer: names.company.name(),
    landlord: `${names.person.lastName()} Properties`,
  }
}
