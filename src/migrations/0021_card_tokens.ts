import { comments } from './comments.js'
import type { SqlMigration } from './shape.js'

export const cardTokens: SqlMigration = {
  name: '0021_card_tokens',
  up: ({ finance }) => [
    // Encrypted twice, a token has two ciphertexts: only a fingerprint can be unique.
    `alter table ${finance}.cards drop constraint cards_token_key`,
    `alter table ${finance}.cards drop constraint cards_token_check`,
    `alter table ${finance}.cards
  add column token_fingerprint text,
  add constraint cards_token_check check (token ~ '^v1[.][A-Za-z0-9_-]{1,64}[.][A-Za-z0-9_-]{16}[.][A-Za-z0-9_-]{22,}$'),
  add constraint cards_token_fingerprint_key unique (user_id, token_fingerprint),
  add constraint cards_token_fingerprint_check
    check (token_fingerprint ~ '^v1[.][A-Za-z0-9_-]{1,64}[.][A-Za-z0-9_-]{43}$')`,
    `create trigger cards_cancelled_final before update of status on ${finance}.cards
  for each row when (old.status = 'cancelled' and new.status <> 'cancelled')
  execute function ${finance}.refuse('cards_cancelled_final', 'A cancelled card stays cancelled.')`,
    ...comments(`${finance}.cards`, 'Payment cards of an account. Never a card number.', {
      token:
        'Secret. What the card processor knows the card by, as AES-256-GCM ciphertext: v1.key id.nonce.tag and text.',
      token_fingerprint:
        'Keyed hash of the token (v1.key id.HMAC-SHA-256), so that a card is not added twice. Null: not compared.',
    }),
  ],
  down: ({ finance }) => [
    `drop trigger cards_cancelled_final on ${finance}.cards`,
    `alter table ${finance}.cards
  drop column token_fingerprint,
  drop constraint cards_token_check,
  add constraint cards_token_key unique (user_id, token),
  add constraint cards_token_check check (token <> '' and token !~ '^[0-9]([ -]?[0-9]){7,18}$')`,
    ...comments(`${finance}.cards`, 'Payment cards of an account. Never a card number.', {
      token: 'Secret. What the card processor knows the card by, encrypted.',
    }),
  ],
}
