import { sql } from 'kysely'
import { z } from 'zod'
import { translateError } from '../postgres-errors.js'
import { assertReadCommitted } from '../repositories/read-committed.js'
import { holdConsents } from '../repositories/standing-consent.js'
import { type RecommendationCatalogue, type RecommendationTrace, recommendationCatalogue } from '../schema/catalogue.js'
import { type ConsentRequirement, consentRequirement } from '../schema/consents.js'
import type { Db } from '../schema/database.js'
import { type TimeWindow, timeWindows } from '../schema/enums.js'
import { parseInput } from '../schema/input.js'
import type { InputOf } from '../schema/input-of.js'
import { day, uuid } from '../schema/values.js'
import { inChunks, lockPeople } from '../signals/user-chunks.js'
import { transaction } from '../transaction.js'
import { type Considered, decide, signalsRead } from './decide.js'
import { defaultCatalogue } from './default-catalogue.js'
import { type PersonFacts, readFacts } from './facts.js'

const generateOptionsFields = {
  /** The day that the signals were computed for. */
  as_of: day,
  /** Of the signals and the persona; `30d` when left out. */
  window: z.enum(timeWindows).optional(),
  /** Everybody when left out. */
  users: z.array(uuid).optional(),
  /** {@link defaultCatalogue} when left out. */
  catalogue: recommendationCatalogue.optional(),
  /** Pass over who has no standing consent, true when left out; `{ version: '2.0' }`: to that version or a later one. */
  requireConsent: z.union([z.boolean(), consentRequirement]).optional(),
  /** A person gets the same item once in so many days before now, 30 when left out. */
  period_days: z.int().min(1).max(3660).optional(),
  /** A person gets at most so many items of catalogues in the period, 3 when left out: the first that fit. */
  limit_per_user: z.int().min(1).max(100).optional(),
  /** How many connections to use, 2 when left out. Inside a transaction there is one. */
  connections: z.int().min(1).max(64).optional(),
  /** How many people a transaction is for at most, 200 when left out. Fewer where that parts them evenly among the connections. */
  chunk: z.int().min(1).max(5000).optional(),
}

/** What {@link generate} does. */
export const generateOptions = z.strictObject(generateOptionsFields)

export interface GenerateOptions extends Omit<InputOf<typeof generateOptionsFields>, 'catalogue'> {
  readonly catalogue?: RecommendationCatalogue | undefined
  /** Called after each chunk. What it throws stops the run. */
  readonly onProgress?: ((progress: { readonly users: number; readonly of: number }) => void) | undefined
  /** Stops the run between two chunks, with the signal's reason. What was done stays. */
  readonly signal?: AbortSignal | undefined
}

/** People, but for `created`. `considered` is `reached` and all that were skipped. */
export interface GenerateResult {
  considered: number
  /** Got something. */
  reached: number
  /** Recommendations written. */
  created: number
  /** Got nothing, by the reason. */
  skipped: {
    /** No consent stands, or only to an older version. */
    no_consent: number
    /** `signals.compute` was not run for the day and window. */
    no_signals: number
    /** `personas.assign` was not run for the window. */
    no_persona: number
    /** No item fits. */
    not_eligible: number
    /** What fits was given in the period, or as much as the limit allows. */
    duplicate: number
  }
}

interface Options {
  as_of: string
  window: TimeWindow
  catalogue: RecommendationCatalogue
  requireConsent: boolean | ConsentRequirement
  period_days: number
  limit_per_user: number
}

/**
 * Recommends items of a catalogue to people by their persona and signals, and writes each with its rationale and its
 * decision trace (`recommendationTrace`), from which {@link replay} makes the same decision again. Let `signals.compute` and
 * `personas.assign` go first.
 *
 * People are taken in chunks, each in a transaction of its own; inside a transaction of the host all is one. Who has no
 * consent is counted, not an error, and a consent cannot be taken back between the look at it and the commit. Two runs at
 * once take turns on a person, so that nobody gets an item twice in the period.
 *
 * @throws {InvalidInputError} Before anything is written.
 * @throws {UnsupportedError} In a transaction of the host that is not read committed.
 */
export async function generate(db: Db, { onProgress, signal, ...options }: GenerateOptions): Promise<GenerateResult> {
  const {
    as_of,
    window = '30d',
    users,
    catalogue = defaultCatalogue,
    requireConsent = true,
    period_days = 30,
    limit_per_user = 3,
    connections,
    chunk = 200,
  } = parseInput(generateOptions, options, 'The options')
  const how = { as_of, window, catalogue, requireConsent, period_days, limit_per_user }
  if (db.isTransaction) await assertReadCommitted(db, 'Recommendations are generated')
  const total = emptyResult()
  let looked = 0
  await inChunks(db, { users, connections, chunk, signal }, async (people, of) => {
    const result = await transaction(
      db,
      (trx) => generateChunk(trx, people, how),
      db.isTransaction ? {} : { isolationLevel: 'read committed' },
    )
    add(total, result)
    looked += people.length
    onProgress?.({ users: looked, of })
  }).catch(translateError)
  return total
}

