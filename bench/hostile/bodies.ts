import { createHmac } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { seededRandom } from '../../local/simulated-ses/random.ts'

// What somebody can post who means harm: with a URL that leaked, and with one signed pair of SendCloud's that leaked beside it,
// for a signature covers no other field. Each is as large as may be.

export const appKey = 'bench-app-key'

interface HostileBody {
  readonly name: string
  readonly path: '/tencent-ses' | '/sendcloud' | '/sent'
  readonly contentType: string
  /** Made when its turn comes: all of them at once would be gigabytes. */
  readonly body: () => Uint8Array
}

const form = 'application/x-www-form-urlencoded'
const json = 'application/json'

/** All that a function URL takes. */
const maxBytes = 6 * 1024 * 1024
const sixtyFourKb = 64 * 1024

const timestamp = '1793491200125'
const token = 'T'.repeat(50)
const signature = createHmac('sha256', appKey)
  .update(timestamp + token)
  .digest('hex')
const triple = { timestamp, token, signature }
const messageId = '1793491200125_251200_1_8821.sc-10_9_13_218-inbound'

/** A beginning, as often a middle as there is room for, and an end. The middle may count. Made without garbage of its own. */
function filled(
  begin: string,
  middle: string | ((index: number) => string),
  end = '',
  bytes = maxBytes,
): Uint8Array {
  const body = Buffer.alloc(bytes)
  const room = bytes - Buffer.byteLength(end)
  let length = body.write(begin)
  if (typeof middle === 'string') {
    const middleBytes = Buffer.byteLength(middle)
    const filledTo = length + Math.floor((room - length) / middleBytes) * middleBytes
    body.fill(middle, length, filledTo)
    length = filledTo
  } else {
    for (let index = 0; ; index += 1) {
      const part = middle(index)
      if (length + Buffer.byteLength(part) > room) break
      length += body.write(part, length)
    }
  }
  length += body.write(end, length)
  return body.subarray(0, length)
}

const signedPairs = new URLSearchParams(triple).toString()
const signedMembers = JSON.stringify(triple).slice(1, -1)
const event = (name: string) => `${signedPairs}&event=${name}`
const jsonEvent = (name: string) => `{${signedMembers},"event":"${name}"`

/** Of every field that is read, a text of nothing but one thing. */
const fields: readonly (readonly [event: string, field: string])[] = [
  ['click', 'url'],
  ['invalid', 'reason'],
  ['invalid', 'cause'],
  ['invalid', 'message'],
  ['invalid', 'substatdesc'],
  ['invalid', 'substat'],
  ['open', 'explorerName'],
  ['open', 'ip'],
  ['deliver', 'recipient'],
  ['deliver', 'emailId'],
  ['deliver', 'labelName'],
  ['deliver', 'userHeaders'],
  ['deliver', 'SC-Custom-One'],
  ['deliver', 'unheardOf'],
  ['request', 'recipientArray'],
  ['request', 'emailIds'],
  ['route', 'to'],
  ['route', 'from'],
  ['route', 'subject'],
  ['route', 'reference'],
  ['route', 'headers'],
  ['route', 'raw_message'],
]

const texts: readonly string[] = [
  'x',
  '%20',
  '%25',
  '<',
  'a@b.c,',
  "'a@b.c',",
  '+',
  '+@',
  '5.1.1+',
  '=?utf-8?q?=3D?=+',
  '%F0%9F%98%80',
]

function fieldOf(name: string, field: string, text: string, bytes = maxBytes): HostileBody {
  const named = field === 'emailId' || field === 'recipient' ? '' : `&emailId=${messageId}0$a@b.c`
  const to = name === 'route' && field !== 'to' ? '&to=a@b.c' : ''
  return {
    name: `${bytes === maxBytes ? '' : '64 KB of '}${name}, ${field} of ${text}`,
    path: '/sendcloud',
    contentType: form,
    body: () => filled(`${event(name)}${named}${to}&${field}=`, text, '', bytes),
  }
}

/** What no compression makes smaller. */
function noise(bytes: number): string {
  const random = seededRandom(1)
  return Buffer.from(Uint8Array.from({ length: bytes }, () => random.int(0, 255))).toString('base64url')
}

const someNoise = noise(1_000_000)

function listsOf(path: HostileBody['path'], bytes: number): readonly HostileBody[] {
  const templates = [
    ['{}', '[', '{},', '{}]'],
    ['1', '[', '1,', '1]'],
    ['""', '[', '"",', '""]'],
    ['[]', '[', '[],', '[]]'],
    ['[', '', '[', ''],
    ['{"a":', '', '{"a":', ''],
    [']', '[', ']', ''],
    ['digits', '{"a":', '1', '}'],
    ['numbers that are not exact', '[', '1.0,', '1]'],
    ['escapes', '{"a":"', '\\"', '"}'],
    ['backslashes', '{"a":"', '\\\\', '"}'],
    ['escaped characters', '{"a":"', '\\u0041', '"}'],
    ['characters of three bytes', '{"a":"', '中', '"}'],
    ['spaces', '', ' ', '{}'],
    ['fields', '{"event":"x"', (index: number) => `,"a${index}":1`, '}'],
    ['noise that is none', '', someNoise, ''],
  ] as const
  return [
    ...templates.map(([name, begin, middle, end]) => ({
      name: `JSON of ${name}`,
      path,
      contentType: json,
      body: () => filled(begin, middle, end, bytes),
    })),
    { name: 'bytes that are no text', path, contentType: json, body: () => Buffer.alloc(bytes, 0xff) },
  ]
}

