import {
  parseSendCloudPollSettings,
  sendCloudPollParameters,
  setsSendCloudPoll,
  setVariables,
  type Environment,
} from '../../lib/runtime/config.ts'
import { requestDateOf } from '../../lib/core/instant.ts'
import { oneLine } from '../../lib/core/text.ts'
import { StatusApiError } from '../../lib/reconcile/ports.ts'
import type { Clock } from '../../lib/runtime/ports.ts'
import { withParameters } from '../../lib/runtime/parameters.ts'
import { lambda } from '../../lib/runtime/runtime.ts'
import { emailStatus } from '../../lib/status-apis/sendcloud/email-status.ts'
import { sendCloudSettingsOf } from '../../lib/wiring/poll.ts'
import { sentenceOf } from '../command-error.ts'
import { isOnAws } from '../where-to-look.ts'
import { failed, notChecked, passed, type Check } from './check.ts'

const check = 'emailStatus'

/**
 * One call of SendCloud's data/emailStatus, with the credentials of the deployment, or those of this shell where it sets any.
 * @param environment - with the settings of the deployment, as far as they are known
 */
export async function checkEmailStatus(environment: Environment, clock: Clock): Promise<Check> {
  const isOfShell = isSetHere(environment)
  try {
    const settings = await withSendCloudSettings(environment)
    return await callOnce(settings, isOfShell ? 'this shell' : 'the deployment', clock)
  } catch (error) {
    if (error instanceof StatusApiError) return refusedBy(error)
    return isOfShell
      ? failed(check, 'was not asked: the settings are wrong', oneLine(sentenceOf(error)))
      : notChecked(check, `not checked: the credentials could not be read: ${oneLine(sentenceOf(error))}`)
  }
}

/** The environment with the credentials of SendCloud's poll, as {@link checkEmailStatus} takes them. */
export async function withSendCloudSettings(environment: Environment): Promise<Environment> {
  const set = setVariables(environment)
  return isSetHere(set) ? set : withParameters(set, sendCloudPollParameters, lambda.parameters)
}

function isSetHere(environment: Environment): boolean {
  const set = setVariables(environment)
  return !isOnAws(set) || setsSendCloudPoll(set)
}

async function callOnce(settings: Environment, whose: string, clock: Clock): Promise<Check> {
  const poll = parseSendCloudPollSettings(settings)
  if (!poll) {
    const advice = `Who sends with it ${isOnAws(settings) ? 'puts' : 'sets'} SENDCLOUD_API_USER and SENDCLOUD_API_KEY${isOnAws(settings) ? ' as parameters' : ''}`
    return notChecked(check, `is not set up: lost callbacks of SendCloud are not found. ${advice}`)
  }
  const { rows } = await emailStatus(sendCloudSettingsOf(poll)).page({
    requestDate: requestDateOf(clock.now()),
    offset: 0,
  })
  const what = rows === 0 ? 'no mail of today' : 'mails of today'
  return passed(check, `accepts the credentials of ${whose}; SendCloud lists ${what}`)
}

function refusedBy({ consequence, code, message }: StatusApiError): Check {
  return consequence === 'settings'
    ? failed(check, `refuses the settings (${code})`, message)
    : failed(check, `does not answer as it should (${code})`, `${message} Try again.`)
}
