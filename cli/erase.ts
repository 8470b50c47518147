import { Option, type Command } from 'commander'
import { recipientOf } from '../lib/core/address.ts'
import { formatInstant } from '../lib/core/instant.ts'
import { tombstoneMs } from '../lib/core/erasure.ts'
import { heldReasons, type HeldReason } from '../lib/core/suppression.ts'
import { erase, TooManyTombstones, type EraseDependencies } from '../lib/erase/erase.ts'
import { find, type Found } from '../lib/erase/find.ts'
import { mostTombstones, mostWaiting } from '../lib/erase/ports.ts'
import { eraseWiring } from '../lib/wiring/erase.ts'
import { inColumns } from './columns.ts'
import { CommandError } from './command-error.ts'
import { isAgreedTo } from './confirm.ts'
import { counted } from './counted.ts'
import { shownId, withLedger, type OpenLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'
import { progressBar } from './progress-bar.ts'
import { scanCost } from './scan-cost.ts'
import { untilInterrupted } from './until-interrupted.ts'
import { shellWord } from './shell-word.ts'

interface EraseOptions {
  readonly withSuppression?: boolean
  readonly list?: boolean
  readonly forget?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

/** Declares `ledger erase`. */
export function registerErase(program: Command): void {
  program
    .command('erase')
    .description('erase everything about an address from every table, and keep it from coming back')
    .argument('[address]')
    .option('--with-suppression', 'its place on the suppression list, too: then it may be written to again')
    .option('--dry-run', 'only say what there is')
    .option('--yes', 'do not ask')
    .option('--list', 'the addresses that were erased lately, and until when they are kept from coming back')
    .option('--forget <address>', 'end that now, such as for somebody whose old mail is wanted again')
    .addOption(new Option('--json', 'print the result as JSON'))
    .addHelpText('after', help)
    .action(eraseAddress)
}

const help = `
Erased are the mails to the address, mails that came in from it or for it, and the bodies in quarantine that name it. Of its
suppression the bare address, reason and date stay, since honoring an objection needs them. It says first what there is and
what reading takes. Ctrl-C ends it after the row under way; the same command goes on. What is sent later is kept.
docs/privacy.md says what is stored about a person, and what this cannot reach.`

async function eraseAddress(given: string | undefined, options: EraseOptions): Promise<void> {
  const { list = false, forget, yes = false, dryRun = false } = options
  const asked = [given !== undefined, list, forget !== undefined].filter((isAsked) => isAsked)
  if (asked.length !== 1)
    throw new CommandError('Expected one of: an address, --list, or --forget <address>.')
  if (given === undefined && (yes || dryRun || options.withSuppression)) {
    throw new CommandError('--yes, --dry-run and --with-suppression go with an address to erase.')
  }
  if (yes && dryRun) throw new CommandError('--dry-run changes nothing: leave out --yes, or it.')
  await withLedger(async (ledger) => {
    if (list) await listTombstones(ledger, options)
    else if (forget !== undefined) await lift(ledger, addressOf(forget))
    else await eraseFrom(ledger, addressOf(given ?? ''), options)
  })
}

function addressOf(text: string): string {
  const address = recipientOf(text)
  if (address === undefined)
    throw new CommandError('Expected one email address, such as somebody@example.com.')
  return address
}

function wiringOf({ store, clock, log, blocklistDays }: OpenLedger): EraseDependencies {
  return eraseWiring(store, { clock, log, blocklistDays })
}

async function eraseFrom(ledger: OpenLedger, recipient: string, options: EraseOptions): Promise<void> {
  const { json = false, withSuppression = false, dryRun = false, yes = false } = options
  const deps = wiringOf(ledger)
  const found = await look(ledger, deps, recipient)
  if (found === undefined) {
    process.stderr.write('Nothing was changed. Run it again to begin anew.\n')
    process.exitCode = 1
    return
  }
  const plan = planOf(found, recipient, ledger, withSuppression)
  if (json) process.stderr.write(plan)
  else process.stdout.write(plan)
  if (dryRun) {
    if (json) printJson({ recipient, found: asJson(found, ledger) })
    return
  }
  if (!yes && !(await isAgreedTo('Erase it? It cannot be undone.'))) return
  const erased = await eraseFound(deps, { recipient, found, isSuppressionKept: !withSuppression })
  if (json) printJson({ recipient, found: asJson(found, ledger), ...erasedAsJson(erased) })
  else process.stdout.write(reportOf(erased, ledger.store.kind))
  endWith(found, erased)
}

type Erased = Awaited<ReturnType<typeof erase>>

/** It has ended well only if nothing of the address is left that it could erase. */
function endWith({ waiting, hasMore }: Found, { isWhole }: Erased): void {
  if (!isWhole || hasMore) process.stderr.write('There is more to erase: run it again to go on.\n')
  if (!isWhole || hasMore || waiting.length > 0) process.exitCode = 1
}

function erasedAsJson({ tombstone, isWhole, ...counts }: Erased): object {
  return { erased: counts, isWhole, tombstoneUntil: formatInstant(tombstone.endsAtMs) }
}

/** `undefined` if it was interrupted. */
async function look(
  { store }: OpenLedger,
  deps: EraseDependencies,
  recipient: string,
): Promise<Found | undefined> {
  const sizes = await Promise.all([deps.tables.inbound.size(), deps.tables.quarantine.size()])
  const total = (of: 'rows' | 'bytes') => sizes.reduce((sum, size) => sum + size[of], 0)
  process.stderr.write(
    scanCost(
      store,
      { rows: total('rows'), bytes: total('bytes') },
      'all inbound mails and all bodies in quarantine',
    ),
  )
  return withRowsBar(total('rows'), (onRows) =>
    untilInterrupted('Ending after this page.', (signal) => find(deps.tables, recipient, { signal, onRows })),
  )
}

async function eraseFound(deps: EraseDependencies, what: Parameters<typeof erase>[1]): Promise<Erased> {
  const { mailRows, inbound, quarantined } = what.found
  try {
    return await withRowsBar(mailRows + inbound.length + quarantined.length, (onStep) =>
      untilInterrupted('Ending after the rows under way.', (signal) => erase(deps, what, { signal, onStep })),
    )
  } catch (error) {
    if (!(error instanceof TooManyTombstones)) throw error
    throw new CommandError(
      `Nothing was changed: ${mostTombstones.toLocaleString('en-US')} addresses were erased lately, and no more can be kept from coming back at a time. The next of them ends at ${formatInstant(error.nextEndMs)}; \`ledger erase --list\` shows them.`,
    )
  }
}

/** Shows the progress on a terminal; the total is never less than what was done. */
async function withRowsBar<T>(
  total: number,
  run: (onRows: (rows: number) => void) => Promise<T>,
): Promise<T> {
  const bar = progressBar('{value}/{total} rows')
  let done = 0
  bar.start(total, done)
  try {
    return await run((rows) => {
      done += rows
      bar.setTotal(Math.max(total, done))
      bar.update(done)
    })
  } finally {
    bar.stop()
  }
}

function heldIn({ suppression }: Found, { clock, blocklistDays }: OpenLedger): readonly HeldReason[] {
  return suppression ? heldReasons(suppression, { nowMs: clock.now(), blocklistDays }) : []
}

function planOf(found: Found, recipient: string, ledger: OpenLedger, withSuppression: boolean): string {
  const { mails, mailRows, inbound, quarantined, waiting } = found
  const more = found.hasMore ? ' and more' : ''
  const rows = [
    [
      'deliveries',
      mails === 0 ? 'nothing' : `${counted(mails, 'mail')} in ${counted(mailRows, 'row')}: erased`,
    ],
    ['suppressions', suppressionWords(found, ledger, withSuppression)],
    ['inbound', inbound.length === 0 ? 'nothing' : `${counted(inbound.length, 'mail')}${more}: erased`],
    [
      'quarantine',
      quarantined.length === 0 && waiting.length > 0
        ? 'nothing that can be erased now'
        : quarantined.length === 0
          ? 'nothing'
          : `${counted(quarantined.length, 'body', 'bodies')}${more}: erased`,
    ],
  ]
  const until = formatInstant(ledger.clock.now() + tombstoneMs)
  return [
    `Of ${recipient} there is in ${ledger.name}`,
    ...inColumns(rows).map((line) => `  ${line}`),
    ...waitingWords(waiting),
    `A tombstone, which holds the address, keeps mails sent until now from coming back until ${until}.\n`,
  ].join('\n')
}

function suppressionWords(found: Found, ledger: OpenLedger, withSuppression: boolean): string {
  if (found.suppression === undefined) return 'nothing'
  const held = heldIn(found, ledger)
  if (held.length === 0) return 'not on the list; what is known of it: erased'
  const reasons = held.map(({ reason, sinceMs }) => `${reason} since ${formatInstant(sinceMs)}`).join(', ')
  return withSuppression
    ? `on the list for ${reasons}: erased, so that it may be written to again`
    : `on the list for ${reasons}: address, reason and date stay, the rest is erased`
}

function waitingWords(waiting: readonly string[]): readonly string[] {
  if (waiting.length === 0) return []
  const shown = waiting.slice(0, 10).map((id) => `    ledger quarantine replay ${shownId(id)}`)
  const what = counted(waiting.length, 'body', 'bodies')
  return [
    `  In quarantine, ${what} may concern others, too, and would be lost for them: replay or dismiss`,
    `  each, and the next run of reconcile erases it, or this command.`,
    ...shown,
    ...(waiting.length > shown.length ? [`    and ${waiting.length - shown.length} more`] : []),
    ...(waiting.length > mostWaiting ? [`  Reconcile does so for ${mostWaiting} of them.`] : []),
  ]
}

function reportOf({ tombstone, isWhole, ...counts }: Erased, kind: OpenLedger['store']['kind']): string {
  const { mails, mailRows, suppressions, inbound, quarantined } = counts
  const { recipient, endsAtMs } = tombstone
  return [
    `${isWhole ? 'Erased' : 'Erased so far'}: ${counted(mails, 'mail')} in ${counted(mailRows, 'row')}, ${counted(suppressions, 'suppression')} ${tombstone.isSuppressionKept ? 'reduced or erased' : 'erased'}, ${counted(inbound, 'inbound mail')}, ${counted(quarantined, 'quarantined body', 'quarantined bodies')}.`,
    `Until ${formatInstant(endsAtMs)} each run of reconcile erases again what comes back of mails sent until now; \`ledger erase --list\` shows it. Mail that is opened later than that is in the table again.`,
    'Not reached:',
    `  - backups: ${backupsOf[kind]} and files that commands wrote have it as long as you keep them`,
    '  - what others wrote: a mail of theirs that mentions the address',
    `  - the provider's own records and lists: \`ledger suppressions remove ${shellWord(recipient)} --at-provider\` takes it off the lists, which may otherwise bring back that it is on them`,
    'Logs hold no addresses.\n',
  ].join('\n')
}

const backupsOf: Readonly<Record<OpenLedger['store']['kind'], string>> = {
  dynamodb: 'point-in-time recovery has it for 35 days more; exports to S3',
  postgresql: 'dumps and archived logs of the database,',
}

function asJson(found: Found, ledger: OpenLedger): object {
  const { mails, mailRows, inbound, quarantined, waiting, hasMore } = found
  const suppression = heldIn(found, ledger).map(({ reason, sinceMs }) => ({
    reason,
    since: formatInstant(sinceMs),
  }))
  return {
    mails,
    mailRows,
    suppression: found.suppression ? suppression : null,
    inbound: inbound.length,
    quarantined: quarantined.length,
    waiting,
    hasMore,
  }
}

async function listTombstones(ledger: OpenLedger, { json = false }: EraseOptions): Promise<void> {
  const live = await wiringOf(ledger).tombstones.live()
  const shown = live.map(({ recipient, erasedAtMs, endsAtMs, isSuppressionKept, waiting }) => ({
    recipient,
    erasedAt: formatInstant(erasedAtMs),
    until: formatInstant(endsAtMs),
    suppression: isSuppressionKept ? 'kept' : 'erased',
    waiting,
  }))
  if (json) printJson(shown)
  else if (shown.length === 0) process.stdout.write(`No address was erased from ${ledger.name} lately.\n`)
  else {
    const rows = shown.map(({ recipient, erasedAt, until, waiting }) => [
      recipient,
      `erased ${erasedAt}`,
      `kept away until ${until}`,
      waiting.length === 0
        ? ''
        : `${counted(waiting.length, 'body', 'bodies')} in quarantine to replay or dismiss`,
    ])
    process.stdout.write(`${inColumns(rows).join('\n')}\n`)
  }
}

async function lift(ledger: OpenLedger, recipient: string): Promise<void> {
  if (await wiringOf(ledger).tombstones.lift(recipient)) {
    process.stdout.write(
      `${recipient} is kept away no longer: what callbacks and the poll report of its old mails is recorded again.\n`,
    )
    return
  }
  throw new CommandError(`${recipient} was not erased lately. \`ledger erase --list\` shows who was.`)
}
