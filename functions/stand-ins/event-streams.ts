// In the bundles this replaces `@smithy/core/event-streams` (serverless.yml): the AWS SDK loads it on demand for event
// streams, so all of it is bundled, but no operation of DynamoDB's client has any.

const problem = 'Event streams are not in the bundle: functions/stand-ins/event-streams.ts replaces them.'

// ts-unused-exports:disable-next-line
export function eventStreamSerdeProvider(): never {
  throw new Error(problem)
}

// ts-unused-exports:disable-next-line
export function EventStreamSerde(): never {
  throw new Error(problem)
}
