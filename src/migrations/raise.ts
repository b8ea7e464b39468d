import { literal } from '../quoting.js'

/**
 * A PL/pgSQL statement that refuses, as a constraint of that name would. `message` is for people who write SQL.
 *
 * @param index - An expression: which of a list is refused, from 0.
 */
export function raise(
  state: 'check_violation' | 'foreign_key_violation' | 'unique_violation',
  schema: string,
  [table, constraint]: readonly [table: string, constraint: string],
  message: string,
  index?: string,
): string {
  const name = literal(schema.replaceAll('"', ''))
  return `raise exception using
        errcode = '${state}', schema = ${name}, table = '${table}', constraint = '${constraint}',
        message = ${literal(message)}${index === undefined ? '' : `, detail = 'index ' || ${index}`};`
}

/**
 * The function of a trigger, named as its rule, that refuses changes of the `fixed` columns, and of others once `final.when`
 * holds. Not a condition of the trigger: Postgres copies those for each statement that writes to the table.
 */
export function refuseChanges(
  finance: string,
  table: string,
  {
    rule,
    sentence,
    fixed,
    final,
  }: {
    rule: string
    sentence: string
    fixed: readonly string[]
    final: { when: string; columns: readonly string[] }
  },
): string {
  const differ = (columns: readonly string[]) =>
    `row(${columns.map((column) => `new.${column}`).join(', ')}) is distinct from row(${columns.map((column) => `old.${column}`).join(', ')})`
  return `create function ${finance}.${rule}() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if ${differ(fixed)}
    or ${final.when} and ${differ(final.columns)} then
    ${raise('check_violation', finance, [table, rule], sentence)}
  end if;
  return new;
end
$$`
}

/** Refuses when an account, named by two PL/pgSQL expressions, may not go as low as it now would. */
export function refuseOverdraft(finance: string, userId: string, accountId: string): string {
  return `if exists (
      select from ${finance}.accounts a where a.user_id = ${userId} and a.id = ${accountId} and a.available < 0
    ) then
      ${raise('check_violation', finance, ['accounts', 'accounts_available'], 'The account does not have that much available.')}
    end if;`
}

/**
 * Inserts a row into `v`, or finds the one that the caller's key was used for before. A row that any other constraint
 * refuses is inserted again without `on conflict`, which says what stands in the way.
 *
 * Two that use one key at once meet in the unique index: the second waits, and finds what the first wrote, because each
 * statement of a function sees what is committed by then.
 */
export function insertOnce(insert: string, known: string): string {
  return `${insert}
  on conflict do nothing
  returning * into v;
  if not found then
    ${known}
    if found then
      return next v;
      return;
    end if;
    ${insert}
    returning * into v;
  end if;`
}
