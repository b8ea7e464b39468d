/** What a statement does, in few words of which there are few: fit for names of spans and attributes of metrics. */
export interface StatementSummary {
  /** `SELECT`, `INSERT`, `BEGIN`, … */
  readonly operation: string
  /** The first table, or the function that is called: `finance.accounts`. */
  readonly target: string | undefined
}

const name = String.raw`("?[a-z_][a-z0-9_$]*"?(?:\."?[a-z_][a-z0-9_$]*"?)?)`
const targets: Readonly<Record<string, RegExp>> = {
  SELECT: new RegExp(String.raw`\bfrom\s+${name}`, 'i'),
  INSERT: new RegExp(String.raw`\binto\s+${name}`, 'i'),
  UPDATE: new RegExp(String.raw`\bupdate\s+(?:only\s+)?${name}`, 'i'),
  DELETE: new RegExp(String.raw`\bfrom\s+(?:only\s+)?${name}`, 'i'),
  MERGE: new RegExp(String.raw`\binto\s+${name}`, 'i'),
  COPY: new RegExp(String.raw`\bcopy\s+${name}`, 'i'),
}

const known = new Map<string, StatementSummary>()

export function summarize(sql: string): StatementSummary {
  let summary = known.get(sql)
  if (summary === undefined) {
    summary = read(sql)
    if (known.size >= 1000) known.clear()
    known.set(sql, summary)
  }
  return summary
}

function read(sql: string): StatementSummary {
  const [, word = ''] = /^[\s(]*([a-z]+)/i.exec(sql) ?? []
  const first = word.toUpperCase()
  // `with … insert into …`: what is told is the statement that changes something, if one does.
  const [, inside = 'select'] = first === 'WITH' ? (/\b(insert|update|delete|merge)\b/i.exec(sql) ?? []) : []
  const operation = first === 'WITH' ? inside.toUpperCase() : first
  const [, target] = targets[operation]?.exec(sql) ?? []
  return { operation: operation || 'QUERY', target: target?.replaceAll('"', '') }
}
