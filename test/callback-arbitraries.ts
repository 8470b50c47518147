import fc from 'fast-check'
import type { WebhookRequest } from '../lib/ingest/ports.ts'
import type { Callback } from '../lib/providers/provider.ts'
import { formOf, jsonOf, signatureOf, someToken } from './fixtures/sendcloud/sign.ts'

/** The token in the path, and SendCloud's key, that the drawn callbacks are made for. */
export const accepted = { token: 'a-token-of-the-callback-url', key: 'the-app-key' } as const

/** A callback that a provider repeats: each repeat is signed anew, and may be encoded otherwise. */
export interface Reported {
  /** Shown in a counterexample. */
  readonly fields: unknown
  readonly repeat: (time: number) => WebhookRequest
}

const startSeconds = Date.parse('2022-06-01T06:25:00Z') / 1_000
/** Whom a mail is sent to: some twice, and in two spellings. */
const addressees = ['a@example.com', 'B@example.com', 'A@example.com', 'a@example.com'] as const
const few = fc.nat(2)

function request(provider: string, { body, contentType }: Callback): WebhookRequest {
  const text = new TextDecoder().decode(body)
  return {
    method: 'POST',
    path: `/${provider}/${accepted.token}`,
    headers: new Map([['content-type', contentType]]),
    body: text,
    isBase64Encoded: false,
  }
}

// ——— Tencent SES: what belongs to a message is the same in every event that reports it ———

const tencentMessages = [
  { bulkId: 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1', subject: 'about the first' },
  { bulkId: 'qcloud-ses-0a1b2c', from: 'shop@example.com' },
  { taskId: 77, templateId: 123456 },
]

const replies = [
  '551 5.1.1 recipient is not exist',
  '550 user unknown',
  '550 5.7.1 rejected for policy reasons',
  '552 5.2.2 mailbox full',
  '451 4.7.1 try again later',
  '',
]

const tencentFields = fc
  .record({
    message: fc.constantFrom(...tencentMessages),
    event: fc.constantFrom(
      ...['processed', 'deferred', 'delivered', 'dropped', 'open', 'click', 'spamreport', 'unsubscribe'],
      // Most of the rules of the suppression list are about bounces.
      ...['bounce', 'bounce', 'bounce'],
    ),
    email: fc.constantFrom(...addressees),
    second: few,
    reason: fc.constantFrom(...replies),
    bounceType: fc.constantFrom('hard_bounce', 'soft_bounce', ''),
    link: fc.constantFrom('https://example.com/1', 'https://example.com/2'),
    sentTimestamp: fc.option(fc.constantFrom(startSeconds - 20, startSeconds - 21), { nil: '' }),
  })
  .map(({ message, second, ...fields }) => ({ ...message, ...fields, timestamp: startSeconds + second }))

const tencentWhole = fc.oneof(
  { weight: 4, arbitrary: tencentFields },
  { weight: 1, arbitrary: fc.array(tencentFields, { minLength: 2, maxLength: 3 }) },
)

const tencentBroken = fc.oneof(
  tencentFields.map((fields) => ({ ...fields, event: 'teleported' })),
  tencentFields.map((fields) => ({ ...fields, timestamp: 'yesterday' })),
  tencentFields.map((fields) => [fields, { ...fields, email: 'nobody' }]),
  tencentFields.map((fields) => [fields, 'and so on']),
)

const tencent: fc.Arbitrary<Reported> = fc
  .oneof({ weight: 5, arbitrary: tencentWhole }, { weight: 1, arbitrary: tencentBroken })
  .map((fields) => ({
    fields,
    repeat: () =>
      request('tencent-ses', { body: Buffer.from(JSON.stringify(fields)), contentType: 'application/json' }),
  }))

// ——— SendCloud ———

const sendCloudMessages = [
  {
    messageId: '1654064700123_144383_11771_2575.sc-10_9_13_218-inbound',
    columns: { labelId: 7, labelName: 'orders', userHeaders: '{"SC-Custom-Order":"4711"}' },
  },
  {
    messageId: '1654064700456_144383_11771_2576.sc-10_9_13_219-inbound',
    columns: { apiUser: 'shop_trigger', category: 'shop_trigger', userHeaders: '' },
  },
] as const

/** The index is the place among the addressees: one address of one message may have several. */
const emailIdOf = (messageId: string, index: number) => `${messageId}${index}$${addressees[index] ?? ''}`

const anyIndex = fc.nat(addressees.length - 1)

const atSecond = (second: number) => ({ timestamp: (startSeconds + second) * 1_000 })

const ofOneRecipient = fc
  .record({
    message: fc.constantFrom(...sendCloudMessages),
    event: fc.constantFrom(
      'deliver',
      'open',
      'click',
      'unsubscribe',
      'report_spam',
      'soft_bounce',
      'invalid',
      'invalid',
    ),
    index: anyIndex,
    second: few,
    substat: fc.constantFrom(401, 402, 403, 404, 405, 406, 407, 409, 503, 506, ''),
    cause: fc.constantFrom(...replies),
    url: fc.constantFrom('https://example.com/1', 'https://example.com/2'),
  })
  .map(({ message: { messageId, columns }, second, index, ...fields }) => ({
    ...columns,
    ...fields,
    ...atSecond(second),
    recipient: addressees[index],
    emailId: emailIdOf(messageId, index),
  }))

/** Known by the number of a list task alone. */
const ofTask = fc
  .record({
    event: fc.constantFrom('deliver', 'open', 'invalid'),
    recipient: fc.constantFrom(...addressees),
    second: few,
  })
  .map(({ second, ...fields }) => ({
    ...fields,
    ...atSecond(second),
    maillistTaskId: 77,
    mail_list_task_id: 77,
  }))

const ofRequest = fc
  .record({
    message: fc.constantFrom(...sendCloudMessages),
    indexes: fc.subarray([...addressees.keys()], { minLength: 1 }),
    hasEmailIds: fc.boolean(),
    second: few,
  })
  .map(({ message: { messageId, columns }, indexes, hasEmailIds, second }) => ({
    event: 'request',
    ...columns,
    ...atSecond(second),
    messageId,
    recipientArray: indexes.map((index) => addressees[index]),
    emailIds: hasEmailIds ? indexes.map((index) => emailIdOf(messageId, index)) : '',
    recipientSize: indexes.length,
  }))

/** Two mails, each reported repeatedly. */
const ofRoute = fc
  .record({ message: fc.constantFrom(...sendCloudMessages), second: few, link: few })
  .map(({ message: { messageId }, second, link }) => ({
    event: 'route',
    ...atSecond(second),
    from: addressees[0],
    x_mx_rcptto: 'support@mail.example.com',
    subject: `Re: ${messageId}`,
    emailId: emailIdOf(messageId, 0),
    raw_message: 'Subject: thanks\r\n\r\nIt has come.',
    raw_message_url: `https://route.example.com/${String(link)}.eml`,
  }))

type Fields = Readonly<Record<string, unknown>> & { readonly timestamp: unknown }

const signedWith = (fields: Fields, token: string, key: string = accepted.key) => ({
  ...fields,
  token,
  signature: signatureOf(String(fields.timestamp), token, key),
})

/** A retry has another token, and the same event may come as a form and as JSON. */
const sendCloudWhole: fc.Arbitrary<Reported> = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: ofOneRecipient }, { weight: 2, arbitrary: ofTask }, ofRequest, {
      weight: 2,
      arbitrary: ofRoute,
    }) as fc.Arbitrary<Fields>,
    fc.nat(1),
  )
  .map(([fields, encoding]) => ({
    fields,
    repeat: (time) => {
      const signed = signedWith(fields, `${someToken.slice(0, 40)}${String(time).padStart(10, '0')}`)
      return request('sendcloud', (time + encoding) % 2 === 0 ? formOf(signed) : jsonOf(signed))
    },
  }))

