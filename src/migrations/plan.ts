import { DatabaseTooNewError, InvalidInputError, MigrationEditedError, UnsupportedError } from '../errors.js'
import type { AppliedMigration, State } from './history.js'
import type { Step } from './steps.js'
import { type VectorMode, whyNoVector } from './vector.js'

/** A migration that was left out, and why. It is applied by a later run once the reason is gone. */
export interface SkippedMigration {
  readonly name: string
  readonly reason: string
}

export interface Plan {
  /** What is to be applied, in order. */
  readonly pending: readonly Step[]
  readonly skipped: readonly SkippedMigration[]
}

export interface Target {
  /** The last one to apply. */
  readonly to: string | undefined
  readonly vector: VectorMode
  /** What the server refused earlier in this run, by name. */
  readonly refused?: ReadonlyMap<string, string>
}

/**
 * What is missing: ours before the host's, whenever they were written.
 *
 * @throws {MigrationEditedError} @throws {DatabaseTooNewError} @throws {InvalidInputError} @throws {UnsupportedError}
 */
export function plan(steps: readonly Step[], state: State, { to, vector, refused }: Target): Plan {
  const history = state.history ?? []
  refuseUnfit(steps, history)

  const last = to === undefined ? steps.length - 1 : steps.findIndex(({ name }) => name === to)
  if (to !== undefined && last === -1) throw unknownName(to)

  const applied = new Set(history.map(({ name }) => name))
  const missing = steps.slice(0, last + 1).filter(({ name }) => !applied.has(name))

  const noVector = whyNoVector(vector, state.vector)
  const reasonFor = (step: Step) => (step.requires === 'vector' ? (noVector ?? refused?.get(step.name)) : undefined)
  const skipped = missing.flatMap((step) => {
    const reason = reasonFor(step)
    return reason === undefined ? [] : [{ name: step.name, reason }]
  })
  if (vector === 'require' && skipped[0] !== undefined) {
    throw new UnsupportedError(`Migration ${skipped[0].name} cannot be applied: ${skipped[0].reason}.`)
  }
  return { pending: missing.filter((step) => reasonFor(step) === undefined), skipped }
}

/** Rows of ours that this version has no file for. */
export function unknownOnes(steps: readonly Step[], history: readonly AppliedMigration[]): AppliedMigration[] {
  const known = new Set(steps.map(({ name }) => name))
  return history.filter(({ name, source }) => source === 'finance-db' && !known.has(name))
}

/** Whether the statements of `step` differ from those that were applied. Code cannot be compared. */
export function isEdited(step: Step, row: AppliedMigration): boolean {
  return step.checksum !== null && row.checksum !== null && step.checksum !== row.checksum
}

/** Applied migrations whose statements were changed since. */
export function editedOnes(steps: readonly Step[], history: readonly AppliedMigration[]): Step[] {
  const rows = new Map(history.map((row) => [row.name, row]))
  return steps.filter((step) => {
    const row = rows.get(step.name)
    return row !== undefined && isEdited(step, row)
  })
}

/** Refuses a history that this code must not work with. */
export function refuseUnfit(steps: readonly Step[], history: readonly AppliedMigration[]): void {
  const rows = new Map(history.map((row) => [row.name, row]))
  const taken = steps.find(({ name, source }) => (rows.get(name)?.source ?? source) !== source)
  if (taken !== undefined) {
    const whose = taken.source === 'host' ? 'a newer finance-db' : 'the host'
    throw new InvalidInputError('The list of migrations', [
      { path: taken.name, message: `has the name of a migration of ${whose} that is already applied` },
    ])
  }

  const edited = editedOnes(steps, history)
  if (edited.length > 0) throw new MigrationEditedError(edited.map(({ name }) => name))

  const breaking = unknownOnes(steps, history).filter((row) => row.breaking)
  if (breaking.length > 0) {
    const names = breaking.map(({ name }) => name)
    throw new DatabaseTooNewError(
      `The database has breaking migrations of a newer version: ${names.join(', ')}. Deploy that version.`,
      names,
    )
  }
}

export function unknownName(name: string): InvalidInputError {
  return new InvalidInputError('The option', [{ path: 'to', message: `there is no migration ${name}` }])
}
