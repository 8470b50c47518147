import type { Clock } from '../../lib/runtime/ports.ts'
import { providerLists } from '../../lib/wiring/provider-lists.ts'
import { CommandError } from '../command-error.ts'
import { warningOf, withDeployedSettings, withPollCredentials } from '../deployment-settings.ts'

/** The lists of the providers whose credentials the deployment has, or this shell, with the pace of each provider. */
export async function setUpLists(clock: Clock): Promise<ReturnType<typeof providerLists>> {
  const settings = await withDeployedSettings(process.env, 'reconcile')
  process.stderr.write(warningOf(settings))
  const providers = providerLists(await withPollCredentials(settings.environment), clock)
  if (providers.length > 0) return providers
  throw new CommandError(
    'No provider is set up (SES_POLL=off, and no SENDCLOUD_API_USER): there is no list of a provider to ask.',
  )
}
