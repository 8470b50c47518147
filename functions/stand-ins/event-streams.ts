// In the bundles this takes the place of `@smithy/core/event-streams` (serverless.yml): the AWS SDK loads it for answers
// that come as a stream of events, which no operation of DynamoDB's client has; loaded on demand, all of it is bundled.

const problem =
  'An operation streams events, which functions/stand-ins/event-streams.ts leaves out of the bundle.'

// ts-unused-exports:disable-next-line
export function eventStreamSerdeProvider(): never {
  throw new Error(problem)
}

// ts-unused-exports:disable-next-line
export function EventStreamSerde(): never {
  throw new Error(problem)
}
