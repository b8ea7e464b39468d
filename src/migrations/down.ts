import { DatabaseTooNewError, InvalidInputError, TransactionConflictError, UnsupportedError } from '../errors.js'
import { identifier } from '../quoting.js'
import { runStep } from './apply.js'
import { applied, type Handle, peek } from './handle.js'
import { type AppliedMigration, readState } from './history.js'
import { refuseUnfit, unknownName } from './plan.js'
import { type LockOptions, underLock } from './session.js'
import type { Step } from './steps.js'
import { vectorSchema } from './vector.js'

/** How far to go back: so many migrations, or to where `to` is the last one applied. */
export type RollbackTarget = { readonly steps: number } | { readonly to: string }

/** Undoes the newest migrations in the reverse of the order in which they were applied, one transaction each. */
export async function undoApplied(
  steps: readonly Step[],
  handle: Handle,
  target: RollbackTarget,
  options: LockOptions,
): Promise<string[]> {
  const { db, schema } = handle
  const byName = new Map(steps.map((step) => [step.name, step]))
  const undoing = targets(applied(await peek(handle, [])), target).map((row) => undoable(byName.get(row.name), row))

  for (const [index, step] of undoing.entries()) {
    const durationMs = await underLock(db, schema, options, async (trx, progress, hostTrx) => {
      const history = applied(await readState(trx, schema, []))
      refuseUnfit(steps, history)
      if (history.at(-1)?.name !== step.name) {
        throw new TransactionConflictError(`Another process migrated while ${step.name} was to be rolled back.`)
      }
      options.onProgress({ type: 'rolling-back', name: step.name, remaining: undoing.length - index })
      const vector = step.requires === 'vector' ? await vectorSchema(trx) : ''
      const names = { finance: identifier(schema), vector }
      return runStep(step, 'down', { trx, hostTrx, schema, names, progress })
    })
    options.onProgress({ type: 'rolled-back', name: step.name, durationMs })
  }
  return undoing.map(({ name }) => name)
}

/** The rows to undo, newest first. */
function targets(history: readonly AppliedMigration[], target: RollbackTarget): AppliedMigration[] {
  if ('steps' in target) {
    if (!(target.steps >= 1 && (Number.isInteger(target.steps) || target.steps === Number.POSITIVE_INFINITY))) {
      throw new InvalidInputError('The option', [
        { path: 'steps', message: 'must be a whole number from 1, or Infinity' },
      ])
    }
    return history.slice(-target.steps).reverse()
  }
  const last = history.findIndex(({ name }) => name === target.to)
  if (last === -1) throw unknownName(`${target.to} in the history`)
  return history.slice(last + 1).reverse()
}

function undoable(step: Step | undefined, { name, source }: AppliedMigration): Step {
  if (step === undefined && source === 'finance-db') {
    const message = `Cannot roll back past ${name}: a newer version of finance-db applied it. Roll back with that version.`
    throw new DatabaseTooNewError(message, [name])
  }
  if (step === undefined) {
    throw new InvalidInputError('The list of migrations', [{ path: name, message: 'is needed, to undo it' }])
  }
  if (step.down === undefined) throw new UnsupportedError(`Migration ${name} has no function \`down\`.`)
  return step
}
