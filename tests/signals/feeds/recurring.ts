import { bookedOn, inMonth } from './days.js'
import type { Payee, Person } from './person.js'

type Cadence =
  | 'weekly'
  | 'fortnightly'
  | 'four_weekly'
  | 'semi_monthly'
  | 'monthly'
  | 'two_monthly'
  | 'quarterly'
  | 'half_yearly'
  | 'yearly'
const steps: Readonly<Partial<Record<Cadence, number>>> = { weekly: 7, fortnightly: 14, four_weekly: 28 }
const monthSteps: Readonly<Partial<Record<Cadence, number>>> = {
  monthly: 1,
  two_monthly: 2,
  quarterly: 3,
  half_yearly: 6,
  yearly: 12,
}

interface Plan {
  readonly kind: string
  readonly payee: Payee
  readonly cadence: Cadence
  /** Of the charge with this number, from 0. */
  readonly amount: (at: number, day: number) => number
  readonly booked?: 'as it falls' | 'after' | 'before'
  readonly account?: 'checking' | 'card'
  readonly category?: string
  readonly word?: string
  /** Charges that are left out. */
  readonly without?: (at: number, of: number) => boolean
  /** How many charges there are at least, and at most. */
  readonly last?: number
  /** Days that each charge comes late by at most, by chance. */
  readonly late?: number
  /** Charges that are no part of it, such as that of a trial. */
  readonly apart?: (at: number) => boolean
}

/** The days on which it is due, earliest first. */
function dueDays(person: Person, cadence: Cadence): number[] {
  const { first, last, random } = person
  const step = steps[cadence]
  if (step !== undefined) {
    const start = first + random.int(0, step - 1)
    return Array.from({ length: Math.floor((last - start) / step) + 1 }, (_, i) => start + i * step)
  }
  const date = random.pick([1, 1, 2, 3, 5, 7, 10, 12, 15, 18, 20, 23, 25, 27, 28, 29, 30, 31])
  const months = monthSteps[cadence] ?? 1
  const offset = random.int(0, months - 1)
  const days: number[] = []
  for (let i = offset; ; i += months) {
    const dates = cadence === 'semi_monthly' ? [inMonth(first, i, 1), inMonth(first, i, 15)] : [inMonth(first, i, date)]
    if ((dates[0] as number) > last) return days
    days.push(...dates.filter((day) => day >= first && day <= last))
  }
}

export function charge(person: Person, plan: Plan): readonly string[] {
  const { random } = person
  const due = dueDays(person, plan.cadence)
  const taken = plan.last === undefined ? due : due.slice(-plan.last)
  const keys: string[] = []
  taken.forEach((day, at) => {
    if (plan.without?.(at, taken.length)) return
    const late = plan.late === undefined ? 0 : random.int(0, plan.late)
    const booked = bookedOn(day + late, plan.booked ?? 'as it falls')
    if (booked > person.last || booked < person.first) return
    const key = person.book({
      account: plan.account ?? 'checking',
      day: booked,
      amount: -plan.amount(at, day),
      payee: plan.payee,
      why: plan.kind,
      category: plan.category,
      ...(plan.word === undefined ? {} : { word: plan.word }),
      city: person.place.cities[0] as string,
    })
    if (plan.apart?.(at)) person.either.add(key)
    else keys.push(key)
  })
  if (keys.length > 0)
    person.streams.push({ kind: plan.kind, cadence: plan.cadence, name: plan.payee.name, charges: keys })
  return keys
}

const tv = 'ENTERTAINMENT_TV_AND_MOVIES|Entertainment'
const utilities = 'RENT_AND_UTILITIES_GAS_AND_ELECTRICITY|Utilities'

