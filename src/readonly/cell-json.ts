/** A value of a row as JSON, with what JSON has no number for as text: whole numbers of any size, `Infinity` and `NaN`. */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value, (_, inner) => (isForeign(inner) ? String(inner) : inner)) ?? 'null'
  } catch {
    return '"a value that cannot be shown"' // JSON that is nested too deeply
  }
}

const isForeign = (value: unknown) =>
  typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))

/**
 * Control, format, surrogate and private characters, those that Unicode has not given out, and those that nothing is drawn for,
 * such as variation selectors, which can spell out a text of their own: JSON.stringify leaves most of them as they are.
 */
export const hidden = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Cn}\p{Default_Ignorable_Code_Point}]/gu

/** A character as JSON escapes it, whether it would or not: `\u200b`. Two of them where it takes two units of UTF-16. */
export function escapeOf(character: string): string {
  return Array.from({ length: character.length }, (_, i) => {
    return `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  }).join('')
}
