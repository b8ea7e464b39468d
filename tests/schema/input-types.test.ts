import { expectTypeOf, test } from 'vitest'
import type { z } from 'zod'
import type {
  AccountChanges,
  accountChanges,
  CardChanges,
  cardChanges,
  DocumentChanges,
  documentChanges,
  InvestmentChanges,
  investmentChanges,
  NewAccount,
  NewTransaction,
  newAccount,
  newTransaction,
  UserChanges,
  userChanges,
} from '../../src/schema/index.js'

/** Checked by the compiler, as all types of tests. */
test('the types that editors show fields of take what the schemas take', () => {
  expectTypeOf<NewAccount>().toEqualTypeOf<z.input<typeof newAccount>>()
  expectTypeOf<NewTransaction>().toEqualTypeOf<z.input<typeof newTransaction>>()
  expectTypeOf<AccountChanges>().toEqualTypeOf<z.input<typeof accountChanges>>()
  expectTypeOf<CardChanges>().toEqualTypeOf<z.input<typeof cardChanges>>()
  expectTypeOf<DocumentChanges>().toEqualTypeOf<z.input<typeof documentChanges>>()
  expectTypeOf<InvestmentChanges>().toEqualTypeOf<z.input<typeof investmentChanges>>()
  expectTypeOf<UserChanges>().toEqualTypeOf<z.input<typeof userChanges>>()
})
