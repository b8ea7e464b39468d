import { UnsupportedError } from '../errors.js'
import { psqlHead } from '../psql.js'
import { identifier, literal } from '../quoting.js'
import { version } from '../version.js'
import { createHistory, finishHistory, historyTable, insertHistory, type State } from './history.js'
import { lockKey } from './names.js'
import { forEachSetting, onlineLines } from './online.js'
import { plan, type Target } from './plan.js'
import { LIMITS, wrongEncoding } from './session.js'
import { type SqlStep, type Step, statementsOf } from './steps.js'

export interface ScriptOptions {
  readonly schema: string
  readonly lockTimeoutMs: number
  readonly waitMs: number
}

/** What an empty database with the usual `public` schema would say of itself. */
export const EMPTY: State = { history: undefined, vector: undefined }

/**
 * The pending migrations as a script for psql, which does what `migrate` would: one transaction each, the same locks,
 * the same history. It may be run twice or beside a running `migrate`: what is applied by then is passed over.
 *
 * @throws {UnsupportedError} A pending migration is code.
 */
export function renderScript(steps: readonly Step[], state: State, target: Target, options: ScriptOptions): string {
  const { pending, skipped } = plan(steps, state, target)
  const lines = [
    `-- finance-db ${version}: ${pending.length} migrations of schema ${identifier(options.schema).replaceAll('\n', ' ')}`,
    '-- Run it with psql, version 10 or later.',
    ...skipped.map(({ name, reason }) => `-- Skipped: ${name}, because ${reason}.`),
    '',
  ]
  if (pending.length === 0) return `${lines.join('\n')}-- Nothing is pending.\n`

  const vector = identifier(state.vector?.schema ?? (state.vector?.public === false ? options.schema : 'public'))
  return [
    ...lines,
    ...psqlHead,
    '',
    ...transaction(options, [
      'set local client_min_messages = warning;',
      refuseEncodings,
      // Not by "if not exists" alone: that wants the privilege to create even where there is nothing to create.
      `select not exists (select from pg_namespace where nspname = ${literal(options.schema)}) as finance_db_new \\gset`,
      '\\if :finance_db_new',
      `create schema ${identifier(options.schema)};`,
      '\\endif',
      `select to_regclass(${literal(historyTable(options.schema))}) is null as finance_db_new \\gset`,
      '\\if :finance_db_new',
      ...createHistory(options.schema).map(terminated),
      '\\endif',
    ]),
    ...pending.flatMap((step) => stepLines(step, vector, options)),
  ].join('\n')
}

const refuseEncodings = `do $encoding$ begin if getdatabaseencoding() <> 'UTF8' then raise exception '%', format(${literal(
  wrongEncoding('%1$s', '%2$s'),
)}, current_database(), getdatabaseencoding()); end if; end $encoding$;`

function stepLines(step: Step, vector: string, options: ScriptOptions): string[] {
  const { schema } = options
  if (step.kind === 'code') {
    throw new UnsupportedError(`Migration ${step.name} is code of the host, which cannot be written as SQL.`)
  }
  const statements = statementsOf(step, 'up', { finance: identifier(schema), vector })
  if (step.online) return onlineStepLines(step, options)
  return [
    `-- ${step.name}`,
    ...transaction(options, [
      `select not exists (select from ${historyTable(schema)} where name = ${literal(step.name)}) as finance_db_new \\gset`,
      '\\if :finance_db_new',
      `\\echo applying ${step.name.replaceAll(/[^\w.-]/g, '_')}`,
      ...(step.requires === 'vector' ? [`create extension if not exists vector with schema ${vector};`] : []),
      ...(step.source === 'finance-db' ? ["set local search_path = '';"] : []),
      ...statements.map(terminated),
      followRoles(schema),
      terminated(insertHistory(schema, step, DURATION)),
      '\\endif',
    ]),
  ]
}

function onlineStepLines(step: SqlStep, options: ScriptOptions): string[] {
  const { schema } = options
  const isNew = `select not exists (select from ${historyTable(schema)} where name = ${literal(step.name)} and applied_at is not null) as finance_db_new \\gset`
  return [
    `-- ${step.name}: online, outside of a transaction`,
    isNew,
    '\\if :finance_db_new',
    `\\echo applying ${step.name.replaceAll(/[^\w.-]/g, '_')}`,
    ...onlineLines(step, schema),
    '\\endif',
    ...transaction(options, [isNew, '\\if :finance_db_new', terminated(finishHistory(schema, step)), '\\endif']),
  ]
}

/** As `migrate` does: what the migration made gets the policies and grants of the roles that are registered. */
function followRoles(schema: string): string {
  const call = `${identifier(schema)}.apply_roles()`
  return `do $roles$ begin if to_regprocedure(${literal(call)}) is not null then perform ${call}; end if; end $roles$;`
}

/** Since the migration lock was got, which is when {@link transaction} notes the time. */
const DURATION =
  "(extract(epoch from clock_timestamp() - current_setting('finance_db.locked_at')::timestamptz) * 1000)::integer"

function transaction({ schema, lockTimeoutMs, waitMs }: ScriptOptions, body: readonly string[]): string[] {
  return [
    'begin isolation level read committed;',
    forEachSetting(LIMITS, `set_config(name, '0', true)`),
    `set local lock_timeout = ${waitMs};`,
    `do $$ begin perform pg_advisory_xact_lock(${lockKey(schema)}); end $$;`,
    `set local lock_timeout = ${lockTimeoutMs};`,
    "do $$ begin perform set_config('finance_db.locked_at', clock_timestamp()::text, true); end $$;",
    ...body,
    'commit;',
    '',
  ]
}

/** On a line of its own where the last line may be a comment. */
function terminated(statement: string): string {
  const lastLine = statement.slice(statement.lastIndexOf('\n') + 1)
  return lastLine.includes('--') ? `${statement}\n;` : `${statement};`
}
