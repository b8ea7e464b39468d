/** The public part of purging: `retention.purge`. */
export {
  type PurgedTable,
  type PurgeLimits,
  type PurgeOptions,
  type PurgeReport,
  purge,
  type RetentionPolicy,
} from './repositories/purge.js'
