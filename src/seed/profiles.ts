import type { Persona } from '../schema/enums.js'
import { type CardPlan, cardPlans } from './card-plans.js'
import { type BillKind, bills, everydayCost, power, services, yearlyServices } from './merchants.js'
import { percent } from './money.js'
import type { Person } from './people.js'
import type { Prng } from './prng.js'
import { type ServicePlan, servicePlans } from './service-plans.js'

export type PayEvery = 'week' | 'fortnight' | 'half_month' | 'month' | 'gig' | 'invoice'

/** How someone lives, in whole cents of US dollars. */
export interface Profile {
  readonly goals: string
  readonly feed: 'clean' | 'raw'
  readonly pay: {
    /** `gig`: a platform pays every few days. `invoice`: weeks apart, and never twice the same. */
    readonly every: PayEvery
    /** After tax, a month, in the first year; it rises by 3 % each January. */
    readonly monthly: number
    /** A month's pay on top, each December. */
    readonly bonus: boolean
    readonly changesJob: boolean
  }
  readonly housing: { readonly kind: 'rent' | 'mortgage'; readonly amount: number; readonly date: number }
  readonly bills: ReadonlyArray<{ readonly kind: BillKind; readonly date: number }>
  readonly services: readonly ServicePlan[]
  /** How much the person buys, in percent of what is usual. */
  readonly lifestyle: number
  /** How many purchases in a hundred are made by card. */
  readonly byCard: number
  readonly checking: number
  readonly cards: readonly CardPlan[]
  readonly savings?: {
    readonly type: 'savings' | 'high_yield_savings' | 'money_market'
    readonly opening: number
    /** Put aside in a month, in one or two parts. */
    readonly monthly: number
    /** Hundredths of a percent a year. */
    readonly rate: number
    /** At a bank that does not tell us what belongs together. */
    readonly elsewhere: boolean
  }
  /** Put into funds each month. */
  readonly investing?: { readonly opening: number; readonly monthly: number }
  /** Cash for holidays in Europe, in euro cents. */
  readonly travel?: { readonly opening: number }
  /** A fixed amount each month to someone who has the name of someone else they pay now and then. */
  readonly standing?: { readonly amount: number; readonly date: number }
  /** An old account that is closed, or a card that is frozen. */
  readonly closedAccount: boolean
}

const goals: Record<Persona, string> = {
  subscription_heavy: 'Find out where the money goes, and take a proper holiday each summer.',
  high_utilization: 'Get the credit card down to zero.',
  savings_builder: 'A down payment in three years.',
  variable_income_budgeter: 'Smooth out the months between two projects.',
  general_wellness: 'Keep things simple and sleep well.',
}

const pays: Record<Persona, readonly [PayEvery, ...PayEvery[]]> = {
  subscription_heavy: ['fortnight', 'fortnight', 'half_month', 'month', 'week', 'gig'],
  high_utilization: ['fortnight', 'month', 'week', 'half_month', 'gig'],
  savings_builder: ['fortnight', 'half_month', 'week', 'month'],
  variable_income_budgeter: ['invoice'],
  general_wellness: ['month', 'fortnight', 'week', 'half_month', 'gig'],
}

/**
 * Draws how a person lives, so that income covers it. Who is to be a saver or of general wellness has no more than two
 * payments that come again: with three, bills or not, they would be taken for subscription-heavy.
 */
