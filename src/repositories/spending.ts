import { type RawBuilder, sql } from 'kysely'
import { lowerCase, pattern } from '../schema/texts.js'
import { isTradeCategory, readsAsTrade } from './trades.js'

/**
 * What spending is, in one place for reports and signals: what left for others. Money between a user's own accounts is not,
 * and neither is paying off a card, whose purchases were spending already. A row is such a movement when it
 *
 * - carries a `transfer_id`,
 * - has one of {@link internalCategories}, however it is written (`Credit Card Payment` too), but not where a bare `transfer` pays
 *   what is called rent, see {@link isRent},
 * - belongs to a transfer match that is automatic or confirmed,
 * - buys or sells on an account of type `investment`, see `trades.ts`, or
 * - is named as paying off a card, see {@link isCardPayment}: by the merchant, or by the description where the category does not
 *   say what was bought, see {@link isVagueCategory}.
 *
 * Only posted rows count. A reversal counts against what it reverses.
 */

/** Categories of money that moves between a user's own accounts. The longer ones are Plaid's. */
export const internalCategories = [
  'transfer',
  'credit_card_payment',
  'investment_transfer',
  'investments',
  'loan_payments_credit_card_payment',
  'transfer_in_savings',
  'transfer_out_savings',
  'transfer_in_investment_and_retirement_funds',
  'transfer_out_investment_and_retirement_funds',
] as const

/** The alias of `finance.transactions` in the query around. */
type Alias = 't'

const column = (alias: Alias, name: string) => sql.ref(`${alias}.${name}`)

/** Whether a category says that money stays with the user. */
export function isInternalCategory(category: RawBuilder<string>): RawBuilder<boolean> {
  return sql<boolean>`(replace(${lowerCase(category)}, ' ', '_') in (${sql.join(internalCategories.map((c) => sql.lit(c)))}))`
}

/** The one of them that says how money went, and not that it stayed. */
export function isTransferCategory(category: RawBuilder<string>): RawBuilder<boolean> {
  return sql<boolean>`(${lowerCase(category)} = 'transfer')`
}

/** Rent and mortgages in lower case: what is paid under such words goes to somebody else, though by transfer. */
export const rentNames = String.raw`\m(rent|mortgage|landlord|(kalt|warm)?miete|loyer|alquiler|hipoteca|aluguel|affitto|mutuo|huur|hypotheek|n[aáÁ]jem(n[eéÉ])?|hypot[eéÉ]k[ay]|czynsz|hyra|husleie|husleje|chiri[ae])\M|家賃`

/** Whether a text says that rent or a mortgage is paid. */
export function isRent(text: RawBuilder<string>): RawBuilder<boolean> {
  return sql<boolean>`(${lowerCase(text)} ~ ${pattern(rentNames)})`
}

/** Categories in lower case that leave open what was paid. Plaid's for loans is one: it is also that of cards. */
export const vagueCategories =
  '^(|un(categori[sz]ed|known|classified)|other.*|misc(ellaneous)?|general([ _].*)?|loans?([ _].*)?|payments?|bills?|financ(e|ial).*|sonstige.*|divers(es?)?|autres?|otros|outros|altro|overig.*)$'

/** Whether a category leaves it to other words what was paid. */
export function isVagueCategory(category: RawBuilder<string>): RawBuilder<boolean> {
  return sql<boolean>`(${lowerCase(category)} ~ ${pattern(vagueCategories)})`
}

/** The statuses of a transfer match that take both of its rows out of spending. */
export const settledMatches = sql.join([sql.lit('automatic'), sql.lit('confirmed')])

/** Of a reversal, whether what it takes back is matched: then neither of the two is spending. */
function isMatched(t: Alias): RawBuilder<boolean> {
  const [id, reverses] = [column(t, 'id'), column(t, 'reverses_id')]
  const side = (name: 'from_transaction_id' | 'to_transaction_id') => sql`exists (
    select from ${sql.table('finance.transfer_matches')} m
    where m.user_id = ${column(t, 'user_id')} and m.${sql.ref(name)} = coalesce(${reverses}, ${id}) and m.status in (${settledMatches}))`
  return sql<boolean>`case when (${column(t, 'amount')} < 0) = (${reverses} is null) then ${side('from_transaction_id')} else ${side('to_transaction_id')} end`
}

/**
 * Names under which banks book that a credit card is paid off. (`card payment` alone is how British banks book purchases.)
 * Looked for in lower case, which leaves the capitals of other letters than ASCII where the database has the locale C. Each has
 * one of its `hints`, which most merchants have not: that takes a fifth of the time.
 */
