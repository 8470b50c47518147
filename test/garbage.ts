import fc from 'fast-check'
import { encoded, type Encoding, type SampleFields } from './conformance-samples.ts'
import { anyText } from './any-text.ts'

/** A body as it is posted, text or not. */
export interface Post {
  readonly contentType: string
  readonly body: string | Uint8Array
}

/** Puts fields into a body without parsing it: it may be anything. */
export function withFields({ contentType, body }: Post, fields: SampleFields): Post {
  if (typeof body !== 'string') return { contentType, body }
  if (!body.startsWith('{')) {
    const pairs = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`)
    return { contentType, body: [...pairs, body].join('&') }
  }
  const rest = body.slice(1)
  const members = JSON.stringify(fields).slice(1, -1)
  return { contentType, body: `{${members}${rest.startsWith('}') ? '' : ','}${rest}` }
}

/** Stands for arrays nested so deep that recursion fails, which a counterexample need not show. */
const deepMark = '"DEEP"'
const deepMarks = [deepMark, encodeURIComponent(deepMark)]

/** Puts the depth in. Once: a body must not become too large. */
export function withDepth(body: Post['body']): Post['body'] {
  const mark = typeof body === 'string' && deepMarks.find((known) => body.includes(known))
  return mark ? body.replace(mark, '['.repeat(20_000) + ']'.repeat(20_000)) : body
}

/** JSON that a field may hold and no provider sends. */
const value = fc.oneof(
  fc.json(),
  fc.constantFrom('1e999', '-0', '12345678901234567890', `0.${'1'.repeat(99)}`, '"\\ud800"', '"\\u0000"'),
  fc.constant(deepMark),
)

/** A good event in which one field, or one more, holds garbage. Whether it is still an event is not said. */
export function goodButFor(good: SampleFields, encoding: Encoding): fc.Arbitrary<Post> {
  const name = fc.constantFrom(...Object.keys(good), '__proto__', 'constructor', 'more')
  return fc.tuple(name, value).map(([replaced, garbled]) => {
    const others = Object.entries(good).filter(([key]) => key !== replaced)
    const { contentType, body } = encoded(Object.fromEntries(others), encoding)
    return encoding === 'json'
      ? { contentType, body: `${body.slice(0, -1)},${JSON.stringify(replaced)}:${garbled}}` }
      : { contentType, body: `${body}&${replaced}=${encodeURIComponent(garbled)}` }
  })
}

/** Bodies of every kind that no provider sends. Some hold fields of a good event, though none that names an address. */
export function garbage(good: SampleFields): fc.Arbitrary<Post> {
  const types = [
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/octet-stream',
    '',
  ]
  const name = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...Object.keys(good)) },
    fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', ''),
    fc.string(),
  )
  const goodFields = Object.entries(good).filter(([, reported]) => !String(reported).includes('@'))
  const goodField = fc
    .constantFrom(...goodFields)
    .map(([key, reported]): [string, string] => [key, JSON.stringify(reported)])
  const field = fc.oneof(fc.tuple(name, value), goodField)
  const member = field.map(([key, text]) => `${JSON.stringify(key)}:${text}`)
  const object = fc.array(member, { maxLength: 12 }).map((members) => `{${members.join()}}`)
  const pair = fc.oneof(field, fc.tuple(name, fc.string())).map(([key, text]) => `${key}=${text}`)
  const form = fc.array(pair, { maxLength: 12 }).map((pairs) => pairs.join('&'))
  const body = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    anyText(),
    value,
    object,
    object.map((text) => `[${text},${text}]`),
    form,
    form.map((text) => text.replaceAll(/[{}[\]" ]/g, encodeURIComponent)),
  )
  return fc.record({ contentType: fc.constantFrom(...types), body })
}
