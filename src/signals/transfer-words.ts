import { anyOf } from './words.js'

/** What banks write of money between somebody's own accounts, and of a card that is paid off. */
export const ownWords = anyOf(
  'e-?payment|autopay|auto pay|credit c(?:ar|r)d|card payment(?! to)|payment,? thank you|thank you|savings?|sav|way2save|checking|chk|current account|a/c|top.?up|own accounts?|internal|sweep',
  // German, Dutch
  'umbuchung|giroconto|tagesgeld\\p{L}*|girokonto|sparkonto|sparen|kreditkarten?\\p{L}*|ausgleich kreditkarte|dankend erhalten',
  'spaarrekening|betaalrekening|eigen (?:spaar|betaal)?rekening|creditcard\\p{L}*|geincasseerd vorig saldo|betaling ontvangen',
  // French, Italian
  'livret|compte (?:epargne|épargne|cheques?|chèques?|courant)|carte de credit|(?:releve|relevé)(?: diff[eé]r[eé])? carte|r[eè]glement relev[eé]|conto risparmio|carta di credito',
  // Spanish, Portuguese
  'traspaso|cuenta (?:de )?ahorro|tarjeta (?:de )?cr[eé]dito|liquidaci[oó]n(?: de)?(?: tarjeta)?|entre contas|poupan[cç]a|fatura cart[aã]o|cart[aã]o (?:de )?cr[eé]dito',
  // Czech, Polish, Swedish, Norwegian, Danish
  'vlastní převod|spořicí účet|běžného účtu|kreditní karty?|kreditní karta|splátka úvěru|przelew własny|konto oszczędnościowe|konta osobistego|(?:spłata|splata) (?:karty|należności)|karty kredytowej',
  'egen överföring|lönekonto|kreditkort\\p{L}*|inbetalning tack|egen konto|sparekonto',
  // Indian English, Japanese
  'self|fund trf|cc settlement|振替|カード利用代金|お支払い',
)

/** Words for money that moves, to oneself or to others. */
export const transferWords = anyOf(
  'transfers?|transferred|trf|tfr|xfer|tpt|uebertrag|übertrag|virement|vir|overboeking|transf|transfer[eê]ncia|převod|przelew|överföring|overføring|bonifico|wire|exchanged|converted|currency (?:exchange|conversion)',
)

/** What banks call money that others sent. */
export const fromOthers =
  /\b(dividends?|interest|(?:haben)?zinsen|intereses|interessi|juros|odsetki|salary|salaries|payroll|wages?|paychecks?|income|pension|refunds?|rebates?|cash ?back|reimbursements?|bonus)\b/

/** Cash and purchases: the money went to others, or is in a pocket. */
export const toOthers = anyOf(
  'atm|cash|cash withdrawal|purchase|pos|card payment to|checkcard|debit card',
  'bargeld\\p{L}*|geldautomat|kartenzahlung|girocard|lastschrift (?!kreditkart)\\p{L}+|dauerauftrag .*miete',
  'retrait|paiement cb|achat cb|cajero|compra|pago con tarjeta|saque|compra cartao|geldopname|gea|bea|ideal',
  'výběr|vyber|platba kartou|nákup|wypłata|płatność kartą|zakup|bankomat\\p{L}*|uttag|kortköp|prelievo|引出|出金',
)
