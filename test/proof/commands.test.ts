import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import type { Command } from 'commander'
import { systemClock } from '../../lib/runtime/clock.ts'
import { freePorts } from '../../local/local-environment.ts'
import { localSettings } from '../../local/settings.ts'
import { formType, signedForm } from '../../local/simulated-sendcloud/callback.ts'
import { sampleFields } from '../../local/simulated-sendcloud/sample.ts'
import { mailAt } from '../../local/simulated-ses/mail.ts'
import { startLocalStack, type LocalStack } from '../../local/stack.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { runInProcess } from '../cli/in-process.ts'

// Runs every command of docs/commands.md, in its order, and compares. `UPDATE_COMMANDS=1` writes what differs into the page.

const page = new URL('../../docs/commands.md', import.meta.url)
const now = '2026-11-21T08:00:00Z'
const example = /```sh\nnpx ledger (.+)\n```\n\n```\n([^]*?)```/g

let text: string
let folder: string
let stack: LocalStack
const clock = virtualClock(now)
let environment: Record<string, string>

beforeAll(async () => {
  text = await readFile(page, 'utf8')
  folder = await mkdtemp(join(tmpdir(), 'commands-'))
  await writeFile(join(folder, 'list.csv'), 'email\nemil@example.com\nFred <fred@example.com>\nnobody\n')
  jest.spyOn(systemClock, 'now').mockReturnValue(Date.parse(now))
  const settings = localSettings({ ...freePorts, CALLBACK_TOKEN: 'a-token-for-the-test' })
  stack = await startLocalStack(settings, { clock, log: () => undefined })
  environment = {
    DYNAMODB_PORT: new URL(stack.dynamoDbEndpoint).port,
    LOGS_PORT: new URL(stack.logsUrl).port,
    PORT: new URL(stack.callbackUrls.sent).port,
    SES_PORT: new URL(stack.simulatedSes?.url ?? '').port,
    SENDCLOUD_PORT: new URL(stack.simulatedSendCloud?.url ?? '').port,
    CALLBACK_TOKEN: 'a-token-for-the-test',
  }
  await happen()
}, 60_000)
afterAll(async () => {
  jest.restoreAllMocks()
  await stack.stop()
  await rm(folder, { recursive: true })
})

/** A morning's mails, by callbacks of both providers and by the poll. */
async function happen(): Promise<void> {
  const sentAt = '20261120160000'
  const of = (name: string, email: string, event: string, rest: object = {}) => ({
    email,
    bulkId: `qcloudses-30-251200670-date-${sentAt}-${name}`,
    event,
    timestamp: Date.parse('2026-11-20T08:00:04Z') / 1_000,
    fromDomain: 'shop.example',
    ...rest,
  })
  const order = { subject: '您的订单 2041', from: 'orders@shop.example', templateId: 7 }
  const bounce = { ...order, bounceType: 'hard_bounce', reason: '550 Mailbox not found' }
  const opened = Date.parse('2026-11-20T08:40:00Z') / 1_000
  const iPhone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1'
  await post(stack.callbackUrls.tencentSes, [
    of('anna', 'anna@qq.com', 'bounce', bounce),
    of('ben', 'ben@gmail.com', 'delivered', order),
    of('ben', 'ben@gmail.com', 'open', { ...order, timestamp: opened, useragent: iPhone }),
    of('dora', 'dora@163.com', 'deferred', { ...order, reason: '450 4.2.2 mailbox full' }),
    of('emil', 'emil@163.com', 'dropped', { ...order, reason: '1007 blocklisted' }),
  ])
  await post(stack.callbackUrls.tencentSes, [of('gina', 'gina@qq.com', 'teleported')])
  const sample = { ...sampleFields(Date.parse('2026-11-21T07:00:00Z')), subject: 'Welcome' }
  const signing = {
    appKey: stack.sendCloudAppKey,
    token: 'Zk3pQ8vXw1LmN7bYt5RcJ2hGf9DsA4uE6iOoPqTzVxCyBnKj0W',
  }
  await post(stack.callbackUrls.sendCloud, signedForm(sample, signing), formType)
  stack.simulatedSes?.send(
    mailAt('2026-11-20T09:00:00Z', 'hans', {
      recipient: 'hans@outlook.com',
      timeline: [{ kind: 'delivered', atMs: Date.parse('2026-11-20T09:00:03Z') }],
    }),
  )
}

async function post(url: string, body: unknown, type = 'application/json'): Promise<void> {
  const content = typeof body === 'string' ? body : JSON.stringify(body)
  await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: content })
}

/** What shows times to people shows them in the zone of the machine, if no other is named. */
const localTimed = /^(?:show|problems|stuck|tail|(?:suppressions|quarantine|inbound) (?:list|show))\b/

/** What the command prints; where that is nothing, what it says on standard error. */
async function printedBy(line: string): Promise<string> {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
  const [name = ''] = words
  if (localTimed.test(line)) words.push('--tz', 'UTC')
  const module = (await import(`../../cli/${name}.ts`)) as Record<string, unknown>
  const register = Object.entries(module).find(([exported]) => exported.startsWith('register'))?.[1]
  // It compares this machine's clock with that of the function.
  if (name === 'doctor') await untilPresent()
  // It goes on until somebody ends it.
  if (name === 'console') interruptOnceListening()
  const before = process.cwd()
  process.chdir(folder)
  try {
    const { output, errors } = await runInProcess(register as (program: Command) => void, words, environment)
    return (output === '' ? errors : output).trimEnd()
  } finally {
    process.chdir(before)
  }
}

/** Presses Ctrl-C as soon as somebody listens for it. */
function interruptOnceListening(before = process.listenerCount('SIGINT')): void {
  if (process.listenerCount('SIGINT') > before) process.emit('SIGINT')
  else setImmediate(interruptOnceListening, before)
}

async function untilPresent(): Promise<void> {
  jest.restoreAllMocks()
  clock.advanceTo(Date.now())
  await stack.reconcile()
}

/** What is on the page, as a pattern: `…` is anything within a line. */
function isShown(shown: string, printed: string): boolean {
  const parts = shown
    .trimEnd()
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(printed)
}

it('prints for each command of the page what stands there', async () => {
  const differing: { readonly command: string; readonly shown: string; readonly printed: string }[] = []
  for (const [, command = '', shown = ''] of text.matchAll(example)) {
    const printed = await printedBy(command)
    if (!isShown(shown, printed)) differing.push({ command, shown: shown.trimEnd(), printed })
  }
  if (process.env.UPDATE_COMMANDS === '1') {
    const printedOf = new Map(differing.map(({ command, printed }) => [command, printed]))
    const updated = text.replaceAll(example, (whole, command: string) => {
      const printed = printedOf.get(command)
      return printed === undefined
        ? whole
        : `\`\`\`sh\nnpx ledger ${command}\n\`\`\`\n\n\`\`\`\n${printed}\n\`\`\``
    })
    await writeFile(page, updated)
    return
  }
  expect(differing.map(({ command, printed }) => ({ command, printed }))).toEqual(
    differing.map(({ command, shown }) => ({ command, printed: shown })),
  )
}, 120_000)

it('shows every command that there is', async () => {
  const main = await readFile(new URL('../../cli/main.ts', import.meta.url), 'utf8')
  const names = [...main.matchAll(/^ {2,4}\[?\s*'([a-z]+)',/gm)].map(([, name]) => name)
  expect(names).toContain('suppressions')
  const shown = new Set([...text.matchAll(example)].map(([, command = '']) => command.split(' ')[0]))
  expect(names.filter((name) => !shown.has(name))).toEqual([])
})
