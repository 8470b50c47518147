// In the bundles this replaces `@aws-sdk/credential-provider-node` (serverless.yml): Lambda puts a function's
// credentials into its environment, so other sources (profiles, single sign-on, metadata services) would be an unused
// third of the bundle.

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** The credentials of the function's role. Throws if Lambda has not set them. */
// ts-unused-exports:disable-next-line
export function defaultProvider(): () => Promise<Credentials> {
  return () => {
    const {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    } = process.env
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      const expected = 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as Lambda sets them'
      return Promise.reject(new Error(`The environment holds no credentials: expected ${expected}.`))
    }
    return Promise.resolve({
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
    })
  }
}
