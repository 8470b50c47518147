import type { scf } from 'tencentcloud-sdk-nodejs-scf'

type ScfClient = typeof scf.v20180416.Client

/** Of this shell: `TENCENTCLOUD_SECRET_ID` and so on. */
interface Shell {
  readonly TENCENTCLOUD_SECRET_ID?: string | undefined
  readonly TENCENTCLOUD_SECRET_KEY?: string | undefined
  readonly TENCENTCLOUD_TOKEN?: string | undefined
  /** Another URL of SCF's API. */
  readonly TENCENTCLOUD_SCF_ENDPOINT?: string | undefined
}

/**
 * A client of SCF with the credentials of this shell. Throws where there are none.
 * @param Client - of Tencent's SDK, which stays outside of what is compiled for a deploy.
 */
export function scfClient(Client: ScfClient, shell: Shell, region: string): InstanceType<ScfClient> {
  const { TENCENTCLOUD_SECRET_ID: secretId = '', TENCENTCLOUD_SECRET_KEY: secretKey = '' } = shell
  if (secretId === '' || secretKey === '') {
    throw new Error(
      'This shell has no credentials: expected TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY of an account that may use SCF (QcloudSCFFullAccess).',
    )
  }
  const token = shell.TENCENTCLOUD_TOKEN ?? ''
  const endpoint = new URL(shell.TENCENTCLOUD_SCF_ENDPOINT ?? 'https://scf.tencentcloudapi.com')
  return new Client({
    credential: { secretId, secretKey, ...(token !== '' && { token }) },
    region,
    profile: {
      language: 'en-US',
      httpProfile: { endpoint: endpoint.host, protocol: `${endpoint.protocol}//`, reqTimeout: 60 },
    },
  })
}
