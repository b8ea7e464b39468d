const dayMs = 86_400_000

/** Days since 1970, which can be counted with. */
export const dayNumber = (day: string) => Date.parse(day) / dayMs
export const dayText = (day: number) => new Date(day * dayMs).toISOString().slice(0, 10)
/** Of a week: Sunday is 0. */
export const weekday = (day: number) => new Date(day * dayMs).getUTCDay()

/** Days on which banks everywhere here are closed: New Year, the first of May, Christmas. */
const isHoliday = (day: number) => /-(01-01|05-01|12-25|12-26)$/.test(dayText(day))
const isClosed = (day: number) => weekday(day) % 6 === 0 || isHoliday(day)

/** What falls on a day that banks are closed is booked on the next day that they are open, or on the one before. */
export function bookedOn(day: number, where: 'as it falls' | 'after' | 'before'): number {
  if (where === 'as it falls') return day
  let booked = day
  while (isClosed(booked)) booked += where === 'after' ? 1 : -1
  return booked
}

/** The day of the month, or its last where it has fewer, a number of months after the month that `day` is in. */
export function inMonth(day: number, months: number, date: number): number {
  const at = new Date(day * dayMs)
  const last = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months + 1, 0)).getUTCDate()
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months, Math.min(date, last)) / dayMs
}
