import { formatInstant } from '../../lib/core/instant.ts'
import { StatusApiError } from '../../lib/reconcile/ports.ts'
import type { ListEntry, ProviderList } from '../../lib/suppressions/ports.ts'
import { removeAtProviders, type RemovalAtProvider } from '../../lib/suppressions/remove-at-providers.ts'
import { CommandError } from '../command-error.ts'
import { isAgreedTo } from '../confirm.ts'
import type { OpenLedger } from '../open-ledger.ts'
import { setUpLists } from './set-up-lists.ts'

export interface RemoveOptions {
  readonly atProvider?: boolean
  readonly yes?: boolean
  readonly dryRun?: boolean
}

/**
 * Takes an address off the list of every provider that is set up, once somebody has agreed. Returns whether it is to be taken
 * off ours now: the providers are first, so that what fails leaves it on ours.
 */
export async function isRemovedAtProviders(
  address: string,
  { yes = false, dryRun = false }: RemoveOptions,
  { name, clock }: Pick<OpenLedger, 'name' | 'clock'>,
): Promise<boolean> {
  const lists = (await setUpLists(clock)).flatMap((provider) => provider.lists)
  const line = lineIn(lists)
  process.stdout.write(
    `${dryRun ? 'This would take' : 'This takes'} ${address} off\n${lists.map((list) => line(list, list.holds)).join('')}and then off the list of ${name}.\n`,
  )
  if (dryRun) {
    for (const list of lists) process.stdout.write(line(list, await stateOf(list, address)))
    return false
  }
  if (!yes && !(await isAgreedTo('Go on?'))) return false
  const removals = await removeAtProviders(lists, address, {
    clock,
    onRemoval: (removal) => process.stdout.write(line(removal.list, outcomeWords(removal))),
  })
  if (removals.every(({ outcome }) => outcome !== 'failed')) return true
  throw new CommandError(
    `The list of ${name} is as it was, since a provider may still bar ${address}. Run it again once that is mended: what is off stays off.`,
  )
}

/** Words about a list, in columns. */
function lineIn(lists: readonly ProviderList[]): (list: ProviderList, words: string) => string {
  const width = (text: (list: ProviderList) => string) => Math.max(...lists.map((list) => text(list).length))
  const [providers, removals] = [width(({ provider }) => provider), width(({ removal }) => removal)]
  return ({ provider, removal }, words) =>
    `  ${provider.padEnd(providers)}  ${removal.padEnd(removals)}  ${words}\n`
}

function outcomeWords({ outcome, problem = '' }: RemovalAtProvider): string {
  switch (outcome) {
    case 'removed':
      return 'removed'
    case 'absent':
      return 'was not on it'
    case 'failed':
      return `failed: ${problem}`
  }
}

/** Whether the address is on the list now. */
async function stateOf(list: ProviderList, address: string): Promise<string> {
  try {
    const entries = await list.ofRecipient(address)
    return entries.length === 0 ? 'is not on it' : entries.map(entryWords).join('; ')
  } catch (error) {
    if (!(error instanceof StatusApiError)) throw error
    return `cannot be read: ${error.message}`
  }
}

function entryWords({ listedAtMs, untilMs, detail }: ListEntry): string {
  const words = [
    'is on it',
    listedAtMs === undefined ? '' : `since ${formatInstant(listedAtMs)}`,
    untilMs === undefined ? '' : `until ${formatInstant(untilMs)}`,
    detail === '' ? '' : `(${detail})`,
  ]
  return words.filter((word) => word !== '').join(' ')
}
