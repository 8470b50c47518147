import { ses } from 'tencentcloud-sdk-nodejs-ses'
import { StatusApiError, type StatusApi, type StatusPage, type StatusQuery } from '../ports.ts'
import { oneLine } from '../core/text.ts'
import { polledDeliveryOf } from './status-row.ts'

/** Rows are told under the name of the provider whose callbacks tell of the same mails. */
const provider = 'tencent-ses'

/** The API's own bound on one page. */
const pageLimit = 100

const requestTimeoutSeconds = 10

export interface SesSettings {
  /** URL of the API; `undefined` takes the one that the region belongs to. */
  readonly endpoint: string | undefined
  readonly region: string
  readonly secretId: string
  readonly secretKey: string
  /** For temporary credentials. */
  readonly token: string | undefined
}

/** GetSendEmailStatus through Tencent's own SDK, which signs and sends, and retries nothing. */
export function getSendEmailStatus(settings: SesSettings): StatusApi {
  const endpoint = new URL(settings.endpoint ?? endpointOf(settings.region))
  const client = new ses.v20201002.Client({
    credential: {
      secretId: settings.secretId,
      secretKey: settings.secretKey,
      ...(settings.token !== undefined && { token: settings.token }),
    },
    region: settings.region,
    profile: {
      language: 'en-US',
      httpProfile: {
        endpoint: endpoint.host,
        protocol: `${endpoint.protocol}//`,
        reqMethod: 'POST',
        reqTimeout: requestTimeoutSeconds,
      },
    },
  })
  return {
    provider,
    async page(query) {
      try {
        const { EmailStatusList: rows } = await client.GetSendEmailStatus({
          RequestDate: query.requestDate,
          Offset: query.offset,
          Limit: pageLimit,
          ...(query.messageId !== undefined && { MessageId: query.messageId }),
        })
        return pageOf(rows)
      } catch (error) {
        throw error instanceof StatusApiError ? error : statusApiError(error, query, settings)
      }
    },
  }
}

/** The international site has its own host; its region is the only one that tells it apart. */
function endpointOf(region: string): string {
  return region === 'ap-singapore'
    ? 'https://ses.intl.tencentcloudapi.com'
    : 'https://ses.tencentcloudapi.com'
}

function pageOf(rows: unknown): StatusPage {
  if (rows !== null && rows !== undefined && !Array.isArray(rows)) {
    throw new StatusApiError(
      'transient',
      'UnreadableAnswer',
      'GetSendEmailStatus answered without EmailStatusList.',
    )
  }
  const read = (rows ?? []).map((row: unknown) => polledDeliveryOf(provider, row))
  return {
    deliveries: read.flatMap((row) => ('unreadable' in row ? [] : [row])),
    unreadable: read.flatMap((row) => ('unreadable' in row ? [row.unreadable] : [])),
    rows: read.length,
    isLast: read.length < pageLimit,
  }
}

/** What follows from an error. The SDK tells an API error by `code`; a network fault or a non-JSON answer has none. */
function statusApiError(error: unknown, query: StatusQuery, settings: SesSettings): StatusApiError {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  const consequence = consequenceOf(code, query)
  const advice = consequence === 'settings' ? ` ${settingToChange(code, settings)}` : ''
  const told = code === '' ? `no usable answer (${reasonOf(error)})` : code
  return new StatusApiError(
    consequence,
    code === '' ? 'NoAnswer' : code,
    `GetSendEmailStatus for ${query.requestDate} at offset ${query.offset} failed: ${told}.${advice}`,
  )
}

// What the SDK leaves of a network fault is its message, which names host and fault and no secret.
function reasonOf(error: unknown): string {
  return error instanceof Error ? oneLine(error.message).slice(0, 200) : typeof error
}

function consequenceOf(code: string, query: StatusQuery): StatusApiError['consequence'] {
  if (code.endsWith('NotSupportDate')) return 'out-of-reach'
  // A look-up carries a MessageId from outside: an odd one must not stop the questions about others.
  if (code.startsWith('InvalidParameter') && query.messageId !== undefined) return 'query'
  const isAboutSettings =
    /^(?:AuthFailure|UnauthorizedOperation|UnsupportedRegion|InvalidParameter|MissingParameter|UnknownParameter|NoSuchVersion|InvalidAction|NoSuchProduct|OperationDenied|UnsupportedOperation)/
  return isAboutSettings.test(code) ? 'settings' : 'transient'
}

function settingToChange(code: string, settings: SesSettings): string {
  switch (code) {
    case 'AuthFailure.SecretIdNotFound':
      return 'Set TENCENTCLOUD_SECRET_ID to a key that exists and is enabled.'
    case 'AuthFailure.SignatureFailure':
      return 'Set TENCENTCLOUD_SECRET_KEY to the key that belongs to TENCENTCLOUD_SECRET_ID.'
    case 'AuthFailure.TokenFailure':
      return 'Renew TENCENTCLOUD_TOKEN together with its id and key, or leave it unset for a permanent key.'
    case 'AuthFailure.SignatureExpire':
      return "Set this machine's clock: it is more than five minutes off."
    case 'UnsupportedRegion':
      return `Set SES_REGION to a region of SES (ap-guangzhou, ap-hongkong, ap-singapore); it is ${settings.region}.`
    default:
      return code.startsWith('AuthFailure') || code.startsWith('UnauthorizedOperation')
        ? 'Allow ses:GetSendEmailStatus to the account of TENCENTCLOUD_SECRET_ID.'
        : `Check SES_ENDPOINT and SES_REGION (${settings.region}): the API refuses how it was asked.`
  }
}
