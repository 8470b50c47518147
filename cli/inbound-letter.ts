import * as v from 'valibot'

/** An inbound mail's content as its provider reported it. */
export interface Letter {
  /** The fields, by the provider's own names; absent where the content is no JSON. */
  readonly json: unknown
  /** A field that is text; `undefined` where there is none. */
  field(name: string): string | undefined
  /** The mail's own text; empty where it has none. */
  readonly text: string
  /** As its `Date` header has it; empty where it has none. */
  readonly date: string
}

type Fields = ReadonlyMap<string, unknown>

const json = v.pipe(v.string(), v.parseJson())

export function letterOf(content: string): Letter {
  const parsed = v.safeParse(json, content)
  const fields = fieldsOf(parsed.success ? parsed.output : undefined)
  return {
    json: parsed.success ? parsed.output : undefined,
    field: (name) => textIn(fields, name),
    text: textIn(fields, 'text') ?? '',
    date: dateOf(fields),
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : new Map()
}

function textIn(fields: Fields, name: string): string | undefined {
  const value = fields.get(name)
  return typeof value === 'string' ? value : undefined
}

/** The date is among the mail's headers, which SendCloud sends as JSON inside the JSON. */
function dateOf(fields: Fields): string {
  const lines = v.safeParse(json, textIn(fields, 'headers') ?? '')
  const headers = fieldsOf(lines.success ? lines.output : undefined)
  const name = [...headers.keys()].find((header) => header.toLowerCase() === 'date') ?? 'date'
  return textIn(fields, 'date') ?? textIn(headers, name) ?? ''
}
