/** What a statement does to the transaction that it runs in. Anything else is `undefined` to {@link controlOf}. */
export type Control =
  | { readonly kind: 'begin'; readonly readOnly: boolean }
  | { readonly kind: 'commit' | 'rollback'; readonly chain: boolean }
  /** `savepoint`, `release`, `rollback to`: they work as they are, but only inside a transaction. */
  | { readonly kind: 'savepoint'; readonly command: string }
  /** `set transaction` and `set session characteristics`. */
  | { readonly kind: 'mode'; readonly readOnly: boolean; readonly session: boolean }
  /** Two-phase commit, which ends the transaction of the session and cannot be undone. */
  | { readonly kind: 'two-phase' }

const blank = /(?:[\s;]+|--[^\n]*(?:\n|$))+/y
const control =
  /^(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction|set\s+transaction|set\s+session\s+characteristics)\b/i
const anyControl = /\b(begin|start|commit|end|rollback|abort|savepoint|release|prepare)\b/i
const readOnlyMode = /\bread\s+only\b/i

/** Reads one statement. Its first words decide, so a long statement costs no more than a short one. */
export function controlOf(statement: string): Control | undefined {
  const text = withoutLeading(statement)
  const verb = control.exec(text)?.[1]?.toLowerCase().replace(/\s+/g, ' ')
  switch (verb) {
    case undefined:
      return undefined
    case 'begin':
    case 'start transaction':
      return { kind: 'begin', readOnly: readOnlyMode.test(text) }
    case 'savepoint':
    case 'release':
      return { kind: 'savepoint', command: verb.toUpperCase() }
    case 'prepare transaction':
      return { kind: 'two-phase' }
    case 'set transaction':
    case 'set session characteristics':
      // A snapshot is not a mode: the server has to say what it thinks of it.
      if (/\bsnapshot\b/i.test(text)) return undefined
      return { kind: 'mode', readOnly: readOnlyMode.test(text), session: verb !== 'set transaction' }
    default:
      return ending(verb, text)
  }
}

function ending(verb: string, text: string): Control {
  if (/^\w+\s+prepared\b/i.test(text)) return { kind: 'two-phase' }
  const rollback = verb === 'rollback' || verb === 'abort'
  if (rollback && /^rollback\s+(?:(?:work|transaction)\s+)?to\b/i.test(text)) {
    return { kind: 'savepoint', command: 'ROLLBACK' }
  }
  return { kind: rollback ? 'rollback' : 'commit', chain: /\band\s+chain\b/i.test(text) }
}

/**
 * The statements of a text that holds several with transaction control among them; undefined for every other text, which
 * can go to the server as it is.
 */
export function controlScript(text: string): string[] | undefined {
  if (!text.includes(';') || !anyControl.test(text)) return undefined
  const statements = splitStatements(text)
  return statements.length > 1 && statements.some((statement) => controlOf(statement) !== undefined)
    ? statements
    : undefined
}

/** Cuts at the semicolons that are not inside quotes, comments, dollar quotes, parentheses or a `begin atomic` body. */
export function splitStatements(text: string): string[] {
  const statements: string[] = []
  const token =
    /--[^\n]*|\/\*|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[();]|[\s\S]/g
  let start = 0
  let parentheses = 0
  let blocks = 0
  let previous = ''

  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [piece] = match
    if (piece === '/*') token.lastIndex = endOfComment(text, match.index)
    else if (piece.length > 1 && piece.startsWith('$')) {
      const end = text.indexOf(piece, token.lastIndex)
      token.lastIndex = end === -1 ? text.length : end + piece.length
    } else if (piece.startsWith("'") && /^[eE]$/.test(previous)) {
      token.lastIndex = endOfEscapeString(text, match.index)
    } else if (piece === '(') parentheses++
    else if (piece === ')') parentheses--
    else if (piece === ';' && parentheses <= 0 && blocks === 0) {
      statements.push(text.slice(start, match.index))
      start = token.lastIndex
    } else {
      const word = piece.toLowerCase()
      if (word === 'atomic' && previous.toLowerCase() === 'begin') blocks++
      else if (blocks > 0 && word === 'case') blocks++
      else if (blocks > 0 && word === 'end') blocks--
    }
    if (!/^\s/.test(piece)) previous = piece
  }
  statements.push(text.slice(start))
  return statements.filter((statement) => withoutLeading(statement) !== '')
}

/** From the first word on. */
function withoutLeading(statement: string): string {
  for (let at = 0; ; ) {
    blank.lastIndex = at
    if (blank.test(statement)) at = blank.lastIndex
    if (!statement.startsWith('/*', at)) return statement.slice(at)
    at = endOfComment(statement, at)
  }
}

/** Comments nest in Postgres. */
function endOfComment(text: string, from: number): number {
  const mark = /\/\*|\*\//g
  mark.lastIndex = from
  let depth = 0
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return mark.lastIndex
  }
  return text.length
}

function endOfEscapeString(text: string, from: number): number {
  const body = /'(?:[^'\\]|\\[\s\S]|'')*'/y
  body.lastIndex = from
  return body.test(text) ? body.lastIndex : text.length
}

/** A statement in one line of at most 120 characters, for reports. Parameters are never part of it. */
export function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}
