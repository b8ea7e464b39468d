/**
 * How many tokens a text takes, estimated: 3.6 bytes of UTF-8 each. Cards have four characters a token in the tokenizers of
 * OpenAI; this stays a tenth above what those count (docs/decisions/0071).
 */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken)
}

const bytesPerToken = 3.6
