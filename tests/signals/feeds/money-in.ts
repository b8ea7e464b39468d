import { bookedOn, dayText, inMonth, weekday } from './days.js'
import type { Person } from './person.js'

export const payKinds = ['monthly', 'twice a month', 'every fortnight', 'gig'] as const
export type PayKind = (typeof payKinds)[number]

export interface Quote {
  readonly from_currency: string
  readonly to_currency: string
  readonly rate: string
  readonly date: string
}

/** Pay, as employers and platforms pay it. The kind is the person's number's. */
export function earn(person: Person): PayKind {
  const { place, random, first, last } = person
  const kind = payKinds[person.number % payKinds.length] as PayKind
  const category = 'INCOME_WAGES|Paycheck'
  const payee = person.payee('pay', random.pick(place.employers))
  const salary = person.price(random.int(1800, 5200))
  const exact = (amount: number) => Number(amount.toFixed(place.minor))
  const pay = (day: number, amount: number, from = payee) => {
    if (day < first || day > last) return
    person.pay.push(person.book({ day, amount, payee: from, why: `pay ${kind}`, category, word: place.words.salary }))
  }
  if (kind === 'monthly') {
    const date = random.pick([1, 15, 25, 27, 28, 31])
    for (let i = 0; inMonth(first, i, date) <= last + 5; i++)
      pay(bookedOn(inMonth(first, i, date), 'before'), exact(salary * random.between(0.99, 1.01)))
  } else if (kind === 'twice a month') {
    for (let i = 0; inMonth(first, i, 1) <= last; i++) {
      for (const date of [15, 31])
        pay(bookedOn(inMonth(first, i, date), 'before'), exact((salary / 2) * random.between(0.97, 1.03)))
    }
  } else if (kind === 'every fortnight') {
    let start = first + random.int(0, 13)
    while (weekday(start) !== 5) start++
    for (let day = start; day <= last; day += 14) {
      const bonus = random.chance(0.05) ? random.between(1.3, 2) : 1
      pay(bookedOn(day, 'before'), exact((salary / 2.17) * random.between(0.96, 1.04) * bonus))
    }
  } else {
    const platforms = random
      .some(['Uber BV', 'DoorDash Inc', 'Upwork Escrow', 'Fiverr'], 2)
      .map((name) => person.payee('pay', name))
    for (let day = first + random.int(0, 6); day <= last; day += 7) {
      for (const platform of platforms)
        if (random.chance(0.8)) pay(bookedOn(day, 'after'), exact(random.between(90, 520) * place.scale), platform)
    }
  }
  return kind
}

/** A quote a week. */
export function quotes(person: Person): Quote[] {
  const { place, random, first, last, foreign } = person
  let rate = 1 / place.scale
  const list: Quote[] = []
  for (let day = first - 42; day <= last + 7; day += 7) {
    rate *= random.between(0.99, 1.01)
    list.push({ from_currency: place.currency, to_currency: foreign, rate: rate.toFixed(10), date: dayText(day) })
  }
  return list
}