const cardPayments = [
  {
    hints: 'p(ay|y?mt)|creditcard|american exp|amex|barclaycard|mbna',
    names: [
      String.raw`\m(credit|cr) ?(card|crd|cd) ?(des:)?(auto|e|online|bill)?[ -]?(pay|payment|pymt|pmt)s?\M`,
      String.raw`\mcrcardpmt\M`,
      String.raw`\m(amex|american express|discover|mastercard|visa|barclaycard|citi(bank)? ?cards?|chase cards?|capital one|synchrony( bank)?|applecard)\W+(gsbank )?(des:)?(auto|e|online|bill|mobile|ach)?[ -]?(pay|payment|pymt|pmt)\M`,
      // who issues cards and nothing else, alone or with the number of one
      String.raw`^(american exp(ress)?|amex|barclaycard)(\W+[\dx*]{4}.*)?$|\mmbna\M|\mamerican express (europe|carte france)\M`,
      String.raw`\m(online( banking)?|bill|telephone) payment .*\m(mastercard|visa|amex)$`,
      String.raw`\mpayment[ ,*-]+thank[ -]?you\M`,
      // the entry that a bank writes behind its name
      String.raw`\mcreditcard\W+(\d{4,}|web id)|\mcard(member)? serv(ices?)?\W+((web|auto|online|mobile) )?(payment|pymt|pmt)\M`,
      String.raw`(^|\mbank )cc ?(auto|e|online|bill)?[ -]?(payment|pymt|pmt)s?\M`,
    ],
  },
  {
    hints: '[kc]r[eéÉ]dit|card services|relev|nexi|cartasi|fatura|sp[lłŁ]ata|spl[aáÁ]tka|カ[ー－-]ド',
    names: [
      // German, Dutch
      String.raw`\mkreditkarten?[- ]?(abrechnung|zahlung|ausgleich|rechnung)`,
      String.raw`\m(rechnung|abrechnung|ausgleich|einzug) kreditkarte`,
      String.raw`\m(incasso|afrekening|betaling) creditcard|\mcreditcard ?(incasso|afrekening|betaling)|\mint(l|ernational)? card services\M`,
      // French, Italian
      String.raw`\mrelev[eéÉ] (diff[eéÉ]r[eéÉ] )?carte`,
      String.raw`\m(addebito|saldo|estratto conto)( mensile)? carta( di)? (credito|nexi|cartasi)`,
      // Spanish, Portuguese: with a "con" or "com" it is a purchase
      String.raw`\m(pago|liquidaci[oóÓ]n|recibo)( de)?( la| su)? tarjetas?( de)? cr[eéÉ]dito`,
      String.raw`\mfatura( de| do)?( seu)? cart[aãÃ]o|\mpag(amento|to)( de| do)? cart[aãÃ]o de cr[eéÉ]dito`,
      // Czech and Slovak, Polish
      String.raw`\m(spl[aáÁ]tka|splacen[iíÍ]|inkaso) kreditn([iíÍ]|ej) karty|\mspl[aáÁ]tka karty\M`,
      String.raw`\msp[lłŁ]ata( zad[lłŁ]u[zżŻ]enia| nale[zżŻ]no[sśŚ]ci)?( na| z| za)? kart[ya]\M`,
      // Swedish, Norwegian and Danish, Japanese
      String.raw`\m(faktura|inbetalning|betalning|innbetaling|betaling|regning) kreditt?kort|\mkreditt?korts?[ -]?(faktura|inbetalning|betalning|innbetaling|betaling|regning)`,
      'クレジットカード|カードご?利用(代金|分)|口座振替.*カ[ー－-]ド',
    ],
  },
].map(({ hints, names }) => ({ hints, names: names.join('|') }))

/** All of them in one. */
export const cardPaymentNames = cardPayments.map(({ names }) => names).join('|')

/** Whether the name of a merchant says that a credit card is paid off. */
export function isCardPayment(merchant: RawBuilder<string>): RawBuilder<boolean> {
  const text = lowerCase(merchant)
  const says = (words: string) => sql`${text} ~ ${pattern(words)}`
  const said = cardPayments.map(({ hints, names }) => sql`${says(hints)} and ${says(names)}`)
  return sql<boolean>`(${says(cardPayments.map(({ hints }) => hints).join('|'))} and (${sql.join(said, sql` or `)}))`
}

/** Whether the row buys or sells where shares are kept. Where that is, is looked up once: by row it would take as long as all the rest. */
function isTrade(t: Alias, userId: string | undefined): RawBuilder<boolean> {
  const oneUser = userId === undefined ? sql`` : sql`and a.user_id = ${userId}`
  return sql<boolean>`((${column(t, 'user_id')}, ${column(t, 'account_id')}) in (
      select a.user_id, a.id from ${sql.table('finance.accounts')} a where a.account_type = 'investment' ${oneUser})
    and ${isTradeCategory(sql`${column(t, 'category')}`)} and ${readsAsTrade(t, countsAsSpending(t))})`
}

/**
 * Whether the row moved money to or from others. The whole definition but for `posted`.
 *
 * @param userId - Whose rows these are, when they are one user's.
 */
export function isExternal(t: Alias, userId?: string): RawBuilder<boolean> {
  const [category, merchant, description] = ['category', 'merchant', 'description'].map(
    (name) => sql<string>`${column(t, name)}`,
  ) as [RawBuilder<string>, RawBuilder<string>, RawBuilder<string>]
  const paysRent = sql`${isTransferCategory(category)} and ${countsAsSpending(t)}
    and (${isRent(merchant)} or ${isRent(description)})`
  return sql<boolean>`(${column(t, 'transfer_id')} is null and not (${isInternalCategory(category)} and not (${paysRent}))
    and not ${isMatched(t)} and not ${isCardPayment(merchant)} and not ${isTrade(t, userId)}
    and not (${description} <> '' and ${isVagueCategory(category)} and ${isCardPayment(description)}))`
}

/** Whether an external row counts as spending; else it is income. */
export function countsAsSpending(t: Alias): RawBuilder<boolean> {
  return sql<boolean>`((${column(t, 'amount')} < 0) <> (${column(t, 'reverses_id')} is not null))`
}
