/** Calendar days as whole numbers, counted from 1970-01-01, so that no time zone has a say. */
export type DayNumber = number

const dayMs = 86_400_000

/** @param text `'YYYY-MM-DD'` of a day that exists. */
export function dayNumber(text: string): DayNumber {
  return Date.parse(`${text}T00:00:00Z`) / dayMs
}

/** `'YYYY-MM-DD'` */
export function dayText(day: DayNumber): string {
  return new Date(day * dayMs).toISOString().slice(0, 10)
}

export function instantOf(day: DayNumber, second: number): Date {
  return new Date(day * dayMs + second * 1000)
}

/** 0 is Sunday. */
export function weekday(day: DayNumber): number {
  return (((day + 4) % 7) + 7) % 7
}

export interface MonthDay {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  /** 1 to 31. */
  readonly date: number
  /** True on the last day of the month. */
  readonly last: boolean
}

export function monthDay(day: DayNumber): MonthDay {
  const at = new Date(day * dayMs)
  const year = at.getUTCFullYear()
  const month = at.getUTCMonth() + 1
  const date = at.getUTCDate()
  return { year, month, date, last: new Date((day + 1) * dayMs).getUTCDate() === 1 }
}
