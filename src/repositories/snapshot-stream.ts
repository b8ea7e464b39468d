import type { Db } from '../schema/database.js'
import { transaction } from '../transaction.js'

/**
 * What `read` gives, all of one moment: in the transaction that the handle has, or in a read-only one of its own that lasts
 * until the last item was taken or the consumer leaves. Never more than one item waits.
 */
export async function* streamInSnapshot<Item>(
  db: Db,
  read: (db: Db) => AsyncGenerator<Item>,
): AsyncGenerator<Item, void, undefined> {
  if (db.isTransaction) {
    yield* read(db)
    return
  }
  const waiting = handover<Item>()
  const done = transaction(
    db,
    async (trx) => {
      for await (const item of read(trx)) if (!(await waiting.give(item))) return
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only', retries: 0 },
  ).then(waiting.end, waiting.fail)
  try {
    for (;;) {
      const next = await waiting.take()
      if (next === undefined) return
      yield next.item
    }
  } finally {
    waiting.leave()
    await done
  }
}

/** Passes items from one async function to another, one at a time. */
function handover<Item>() {
  let taken: ((more: boolean) => void) | undefined
  let offered: { item: Item } | { end: true } | { error: unknown } | undefined
  let arrived: (() => void) | undefined
  let left = false
  const offer = (what: NonNullable<typeof offered>) => {
    offered = what
    arrived?.()
  }
  return {
    /** False when nobody takes it any more. */
    give(item: Item): Promise<boolean> {
      if (left) return Promise.resolve(false)
      return new Promise((resolve) => {
        taken = resolve
        offer({ item })
      })
    },
    end: () => offer({ end: true }),
    fail: (error: unknown) => offer({ error }),
    async take(): Promise<{ item: Item } | undefined> {
      taken?.(true)
      taken = undefined
      if (offered === undefined) {
        await new Promise<void>((resolve) => {
          arrived = resolve
        })
      }
      const next = offered
      offered = undefined
      arrived = undefined
      if (next !== undefined && 'error' in next) throw next.error
      return next !== undefined && 'item' in next ? next : undefined
    },
    leave() {
      left = true
      taken?.(false)
    },
  }
}
