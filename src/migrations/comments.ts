import { literal } from '../quoting.js'

/**
 * `comment on` statements for a table and its columns: agents and analysts read the catalogue, not our TSDoc.
 * The first argument is the qualified, quoted name of the table.
 */
export function comments(table: string, about: string, columns: Readonly<Record<string, string>>): string[] {
  return [
    `comment on table ${table} is ${literal(about)}`,
    ...Object.entries(columns).map(([name, text]) => `comment on column ${table}.${name} is ${literal(text)}`),
  ]
}

/** The trigger that keeps `updated_at`: set on every update, whatever the writer says. */
export function touchTrigger(finance: string, table: string): string {
  return `create trigger ${table}_touch before update on ${finance}.${table}
  for each row execute function ${finance}.touch_updated_at()`
}
