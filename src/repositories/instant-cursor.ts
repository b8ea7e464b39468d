import { z } from 'zod'
import { decodeCursor } from './page.js'

const instantAndId = z.tuple([z.iso.datetime(), z.guid()])

/** The cursor of a list that is ordered by an instant of milliseconds, then by id. @throws {InvalidCursorError} */
export function decodeInstantCursor(after: string): [at: Date, id: string] {
  const [at, id] = decodeCursor(after, instantAndId)
  return [new Date(at), id]
}
