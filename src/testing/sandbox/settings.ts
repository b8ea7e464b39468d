import pg from 'pg'

/** Settings of the session by name; `role` among them. */
export type Settings = Readonly<Record<string, string>>

/** The statements that make `wanted` of what is `applied`. */
export function changeSettings(applied: Settings, wanted: Settings): string[] {
  const reset = Object.keys(applied).filter((name) => !(name in wanted))
  const set = Object.entries(wanted).filter(([name, value]) => applied[name] !== value)
  // The role last: it may not be allowed to change the others. And back to ourselves before anything else.
  const byRole = ([a]: [string, string]) => (a === 'role' ? 1 : 0)
  return [
    ...(reset.includes('role') || set.length > 0 ? ['reset role'] : []),
    ...reset.filter((name) => name !== 'role').map((name) => `reset ${settingName(name)}`),
    ...set
      .toSorted((a, b) => byRole(a) - byRole(b))
      .map(([name, value]) => `set ${settingName(name)} = ${pg.escapeLiteral(value)}`),
    ...(wanted.role !== undefined && applied.role === wanted.role && set.length > 0
      ? [`set role = ${pg.escapeLiteral(wanted.role)}`]
      : []),
  ]
}

/** A setting as it was before a transaction changed it for itself. */
export function restoreSetting(name: string, value: string): string {
  return `select pg_catalog.set_config(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)}, false)`
}

function settingName(name: string): string {
  return name.split('.').map(pg.escapeIdentifier).join('.')
}

const setLocal = /\bset\s+local\s+(?:(time\s+zone|session\s+authorization)\b|"?([a-z_][\w$.]*))/gi
const setConfig = /\bset_config\s*\(\s*(?:e?'([^']+)'|\$(\d+))/gi

/**
 * The settings that a statement may set until the end of its transaction (`set local`, `set_config(…, true)`). In the
 * sandbox the transaction ends with a savepoint's release, which keeps them, so they have to be put back.
 */
export function localSettings(text: string, values: readonly unknown[] = []): string[] {
  if (!/set_config|set\s+local/i.test(text)) return []
  const local = [...text.matchAll(setLocal)].map(([, words, name]) =>
    words === undefined ? (name ?? '') : /zone/i.test(words) ? 'timezone' : 'session_authorization',
  )
  const configured = [...text.matchAll(setConfig)].map(([, literal, number]) =>
    literal === undefined ? String(values[Number(number) - 1] ?? '') : literal,
  )
  return [...new Set([...local, ...configured].map((name) => name.toLowerCase()))].filter((name) => name !== '')
}
