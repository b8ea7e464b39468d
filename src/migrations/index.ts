export { migrations } from './list.js'
export type { Names, SqlMigration } from './shape.js'
