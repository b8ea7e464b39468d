/**
 * How many tokens a text takes, estimated: three bytes of UTF-8 each. English prose has about four characters a token, names
 * of columns and SQL between three and four; this stays above what real tokenizers count (docs/decisions/0071).
 */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken)
}

const bytesPerToken = 3
