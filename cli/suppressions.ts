import { Option, type Command } from 'commander'
import { recipientOf } from '../lib/core/address.ts'
import { formatInstant } from '../lib/core/instant.ts'
import {
  parseEvidence,
  suppressionReasons,
  type Suppression,
  type SuppressionReason,
} from '../lib/core/suppression.ts'
import type { SuppressionReader, SuppressionRemover, SuppressionWriter } from '../lib/ports.ts'
import { suppressionReader } from '../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../lib/table/suppression-writer.ts'
import { CommandError } from './command-error.ts'
import { withLedger, type OpenLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'

/** Declares `ledger suppressions list | show | add | remove`. */
export function registerSuppressions(program: Command): void {
  const suppressions = program
    .command('suppressions')
    .description('the addresses to which nothing should be sent')
  suppressions
    .command('list')
    .description('who is on the list, and why')
    .addOption(new Option('--reason <reason>', 'only those who are there for it').choices(suppressionReasons))
    .option('--all', 'those who were taken off it, too')
    .option('--json', 'print the rows as JSON')
    .action(listSuppressions)
  suppressions
    .command('show')
    .description('everything that is known against an address')
    .argument('<recipient>')
    .option('--json', 'print the row as JSON')
    .action(showSuppression)
  suppressions
    .command('add')
    .description('put an address on the list by hand')
    .argument('<recipient>')
    .option('--note <text>', 'why, kept as evidence')
    .action(addSuppression)
  suppressions
    .command('remove')
    .description('take an address off the list, until something newer speaks against it')
    .argument('<recipient>')
    .action(removeSuppression)
}

interface ListOptions {
  readonly reason?: SuppressionReason
  readonly all?: boolean
  readonly json?: boolean
}

/** Prints those who are on the list by address; with `all` those, too, who were taken off it. */
async function listSuppressions({ reason, all = false, json = false }: ListOptions): Promise<void> {
  await withLedger(async (opened) => {
    const list = listOf(opened)
    const rows = (await Array.fromAsync(list.all()))
      .filter(({ isSuppressed }) => all || isSuppressed)
      .filter((row) => reason === undefined || decisiveEvidence(row)?.reason === reason)
      .sort((a, b) => (a.recipient < b.recipient ? -1 : 1))
    if (json) printJson(rows.map(asJson))
    else if (rows.length > 0) process.stdout.write(tableOf(rows))
    else process.stdout.write(`The list of ${opened.name} holds no such address.\n`)
  })
}

async function showSuppression(recipient: string, options: { json?: boolean }): Promise<void> {
  const address = addressOf(recipient)
  await withLedger(async (opened) => {
    const list = listOf(opened)
    const row = await list.ofRecipient(address)
    if (row === undefined) throw neverListed(opened.name)
    if (options.json) printJson(asJson(row))
    else process.stdout.write(historyOf(row))
  })
}

async function addSuppression(recipient: string, { note = '' }: { note?: string }): Promise<void> {
  const address = addressOf(recipient)
  await withLedger(async (opened) => {
    const list = listOf(opened)
    const before = await list.ofRecipient(address)
    await list.suppress({
      recipient: address,
      reason: 'by-hand',
      occurredAtMs: opened.clock.now(),
      source: 'operator',
      detail: note,
    })
    const after = await list.ofRecipient(address)
    if (!after?.isSuppressed) {
      throw new CommandError(
        `It was taken off the list at ${after?.removals.at(-1) ?? 'some time'}, later than this machine's clock says it is: set the clock, and add it again.`,
      )
    }
    const already = before?.isSuppressed ? ', as it was already' : ''
    process.stdout.write(
      `${address} is on the list of ${opened.name}${already}: ${after.suppressedBy ?? ''}\n`,
    )
  })
}

async function removeSuppression(recipient: string): Promise<void> {
  const address = addressOf(recipient)
  await withLedger(async (opened) => {
    const list = listOf(opened)
    const before = await list.ofRecipient(address)
    const after = await list.remove(address, opened.clock.now())
    if (after === undefined) throw neverListed(opened.name)
    if (after.isSuppressed) {
      throw new CommandError(
        `It stays on the list: there is evidence of ${sinceOf(after)}, later than this machine's clock says it is.`,
      )
    }
    const removedAt = after.removals.at(-1) ?? ''
    const already = before?.isSuppressed ? '' : ', as it was already'
    process.stdout.write(
      `${address} is off the list of ${opened.name}${already}. Whatever was told up to ${removedAt} no longer counts; anything newer that speaks against it brings it back, and so does \`ledger suppressions add\`.\n`,
    )
  })
}

type SuppressionList = SuppressionReader & SuppressionWriter & SuppressionRemover

function listOf({ client, tables }: OpenLedger): SuppressionList {
  const to = { client, table: tables.suppressions }
  return { ...suppressionReader(to), ...suppressionWriter(to) }
}

function addressOf(recipient: string): string {
  const address = recipientOf(recipient)
  if (address === undefined)
    throw new CommandError('Expected one email address, such as somebody@example.com.')
  return address
}

function neverListed(ledger: string): CommandError {
  return new CommandError(`This recipient was never on the list, as far as ${ledger} knows.`)
}

/** Why it is on the list; for one that is not, the last that spoke against it. */
function decisiveEvidence(row: Suppression): ReturnType<typeof parseEvidence> {
  return parseEvidence(row.suppressedBy ?? row.evidence.at(-1) ?? '')
}

function sinceOf(row: Suppression): string {
  const told = decisiveEvidence(row)
  return told === undefined ? '' : formatInstant(told.occurredAtMs)
}

function tableOf(rows: readonly Suppression[]): string {
  const addressWidth = Math.max(...rows.map(({ recipient }) => recipient.length))
  const reasonWidth = Math.max(...suppressionReasons.map((reason) => reason.length))
  return rows
    .map((row) => {
      const cells = [
        row.recipient.padEnd(addressWidth),
        (decisiveEvidence(row)?.reason ?? '').padEnd(reasonWidth),
        sinceOf(row),
        row.isSuppressed ? '' : `off the list since ${row.removals.at(-1) ?? ''}`,
      ]
      return `${cells.join('  ').trimEnd()}\n`
    })
    .join('')
}

function asJson(row: Suppression): object {
  const told = row.suppressedBy === undefined ? undefined : parseEvidence(row.suppressedBy)
  return {
    recipient: row.recipient,
    isSuppressed: row.isSuppressed,
    ...(told && { reason: told.reason, since: formatInstant(told.occurredAtMs) }),
    ...(told?.provider !== undefined && { provider: told.provider }),
    ...(told?.message !== undefined && { message: told.message }),
    evidence: row.evidence,
    removals: row.removals,
  }
}

/** One address as a person reads it: where it stands and why, then everything that happened in order of time. */
function historyOf(row: Suppression): string {
  const told = row.suppressedBy === undefined ? undefined : parseEvidence(row.suppressedBy)
  const columns = [
    ['reason', told?.reason],
    ['since', told && formatInstant(told.occurredAtMs)],
    ['provider', told?.provider],
    ['message', told?.message],
  ].flatMap(([name = '', value]) => (value === undefined ? [] : [`  ${name.padEnd(8)}  ${value}`]))
  const happenings = [
    ...row.evidence.map((line) => ({ atMs: parseEvidence(line)?.occurredAtMs ?? 0, line })),
    ...row.removals.map((removal) => ({ atMs: Date.parse(removal), line: `${removal} taken off the list` })),
  ]
  return [
    `${row.recipient}  ${row.isSuppressed ? 'on the list' : 'off the list'}`,
    ...columns,
    '',
    ...happenings.sort((a, b) => a.atMs - b.atMs).map(({ line }) => `  ${line}`),
    '',
  ].join('\n')
}
