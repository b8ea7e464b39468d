import { instant } from './values.js'

/** The part of a filter that limits a list in time: `from` is inside the span, `to` is just after it. */
export const span = {
  from: instant.optional(),
  to: instant.optional(),
}

/** A span of time with both ends: `from` is inside it, `to` is just after it, so that spans side by side share nothing. */
export const wholeSpan = {
  from: instant,
  to: instant,
}

export function endsAfterStart({ from, to }: { from?: Date | undefined; to?: Date | undefined }): boolean {
  return from === undefined || to === undefined || from < to
}

export const spanRule = { error: 'must be after from', path: ['to'] }
