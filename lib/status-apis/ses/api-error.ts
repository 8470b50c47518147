import { oneLine } from '../../core/text.ts'
import { StatusApiError } from '../../reconcile/ports.ts'
import type { SesSettings } from './client.ts'

/** What was asked. */
interface Question {
  readonly action: string
  /** What it was about, for a person: `2026-11-21 at offset 300`. */
  readonly about: string
  /** Whether it carries text from outside, so that a parameter that is refused says nothing about our settings. */
  readonly isLookUp: boolean
}

/** What follows from an error. In the SDK an API error has a `code`; a network fault or a non-JSON answer has none. */
export function statusApiError(error: unknown, question: Question, settings: SesSettings): StatusApiError {
  if (error instanceof StatusApiError) return error
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  const consequence = consequenceOf(code, question)
  const advice = consequence === 'settings' ? ` ${settingToChange(code, question.action, settings)}` : ''
  const reason = code === '' ? `no usable answer (${reasonOf(error)})` : code
  return new StatusApiError(
    consequence,
    code === '' ? 'NoAnswer' : code,
    `${question.action} for ${question.about} failed: ${reason}.${advice}`,
  )
}

// What the SDK leaves of a network fault is its message, which names host and fault and no secret.
function reasonOf(error: unknown): string {
  return error instanceof Error ? oneLine(error.message).slice(0, 200) : typeof error
}

function consequenceOf(code: string, { isLookUp }: Question): StatusApiError['consequence'] {
  if (code.endsWith('NotSupportDate')) return 'out-of-reach'
  // A look-up carries a MessageId from outside: an odd one must not stop the look-ups of others.
  if (code.startsWith('InvalidParameter') && isLookUp) return 'query'
  const isAboutSettings =
    /^(?:AuthFailure|UnauthorizedOperation|UnsupportedRegion|InvalidParameter|MissingParameter|UnknownParameter|NoSuchVersion|InvalidAction|NoSuchProduct|OperationDenied|UnsupportedOperation)/
  return isAboutSettings.test(code) ? 'settings' : 'transient'
}

/** For a deployment, whose settings these are but on a developer's machine. */
function howToPut(setting: string): string {
  return `of a deployment by \`npx ledger parameter put ${setting}\``
}

function settingToChange(code: string, action: string, settings: SesSettings): string {
  switch (code) {
    case 'AuthFailure.SecretIdNotFound':
      return `Set TENCENTCLOUD_SECRET_ID to a key that exists and is enabled: ${howToPut('TENCENTCLOUD_SECRET_ID')}.`
    case 'AuthFailure.SignatureFailure':
      return `Set TENCENTCLOUD_SECRET_KEY to the key that belongs to TENCENTCLOUD_SECRET_ID: ${howToPut('TENCENTCLOUD_SECRET_KEY')}.`
    case 'AuthFailure.TokenFailure':
      return `Renew TENCENTCLOUD_TOKEN together with its id and key (${howToPut('TENCENTCLOUD_TOKEN')}), or remove it for a permanent key.`
    case 'AuthFailure.SignatureExpire':
      return "Set this machine's clock: it is more than five minutes off."
    case 'UnsupportedRegion':
      return `Set SES_REGION (of a deployment sesRegion in serverless.yml, and deploy) to a region of SES (ap-guangzhou, ap-hongkong, ap-singapore); it is ${settings.region}.`
    default:
      return code.startsWith('AuthFailure') || code.startsWith('UnauthorizedOperation')
        ? `Allow ses:${action} to the account of TENCENTCLOUD_SECRET_ID.`
        : `Check SES_ENDPOINT and SES_REGION (${settings.region}): the API refuses how it was asked.`
  }
}