export function drawProfile({ persona, place }: Person, prng: Prng): Profile {
  const isDemo = place === 1
  const lean = persona === 'savings_builder' || persona === 'general_wellness'
  const invoices = persona === 'variable_income_budgeter'
  const every = isDemo ? 'fortnight' : prng.pick(pays[persona])
  const monthly = prng.int(persona === 'savings_builder' ? 3_700 : 2_700, 5_800) * 100
  const mortgage = !invoices && prng.chance(30)
  const housing = {
    kind: mortgage ? ('mortgage' as const) : ('rent' as const),
    amount: percent(monthly, prng.int(25, 33)),
    date: mortgage ? prng.int(1, 15) : 1,
  }
  const onCard = invoices ? 15 : prng.int(55, 85)
  const planned = lean ? leanServices(prng) : servicePlans(prng, fullServices(persona, isDemo, prng))
  const kinds = lean ? (planned.length === 0 ? [power] : []) : bills.filter(() => prng.chance(85))
  const saved = savingsOf(persona, monthly, isDemo, prng)
  const investing = drawInvesting(persona, monthly, isDemo, prng)
  const fixed =
    housing.amount +
    kinds.reduce((sum, { between }) => sum + (between[0] + between[1]) / 2, 0) +
    planned.reduce((sum, { monthlyCost }) => sum + monthlyCost, 0) +
    (saved?.monthly ?? 0) +
    (investing?.monthly ?? 0)
  const lifestyle = Math.min(165, Math.max(45, Math.floor(((monthly - fixed) * 94) / everydayCost)))

  return {
    goals: goals[persona],
    feed: !isDemo && prng.chance(35) ? 'raw' : 'clean',
    pay: {
      every,
      monthly,
      bonus: (every === 'month' || every === 'half_month') && prng.chance(30),
      changesJob: every !== 'gig' && every !== 'invoice' && !isDemo && prng.chance(12),
    },
    housing,
    bills: kinds.map((kind) => ({ kind, date: prng.int(2, 27) })),
    services: planned,
    lifestyle,
    byCard: onCard,
    checking: prng.int(1_100, 3_800) * 100 + prng.int(0, 99),
    cards: cardPlans(persona, monthly, everydayCost, lifestyle, onCard, isDemo, prng),
    ...(saved !== undefined && { savings: saved }),
    ...(investing !== undefined && { investing }),
    ...((isDemo || (persona === 'subscription_heavy' && prng.chance(6))) && { travel: { opening: 3_100_00 } }),
    ...(!lean &&
      !isDemo &&
      prng.chance(25) && { standing: { amount: prng.int(4, 16) * 10_00, date: prng.int(2, 26) } }),
    closedAccount: !isDemo && prng.chance(6),
  }
}

/** None, or one that goes on and one a year. */
function leanServices(prng: Prng): ServicePlan[] {
  const yearly = prng.chance(40) ? [prng.pick(yearlyServices)] : []
  return servicePlans(
    prng,
    [...prng.shuffle(services.filter(isMonthly)).slice(0, prng.chance(60) ? 1 : 0), ...yearly],
    true,
  )
}

function fullServices(persona: Persona, isDemo: boolean, prng: Prng) {
  const count = isDemo ? 7 : persona === 'subscription_heavy' ? prng.int(6, 10) : prng.int(1, 4)
  const shuffled = isDemo ? services : prng.shuffle(services)
  return [...shuffled.slice(0, count), ...(isDemo || prng.chance(50) ? [prng.pick(yearlyServices)] : [])]
}

const isMonthly = ({ cadence = 'monthly', varies }: (typeof services)[number]) =>
  cadence === 'monthly' && varies === undefined

function savingsOf(persona: Persona, monthly: number, isDemo: boolean, prng: Prng): Profile['savings'] {
  const elsewhere = !isDemo && prng.chance(25)
  if (persona === 'savings_builder') {
    const type = prng.pick(['high_yield_savings', 'savings', 'money_market'] as const)
    const rate = type === 'savings' ? 40 : prng.int(300, 450)
    return { type, opening: prng.int(4_000, 24_000) * 100, monthly: percent(monthly, prng.int(9, 20)), rate, elsewhere }
  }
  if (isDemo) return { type: 'high_yield_savings', opening: 8_500_00, monthly: 300_00, rate: 400, elsewhere }
  if (persona === 'subscription_heavy' && prng.chance(70)) {
    return {
      type: 'savings',
      opening: prng.int(300, 7_000) * 100,
      monthly: prng.int(2, 20) * 10_00,
      rate: 50,
      elsewhere,
    }
  }
  // Untouched, at next to no interest.
  const keeps = persona === 'general_wellness' ? 65 : persona === 'high_utilization' ? 45 : 0
  if (!prng.chance(keeps)) return undefined
  return { type: 'savings', opening: prng.int(200, 6_000) * 100, monthly: 0, rate: 10, elsewhere }
}

function drawInvesting(persona: Persona, monthly: number, isDemo: boolean, prng: Prng): Profile['investing'] {
  const chance = persona === 'savings_builder' ? 45 : persona === 'subscription_heavy' ? 25 : 0
  if (!isDemo && !prng.chance(chance)) return undefined
  return { opening: prng.int(500, 12_000) * 100, monthly: percent(monthly, prng.int(3, 7)) }
}
