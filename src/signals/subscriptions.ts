import { sql } from 'kysely'
import { z } from 'zod'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import type { InputOf } from '../schema/input-of.js'
import type { CadenceName } from '../schema/signals.js'
import { day, uuid } from '../schema/values.js'
import { monthDays } from './cadences.js'
import { merchantKey } from './merchant-key.js'
import { movementCtes, readVocabulary, type Vocabulary } from './movements.js'
import { planned } from './planned.js'
import { evidenceDays, streamCtes } from './streams.js'

const detectOptionsFields = {
  /** The last day that counts. */
  as_of: day,
  /** How many days back from it charges are looked for, 800 when left out: a yearly one shows after two. */
  days: z.int().min(21).max(3660).optional(),
}

/** What {@link detect} looks at. */
export const detectOptions = z.strictObject(detectOptionsFields)

export type DetectOptions = InputOf<typeof detectOptionsFields>

/** A charge that a subscription was found by. */
export interface Charge {
  readonly transaction_id: string
  readonly account_id: string
  /** `'YYYY-MM-DD'` */
  readonly date: string
  /** As the bank names it. */
  readonly merchant: string
  /** Positive. */
  readonly amount: string
}

/** Something that is charged again and again. */
export interface Subscription {
  /** A bill has to be paid (rent, power, insurance: by category, name, or an amount that varies); else a subscription. */
  readonly kind: 'subscription' | 'bill'
  /** As the bank named it last. */
  readonly merchant: string
  /** What stays the same of the name: without processors, references, dates and places. */
  readonly merchant_key: string
  readonly currency: string
  readonly cadence: CadenceName
  /** Charged as lately as its cadence lets expect. */
  readonly active: boolean
  /** Of the next charge: the last one's, or the usual one where it varies. Positive. */
  readonly amount: string
  /** False for a bill by consumption. */
  readonly fixed_amount: boolean
  /** `amount` brought to a month of 30.44 days. */
  readonly monthly_amount: string
  readonly occurrences: number
  /** Times it should have been charged and was not. */
  readonly skipped: number
  readonly first_date: string
  readonly last_date: string
  /** When the next charge is expected; before `as_of` when it is late. */
  readonly next_date: string
  /** From 0 to 1: grows with the number of charges, falls with days off and changed prices. */
  readonly confidence: number
  /** The changes of a fixed price of more than 1 %, earliest first. */
  readonly price_changes: ReadonlyArray<{ readonly date: string; readonly from: string; readonly to: string }>
  /** Why it is one, in sentences. */
  readonly reasons: readonly string[]
  /** Earliest first. */
  readonly evidence: readonly Charge[]
}

interface Found extends Omit<Subscription, 'merchant_key' | 'price_changes' | 'reasons'> {
  readonly mean_off: number
}

/**
 * What a person is charged again and again: at least three times at a steady cadence, or twice a year apart. Price changes,
 * left-out months, weekends and ends of months, references in the merchant's name and other purchases there are allowed for.
 * Money between own accounts, card payments and reversed charges do not count, and neither does what has no merchant.
 *
 * The active ones first, the dearest by the month first. Nothing is written. Walks `transactions_date_id_idx`.
 */
export async function detect(db: Db, userId: string, options: DetectOptions): Promise<Subscription[]> {
  const id = parseInput(uuid, userId, 'The user id')
  const { as_of, days = evidenceDays } = parseInput(detectOptions, options, 'The options')
  const asOf = sql`${as_of}::date`
  const reach = { people: sql`array[${id}::uuid]`, from: sql`${asOf} - ${days}::int`, to: asOf }
  const query = (vocabulary: Vocabulary) => sql<Found>`
    with ${movementCtes(reach, vocabulary)},
    ${streamCtes(reach)}
    select case when s.is_bill then 'bill' else 'subscription' end as kind, s.merchant, s.currency, s.cadence, s.active, s.fixed as fixed_amount,
      s.amount::numeric(38,4) as amount,
      (s.amount * ${sql.lit(monthDays)} / s.days::numeric)::numeric(38,4) as monthly_amount,
      s.n as occurrences, s.skips as skipped,
      to_char(s.first_date::timestamp, 'YYYY-MM-DD') as first_date,
      to_char(s.last_date::timestamp, 'YYYY-MM-DD') as last_date,
      to_char(s.next_date::timestamp, 'YYYY-MM-DD') as next_date,
      ${confidence} as confidence, s.mean_off, e.evidence
    from streams s
    join (
      select stream, jsonb_agg(jsonb_build_object(
        'transaction_id', charge, 'account_id', account, 'date', to_char(date::timestamp, 'YYYY-MM-DD'),
        'merchant', merchant, 'amount', amount::text
      ) order by date, charge) as evidence
      from stream_charges
      group by 1
    ) e on e.stream = s.stream
    order by s.active desc, s.amount / s.days::numeric desc, s.key, s.first_date`
  const { rows } = await planned(db, async (trx) => query(await readVocabulary(trx, reach)).execute(trx)).catch(
    translateError,
  )
  return rows.map(explain)
}

/** Of `streams s`, from 0 to 1. */
export const confidence = sql<number>`round((
  (1 - 0.5 ^ (s.n / 2.0)) * (1 - 0.4 * least(1, s.mean_off / s.tolerance))
  * case when s.fixed then 1 else 0.85 end * (1 - 0.3 * s.skips / greatest(1, s.gaps))
)::numeric, 2)::float8`

function explain({ mean_off, ...found }: Found): Subscription {
  const price_changes = found.fixed_amount ? priceChanges(found.evidence) : []
  const times = `Charged ${found.occurrences} times from ${found.first_date} to ${found.last_date}`
  const reasons = [
    `${times}, ${found.cadence.replace('_', ' ')}, on average ${mean_off.toFixed(1)} days off.`,
    found.fixed_amount
      ? `The price is fixed${price_changes.length === 0 ? '' : ` and changed ${price_changes.length === 1 ? 'once' : `${price_changes.length} times`}`}.`
      : 'The amount varies within bounds, as a bill by consumption does.',
  ]
  if (found.skipped > 0) reasons.push(`Left out ${found.skipped === 1 ? 'once' : `${found.skipped} times`}.`)
  if (!found.active) reasons.push(`Not charged since, though expected on ${found.next_date}.`)
  return { ...found, merchant_key: merchantKey(found.merchant), price_changes, reasons }
}

function priceChanges(evidence: readonly Charge[]): Subscription['price_changes'] {
  return evidence.flatMap((charge, i) => {
    const before = evidence[i - 1]
    if (before === undefined) return []
    const ratio = Number(charge.amount) / Number(before.amount)
    return Math.abs(ratio - 1) > 0.01 ? [{ date: charge.date, from: before.amount, to: charge.amount }] : []
  })
}
