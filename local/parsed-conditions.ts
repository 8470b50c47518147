import parser, { type Context, type Node, type Operand, type Parsed } from 'dynalite/db/conditionParser.js'

// The engine parses each condition anew, which takes milliseconds where it is long: more than all else that a write costs it.

const parseAnew = parser.parse
const maxRemembered = 1_000

/** What is found in these depends on the values, and not only on their types. */
const dependsOnValues = /between|attribute_type/i

/** A value of which only the name is remembered. */
class Named {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

interface Remembered {
  readonly parsed: Parsed
  readonly usedNames: readonly string[]
  readonly usedValues: readonly string[]
}

const remembered = new Map<string, Remembered>()

/** Has the engine parse a condition once for all requests that differ in nothing but their values. */
export function rememberParsedConditions(): void {
  parser.parse = (expression, options) => {
    const { context } = options
    if (dependsOnValues.test(expression)) return parseAnew(expression, options)
    const key = keyOf(expression, context)
    const known = remembered.get(key)
    if (known) return recalled(known, context)
    const before = { ...context.unusedAttrNames }
    const beforeValues = { ...context.unusedAttrVals }
    const parsed = parseAnew(expression, options)
    // A text says what is wrong with the expression.
    if (typeof parsed === 'string') return parsed
    if (remembered.size >= maxRemembered) remembered.clear()
    const names = new Map(Object.entries(context.attrVals ?? {}).map(([name, value]) => [value, name]))
    remembered.set(key, {
      parsed: { ...parsed, expression: withOperands(parsed.expression, (of) => namedOf(of, names)) },
      usedNames: Object.keys(before).filter((name) => !(name in (context.unusedAttrNames ?? {}))),
      usedValues: Object.keys(beforeValues).filter((name) => !(name in (context.unusedAttrVals ?? {}))),
    })
    return parsed
  }
}

function keyOf(expression: string, { attrNames = {}, attrVals = {}, isKeyCondition }: Context): string {
  const types = Object.entries(attrVals).map(([name, value]) => [name, Object.keys(value)])
  return JSON.stringify([expression, attrNames, types, isKeyCondition])
}

function recalled({ parsed, usedNames, usedValues }: Remembered, context: Context): Parsed {
  for (const name of usedNames) delete context.unusedAttrNames?.[name]
  for (const name of usedValues) delete context.unusedAttrVals?.[name]
  const { attrVals = {} } = context
  const valueOf = (operand: Operand) =>
    operand instanceof Named ? (attrVals[operand.name] ?? operand) : operand
  return { ...parsed, expression: withOperands(parsed.expression, valueOf) }
}

function namedOf(operand: Operand, names: ReadonlyMap<Operand, string>): Operand {
  const name = names.get(operand)
  return name === undefined ? operand : new Named(name)
}

function withOperands(node: Node, change: (operand: Operand) => Operand): Node {
  return { ...node, args: node.args.map((of) => (isNode(of) ? withOperands(of, change) : change(of))) }
}

function isNode(operand: Operand): operand is Node {
  return 'args' in operand
}
