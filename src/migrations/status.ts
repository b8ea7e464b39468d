import { applied, type Handle, peek } from './handle.js'
import { isEdited, unknownOnes } from './plan.js'
import type { MigrationSource, Step } from './steps.js'
import { type VectorMode, whyNoVector } from './vector.js'

/**
 * `applied`, `pending`, `skipped` (see `reason`), `edited` (applied, and its statements are others now), or
 * `unknown-newer` (a newer version of this library applied it).
 */
export type MigrationState = 'applied' | 'pending' | 'skipped' | 'edited' | 'unknown-newer'

export interface MigrationStatus {
  readonly name: string
  readonly source: MigrationSource
  readonly state: MigrationState
  readonly breaking: boolean
  /** Undefined while it is not applied. */
  readonly applied_at: Date | undefined
  /** Why it is skipped. */
  readonly reason?: string
}

/** Ours, then the host's, then what only the database knows of. One or two queries; changes nothing. */
export async function statusOf(steps: readonly Step[], handle: Handle, vector: VectorMode): Promise<MigrationStatus[]> {
  const state = await peek(handle, steps)
  const history = applied(state)
  const rows = new Map(history.map((row) => [row.name, row]))
  const noVector = whyNoVector(vector, state.vector)

  const known = steps.map((step): MigrationStatus => {
    const { name, source, breaking, requires } = step
    const row = rows.get(name)
    const base = { name, source, breaking, applied_at: row?.applied_at }
    if (row !== undefined) return { ...base, state: isEdited(step, row) ? 'edited' : 'applied' }
    if (requires === 'vector' && noVector !== undefined) return { ...base, state: 'skipped', reason: noVector }
    return { ...base, state: 'pending' }
  })

  const names = new Set(steps.map(({ name }) => name))
  const newer = new Set(unknownOnes(steps, history))
  const others = history
    .filter(({ name }) => !names.has(name))
    .map((row): MigrationStatus => {
      const { name, source, breaking, applied_at } = row
      return { name, source, breaking, applied_at, state: newer.has(row) ? 'unknown-newer' : 'applied' }
    })
  return [...known, ...others]
}
