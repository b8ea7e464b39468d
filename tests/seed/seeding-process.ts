/** Seeds the database at argv[2] with the options at argv[3], and says so after each person. */
import { createFinanceDb } from '../../src/database.js'
import { seed } from '../../src/seed/index.js'

const [url = '', options = '{}'] = process.argv.slice(2)
const db = createFinanceDb({ connectionString: url, poolSize: 1, applicationName: 'seeding-process' }, {})
await seed(db, { ...JSON.parse(options), onProgress: ({ users }) => process.stdout.write(`${users}\n`) })
await db.destroy()
