import { internalCategories } from '../repositories/spending.js'
import type { TransferMatchReasons } from '../schema/json.js'
import { strip } from './merchant-key.js'
import { anyOf } from './words.js'

/** Two posted rows that could be one movement: opposite signs, own accounts, the same sum. */
export interface Pair {
  readonly user_id: string
  readonly from_id: string
  readonly to_id: string
  /** From the side that pays to the side that receives. */
  readonly days_apart: number
  /** Of the side that receives. */
  readonly amount: string
  readonly from_type: string
  readonly to_type: string
  readonly from_category: string
  readonly to_category: string
  readonly from_text: string
  readonly to_text: string
  readonly from_account: string
  readonly to_account: string
  /** The last digits, the bank and the name of the account on this side. */
  readonly from_names: readonly string[]
  readonly to_names: readonly string[]
  /** Whose accounts they are, empty where that is not known. */
  readonly holder: string
  /** The day of the week that money left on, Monday being 1. */
  readonly from_weekday: number
  /** The two texts go together again and again, in sums that agree. */
  readonly is_habit?: boolean
  /** Part of what left that did not arrive, null where all did. Only between amounts of one currency. */
  readonly fee: string | null
  readonly rate: string | null
  readonly expected_rate: string | null
}

/** From here on a match is automatic: its rows are not spending any more. */
export const automaticFrom = 0.8
/** From here on a match is suggested. */
export const suggestedFrom = 0.5

