import { identifier } from '../quoting.js'
import { runStep } from './apply.js'
import { type Handle, peek } from './handle.js'
import { readState } from './history.js'
import { build, decide, pause } from './online.js'
import { plan, type SkippedMigration, type Target } from './plan.js'
import { ensureHistory, type LockOptions, underLock } from './session.js'
import type { Step } from './steps.js'
import { ensureVector } from './vector.js'

export interface MigrateResult {
  /** Names, in the order in which this call applied them. What another process applied meanwhile is not among them. */
  readonly applied: readonly string[]
  readonly skipped: readonly SkippedMigration[]
  /** Nothing was to be done: one query told so. */
  readonly alreadyUpToDate: boolean
}

/** Applies what is missing, one transaction each, under the migration lock. Nothing missing: one query, no lock. */
export async function applyPending(
  steps: readonly Step[],
  handle: Handle,
  target: Target,
  options: LockOptions,
): Promise<MigrateResult> {
  const seen = await peek(handle, steps)
  const first = plan(steps, seen, target)
  if (first.pending.length === 0) return { applied: [], skipped: first.skipped, alreadyUpToDate: true }

  const applied: string[] = []
  const refused = new Map<string, string>()
  let waitingSince: number | undefined
  const { db, schema } = handle
  for (;;) {
    const outcome = await underLock(db, schema, options, async (trx, progress, hostTrx) => {
      if (seen.history === undefined && applied.length === 0) await ensureHistory(trx, schema)
      const state = await readState(trx, schema, steps) // again: others may have migrated while we waited
      const { pending, skipped } = plan(steps, state, { ...target, refused })
      const [step] = pending
      if (step === undefined) return { kind: 'none', skipped } as const

      progress.migration = step.name
      const pgvector =
        step.requires === 'vector' ? await ensureVector(trx, schema, target.vector, state.vector) : { vector: '' }
      if ('refused' in pgvector) return { kind: 'refused', name: step.name, reason: pgvector.refused } as const

      const applying = () => options.onProgress({ type: 'applying', name: step.name, remaining: pending.length })
      if (step.kind === 'sql' && step.online) {
        const verdict = await decide(trx, schema, step)
        // What another builds, or has built, is not ours to tell.
        if (verdict.kind === 'build' || (verdict.kind === 'finished' && verdict.wasThere)) applying()
        if (verdict.kind !== 'plain') return { kind: 'online', step, verdict } as const
      }
      applying()
      const names = { finance: identifier(schema), vector: pgvector.vector }
      const durationMs = await runStep(step, 'up', { trx, hostTrx, schema, names, progress })
      return { kind: 'applied', name: step.name, durationMs, skipped, last: pending.length === 1 } as const
    })

    if (outcome.kind === 'online' && outcome.verdict.kind === 'wait') {
      if (waitingSince === undefined) options.onProgress({ type: 'waiting' })
      waitingSince ??= performance.now()
      await pause(waitingSince, options, outcome.step, schema)
      continue
    }
    waitingSince = undefined
    if (outcome.kind === 'online') {
      const { step, verdict } = outcome
      if (verdict.kind === 'build') {
        options.onProgress({ type: 'building', name: step.name })
        const since = performance.now()
        await build(handle, step, verdict.statements, options)
        // Whoever looks next writes it down, us or another: it was built here.
        applied.push(step.name)
        options.onProgress({ type: 'applied', name: step.name, durationMs: Math.round(performance.now() - since) })
      } else if (verdict.kind === 'finished' && verdict.wasThere) {
        applied.push(step.name)
        options.onProgress({ type: 'applied', name: step.name, durationMs: 0 })
      }
      continue
    }
    if (outcome.kind === 'refused') {
      refused.set(outcome.name, outcome.reason)
      continue
    }
    if (outcome.kind === 'applied') {
      applied.push(outcome.name)
      options.onProgress({ type: 'applied', name: outcome.name, durationMs: outcome.durationMs })
      if (!outcome.last) continue
    }
    return { applied, skipped: outcome.skipped, alreadyUpToDate: applied.length === 0 }
  }
}
