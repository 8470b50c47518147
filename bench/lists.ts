/**
 * What `ledger suppressions list` takes of memory and time: the command as people run it, in a process of its own, before a server
 * that answers Scan as DynamoDB does, by pages of a megabyte, with made rows. `npm run bench:lists`
 */
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import * as v from 'valibot'
import { listen } from '../local/listening-server.ts'

const sizes = (process.env.ROWS ?? '1000,100000,1000000').split(',').map(Number)
const limitMb = 150
/** A row has some 300 bytes. */
const rowsInPage = 3_000

const scan = v.object({
  ExclusiveStartKey: v.optional(v.object({ recipient: v.object({ S: v.string() }) })),
})

function recipientOf(index: number): string {
  return `recipient-${String(index).padStart(7, '0')}@example.com`
}

function itemOf(index: number): object {
  const line = `2026-11-01T00:00:00Z hard-bounce mailbox-gone tencent-ses qcloudses-30-251200670-date-20261101080000-${index} 550 5.1.1 no such user`
  return { recipient: { S: recipientOf(index) }, evidence: { SS: [line] } }
}

/** Answers a page of so many rows, from the row behind the one named. */
function pageOf(rows: number, body: string): object {
  const { ExclusiveStartKey } = v.parse(scan, JSON.parse(body))
  const from = ExclusiveStartKey ? Number(/\d+/.exec(ExclusiveStartKey.recipient.S)?.[0]) + 1 : 0
  const end = Math.min(from + rowsInPage, rows)
  const Items = Array.from({ length: end - from }, (_, index) => itemOf(from + index))
  return { Items, ...(end < rows && { LastEvaluatedKey: { recipient: { S: recipientOf(end - 1) } } }) }
}

interface Taken {
  readonly lines: number
  readonly seconds: number
  readonly megabytes: number
}

async function listed(rows: number, options: readonly string[]): Promise<Taken> {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      response.setHeader('content-type', 'application/x-amz-json-1.0')
      response.end(JSON.stringify(pageOf(rows, body)))
    })
  })
  const port = await listen(server, 0, 'the table')
  const startMs = performance.now()
  const command = [
    '-r',
    './bench/lists/print-memory.cjs',
    'cli/ledger.mjs',
    'suppressions',
    'list',
    ...options,
  ]
  const child = spawn(process.execPath, command, {
    env: { ...process.env, DYNAMODB_PORT: String(port), TABLE_PREFIX: '', AWS_REGION: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let lines = 0
  child.stdout.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 0x0a) lines += 1
  })
  const errors = await text(child.stderr)
  const seconds = (performance.now() - startMs) / 1_000
  server.close()
  const [, kilobytes] = /peak memory (\d+) KB/.exec(errors) ?? []
  if (kilobytes === undefined) throw new Error(errors)
  return { lines, seconds, megabytes: Number(kilobytes) / 1_024 }
}

process.stdout.write(`${'rows'.padStart(9)}  as       lines   seconds  MB at the most (limit ${limitMb})\n`)
let isTooMuch = false
for (const rows of sizes) {
  for (const [name, options] of [
    ['columns', []],
    ['JSON', ['--json']],
  ] as const) {
    const { lines, seconds, megabytes } = await listed(rows, options)
    isTooMuch ||= megabytes > limitMb || lines < rows
    const cells = [String(lines).padStart(9), seconds.toFixed(1).padStart(8), megabytes.toFixed().padStart(5)]
    process.stdout.write(`${String(rows).padStart(9)}  ${name.padEnd(7)}${cells.join(' ')}\n`)
  }
}
process.exitCode = isTooMuch ? 1 : 0