type Template = readonly [
  name: string,
  contentType: string,
  begin: string,
  middle: string | ((index: number) => string),
  end: string,
]

const unsignedForms: readonly Template[] = [
  ['names', form, '', 'a&', ''],
  ['pairs', form, '', 'a=b&', ''],
  ['ampersands', form, 'a=b', '&', ''],
  ['different names', form, '', (index) => `a${String(index)}=b&`, ''],
  ['escapes', form, 'a=', '%41', ''],
  ['percent signs', form, 'a=', '%', ''],
  ['plus signs', form, 'a=', '+', ''],
  ['escaped names', form, '', '%61%62=&', ''],
  ['names of the signature', form, '', 'token=a&', ''],
  ['an event', form, 'event=deliver&recipient=a@b.c&cause=', 'x', ''],
  ['an event that is noise', form, 'event=deliver&recipient=a@b.c&cause=', someNoise, ''],
]

const request = `${event('request')}&messageId=${messageId}`
const jsonRequest = `${jsonEvent('request')},"messageId":"${messageId}"`
const deliver = `${event('deliver')}&emailId=${messageId}0$a@b.c`

/** Until so many, and then what adds nothing. */
const upTo = (most: number, text: (index: number) => string, filling: string) => (index: number) =>
  index < most ? text(index) : filling

const signedBodies: readonly Template[] = [
  ['recipient[n]', form, event('deliver'), (index) => `&recipient[${String(index)}]=x`, ''],
  ['recipientArray[]', form, request, (index) => `&recipientArray[]=r${String(index)}@b.c`, ''],
  ['headers', form, deliver, (index) => `&SC-Custom-${String(index)}=1`, ''],
  ['fields', form, deliver, (index) => `&f${String(index)}=1`, ''],
  ['a list of numbers', json, `${jsonRequest},"recipientArray":[1`, ',1', ']}'],
  [
    'a list of addresses',
    json,
    `${jsonRequest},"recipientArray":["a@b.c"`,
    (index) => `,"r${String(index)}@b.c"`,
    ']}',
  ],
  [
    'a list of emailIds',
    json,
    `${jsonRequest},"emailIds":["x"`,
    (index) => `,"${messageId}${String(index)}$a@b.c"`,
    ']}',
  ],
  ['a list of lists in texts', json, `${jsonRequest},"recipientArray":["[]"`, ',"[1,2]"', ']}'],
  ['a text of addresses', form, `${request}&recipientArray=a@b.c`, (index) => `,r${String(index)}@b.c`, ''],
  ['a text of numbers', form, `${request}&recipientArray=[1`, ',1', ']'],
  [
    'a list in Python',
    form,
    `${request}&recipientArray=['a@b.c'`,
    (index) => `,'r${String(index)}@b.c'`,
    ']',
  ],
  ['a list in Python of escapes', form, `${request}&recipientArray=['`, String.raw`\x41`, "']"],
  ['a list in Python of nothing', form, `${request}&recipientArray=[None`, ',None', ']'],
  ['lists in a list', form, `${request}&recipientArray=`, '[', ''],
  [
    'headers in JSON',
    form,
    `${deliver}&userHeaders={"SC-Custom-A":1`,
    (index) => `,"SC-Custom-${String(index)}":1`,
    '}',
  ],
  [
    'foreign headers in JSON',
    form,
    `${deliver}&userHeaders={"A":1`,
    (index) => `,"X-${String(index)}":1`,
    '}',
  ],
  ['addresses of a route', form, `${event('route')}&to=[1`, ',1', ']'],
  ['noise of a route', form, `${event('route')}&to=a@b.c&raw_message=`, someNoise, ''],
  [
    'the most recipients',
    form,
    `${request}&recipientArray=a@b.c`,
    upTo(4_990, (index) => `,r${String(index)}@b.c`, '&'.repeat(1_000_000)),
    '',
  ],
  [
    'the most emailIds',
    json,
    `${jsonRequest},"emailIds":["${messageId}0$a@b.c"`,
    upTo(4_990, (index) => `,"${messageId}${String(index)}$r${String(index)}@b.c"`, ' '.repeat(1_000)),
    ']}',
  ],
  [
    'the most headers',
    form,
    deliver,
    upTo(990, (index) => `&SC-Custom-${String(index)}=${'x'.repeat(5_000)}`, '&'),
    '',
  ],
  [
    'the most fields',
    form,
    deliver,
    upTo(980, (index) => `&f${String(index)}=${'x'.repeat(5_000)}`, '&'),
    '',
  ],
]

