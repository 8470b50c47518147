import { parsePollSettings, setVariables, type Environment } from '../../lib/runtime/config.ts'
import { requestDateOf } from '../../lib/core/instant.ts'
import { oneLine } from '../../lib/core/text.ts'
import { StatusApiError } from '../../lib/reconcile/ports.ts'
import type { Clock } from '../../lib/runtime/ports.ts'
import { sesSettingsOf } from '../../lib/wiring/poll.ts'
import { getSendEmailStatus } from '../../lib/status-apis/ses/get-send-email-status.ts'
import { sentenceOf } from '../command-error.ts'
import { missingCredentials } from '../deployment-settings.ts'
import { isOfLocalStack, startLocalStack, waysToCheck } from '../where-to-look.ts'
import { failed, notChecked, passed, type Check } from './check.ts'

const check = 'poll API'

/**
 * One GetSendEmailStatus for each region, with the settings of an environment: its errors name the setting to change.
 * @param whose - credentials they are, for a person.
 */
export async function checkPollApi(environment: Environment, whose: string, clock: Clock): Promise<Check> {
  const set = setVariables(environment)
  const missing = missingCredentials(set)
  if (set.SES_POLL !== 'off' && missing.length > 0) {
    return notChecked(
      check,
      `not checked: there is no ${missing.join(' and no ')} to ask with. SES_POLL=off says that there is no poll`,
    )
  }
  try {
    return await callOnce(set, whose, clock)
  } catch (error) {
    return error instanceof StatusApiError
      ? refusedBy(error, whose, set)
      : failed(check, 'was not asked: the settings are wrong', oneLine(sentenceOf(error)))
  }
}

async function callOnce(environment: Environment, whose: string, clock: Clock): Promise<Check> {
  const poll = parsePollSettings(environment)
  if (!poll) return notChecked(check, 'is off (SES_POLL=off)')
  const lists: string[] = []
  for (const region of poll.SES_REGION) {
    const api = getSendEmailStatus(sesSettingsOf(poll, region))
    const { rows } = await api.page({ requestDate: requestDateOf(clock.now()), offset: 0 })
    const what = rows === 0 ? 'no mail of today: if you sent some, SES_REGION is another' : 'mails of today'
    lists.push(`${region} lists ${what}`)
  }
  return passed(check, `accepts the credentials of ${whose}; ${lists.join('; ')}`)
}

function refusedBy(
  { consequence, code, message }: StatusApiError,
  whose: string,
  environment: Environment,
): Check {
  switch (consequence) {
    case 'settings':
      return failed(check, `refuses the settings, asked with the credentials of ${whose} (${code})`, message)
    case 'transient':
      return failed(
        check,
        `does not answer as it should (${code})`,
        `${message} ${code === 'NoAnswer' && isSimulated(environment) ? startLocalStack : `Try again; should it stay so, check ${waysToCheck(environment, 'SES_ENDPOINT')}.`}`,
      )
    case 'out-of-reach':
    case 'query':
      return failed(check, `reports nothing for today (${code})`, `${message} Check this machine's date.`)
  }
}

/** Whether it is the local stack's own SES that is asked. */
function isSimulated(environment: Environment): boolean {
  const { SES_ENDPOINT = '' } = environment
  return URL.canParse(SES_ENDPOINT) && isOfLocalStack(new URL(SES_ENDPOINT), environment)
}
