import { notFound } from '../../lib/ingest/responses.ts'
import { isInPostgres, type Environment } from '../../lib/runtime/config.ts'
import { secondMs } from '../../lib/core/instant.ts'
import type { Answer, Front, Silence } from './ask.ts'
import { failed, passed, type Check } from './check.ts'
import { isOfLocalStack, isOfThisMachine, logOf, stageOptions } from '../where-to-look.ts'

const check = 'function URL'

/** Whether the ledger answers at the URL, by its answer to a path that it does not have: `/`. */
export function checkFunctionUrl(answer: Answer | Silence, front: Front, environment: Environment): Check {
  if ('silence' in answer) return silent(answer, front, environment)
  const expected = notFound()
  const isOurs = answer.status === expected.status && answer.title === expected.body?.title
  return isOurs ? passed(check, `answers in ${answer.tookMs} ms`) : strange(answer, front, environment)
}

/** DNS, connection and TLS. */
function silent({ silence, code }: Silence, { url, timeoutMs }: Front, environment: Environment): Check {
  switch (silence) {
    case 'unknown host':
      return failed(
        check,
        `no address is known for ${url.hostname} (${code})`,
        `${rightUrl(environment)} Or no name server answers this machine.`,
      )
    case 'nothing listens':
      return failed(
        check,
        `nothing listens at ${url.host}`,
        isOfThisMachine(url)
          ? `Start ${isInPostgres(environment) ? 'the server (npm run server)' : 'the local stack (npm start)'}, or say by --url where callbacks are taken.`
          : 'A function URL listens on 443 only. A relay in front of it has to be running, and its port open.',
      )
    case 'too late':
      return failed(
        check,
        `no answer within ${timeoutMs / secondMs} s`,
        `Something on the way may drop what is sent (a firewall, a security group), or the function hangs: look into ${logOf('ingest', environment)}.`,
      )
    case 'no TLS':
      return failed(
        check,
        `${url.host} speaks no TLS`,
        'Set TLS up there. Until then its URL begins with http://, and anybody on the way can read the token.',
      )
    case 'TLS not trusted':
      return failed(
        check,
        `TLS fails (${code})`,
        `Give ${url.host} a certificate for that name, by an authority that everybody knows: providers will not trust it either.`,
      )
    case 'cut off':
      return failed(
        check,
        `the connection ends without an answer (${code})`,
        `Check the port, and whether the URL is to begin with ${url.protocol === 'https:' ? 'http' : 'https'}://.`,
      )
  }
}

/** Something answers, and not as the ledger does. */
function strange(answer: Answer, { url }: Front, environment: Environment): Check {
  const { status, title, headers } = answer
  const isAws = headers.has('x-amzn-requestid') || headers.has('x-amzn-errortype')
  if (status === 403 && isAws)
    return failed(check, 'AWS answers 403: nobody may call it', permit(environment))
  if (status === 429) return failed(check, 'AWS answers 429: too many requests at once', calmDown)
  if (status === 503 && title !== undefined) {
    return failed(check, 'the function answers 503 whatever it is asked', namedByLog(url, environment))
  }
  if (status >= 500) {
    return failed(
      check,
      `answers ${status}`,
      `The function fails before it can answer, or a relay in front does not reach it: look into ${logOf('ingest', environment)}.`,
    )
  }
  const what = status >= 300 && status < 400 ? `${status}, a redirection` : String(status)
  return failed(check, `${url.host} answers ${what}, and is not delivery-ledger`, notOurs(url, environment))
}

function namedByLog(url: URL, environment: Environment): string {
  const log = logOf('ingest', environment)
  return isOfLocalStack(url, environment)
    ? `A setting of it is missing or wrong: ${log} names it.`
    : `A setting of it is missing or wrong, such as CALLBACK_TOKEN_SHA256: ${log} names it. Deploy with it.`
}

function notOurs(url: URL, environment: Environment): string {
  return isOfLocalStack(url, environment)
    ? 'Something else listens there. Start the local stack at another PORT, and set the same one here.'
    : rightUrl(environment)
}

function permit(environment: Environment): string {
  const stage = stageOptions(environment)
  return `A public function URL needs auth type NONE and two permissions, lambda:InvokeFunctionUrl and lambda:InvokeFunction: \`npx serverless deploy ${stage}\` makes them. If it stays so, the account's organization forbids it, or the function is gone (\`npx serverless info ${stage}\`).`
}

const calmDown =
  "Look for a flood in the metrics of the function. Else raise ingestConcurrency in serverless.yml and deploy, or the account's own limit."

function rightUrl(environment: Environment): string {
  if (isInPostgres(environment)) return 'Check --url.'
  return `Check --url: \`npx serverless info ${stageOptions(environment)}\` prints it.`
}
