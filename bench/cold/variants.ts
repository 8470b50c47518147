import { bundle, type Alias } from './bundle.ts'

/** A way to answer a callback, ready to be packaged. */
export interface Variant {
  readonly name: string
  /** Whether it writes the event to the table. */
  readonly writes: boolean
  readonly code: Uint8Array
}

const credentialChain = '@aws-sdk/credential-provider-node'

const withoutMiddy = (deployed: Alias) => ({ ...deployed, '@middy/core': './bench/cold/without-middy.ts' })

function withCredentialChain(deployed: Alias): Alias {
  return Object.fromEntries(Object.entries(deployed).filter(([name]) => name !== credentialChain))
}

/** The bare one first: the others are compared to it. */
export async function makeVariants(): Promise<readonly Variant[]> {
  const ingest = 'functions/ingest.ts'
  const bundles = [
    ['bare: answers 200', bundle('bench/cold/bare.ts')],
    ['one request, signed by hand, no SDK', bundle('bench/cold/hand-signed.ts')],
    ['ours: ingest as deployed', bundle(ingest)],
    ['ours, without middy', bundle(ingest, withoutMiddy)],
    ["ours, with the SDK's credential chain", bundle(ingest, withCredentialChain)],
    ['ours, without any stand-in', bundle(ingest, () => ({}))],
  ] as const
  return Promise.all(
    bundles.map(async ([name, made], index) => ({ name, writes: index > 0, code: (await made).code })),
  )
}
