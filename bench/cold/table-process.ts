import dynalite from 'dynalite'
import { emulatorClient } from '../../local/dynamodb-emulator.ts'
import { listen, localHost } from '../../local/listening-server.ts'
import { createTables } from '../../local/tables.ts'

// The tables in a process of their own, so that their work is none of the functions'. Prints where they are, and runs until
// it is ended.

const port = await listen(dynalite({ createTableMs: 0, ssl: true }), 0, 'the tables')
const endpoint = `https://${localHost}:${port}`
await createTables(emulatorClient(endpoint), process.env.TABLE_PREFIX ?? '')
process.stdout.write(`${endpoint}\n`)
