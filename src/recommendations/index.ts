/** Advice: kept by the repository, and made by {@link generate}. */
export * from '../repositories/recommendations.js'
export { defaultCatalogue } from './default-catalogue.js'
export { type GenerateOptions, type GenerateResult, generate, generateOptions } from './generate.js'
export { replay } from './replay.js'
