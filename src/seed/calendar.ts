/** Calendar days as whole numbers, counted from 1970-01-01, so that no time zone has a say. */
export type DayNumber = number

export const dayMs = 86_400_000

/** @param text `'YYYY-MM-DD'` of a day that exists. */
export function dayNumber(text: string): DayNumber {
  return Date.parse(`${text}T00:00:00Z`) / dayMs
}

/** `'YYYY-MM-DD'` */
export function dayText(day: DayNumber): string {
  return new Date(day * dayMs).toISOString().slice(0, 10)
}

/** 0 is Sunday. */
export function weekday(day: DayNumber): number {
  return (((day + 4) % 7) + 7) % 7
}

/** A day with what people look at in a calendar. */
export interface Day {
  readonly day: DayNumber
  /** `'YYYY-MM-DD'` */
  readonly text: string
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  /** 1 to 31. */
  readonly date: number
  /** How many days the month has. */
  readonly length: number
  /** 0 is Sunday. */
  readonly weekday: number
}

export function calendarDay(day: DayNumber): Day {
  const text = dayText(day)
  const [year = 0, month = 0, date = 0] = text.split('-').map(Number)
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return { day, text, year, month, date, length, weekday: weekday(day) }
}

/** The days that are seeded, each made once for all people. */
export interface Calendar {
  readonly first: DayNumber
  readonly last: DayNumber
  readonly days: readonly Day[]
  /** `'YYYY-MM-DD'`, of any day. */
  text(day: DayNumber): string
}

export function createCalendar(first: DayNumber, last: DayNumber): Calendar {
  const days = Array.from({ length: last - first + 1 }, (_, i) => calendarDay(first + i))
  return { first, last, days, text: (day) => days[day - first]?.text ?? dayText(day) }
}

/** Days on which no bank pays, besides weekends. */
const holidays = new Set(['01-01', '06-19', '07-04', '11-11', '12-25'])

/** The day itself if banks work on it, else the one before it on which they do. */
export function bankDay(day: DayNumber): DayNumber {
  let at = day
  while (weekday(at) === 0 || weekday(at) === 6 || holidays.has(dayText(at).slice(5))) at--
  return at
}
