/** A process that starts a server, says where, and ends as the argument has it: `crash`, `forget` or `stop`. */
import { startTestServer } from '../../src/testing/server.js'

const server = await startTestServer({ kind: 'embedded' })
process.stdout.write(`${JSON.stringify({ url: server.url, describe: server.describe })}\n`)
if (process.argv[2] === 'crash') process.kill(process.pid, 'SIGKILL')
if (process.argv[2] === 'stop') await server.stop()
