/**
 * Reads the text form of a Postgres array (`{1,NULL,"a,b"}`, nested and with bounds such as `[2:3]={…}`).
 *
 * @see https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */
export function parseArray(literal: string, parseElement: (text: string) => unknown): unknown[] {
  let position = literal.startsWith('[') ? literal.indexOf('=') + 1 : 0

  function quoted(): string {
    let text = ''
    for (position++; literal[position] !== '"'; position++) {
      if (literal[position] === '\\') position++
      text += literal[position]
    }
    position++
    return text
  }

  function bare(): string {
    const start = position
    while (literal[position] !== ',' && literal[position] !== '}') position++
    return literal.slice(start, position)
  }

  function element(): unknown {
    if (literal[position] === '{') return list()
    if (literal[position] === '"') return parseElement(quoted())
    const text = bare()
    return text === 'NULL' ? null : parseElement(text)
  }

  function list(): unknown[] {
    const elements: unknown[] = []
    position++
    while (literal[position] !== '}') {
      elements.push(element())
      if (literal[position] === ',') position++
    }
    position++
    return elements
  }

  return list()
}