const parts = 'multipart/form-data; boundary=b'
const partOf = (name: string, text: string) =>
  `\r\n--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${text}`
const signedParts = Object.entries(triple).map(([name, text]) => partOf(name, text))

const multiparts: readonly Template[] = [
  ['parts', parts, '--b', (index) => partOf(`a${String(index)}`, 'x'), '\r\n--b--'],
  ['parts of one name', parts, '--b', (index) => partOf('a', String(index)), '\r\n--b--'],
  ['boundaries', parts, '--b', '\r\n--b', '\r\n--b--'],
  ['boundaries that are longer', parts, '--b', '\r\n--bb', '\r\n--b--'],
  ['a head', parts, '--b\r\n', 'x', '\r\n--b--'],
  ['quotes in a name', parts, '--b\r\ncontent-disposition: form-data; name="', '\\"', '\r\n--b--'],
  [
    'signed recipients',
    parts,
    signedParts.join(''),
    (index) => partOf('recipient', `r${String(index)}@b.c`),
    '\r\n--b--',
  ],
]

const delivered = '{"event":"delivered","email":"a@b.c","bulkId":"qcloud-ses-1","timestamp":1654064683'
const bounced = delivered.replace('delivered', 'bounce')

const tencentBodies: readonly Template[] = [
  ['events', json, '[', (index) => `${delivered.replace('a@', `a${String(index)}@`)}},`, `${delivered}}]`],
  ['headers', json, delivered, (index) => `,"X-Tencentcloudses-Cb-${String(index)}":1`, '}'],
  ['fields', json, delivered, (index) => `,"f${String(index)}":1`, '}'],
  ['a subject', json, `${delivered},"subject":"`, '=?utf-8?b?', '"}'],
  ['a subject of words', json, `${delivered},"subject":"`, '=?utf-8?q?=3D?= ', '"}'],
  ['a reason', json, `${bounced},"reason":"`, '5.1.1 ', '"}'],
  ['a reason of dots', json, `${bounced},"reason":"5`, '.1', '"}'],
  ['a reason of words', json, `${bounced},"reason":"`, 'mailbox no such user ', '"}'],
  ['a link', json, `${delivered.replace('delivered', 'click')},"link":"`, 'x', '"}'],
]

const send = '{"messageId":"qcloud-ses-1","sentAt":1795233605,"recipients":'

const sentBodies: readonly Template[] = [
  ['recipients', json, `${send}["a@b.c"`, (index) => `,"${String(index)}@b.c"`, ']}'],
  ['wrong recipients', json, `${send}[1`, ',1', ']}'],
  ['a recipient', json, `${send}"`, '<', '"}'],
]

function bodiesOf(
  path: HostileBody['path'],
  what: string,
  bodies: readonly Template[],
  bytes = maxBytes,
): readonly HostileBody[] {
  return bodies.map(([name, contentType, begin, middle, end]) => ({
    name: `${what} ${name}`,
    path,
    contentType,
    body: () => filled(begin, middle, end, bytes),
  }))
}

/** Packed, so that six megabytes hold as much as is unpacked of them. */
function packed(bodies: readonly HostileBody[]): readonly HostileBody[] {
  return bodies.map(({ name, body, ...rest }) => ({
    ...rest,
    name: `packed: ${name}`,
    body: () => gzipSync(body(), { level: 1 }),
  }))
}

/** What is much larger than may be, once it is unpacked. */
const bombs = (['/sendcloud', '/tencent-ses', '/sent'] as const).map((path) => ({
  name: 'packed: 200 MB of nothing',
  path,
  contentType: json,
  body: () => gzipSync(Buffer.alloc(200 * 1024 * 1024)),
}))

export const hostileBodies: readonly HostileBody[] = [
  ...listsOf('/sendcloud', maxBytes),
  ...listsOf('/tencent-ses', sixtyFourKb),
  ...listsOf('/sent', sixtyFourKb),
  // Too large, and so kept.
  ...listsOf('/tencent-ses', maxBytes).slice(-3),
  ...bodiesOf('/sendcloud', 'a form of', unsignedForms),
  ...bodiesOf('/sendcloud', 'multipart:', multiparts),
  ...bodiesOf('/sendcloud', 'signed:', signedBodies),
  ...packed(listsOf('/sendcloud', maxBytes)),
  ...packed(bodiesOf('/sendcloud', 'signed:', signedBodies)),
  ...bombs,
  ...bodiesOf('/tencent-ses', '64 KB of', tencentBodies, sixtyFourKb),
  ...bodiesOf('/sent', '64 KB of', sentBodies, sixtyFourKb),
  ...fields.flatMap(([name, field]) => texts.map((text) => fieldOf(name, field, text))),
  // The most that is read of a field.
  ...fields.flatMap(([name, field]) => texts.map((text) => fieldOf(name, field, text, sixtyFourKb))),
]
