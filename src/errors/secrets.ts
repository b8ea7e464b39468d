import { FinanceDbError } from './base.js'

/**
 * A secret of a row cannot be read. `unknown-key`: the host's keys have no `keyId` (any more), so bring it back.
 * `not-authentic`: the ciphertext was changed, moved from another row, or `keyId` names other bytes than it did.
 * `malformed`: it is no ciphertext of ours. Neither the secret nor the ciphertext is in the message.
 */
export class DecryptionError extends FinanceDbError {
  override readonly name = 'DecryptionError'
  readonly code = 'DECRYPTION_FAILED'
  readonly reason: 'unknown-key' | 'not-authentic' | 'malformed'
  readonly keyId: string | undefined

  constructor(reason: DecryptionError['reason'], keyId?: string, options?: ErrorOptions) {
    super(decryptionSentences[reason], options)
    this.reason = reason
    this.keyId = keyId
  }
}

const decryptionSentences: Readonly<Record<DecryptionError['reason'], string>> = {
  'unknown-key': 'The secret cannot be decrypted: there is no key of the id that it names.',
  'not-authentic':
    'The secret cannot be decrypted: it was changed, moved from another row, or its key is another one now.',
  malformed: 'The secret cannot be decrypted: it is not a ciphertext of this library.',
}
