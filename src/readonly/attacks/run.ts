import { isDeepStrictEqual } from 'node:util'
import { attacks as allAttacks } from './index.js'
import { judge, type Layer, type Outcome } from './judge.js'
import type { Attack, Attempt, Ground } from './shape.js'
import type { Watch } from './watch.js'

/** What is attacked: a door of one user. */
export interface AttackedDoor {
  query(
    sql: string,
    options?: { readonly params?: readonly unknown[] },
  ): Promise<{ readonly rows: readonly Record<string, unknown>[] }>
}

export interface RunOptions {
  readonly door: AttackedDoor
  readonly guard: 'on' | 'off'
  readonly ground: Ground
  /** Looks for writes, locks and open transactions. Left out: nobody looks. */
  readonly watch?: Watch | undefined
  /** Default: all. */
  readonly attacks?: readonly Attack[] | undefined
  /** Whether those that burn the server's time and memory run too. */
  readonly heavy?: boolean | undefined
  /** How long an attempt may take, in milliseconds. Longer is a breach. */
  readonly timeoutMs: number
}

export interface Breach extends Attempt {
  readonly why: string
}

/** How the door met one attack. */
export interface Verdict {
  readonly attack: Attack
  readonly attempts: number
  /** How many attempts each layer met. */
  readonly by: Readonly<Partial<Record<Layer, number>>>
  /** Attempts that were answered because the guard is off. */
  readonly weak: readonly Attempt[]
  readonly breaches: readonly Breach[]
}

/** Tries the attacks one after another. After each attempt it looks at sessions, after each attack at what is stored. */
export async function* runAttacks(options: RunOptions): AsyncGenerator<Verdict> {
  const { ground, watch, heavy = false, attacks = allAttacks } = options
  const session = await sessionOf(options)
  let state = await watch?.state()
  for (const attack of attacks) {
    if (attack.heavy && !heavy) continue
    const by: Partial<Record<Layer, number>> = {}
    const weak: Attempt[] = []
    const breaches: Breach[] = []
    const attempts = attack.attempts(ground)
    for (const attempt of attempts) {
      for (const why of await tryOne(attack, attempt, options, session, by, weak)) breaches.push({ ...attempt, why })
    }
    const before = state
    state = await watch?.state()
    if (watch && state !== before) {
      const writing = await thoseThatWrite(attempts, options.door, watch)
      breaches.push(...writing.map((attempt) => ({ ...attempt, why: 'something was written' })))
      state = await watch.state()
    }
    yield { attack, attempts: attempts.length, by, weak, breaches }
  }
}

async function tryOne(
  attack: Attack,
  attempt: Attempt,
  options: RunOptions,
  session: unknown,
  by: Partial<Record<Layer, number>>,
  weak: Attempt[],
): Promise<string[]> {
  const { door, guard, ground, watch, timeoutMs } = options
  const started = performance.now()
  const outcome = await send(door, attempt)
  const took = performance.now() - started
  const found: string[] = []

  const judgement = judge(attack, attempt, outcome, ground, guard)
  if (judgement.held === false) found.push(judgement.why)
  else if (judgement.held === 'weak') weak.push(attempt)
  else by[judgement.by] = (by[judgement.by] ?? 0) + 1
  if (took > timeoutMs) found.push(`it took ${Math.round(took)} ms`)

  // Some functions of the server look for a cancel only when they are done.
  found.push(...((await watch?.leftovers(attack.heavy ? 30_000 : 3000)) ?? []))
  const after = await sessionOf(options).catch((error: unknown) => `the next query fails: ${String(error)}`)
  if (!isDeepStrictEqual(after, session))
    found.push(`the next query finds another session: ${difference(session, after)}`)
  return found
}

/** Looking at all that is stored takes longer than most attempts, so who wrote is asked for by sending them again, one by one. */
async function thoseThatWrite(
  attempts: readonly Attempt[],
  door: AttackedDoor,
  watch: Watch,
): Promise<readonly Attempt[]> {
  const writing: Attempt[] = []
  let before = await watch.state()
  for (const attempt of attempts) {
    await send(door, attempt)
    const after = await watch.state()
    if (after !== before) writing.push(attempt)
    before = after
  }
  // Some things can be done once only.
  return writing.length > 0 ? writing : attempts
}

async function send(door: AttackedDoor, { sql, params }: Attempt): Promise<Outcome> {
  try {
    const answer = await door.query(sql, params === undefined ? {} : { params })
    return { rows: answer.rows, answer }
  } catch (error) {
    return { error }
  }
}

/** Answers the same whatever came before, if nothing that an attempt did stays. */
const behaviour = `select '2026-03-01'::date::text as day, (0.1::float8 / 3)::text as number,
  ('2026-03-01 12:00:00+00'::timestamptz)::text as instant, ('1 day 2 hours'::interval)::text as span,
  ('\\x00ff'::bytea)::text as bytes, '\\' as escaped, 1 as one`

const session = `select current_user::text as role, session_user::text as login, pg_catalog.pg_my_temp_schema()::text as temporary,
  (select count(*)::int from pg_catalog.pg_prepared_statements where name <> '') as prepared,
  (select count(*)::int from pg_catalog.pg_cursors where name <> '') as cursors,
  (select count(*)::int from pg_catalog.pg_listening_channels()) as channels,
  (select json_object_agg(name, setting order by name)::text from pg_catalog.pg_settings
    where source in ('session', 'override', 'client') and name not in ('finance_db.scope', 'application_name')) as settings,
  (select count(*)::int from pg_catalog.pg_locks where pid = pg_catalog.pg_backend_pid() and locktype = 'advisory') as locks`

async function sessionOf({ door, guard }: RunOptions): Promise<unknown> {
  const first = (await door.query(behaviour)).rows[0]
  return guard === 'on' ? first : { ...first, ...(await door.query(session)).rows[0] }
}

function difference(before: unknown, after: unknown): string {
  if (typeof after === 'string') return after
  const [one, other] = [before, after] as Record<string, unknown>[]
  return Object.keys(one ?? {})
    .filter((key) => !isDeepStrictEqual(one?.[key], other?.[key]))
    .map((key) => `${key} ${String(one?.[key])} -> ${String(other?.[key])}`)
    .join(', ')
    .slice(0, 500)
}
