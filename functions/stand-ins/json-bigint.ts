// In the bundles this takes the place of the package `json-bigint` (serverless.yml), with which Tencent's SDK writes the
// parameters of a request. Ours are strings and small numbers; a `bigint` throws.

// ts-unused-exports:disable-next-line
export default function jsonBigInt(): Pick<typeof JSON, 'stringify'> {
  return { stringify: JSON.stringify }
}
