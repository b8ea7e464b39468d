/** A value of a row as JSON, with whole numbers of any size as text. */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? 'null'
  } catch {
    return '"a value that cannot be shown"' // JSON that is nested too deeply
  }
}

/** A character as JSON escapes it, whether it would or not: `\u200b`. Two of them where it takes two units of UTF-16. */
export function escapeOf(character: string): string {
  return Array.from({ length: character.length }, (_, i) => {
    return `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  }).join('')
}
