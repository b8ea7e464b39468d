import type { Persona } from '../schema/enums.js'
import { uuidAt } from './ids.js'
import { companies, firstNames, lastNames } from './names.js'
import type { Plan } from './options.js'
import { createPrng, type Prng } from './prng.js'

/** Someone to make up money for. Follows from the place alone, so that others can send money there. */
export interface Person {
  readonly place: number
  readonly id: string
  readonly email: string
  readonly username: string
  readonly first_name: string
  readonly last_name: string
  readonly phone_number: string
  /** What they are meant to be. */
  readonly persona: Persona
  readonly employers: readonly [string, string]
  readonly landlord: string
  /** Ids of the accounts, the first of them for everyday. */
  accountId(place: number): string
  /** For everything else about them. */
  stream(label: string): Prng
}

/** One in so many is called as someone before them: same-name people are not one person. */
const namesakeEvery = 23
const namesakeBefore = 7

/** The person at this place, from 1. The first is `demo_user`. Emails and phone numbers belong to nobody. */
export function createPerson(plan: Plan, place: number): Person {
  const key = `${plan.key}\0${place}`
  const prng = createPrng(key)
  const id = uuidAt(prng, plan.calendar.first, place)
  const [first_name, last_name] = nameOf(plan, place)
  const login = `${first_name}.${last_name}.${place}`.toLowerCase().replaceAll(/[^a-z0-9.]/g, '')
  const accounts = prng.fork('accounts')
  const ids: string[] = []
  return {
    place,
    id,
    email: place === 1 ? 'demo_user@example.com' : `${login}@example.com`,
    username: place === 1 ? 'demo_user' : login.replaceAll('.', '_'),
    first_name,
    last_name,
    // 555-0100 to 555-0199 are set aside for fiction.
    phone_number: `+1 ${prng.int(201, 989)} 555 01${String(prng.int(0, 99)).padStart(2, '0')}`,
    persona: personaOf(plan, place, prng),
    employers: [prng.pick(companies), prng.pick(companies)],
    landlord: `${prng.pick(lastNames)} Properties`,
    accountId(index) {
      // A second apart, so that accounts list in this order.
      while (ids.length <= index) ids.push(uuidAt(accounts, plan.calendar.first, 3600 + ids.length))
      return ids[index] as string
    },
    stream: (label) => createPrng(`${key}\0${label}`),
  }
}

function nameOf(plan: Plan, place: number): [string, string] {
  const namesake = place % namesakeEvery === 0 ? place - namesakeBefore : place
  const prng = createPrng(`${plan.key}\0${namesake}\0name`)
  return [prng.pick(firstNames), prng.pick(lastNames)]
}

/** The first people have one persona each, so that a small seed shows all of them; then come the shares. */
function personaOf({ shares }: Plan, place: number, prng: Prng): Persona {
  const drawn = prng.int(1, shares.at(-1)?.upTo ?? 1)
  const share = shares[place - 1] ?? shares.find(({ upTo }) => drawn <= upTo)
  return share?.persona ?? 'general_wellness'
}