/** What banks write of money between somebody's own accounts, and of a card that is paid off. */
const ownWords = anyOf(
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
const transferWords = anyOf(
  'transfers?|transferred|trf|tfr|xfer|tpt|uebertrag|übertrag|virement|vir|overboeking|transf|převod|przelew|överföring|overføring|bonifico|wire',
)

/** What banks call money that others sent. */
const fromOthers =
  /\b(dividends?|interest|salary|salaries|payroll|wages?|paychecks?|income|pension|refunds?|rebates?|cash ?back|reimbursements?|bonus)\b/

/** Cash and purchases: the money went to others, or is in a pocket. */
const toOthers = anyOf(
  'atm|cash|cash withdrawal|purchase|pos|card payment to|checkcard|debit card',
  'bargeld\\p{L}*|geldautomat|kartenzahlung|girocard|lastschrift (?!kreditkart)\\p{L}+|dauerauftrag .*miete',
  'retrait|paiement cb|achat cb|cajero|compra|pago con tarjeta|saque|compra cartao|geldopname|gea|bea|ideal',
  'výběr|vyber|platba kartou|nákup|wypłata|płatność kartą|zakup|bankomat\\p{L}*|uttag|kortköp|prelievo|引出|出金',
)

/**
 * How sure it is that the two are one movement, from 0 to 1, and what that is made of. The same sum on two accounts within
 * days is chance often enough, so it takes a word of the bank, or that nothing else could be the other side, to be sure.
 */
export function scorePair(pair: Pair, rivals: number): { score: number; reasons: TransferMatchReasons } {
  const { said, names } = wordsOf(pair)
  const score = {
    same_amount: pair.rate === null && pair.fee === null ? 0.45 : 0.35,
    said: ([0, 0.3, 0.4][said] as number) / (names === 'others' ? 2 : 1),
    no_rival: rivals === 0 ? 0.2 : 0,
    // A round sum is more often the same by chance.
    from_others: said === 0 && isFromOthers(pair) ? -0.4 : 0,
    to_others: toOthers.test(lower(pair.from_text)) && !isOwn(pair.from_category, pair.from_text) ? -0.3 : 0,
    habit: pair.is_habit === true && said < 2 && names !== 'others' ? 0.15 : 0,
    // Two people who are named are two movements; the same on both sides is who holds the accounts.
    names: { same: said < 2 ? 0.15 : 0, either: 0, others: said > 0 ? -0.25 : -0.1, none: 0 }[names],
    amount: isRound(pair.amount) ? 0 : 0.1,
    accounts: fits(pair) ? (pair.to_type === 'credit_card' ? 0.15 : 0.1) : pair.from_type === 'credit_card' ? -0.25 : 0,
    days: -0.03 * workingDays(pair) - (pair.days_apart < 0 ? 0.03 : 0),
    fee: pair.fee === null ? 0 : -0.05 - Number(pair.fee) / Number(pair.amount),
    rate: pair.rate === null ? 0 : -5 * Math.abs(Number(pair.rate) / Number(pair.expected_rate) - 1),
  }
  const sum = Object.values(score).reduce((a, b) => a + b, 0)
  return {
    score: Math.round(Math.min(1, Math.max(0, sum)) * 10_000) / 10_000,
    reasons: {
      days_apart: pair.days_apart,
      rate: pair.rate,
      expected_rate: pair.expected_rate,
      rivals,
      said: said > 0,
      score: Object.fromEntries(
        Object.entries(score)
          .filter(([, points]) => points !== 0)
          .map(([name, points]) => [name, Math.round(points * 10_000) / 10_000]),
      ),
    },
  }
}

/** How many days apart they are, without the weekends between: banks do not book on them. */
function workingDays({ days_apart, from_weekday }: Pair): number {
  const step = Math.sign(days_apart)
  let [count, weekday] = [0, from_weekday]
  for (let left = Math.abs(days_apart); left > 0; left--) {
    weekday = ((weekday + step + 6) % 7) + 1
    if (weekday < 6) count++
  }
  return count
}

const lower = (text: string) => text.toLowerCase()

function isOwn(category: string, text: string): boolean {
  const plain = category.toLowerCase().replaceAll(' ', '_')
  return internalCategories.some((internal) => internal === plain) || ownWords.test(lower(text))
}

/** Whom the two sides name: the holder of the accounts, one person who may be the holder, two people, or nobody. */
type Names = 'same' | 'either' | 'others' | 'none'

/** How many sides speak of a transfer, and whether they name one person, or two. */
function wordsOf(pair: Pair): { said: number; names: Names } {
  const own = [
    isOwn(pair.from_category, pair.from_text) || mentions(pair.from_text, pair.to_names),
    isOwn(pair.to_category, pair.to_text) || mentions(pair.to_text, pair.from_names),
  ]
  const moved = [pair.from_text, pair.to_text].map((text) => transferWords.test(lower(text)))
  const said = own.filter((side, i) => side || moved[i]).length
  if (own.some(Boolean)) return { said, names: 'none' }
  const [from, to] = [namesIn(pair.from_text), namesIn(pair.to_text)]
  const shared = [...from].filter((name) => to.has(name)).length
  if (shared > 0 && shared >= Math.min(from.size, to.size, 2)) {
    const holder = namesIn(pair.holder)
    return {
      said,
      names: holder.size === 0 ? 'either' : [...holder].some((name) => from.has(name)) ? 'same' : 'others',
    }
  }
  // One word may be what an account is called.
  return { said, names: from.size > 1 && to.size > 1 && shared === 0 ? 'others' : 'none' }
}

/** Whether a text names the account on the other side: by its last digits, or its bank. */
function mentions(text: string, names: readonly string[]): boolean {
  const plain = lower(text)
  return names.some((name) => {
    const at = name.length < 4 ? -1 : plain.indexOf(lower(name))
    return at !== -1 && !/[\p{L}\d]/u.test(plain.slice(at + name.length, at + name.length + 1))
  })
}

/** What is left of a text without what banks write around names. */
function namesIn(text: string): ReadonlySet<string> {
  const words = strip(text)
    .replace(transferGlobal, ' ')
    .match(/\p{L}+/gu)
  return new Set(words)
}
const transferGlobal = new RegExp(transferWords.source, 'gu')

/** Both sides have to speak of a move before a sum that is less than what left is taken for the rest of it. */
export function couldBeFee(pair: Pair): boolean {
  const { said, names } = wordsOf(pair)
  return (said === 2 || pair.is_habit === true) && names !== 'others'
}

/** The bank's word for what came in is plain, and neither side speaks of a transfer. */
function isFromOthers({ to_category, to_text }: Pair): boolean {
  return fromOthers.test(`${to_category} ${to_text}`.toLowerCase().replaceAll('_', ' '))
}

const isRound = (amount: string) => /^\d*[05]0?(\.0*)?$/.test(amount)

/** Where people move money to: a card or loan that is paid off, and savings, from and to the everyday account. */
function fits({ from_type, to_type }: Pair): boolean {
  const pays = from_type === 'checking' || from_type.includes('savings') || from_type === 'money_market'
  return pays && to_type !== from_type
}
