// In the bundles this replaces the package `json-bigint` (serverless.yml), which Tencent's SDK uses to write the
// parameters of a request. Ours are strings and small numbers; a `bigint` throws.

// ts-unused-exports:disable-next-line
export default function jsonBigInt(): Pick<typeof JSON, 'stringify'> {
  return { stringify: JSON.stringify }
}
