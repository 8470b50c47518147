import { reconcileEntries, setVariables, type Environment } from '../../lib/runtime/config.ts'
import type { Clock } from '../../lib/runtime/ports.ts'
import {
  deployedCredentials,
  deployedSettings,
  functionName,
  missingCredentials,
  pollOffAdvice,
  putAdvice,
} from '../deployment-settings.ts'
import { isOnAws, stageOptions, waysToCheck } from '../where-to-look.ts'
import { failed, notChecked, passed, type Check } from './check.ts'
import { checkEmailStatus, withSendCloudSettings } from './email-status.ts'
import { checkOwnLists } from './own-lists.ts'
import { checkPollApi } from './poll-api.ts'

/** Whether a deployment's polls are set up: as it was deployed, and with the credentials that it has of its own. */
export async function checkPoll(environment: Environment, clock: Clock): Promise<readonly Check[]> {
  const set = setVariables(environment)
  if (!isOnAws(set)) {
    const checks = [checkSes(set, 'this shell', clock), checkSendCloud(set, clock)]
    return (await Promise.all(checks)).flat()
  }
  const found = await deployedSettings(set, 'reconcile')
  const settings = 'unread' in found ? set : setVariables({ ...set, ...found.deployed })
  const about = checkSettings(found, settings, set)
  const sendCloud = checkSendCloud(settings, clock)
  if (settings.SES_POLL === 'off') {
    return [about, ...(await checkSes(settings, 'nobody', clock)), ...(await sendCloud)]
  }
  const own = await deployedCredentials(set)
  const hasOwn = 'credentials' in own && missingCredentials(own.credentials).length === 0
  const api = hasOwn
    ? checkSes({ ...withoutCredentials(settings), ...own.credentials }, 'the deployment', clock)
    : checkSes(settings, 'this shell, which may not be those of the deployment', clock)
  return [about, checkParameters(own, set), ...(await api), ...(await sendCloud)]
}

/** Tencent's poll, and the lists by which it refuses to send. */
async function checkSes(environment: Environment, whose: string, clock: Clock): Promise<readonly Check[]> {
  const poll = await checkPollApi(environment, whose, clock)
  const asked = { check: 'block list', provider: 'tencent-ses', environment, poll }
  return [poll, await checkOwnLists(asked, clock)]
}

/** The same of SendCloud's. */
async function checkSendCloud(settings: Environment, clock: Clock): Promise<readonly Check[]> {
  const poll = await checkEmailStatus(settings, clock)
  const environment = poll.verdict === 'passed' ? await withSendCloudSettings(settings) : settings
  const asked = { check: 'bounce list', provider: 'sendcloud', environment, poll }
  return [poll, await checkOwnLists(asked, clock)]
}

/** So that halves of different pairs are never combined. */
function withoutCredentials(settings: Environment): Environment {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !name.startsWith('TENCENTCLOUD_')))
}

function checkSettings(
  found: Awaited<ReturnType<typeof deployedSettings>>,
  settings: Environment,
  set: Environment,
): Check {
  const check = 'settings'
  const name = functionName(set, 'reconcile')
  if ('unread' in found) {
    const { because, why } = found.unread
    return because === 'absent'
      ? failed(
          check,
          why,
          `Check TABLE_PREFIX and AWS_REGION, or deploy: \`npx serverless deploy ${stageOptions(set)}\`.`,
        )
      : notChecked(check, `not checked: ${why}. What follows is looked at with the settings of this shell`)
  }
  const regionOf = ({ SES_REGION = reconcileEntries.SES_REGION.default }: Environment) => SES_REGION
  const here = set.SES_REGION
  const differs = here !== undefined && here !== regionOf(settings) ? `, and not ${here} as here` : ''
  return passed(check, `are read from ${name}: SES_REGION is ${regionOf(settings)}${differs}`)
}

function checkParameters(
  own: Awaited<ReturnType<typeof deployedCredentials>>,
  environment: Environment,
): Check {
  const check = 'parameters'
  if ('unread' in own) {
    const { because, why } = own.unread
    return because === 'fault'
      ? failed(
          check,
          `cannot be read: ${why}`,
          `Try again; should it stay so, check ${waysToCheck(environment, 'AWS_REGION', 'AWS_ENDPOINT_URL_SSM', 'AWS_ENDPOINT_URL')}.`,
        )
      : notChecked(check, `not checked: ${why}`)
  }
  const missing = missingCredentials(own.credentials)
  return missing.length === 0
    ? passed(check, "hold the poll's credentials")
    : failed(
        check,
        `the deployment has no ${missing.join(' and no ')}`,
        `Run ${putAdvice(missing)}. ${pollOffAdvice}`,
      )
}
