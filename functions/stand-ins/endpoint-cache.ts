// In the bundles this replaces `@aws-sdk/endpoint-cache` (serverless.yml): DynamoDB's client creates one for discovered
// endpoints, and none of its operations discovers any. That also removes two packages of data structures.

// ts-unused-exports:disable-next-line
export const EndpointCache = Object