/** What people pay again and again, each in a way that real feeds have. */
export function payAgain(person: Person): void {
  const { place, random } = person
  const online = random.some(place.services.online, 12)
  const next = () => online.pop() ?? 'Streamhouse'
  const price = () => person.price(random.pick([4.99, 5.99, 7.99, 9.99, 10.99, 12.99, 14.99, 17.99, 22.99]))
  const fixed = (amount: number) => () => amount
  const onCard = () => ({ account: random.pick(['checking', 'card'] as const), category: tv })
  const debit = { booked: 'after' as const, account: 'checking' as const }

  const kinds: Array<() => void> = [
    () =>
      charge(person, {
        kind: 'subscription',
        payee: person.payee('online', next()),
        cadence: 'monthly',
        amount: fixed(price()),
        ...onCard(),
      }),
    () => {
      const [before, rise, when] = [price(), random.between(1.05, 1.28), random.int(3, 9)]
      charge(person, {
        kind: 'price change',
        payee: person.payee('online', next()),
        cadence: 'monthly',
        amount: (at) => (at < when ? before : person.price((before * rise) / place.scale)),
        ...onCard(),
      })
    },
    () => {
      const amount = price()
      charge(person, {
        kind: 'trial, then price',
        payee: person.payee('online', next()),
        cadence: 'monthly',
        amount: (at) => (at === 0 ? person.price(1) : amount),
        apart: (at) => at === 0,
        last: random.int(5, 12),
        ...onCard(),
      })
    },
    () => {
      const out = new Set([random.int(2, 4), random.int(6, 9)])
      charge(person, {
        kind: 'skipped months',
        payee: person.payee('online', next()),
        cadence: 'monthly',
        amount: fixed(price()),
        without: (at) => out.has(at),
        ...onCard(),
      })
    },
    () => {
      const from = random.int(4, 6)
      charge(person, {
        kind: 'paused',
        payee: person.payee('online', next()),
        cadence: 'monthly',
        amount: fixed(price()),
        without: (at) => at >= from && at < from + 3,
        ...onCard(),
      })
    },
    () =>
      charge(person, {
        kind: 'cancelled',
        payee: person.payee('online', next()),
        cadence: 'monthly',
        amount: fixed(price()),
        without: (at, of) => at >= of - 5,
        ...onCard(),
      }),
    () =>
      charge(person, {
        kind: 'three charges',
        payee: person.payee('online', next()),
        cadence: 'monthly',
        amount: fixed(price()),
        last: 3,
        ...onCard(),
      }),
    () =>
      charge(person, {
        kind: 'weekly',
        payee: person.payee('online', next()),
        cadence: 'weekly',
        amount: fixed(price()),
        last: random.int(6, 60),
        ...onCard(),
      }),
    () =>
      charge(person, {
        kind: 'fortnightly',
        payee: person.payee('debit', next()),
        cadence: 'fortnightly',
        amount: fixed(price()),
        ...debit,
      }),
    () =>
      charge(person, {
        kind: 'gym every four weeks',
        payee: person.payee('debit', random.pick(place.services.gym)),
        cadence: 'four_weekly',
        amount: fixed(price()),
        ...debit,
      }),
    () =>
      charge(person, {
        kind: 'twice a month',
        payee: person.payee('debit', random.pick(place.services.loan)),
        cadence: 'semi_monthly',
        amount: fixed(person.price(random.int(80, 300))),
        ...debit,
      }),
    () =>
      charge(person, {
        kind: 'every other month',
        payee: person.payee('debit', next()),
        cadence: 'two_monthly',
        amount: fixed(price()),
        ...debit,
      }),
    () =>
      charge(person, {
        kind: 'quarterly',
        payee: person.payee('debit', random.pick(place.services.insurance)),
        cadence: 'quarterly',
        amount: fixed(person.price(random.int(60, 190))),
        category: 'GENERAL_SERVICES_INSURANCE|Insurance',
        ...debit,
      }),
    () =>
      charge(person, {
        kind: 'half-yearly',
        payee: person.payee('debit', `${random.pick(place.services.insurance)} Auto`),
        cadence: 'half_yearly',
        amount: fixed(person.price(random.int(150, 390))),
        category: 'GENERAL_SERVICES_INSURANCE|Insurance',
        ...debit,
      }),
    () =>
      charge(person, {
        kind: 'yearly',
        payee: person.payee('online', next()),
        cadence: 'yearly',
        amount: fixed(price() * 8),
        ...onCard(),
      }),
    () => {
      const name = random.pick(['Apple.com/Bill', 'Google One', 'Amazon Digital'])
      const [one, two] = random.some([1.99, 2.99, 4.99, 9.99, 16.99], 2) as [number, number]
      const payee = person.payee('online', name)
      const account = random.pick(['checking', 'card'] as const)
      charge(person, {
        kind: 'two plans at one merchant',
        payee,
        cadence: 'monthly',
        amount: fixed(person.price(one)),
        account,
        category: tv,
      })
      charge(person, {
        kind: 'two plans at one merchant',
        payee,
        cadence: 'monthly',
        amount: fixed(person.price(two)),
        account,
        category: tv,
      })
    },
    () => {
      const payee = person.payee('online', random.pick(['Amazon', 'Uber', 'Walmart Plus']))
      charge(person, {
        kind: 'plan beside orders',
        payee,
        cadence: 'monthly',
        amount: fixed(person.price(random.pick([8.99, 14.99]))),
        account: 'card',
        category: tv,
      })
      for (let day = person.first; day < person.last; day += random.int(4, 22)) {
        person.book({
          account: 'card',
          day,
          amount: -person.price(random.between(6, 120)),
          payee,
          why: 'orders beside a plan',
          category: 'GENERAL_MERCHANDISE_ONLINE_MARKETPLACES|Shopping',
        })
      }
    },
    () => {
      const dollars = price()
      charge(person, {
        kind: 'price in another currency',
        payee: person.payee('online', next()),
        cadence: 'monthly',
        amount: () => Number((dollars * random.between(0.97, 1.03)).toFixed(place.minor)),
        ...onCard(),
      })
    },
    () =>
      charge(person, {
        kind: 'phone or internet',
        payee: person.payee('debit', random.pick(place.services.telecom)),
        cadence: 'monthly',
        amount: fixed(person.price(random.pick([19.99, 29.95, 39.9, 54.99]))),
        category: 'RENT_AND_UTILITIES_INTERNET_AND_CABLE|Internet',
        ...debit,
      }),
    () => {
      const base = random.int(40, 120)
      charge(person, {
        kind: 'power by use',
        payee: person.payee('debit', random.pick(place.services.power)),
        word: place.words.power,
        cadence: 'monthly',
        amount: (_, day) =>
          Number(
            (
              base *
              place.scale *
              (1 + 0.35 * Math.cos((2 * Math.PI * (day % 365)) / 365)) *
              random.between(0.93, 1.08)
            ).toFixed(place.minor),
          ),
        category: utilities,
        late: 1,
        ...debit,
      })
    },
    () => {
      const base = random.int(8, 60)
      charge(person, {
        kind: 'cloud by use',
        payee: person.payee('online', random.pick(['AWS EMEA', 'DigitalOcean.com', 'Google Cloud', 'Hetzner Online'])),
        cadence: 'monthly',
        amount: (at) =>
          Number((base * place.scale * (1 + 0.02 * at) * random.between(0.82, 1.22)).toFixed(place.minor)),
        account: 'card',
        category: 'GENERAL_SERVICES_OTHER_GENERAL_SERVICES|Software',
      })
    },
    () =>
      charge(person, {
        kind: 'rent to a person',
        payee: person.payee('order', random.pick(person.friends)),
        word: place.words.rent,
        cadence: 'monthly',
        amount: fixed(person.price(random.int(6, 18) * 100)),
        category: 'RENT_AND_UTILITIES_RENT|Rent',
        ...debit,
      }),
    () =>
      charge(person, {
        kind: 'loan',
        payee: person.payee('debit', random.pick(place.services.loan)),
        word: place.words.loan,
        cadence: 'monthly',
        amount: fixed(person.price(random.between(150, 1400))),
        category: 'LOAN_PAYMENTS_PERSONAL_LOAN_PAYMENT|Loan',
        ...debit,
      }),
  ]
  for (const make of random.some(kinds, 12)) make()
}
