import { ses } from 'tencentcloud-sdk-nodejs-ses'

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

/** Tencent's own SDK, which signs and sends, and retries nothing. */
export function sesClient(settings: SesSettings): InstanceType<typeof ses.v20201002.Client> {
  const endpoint = new URL(settings.endpoint ?? endpointOf(settings.region))
  return new ses.v20201002.Client({
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
}

/** The international site has its own host; its region is the only one that shows it. */
function endpointOf(region: string): string {
  return region === 'ap-singapore'
    ? 'https://ses.intl.tencentcloudapi.com'
    : 'https://ses.tencentcloudapi.com'
}