/** The quarantine knows a body by its bytes, so these come again as they were. */
const sendCloudBroken: fc.Arbitrary<Reported> = fc
  .oneof(
    ofOneRecipient.map((fields) => formOf(signedWith({ ...fields, event: 'teleported' }, someToken))),
    ofOneRecipient.map((fields) => jsonOf(signedWith({ ...fields, emailId: 'nothing' }, someToken))),
    ofRequest.map((fields) =>
      formOf(signedWith({ ...fields, recipientArray: [...addressees, 'nobody'], emailIds: '' }, someToken)),
    ),
    ofOneRecipient.map((fields) => jsonOf(signedWith(fields, someToken, 'another-key'))),
    ofOneRecipient.map((fields) => formOf(fields)),
  )
  .map((callback) => ({
    fields: new TextDecoder().decode(callback.body),
    repeat: () => request('sendcloud', callback),
  }))

// ——— The application that sends: the same messages, reported again with another date, in another spelling ———

const sends = fc
  .record({
    reported: fc.constantFrom(
      ...tencentMessages.flatMap(({ bulkId }) => (bulkId === undefined ? [] : { messageId: bulkId })),
      ...sendCloudMessages.flatMap(({ messageId }) => [
        { messageId, provider: 'sendcloud' },
        { messageId: emailIdOf(messageId, 0), provider: 'sendcloud' },
      ]),
    ),
    recipients: fc.oneof(
      fc.constantFrom(...addressees, `Somebody <${addressees[1]}>`, 'nobody'),
      fc.subarray([...addressees], { minLength: 1 }),
    ),
    sentAt: fc.constantFrom(startSeconds - 20, startSeconds - 21, '2022-06-01T14:24:39.500+08:00'),
  })
  .map(({ reported, ...send }) => ({ ...reported, ...send }))

const sent: fc.Arbitrary<Reported> = fc
  .oneof(sends, fc.array(sends, { minLength: 2, maxLength: 3 }))
  .map((fields) => ({
    fields,
    repeat: () =>
      request('sent', { body: Buffer.from(JSON.stringify(fields)), contentType: 'application/json' }),
  }))

export const anyCallback = fc.oneof(
  { weight: 3, arbitrary: sent },
  { weight: 6, arbitrary: tencent },
  { weight: 6, arbitrary: sendCloudWhole },
  { weight: 1, arbitrary: sendCloudBroken },
)
