import { sql } from 'kysely'
import { lambdaPreset } from '../../src/config.js'
import { createFinanceDb } from '../../src/database.js'

// Queries once and is done, without closing its handle; `exit.test.ts` looks at whether the process ends.
const [url = '', preset] = process.argv.slice(2)
const db = createFinanceDb({ ...(preset === 'lambda' && lambdaPreset), connectionString: url }, {})
await sql`select 1`.execute(db)
process.stdout.write('queried')
