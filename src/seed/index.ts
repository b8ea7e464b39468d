export {
  type DecoyLabel,
  type Label,
  labels,
  type P2pLabel,
  type PayrollLabel,
  type PersonaLabel,
  type RecurringLabel,
  type RefundLabel,
  type SeedLabel,
  type TransferLabel,
  type UserLabel,
} from './labels.js'
export { type GeneratorOptions, generator } from './options.js'
export { type SeedOptions, type SeedProgress, type SeedResult, seed } from './seed.js'
