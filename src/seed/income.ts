import { bankDay, type Calendar, type Day, type DayNumber, weekday } from './calendar.js'
import type { Life, Part, Payroll } from './life.js'
import { everydayCost } from './merchants.js'
import { percent } from './money.js'
import type { Prng } from './prng.js'
import type { PayEvery } from './profiles.js'

const cadences: Record<PayEvery, Payroll['cadence']> = {
  week: 'weekly',
  fortnight: 'fortnightly',
  half_month: 'semimonthly',
  month: 'monthly',
  gig: 'irregular',
  invoice: 'irregular',
}

export function createIncome(life: Life, prng: Prng): Part {
  const { profile, calendar, person, ledger, books, truth } = life
  const { every, monthly, changesJob } = profile.pay
  const days = payDays(every, calendar, prng)
  const startYear = calendar.days[0]?.year ?? 0
  const leaves = changesJob ? calendar.first + percent(calendar.last - calendar.first, prng.int(35, 60)) : undefined
  const digits = () => String(prng.int(100_000, 999_999))
  const payrollIds = [digits(), digits()]

  /** Whole percents of the first year's pay, so that a raise is the same cents everywhere. */
  const raised = (cents: number, { year }: Day) => percent(cents, 100 + 3 * (year - startYear))

  function salary(day: Day): number {
    if (every === 'week') return percent(raised(Math.round((monthly * 12) / 52), day), prng.int(96, 104))
    if (every === 'fortnight') return raised(Math.round((monthly * 12) / 26), day)
    if (every === 'half_month') return raised(Math.round(monthly / 2), day)
    if (every === 'month') return raised(monthly, day)
    return percent(raised(Math.round((monthly * 6 * 12) / 365), day), prng.int(45, 155))
  }

  /** What the person needs until the next one, and little more. */
  function invoice(day: Day): number {
    const next = days.find((other) => other > day.day) ?? day.day + calendar.last - day.day + 9
    const daily = Math.round(dailyCost(life))
    const owed = books.cards.reduce((sum, card) => sum - Math.min(0, card.balance), 0)
    const wanted = daily * (next - day.day) + 420_00 + owed - books.checking.balance
    return Math.max(900_00, Math.round(wanted / 25_00) * 25_00)
  }

  return function income(day) {
    const { date, month, length } = day
    const moved = leaves !== undefined && day.day >= leaves
    const employer = person.employers[moved ? 1 : 0]
    if (days.includes(day.day)) {
      const invoiced = every === 'invoice'
      const payer = every === 'gig' ? 'Swift Cabs Driver Pay' : employer
      const text = invoiced
        ? `ACH CREDIT ${payer.toUpperCase()} INVOICE ${prng.int(100, 999)}`
        : `DIRECT DEP ${payer.toUpperCase()} PAYROLL PPD ID ${payrollIds[moved ? 1 : 0]}`
      const row = ledger.enter(books.checking, day.day, {
        merchant: payer,
        category: every === 'gig' || invoiced ? 'freelance' : 'salary',
        cents: invoiced ? invoice(day) : salary(day),
        text,
      })
      const payroll = payrollOf(truth.payrolls, payer, cadences[every])
      payroll.rows.push(row)
      if (cadences[every] === 'irregular') payroll.hard.add('irregular')
      if (moved) for (const of of truth.payrolls) of.hard.add('changed employer')
    }
    if (profile.pay.bonus && month === 12 && date === Math.min(18, length)) {
      ledger.enter(books.checking, day.day, {
        merchant: employer,
        category: 'bonus',
        cents: percent(monthly, prng.int(40, 90)),
        text: `DIRECT DEP ${employer.toUpperCase()} ANNUAL BONUS`,
      })
      for (const of of truth.payrolls) of.hard.add('bonus off the cadence')
    }
  }
}

/** What everything costs on an average day. */
function dailyCost({ profile }: Life): number {
  const { housing, bills, services, lifestyle, standing } = profile
  const monthly =
    housing.amount +
    bills.reduce((sum, { kind }) => sum + (kind.between[0] + kind.between[1]) / 2, 0) +
    services.reduce((sum, { monthlyCost }) => sum + monthlyCost, 0) +
    percent(everydayCost, lifestyle) +
    (standing?.amount ?? 0)
  return (monthly * 12) / 365
}

function payrollOf(payrolls: Payroll[], payer: string, cadence: Payroll['cadence']): Payroll {
  const known = payrolls.find((payroll) => payroll.payer === payer)
  if (known !== undefined) return known
  const made: Payroll = { payer, cadence, rows: [], hard: new Set() }
  payrolls.push(made)
  return made
}

/** In order. Pay that falls on a day without banks comes before it. */
function payDays(every: PayEvery, { first, last, days }: Calendar, prng: Prng): DayNumber[] {
  if (every === 'invoice') return invoiceDays(first, last, prng)
  const nominal: DayNumber[] = []
  if (every === 'gig') {
    for (let day = first + prng.int(1, 6); day <= last; day += prng.int(3, 9)) nominal.push(day)
    return nominal
  }
  if (every === 'month' || every === 'half_month') {
    // Some days more, since the pay of a weekend comes before it.
    const ends = days.filter(({ date, length }) => date === length || (every === 'half_month' && date === 15))
    nominal.push(...ends.map(({ day }) => day))
  } else {
    const step = every === 'week' ? 7 : 14
    const friday = first + ((5 - weekday(first) + 7) % 7)
    for (let day = friday + (step === 14 ? 7 * prng.int(0, 1) : 0); day <= last; day += step) nominal.push(day)
  }
  return nominal.map(bankDay).filter((day) => day >= first)
}

/**
 * Counted back from the end: the last two lie within 90 days, more than 45 apart, and the last is so long ago that little of
 * it is left.
 */
function invoiceDays(first: DayNumber, last: DayNumber, prng: Prng): DayNumber[] {
  const days: DayNumber[] = []
  let day = last - prng.int(34, 37)
  for (let gap = prng.int(50, 52); day >= first; gap = prng.int(49, 68)) {
    days.unshift(day)
    day -= gap
  }
  return days
}
