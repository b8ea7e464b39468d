import { monthDays } from '../../src/signals/cadences.js'

const dayMs = 86_400_000

export interface Day {
  readonly text: string
  /** Days since 1970. */
  readonly number: number
  /** The last of a month is the 31st. */
  readonly ofMonth: number
  /** In months of equal length, so that months are counted like days. */
  readonly place: number
  /** Unit vectors around the month and the week. */
  readonly monthX: number
  readonly monthY: number
  readonly weekX: number
  readonly weekY: number
}

const days = new Map<string, Day>()

/** Each is worked out once: a process sees a few thousand. */
export function dayOf(text: string): Day {
  let day = days.get(text)
  if (day === undefined) {
    day = workOut(text)
    days.set(text, day)
  }
  return day
}

export const dayText = (number: number) => new Date(number * dayMs).toISOString().slice(0, 10)

function workOut(text: string): Day {
  const number = Date.parse(text) / dayMs
  const [year, month, date] = text.split('-').map(Number) as [number, number, number]
  const ofMonth = date === daysIn(year, month) ? 31 : date
  const place = (year * 12 + month) * monthDays + ofMonth
  const inMonth = ((2 * Math.PI) / monthDays) * place
  const inWeek = ((2 * Math.PI) / 7) * (number - monday)
  return {
    text,
    number,
    ofMonth,
    place,
    monthX: Math.cos(inMonth),
    monthY: Math.sin(inMonth),
    weekX: Math.cos(inWeek),
    weekY: Math.sin(inWeek),
  }
}

const monday = Date.parse('2000-01-03') / dayMs
const daysIn = (year: number, month: number) => new Date(Date.UTC(year, month, 0)).getUTCDate()

/** `months` after the month of `day`, on its `ofMonth`th day or the last: days since 1970. */
export function sameDayOf({ text }: Day, months: number, ofMonth: number): number {
  const [year, month] = text.split('-').map(Number) as [number, number, number]
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate()
  return Date.UTC(year, month - 1 + months, Math.min(ofMonth, last)) / dayMs
}
