import { sql } from 'kysely'
import { translateError } from '../postgres-errors.js'
import { type AuditAnchor, auditAnchor } from '../schema/audit.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'

/** The last link of a person's chain: its number, from 1, and hash in hex. 0 and null when there is none. */
export type AuditHead = AuditAnchor

/**
 * What is wrong with an audit log:
 * - `seal-missing`: the link `seq` of the chain is not there;
 * - `seal-broken`: the link `seq`, or what it seals, was changed;
 * - `row-missing`: the link `seq` seals another number of entries;
 * - `row-changed`: the entry `id` was changed;
 * - `row-redacted`: the values of the entry `id` are gone, and no erasure came after it;
 * - `row-unsealed`: the entry `id` is in no link;
 * - `data-differs`, `data-missing`, `data-unlogged`: the row `row_id` of `table_name` is not what the log says, is not there,
 *   or is there and not in the log;
 * - `end-missing`, `end-differs`: the chain ends before the anchor, or has another link in its place.
 */
export interface AuditProblem {
  readonly kind:
    | 'seal-missing'
    | 'seal-broken'
    | 'row-missing'
    | 'row-changed'
    | 'row-redacted'
    | 'row-unsealed'
    | 'data-differs'
    | 'data-missing'
    | 'data-unlogged'
    | 'end-missing'
    | 'end-differs'
  readonly user_id: string
  readonly seq?: number
  readonly id?: number
  readonly table_name?: string
  readonly row_id?: string
}

/** What a look at the audit log of a person found. */
export interface AuditReport {
  /** No problems. */
  readonly ok: boolean
  /** Entries, and links that seal them. */
  readonly rows: number
  readonly seals: number
  /** Entries whose values went with an erasure. */
  readonly redacted: number
  readonly head: AuditHead
  /** A thousand at most. */
  readonly problems: readonly AuditProblem[]
}

const auditLog = sql.table('finance.audit_log')
const auditSeals = sql.table('finance.audit_seals')

/** The problems of a person, or (null) of everybody: user_id, kind, seq, id, table_name, row_id. */
export const auditProblems = (userId: string | null) =>
  sql`select * from ${sql.table('finance.audit_problems')}(${userId}::uuid)`

/**
 * The end of a person's chain. Keep it elsewhere, now and then: {@link verify} with it as `anchor` notices a chain that was
 * cut off at its end, or written anew, which nothing inside the database can tell.
 */
export async function head(db: Db, userId: string): Promise<AuditHead> {
  const { rows } = await sql<{ seq: number; hash: string }>`
    select s.seq, encode(s.hash, 'hex') as hash from ${auditSeals} s
    where s.user_id = ${userId}::uuid order by s.seq desc limit 1
  `
    .execute(db)
    .catch(translateError)
  return rows[0] ?? { seq: 0, hash: null }
}

/**
 * Proves the audit log of a person: the chain has no gap, every link and every entry is what it was, every entry is in a
 * link, and the log, replayed, gives the rows that are there now. Reads all of the person's audited rows and entries (4 to
 * 6 s for 100,000 transactions), so mind the statement timeout. What the running transaction wrote is not sealed yet.
 */
export async function verify(
  db: Db,
  userId: string,
  { anchor }: { readonly anchor?: AuditAnchor | undefined } = {},
): Promise<AuditReport> {
  const noted = anchor === undefined ? undefined : parseInput(auditAnchor, anchor, 'The anchor')
  // One statement: one moment.
  const { rows } = await sql<{
    rows: number
    redacted: number
    seals: number
    head: AuditHead | null
    at_anchor: string | null
    problems: Record<string, unknown>[] | null
  }>`
    select l.rows, l.redacted, s.seals, h.head, a.at_anchor, p.problems
    from (
      select count(*)::int as rows, count(*) filter (where salt is null)::int as redacted
      from ${auditLog} where user_id = ${userId}::uuid
    ) l
    cross join (select count(*)::int as seals from ${auditSeals} where user_id = ${userId}::uuid) s
    left join (
      select json_build_object('seq', seq, 'hash', encode(hash, 'hex')) as head
      from ${auditSeals} where user_id = ${userId}::uuid order by seq desc limit 1
    ) h on true
    left join (
      select encode(hash, 'hex') as at_anchor
      from ${auditSeals} where user_id = ${userId}::uuid and seq = ${noted?.seq ?? 0}::bigint
    ) a on true
    left join (
      select json_agg(json_strip_nulls(row_to_json(p))) as problems from (${auditProblems(userId)} limit 1000) p
    ) p on true
  `
    .execute(db)
    .catch(translateError)
  const [found] = rows
  const problems = [...((found?.problems ?? []) as unknown as AuditProblem[])]
  if (noted !== undefined && noted.hash !== null && found?.at_anchor !== noted.hash) {
    const kind = found?.at_anchor == null ? 'end-missing' : 'end-differs'
    problems.push({ kind, user_id: userId, seq: noted.seq })
  }
  return {
    ok: problems.length === 0,
    rows: found?.rows ?? 0,
    seals: found?.seals ?? 0,
    redacted: found?.redacted ?? 0,
    head: found?.head ?? { seq: 0, hash: null },
    problems,
  }
}