/** Money between a person's own accounts, and what looks like it. */
export function moveAround(person: Person, rates: readonly Quote[]): void {
  const { place, random, first, last } = person
  const cents = (least: number, most: number) =>
    Number((random.between(least, most) * place.scale).toFixed(place.minor))
  const round = () => person.roundSum(random.pick([50, 100, 100, 150, 200, 250, 500]))
  const [toOwn, fromOwn] = [person.payee('toOwn', person.own), person.payee('fromOwn', person.own)]
  const opaque = { ...toOwn, pattern: '{n10} {own}' }
  type Side = Parameters<Person['book']>[0]
  const move = (kind: string, out: Omit<Side, 'why'>, back: Omit<Side, 'why'>) => {
    if (out.day < first || out.day > last || back.day < first || back.day > last) return
    const [from, to] = [person.book({ ...out, why: kind }), person.book({ ...back, why: kind })]
    person.moves.push({ kind, from, to })
  }
  /** The other bank books it up to some days later, never on a weekend. */
  const later = (day: number, most: number) => bookedOn(day + random.int(0, most), 'after')

  for (let i = 0; inMonth(first, i, 2) <= last; i++) {
    const day = bookedOn(inMonth(first, i, random.int(2, 6)), 'after')
    const amount = random.chance(0.7) ? round() : cents(30, 700)
    const category = 'TRANSFER_OUT_SAVINGS|Transfer'
    const silent = person.number % 5 === 4
    const [a, b] = silent ? [opaque, opaque] : [toOwn, fromOwn]
    move(
      silent ? 'savings, nothing said' : 'savings',
      { day, amount: -amount, payee: a, category },
      { account: 'savings', day: later(day, 3), amount, payee: b, category: 'TRANSFER_IN_SAVINGS|Transfer' },
    )
    if (random.chance(0.25)) {
      const taken = round()
      const on = day + random.int(8, 18)
      move(
        'back from savings',
        { account: 'savings', day: on, amount: -taken, payee: a },
        { day: later(on, 2), amount: taken, payee: b },
      )
    }
    // Several alike in one week, at times both ways.
    if (random.chance(0.12)) {
      const same = round()
      for (const on of [day + 9, day + 10, day + 12])
        move(
          'several alike',
          { day: on, amount: -same, payee: a },
          { account: 'savings', day: on + random.int(0, 1), amount: same, payee: b },
        )
    }
    const owed = cents(120, 1500)
    const due = bookedOn(inMonth(first, i, 21), 'after')
    move(
      'card',
      {
        day: due,
        amount: -owed,
        payee: person.payee('payCard', 'Card'),
        category: 'LOAN_PAYMENTS_CREDIT_CARD_PAYMENT|Credit Card Payment',
      },
      {
        account: 'card',
        day: later(due, 3) - random.int(0, 1),
        amount: owed,
        payee: person.payee('cardPaid', 'Payment received'),
      },
    )
    if (random.chance(0.5)) {
      const on = day + random.int(1, 20)
      const sent = random.chance(0.5) ? round() : cents(40, 900)
      const quote = rates.findLast(({ date }) => date <= dayText(on)) as Quote
      const got = sent * Number(quote.rate) * (1 - random.between(0.001, 0.02))
      move(
        'across currencies',
        { day: on, amount: -sent, payee: toOwn },
        { account: 'foreign', day: later(on, 3), amount: Number(got.toFixed(2)), payee: fromOwn },
      )
    }
    if (random.chance(0.2)) {
      const on = day + random.int(3, 20)
      const sent = random.chance(0.6) ? round() * 4 : cents(400, 2500)
      const fee = person.price(random.pick([5, 15, 25]))
      move(
        'less a fee',
        { day: on, amount: -Number((sent + fee).toFixed(place.minor)), payee: toOwn },
        { account: 'savings', day: later(on, 4), amount: sent, payee: fromOwn },
      )
    }
    // Strangers' sums that are the same by chance.
    if (random.chance(0.4)) {
      const same = round()
      const on = day + random.int(2, 25)
      if (on + 3 <= last) {
        person.book({
          day: on,
          amount: -same,
          payee: random.chance(0.5) ? person.payee('cash', 'ATM') : person.payee('sent', random.pick(person.friends)),
          why: 'chance',
        })
        person.book({
          account: 'savings',
          day: on + random.int(0, 3),
          amount: same,
          payee: person.payee('received', random.pick(person.friends)),
          why: 'chance',
        })
      }
    }
    if (random.chance(0.3)) {
      const same = cents(15, 90)
      const on = day + random.int(2, 25)
      if (on + 3 <= last) {
        person.book({
          account: 'card',
          day: on,
          amount: -same,
          payee: person.payee('shop', random.pick(place.shops.other)),
          why: 'chance',
        })
        person.book({
          day: on + random.int(0, 3),
          amount: same,
          payee: person.payee('received', random.pick(person.friends)),
          why: 'chance',
        })
      }
    }
  }
}
