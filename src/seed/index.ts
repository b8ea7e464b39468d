export { type SeedOptions, type SeedProgress, type SeedResult, seed } from './seed.js'
