import { type RawBuilder, sql } from 'kysely'
import { lowerCase, pattern } from '../schema/texts.js'

/**
 * What buys and sells on an account of type `investment`: there money changes its form, and is neither spent nor earned. A row
 * is a trade when its category leaves open what it is, see {@link tradeCategories}, and its words name a {@link dealNames deal},
 * or neither {@link costNames what is charged there} nor, where it came in, {@link yieldNames what is earned}.
 */

/** Categories in lower case under which there are trades. The last are Plaid's. */
export const tradeCategories =
  '^(un(categori[sz]ed|known|classified)|other|misc(ellaneous)?|(buys?|sells?|bought|sold|trad(e|es|ing)|stocks?|shares?|bonds?|(mutual )?funds?|etfs?|options?|securit(y|ies)|crypto(currenc(y|ies))?|brokerage|invest(ing|ments?)|deposits?|withdrawals?|contributions?)([ _].*)?|transfer[ _](in|out)([ _].*)?)$'

// All look at lower case, which leaves the capitals of other letters than ASCII where the database has the locale C. In English,
// German, French, Spanish and Portuguese, Italian and Dutch, Czech and Polish, Scandinavian, Japanese.
const oneOf = (...words: string[]) => String.raw`\m(${words.join('|')})\M`

/** Words of a purchase or a sale of securities, whatever else is said of it: a fund may have "dividend" in its name. */
export const dealNames = `${oneOf(
  'buy|bought|purchased?|sell|sold|sale|redemption|redeemed|reinvest(ed|ment)?|matur(ed|ity)',
  '[^ ]*kauf|achat|vente|compra|venta|venda|acquisto|vendita|(aan|ver)?koop|n[aáÁ]kup|prodej|zakup|kupno|sprzeda[zżŻ]',
  'k[oöÖ]p|s[aäÄ]lj|kj[oøØ]p|k[oøØ]b|salg',
)}|買付|売却`

/** Words of what a broker or the state takes. */
export const costNames = `${oneOf(
  'fees?|commissions?|charges?|tax(es)?|withholding|interest',
  'geb(ü|Ü|ue)hr(en)?|provision(en)?|[^ ]*steuern?|zinsen|depotentgelt',
  'frais|imp[oôÔ]ts?|pr[eéÉ]l[eèÈ]vements? sociaux|int[eéÉ]r[eêÊ]ts?',
  'comisi[oóÓ]n(es)?|impuestos?|intereses|comiss([aãÃ]o|[oõÕ]es)|taxas?|juros|impostos?',
  'commission[ei]|impost[ae]|bollo|interessi|kosten|belasting|rente',
  'poplat(ek|ky)|da[ňŇ]|[uúÚ]rok[uyůŮ]?|op[lłŁ]at[ay]|prowizj[ae]|podatek|odsetki',
  'avgift(er)?|courtage|kurtage|skatt|skat|r[aäÄ]nta|gebyr|renter',
)}|手数料|税|利息`

/** Words of what securities bring, and of pay that is booked there. */
export const yieldNames = `${oneOf(
  'dividends?|div|distributions?|coupons?|(capital|cap) gains?|income|payroll|salary|wages?|pension',
  'dividenden?|aussch(ü|Ü|ue)ttung(en)?|gehalt|lohn|salaire|n[oóÓ]mina|dividendos?|cup[oóÓ]n(es)?|rendimentos?|sal[aáÁ]rio',
  'dividend[io]|cedol[ae]|stipendio|salaris|dividend[ay]|mzda|dywidend[ay]|wynagrodzenie',
  'utdelning(ar)?|utbytte|udbytte|l[oöÖøØ]n+',
)}|配当|分配金|給与`

/** Whether a category leaves open whether something was bought or sold. */
export function isTradeCategory(category: RawBuilder<string>): RawBuilder<boolean> {
  return sql<boolean>`(${lowerCase(category)} ~ ${pattern(tradeCategories)})`
}

/** Whether the words of a row of `finance.transactions`, by its alias, speak of a deal, or at least not of anything else. */
export function readsAsTrade(t: 't', isOut: RawBuilder<boolean>): RawBuilder<boolean> {
  const [category, merchant, description] = ['category', 'merchant', 'description'].map((name) =>
    sql.ref(`${t}.${name}`),
  )
  const text = lowerCase(sql`(replace(${category}, '_', ' ') || ' ' || ${merchant} || ' ' || ${description})`)
  const says = (words: string) => sql`${text} ~ ${pattern(words)}`
  return sql<boolean>`(${says(dealNames)} or not (${says(costNames)} or not ${isOut} and ${says(yieldNames)}))`
}
