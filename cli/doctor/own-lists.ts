import { setVariables, type Environment } from '../../lib/runtime/config.ts'
import { requestDateOf } from '../../lib/core/instant.ts'
import { oneLine } from '../../lib/core/text.ts'
import { StatusApiError } from '../../lib/reconcile/ports.ts'
import type { Clock } from '../../lib/runtime/ports.ts'
import type { ProviderList } from '../../lib/suppressions/ports.ts'
import { providerLists } from '../../lib/wiring/provider-lists.ts'
import { sentenceOf } from '../command-error.ts'
import { failed, notChecked, passed, type Check } from './check.ts'

/** Whose lists are checked, under which name, and with what they are asked. */
interface Asked {
  readonly check: string
  readonly provider: string
  /** With the credentials. */
  readonly environment: Environment
  /** What came of asking this provider for anything at all. */
  readonly poll: Check
}

/**
 * One page of each of a provider's own lists: an error names the permission that is missing. Whether an address may be taken
 * off them shows only where one is.
 */
export async function checkOwnLists(
  { check, provider, environment, poll }: Asked,
  clock: Clock,
): Promise<Check> {
  const set = setVariables(environment)
  if (set.SYNC_PROVIDER_LISTS === 'off') return notChecked(check, 'is not read (SYNC_PROVIDER_LISTS=off)')
  if (poll.verdict !== 'passed') return notChecked(check, `not checked: see ${poll.check}`)
  try {
    const lists = providerLists(set, clock).flatMap((one) => (one.provider === provider ? one.lists : []))
    const problems = (await Promise.all(lists.map((list) => problemOf(list, clock)))).flat()
    if (problems.length === 0) return passed(check, `may be read: ${namesOf(lists)}`)
    return failed(
      check,
      'cannot be read into ours',
      `${problems.join(' ')} Or say by syncProviderLists: 'off' in serverless.yml (SYNC_PROVIDER_LISTS) that it is not to be.`,
    )
  } catch (error) {
    return failed(check, 'was not asked', oneLine(sentenceOf(error)))
  }
}

async function problemOf(list: ProviderList, clock: Clock): Promise<readonly string[]> {
  const today = requestDateOf(clock.now())
  try {
    await list.page({ offset: 0, ...(list.maxDates !== undefined && { from: today, to: today }) })
    return []
  } catch (error) {
    if (error instanceof StatusApiError) return [error.message]
    throw error
  }
}

function namesOf(lists: readonly ProviderList[]): string {
  return lists.map(({ name }) => name).join(', ')
}
