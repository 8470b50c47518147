// In the bundles this takes the place of `@aws-sdk/endpoint-cache` (serverless.yml): DynamoDB's client makes one for
// endpoints that it would discover, and none of its operations discovers any. With it go two packages of data structures.

// ts-unused-exports:disable-next-line
export const EndpointCache = Object