type Trace = Omit<RecommendationTrace, 'recommended'>

async function generateChunk(db: Db, people: readonly string[], how: Options): Promise<GenerateResult> {
  const result = emptyResult()
  const there = await lockPeople(db, people, 'no key update')
  result.considered = there.length
  const required = how.requireConsent !== false
  const least = typeof how.requireConsent === 'object' ? how.requireConsent : {}
  const held = required ? await holdConsents(db, there, least) : []
  const consents = new Map(held.map(({ user_id, ...consent }) => [user_id, consent]))
  const allowed = required ? there.filter((id) => consents.has(id)) : there
  result.skipped.no_consent = there.length - allowed.length
  if (allowed.length === 0) return result

  const facts = await readFacts(db, allowed, how)
  result.skipped.no_signals = allowed.length - facts.length
  const decided_at = new Date().toISOString()
  const traces: { user_id: string; trace: Trace }[] = []
  for (const person of facts) {
    const consent = consents.get(person.user_id)
    const standing = consent === undefined ? null : { ...consent, granted_at: consent.granted_at.toISOString() }
    const trace = traceOf(person, how, { required, at_least: least.version ?? null, standing }, decided_at)
    if (trace === undefined) result.skipped.no_persona++
    else if (trace.rules.some(({ matched }) => matched)) traces.push({ user_id: person.user_id, trace })
    else result.skipped[reasonOf(trace.rules)]++
  }
  result.reached = traces.length
  result.created = await write(db, traces)
  return result
}

function traceOf(
  { signals, assigned, accounts, given }: PersonFacts,
  { as_of, window, catalogue, period_days, limit_per_user }: Options,
  consent: Trace['consent'],
  decided_at: string,
): Trace | undefined {
  if (assigned === null) return undefined
  const { persona, ...persona_assignment } = assigned
  const locale = catalogue.locale ?? 'en-US'
  const facts = {
    persona,
    time_window: window,
    signals: signalsRead(catalogue.items, persona, signals),
    accounts,
    given,
    limit_per_user,
  }
  return {
    as_of,
    ...facts,
    persona_assignment,
    consent,
    period_days,
    catalogue: { version: catalogue.version, locale },
    decided_at,
    rules: decide(catalogue.items, facts, locale),
  }
}

function reasonOf(rules: readonly Considered[]): 'duplicate' | 'not_eligible' {
  return rules.some(({ outcome }) => outcome === 'duplicate' || outcome === 'over_limit') ? 'duplicate' : 'not_eligible'
}

/** Every recommendation with its trace, in one statement. */
async function write(db: Db, traces: readonly { user_id: string; trace: Trace }[]): Promise<number> {
  if (traces.length === 0) return 0
  const chosen = traces.flatMap(({ user_id, trace }) =>
    trace.rules.flatMap((rule) =>
      rule.outcome === 'recommended'
        ? [
            {
              user_id,
              catalogue_key: rule.rule,
              type: rule.item.type,
              title: rule.item.title,
              rationale: rule.rationale,
            },
          ]
        : [],
    ),
  )
  const { rows } = await sql<{ created: number }>`
    with chosen as (
      select c.value ->> 'user_id' as user_id, c.value ->> 'catalogue_key' as catalogue_key, c.value ->> 'type' as type,
        c.value ->> 'title' as title, c.value ->> 'rationale' as rationale, c.place
      from jsonb_array_elements(${JSON.stringify(chosen)}::text::jsonb) with ordinality as c (value, place)
    ),
    traces as (
      select (t.value ->> 'user_id')::uuid as user_id, t.value -> 'trace' as trace
      from jsonb_array_elements(${JSON.stringify(traces)}::text::jsonb) as t (value)
    ),
    created as (
      insert into ${sql.table('finance.recommendations')} (user_id, catalogue_key, type, title, rationale)
      select user_id::uuid, catalogue_key, type, title, rationale from chosen order by place
      returning user_id, id, catalogue_key
    ),
    traced as (
      insert into ${sql.table('finance.decision_traces')} (user_id, recommendation_id, trace_data)
      select c.user_id, c.id, t.trace || jsonb_build_object('recommended', c.catalogue_key)
      from created c join traces t on t.user_id = c.user_id
      order by c.user_id, c.id
      returning 1
    )
    select count(*)::int as created from traced`.execute(db)
  return rows[0]?.created ?? 0
}

function emptyResult(): GenerateResult {
  return {
    considered: 0,
    reached: 0,
    created: 0,
    skipped: { no_consent: 0, no_signals: 0, no_persona: 0, not_eligible: 0, duplicate: 0 },
  }
}

function add(total: GenerateResult, { considered, reached, created, skipped }: GenerateResult): void {
  total.considered += considered
  total.reached += reached
  total.created += created
  for (const reason of Object.keys(skipped) as (keyof typeof skipped)[]) total.skipped[reason] += skipped[reason]
}
