import type { Day, DayNumber } from './calendar.js'
import type { Book } from './ledger.js'
import type { Life, Part, Recurring } from './life.js'
import { percent } from './money.js'
import { firstNames, lastNames } from './names.js'
import type { Prng } from './prng.js'
import type { Profile } from './profiles.js'
import type { ServicePlan } from './service-plans.js'

/** Rent or mortgage, bills, and the fixed amount to someone. */
export function createBills({ profile, person, calendar, ledger, books, truth }: Life, prng: Prng): Part[] {
  const { housing, bills, standing } = profile
  const rent = housing.kind === 'rent'
  const rises = rent && prng.chance(50) ? calendar.first + percent(calendar.last - calendar.first, 55) : undefined
  const home = begin(truth.recurring, 'bill', rent ? person.landlord : 'Homeward Mortgage', 'monthly')
  if (rises !== undefined) home.hard.add('price change')

  const parts: Part[] = [
    ({ day, date }) => {
      if (date !== housing.date) return
      const cents = rises !== undefined && day >= rises ? percent(housing.amount, 103) : housing.amount
      const text = rent ? `ACH DEBIT ${home.merchant.toUpperCase()} RENT` : 'ACH DEBIT HOMEWARD MORTGAGE PAYMENT'
      home.rows.push(
        ledger.enter(books.checking, day, { merchant: home.merchant, category: housing.kind, cents: -cents, text }),
      )
    },
  ]
  for (const { kind, date } of bills) {
    const { merchant, category, between, season } = kind
    const bill = begin(truth.recurring, 'bill', merchant, 'monthly')
    if (season !== undefined) bill.hard.add('seasonal amount')
    parts.push((day) => {
      if (day.date !== date) return
      const cents = percent(prng.int(between[0], between[1]), season?.[day.month - 1] ?? 100)
      const text = `ACH DEBIT ${merchant.toUpperCase()} BILL PAY`
      bill.rows.push(ledger.enter(books.checking, day.day, { merchant, category, cents: -cents, text }))
    })
  }
  if (standing !== undefined) parts.push(createStanding(standing, ledger, books.checking, truth.recurring, prng))
  return parts
}

/** Someone gets a fixed amount each month; someone else of the same name now and then something else. */
function createStanding(
  { amount, date }: NonNullable<Profile['standing']>,
  ledger: Life['ledger'],
  checking: Book,
  recurring: Recurring[],
  prng: Prng,
): Part {
  const merchant = `${prng.pick(firstNames)} ${prng.pick(lastNames)}`
  const order = begin(recurring, 'standing_order', merchant, 'monthly')
  order.hard.add('same name as someone paid now and then')
  const pay = (day: DayNumber, cents: number) =>
    ledger.enter(checking, day, {
      merchant,
      category: 'p2p',
      cents: -cents,
      text: `ZELLE TO ${merchant.toUpperCase()}`,
    })
  return ({ day, date: today }) => {
    if (today === date) order.rows.push(pay(day, amount))
    else if (prng.int(1, 1000) <= 22) pay(day, prng.int(12, 90) * 100)
  }
}

export function createServices(life: Life, prng: Prng): Part[] {
  const { books, profile } = life
  // What is charged must not fail: a card that is near its limit is no place for it.
  const place = books.cards.find((_, index) => profile.cards[index]?.pays === 'full') ?? books.checking
  return profile.services.flatMap((plan) => {
    const first = createService(life, plan, place, prng.fork(plan.service.merchant))
    if (!plan.second) return [first]
    const other = { ...plan, amount: percent(plan.amount, 160), date: ((plan.date + 9) % 27) + 1, second: true }
    return [first, createService(life, other, place, prng.fork(`${plan.service.merchant} 2`))]
  })
}

function createService({ calendar, ledger, truth, profile }: Life, plan: ServicePlan, book: Book, prng: Prng): Part {
  const { service, cadence, amount } = plan
  const at = (share: number | undefined) =>
    share === undefined ? undefined : calendar.first + percent(calendar.last - calendar.first, share)
  const [starts = calendar.first, ends, rises, renamed] = [
    at(plan.startsAt),
    at(plan.endsAt),
    at(plan.risesAt),
    at(plan.renamedAt),
  ]
  // As prices are: by whole dollars, or half of one.
  const later = amount + Math.max(50, Math.round(percent(amount, prng.int(8, 22)) / 100) * 100)
  const stops = at(plan.skips?.at) ?? Number.POSITIVE_INFINITY
  let skips = plan.skips?.charges ?? 0
  let charge: DayNumber | undefined

  const known = begin(truth.recurring, 'subscription', service.merchant, cadence)
  const { hard, rows } = known
  if (plan.second) hard.add('two plans at one merchant')
  if (service.varies !== undefined) hard.add('varying amount')
  if (cadence === 'yearly') hard.add('yearly')
  if (cadence === 'monthly' && plan.date > 28) hard.add('end of month')
  if (profile.feed === 'raw') hard.add('reference code in the name')

  function isCharged(day: DayNumber): boolean {
    if (day < starts) return false
    if (ends !== undefined && day >= ends) {
      known.status = 'cancelled'
      return false
    }
    if (day >= stops && skips > 0) {
      skips--
      known.status = 'paused'
      return false
    }
    known.status = 'active'
    return true
  }

  return (day) => {
    if (isDue(day, plan)) {
      const was = known.status
      if (isCharged(day.day)) charge = day.day + (plan.drifts && prng.chance(18) ? prng.int(1, 2) : 0)
      if (known.status === 'active' && was === 'paused')
        hard.add((plan.skips?.charges ?? 0) > 1 ? 'paused' : 'skipped charge')
    }
    if (day.day !== charge) return
    const price = rises !== undefined && day.day >= rises ? later : amount
    const used = service.varies === undefined ? 100 : prng.int(100 - service.varies, 100 + service.varies)
    const isRenamed = renamed !== undefined && day.day >= renamed
    const merchant = isRenamed ? (service.renamed ?? service.merchant) : service.merchant
    if (isRenamed && rows.length > 0) hard.add('renamed')
    if (price === later && later !== amount && rows.length > 0) hard.add('price change')
    if (charge !== undefined && !isDue(day, plan)) hard.add('drifting date')
    rows.push(
      ledger.enter(book, day.day, {
        merchant,
        category: service.category,
        cents: -percent(price, used),
        is_subscription: true,
        text: `RECURRING ${merchant.toUpperCase()}`,
      }),
    )
  }
}

function isDue({ day, date, month, length }: Day, plan: ServicePlan): boolean {
  if (plan.cadence === 'weekly') return day % 7 === plan.date % 7
  if (plan.cadence === 'fortnightly') return day % 14 === plan.date % 14
  if (plan.cadence === 'yearly') return date === plan.date && month === (plan.amount % 12) + 1
  return date === Math.min(plan.date, length)
}

function begin(
  recurring: Recurring[],
  type: Recurring['type'],
  merchant: string,
  cadence: Recurring['cadence'],
): Recurring {
  const made: Recurring = { type, merchant, cadence, rows: [], status: 'active', hard: new Set() }
  recurring.push(made)
  return made
}
