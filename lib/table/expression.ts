import type { AttributeValue, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'

type ExpressionInput = Pick<
  UpdateItemCommandInput,
  'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>

/**
 * Collects the clauses of one UpdateItem. Every attribute has a placeholder, so that a column named from outside (a
 * sender's header) is never read as a reserved word or as syntax.
 */
export class Expression {
  readonly #names = new Map<string, string>()
  readonly #values: Record<string, AttributeValue> = {}
  #count = 0
  readonly #sets: string[] = []
  readonly #adds: string[] = []
  readonly #removes: string[] = []
  readonly #conditions: string[] = []

  /** The placeholder of an attribute. */
  name(attribute: string): string {
    const known = this.#names.get(attribute)
    if (known !== undefined) return known
    const placeholder = `#a${String(this.#names.size)}`
    this.#names.set(attribute, placeholder)
    return placeholder
  }

  /** The placeholder of a number. */
  number(value: number): string {
    return this.#value({ N: String(value) })
  }

  /** The placeholder of a string. */
  string(value: string): string {
    return this.#value({ S: value })
  }

  /** The placeholder of any value. */
  value(value: AttributeValue): string {
    return this.#value(value)
  }

  set(attribute: string, value: AttributeValue): void {
    this.#sets.push(`${this.name(attribute)} = ${this.#value(value)}`)
  }

  /** Sets the attribute where it does not exist yet. */
  setOnce(attribute: string, value: string): void {
    const name = this.name(attribute)
    this.#sets.push(`${name} = if_not_exists(${name}, ${this.string(value)})`)
  }

  /** Unites a string set with these members. */
  add(attribute: string, members: readonly string[]): void {
    this.#adds.push(`${this.name(attribute)} ${this.#value({ SS: [...members] })}`)
  }

  /** Adds to a number; one that is absent is 0. */
  increase(attribute: string, by: number): void {
    this.#adds.push(`${this.name(attribute)} ${this.number(by)}`)
  }

  /** Adds a member to a string set on the condition that the set has room. */
  addWithinRoom(attribute: string, member: string, maxMembers: number): void {
    this.addAllWithinRoom(attribute, [member], maxMembers)
  }

  /** The same for several members, each of which needs room as if it were alone: the set may exceed its bound by the others. */
  addAllWithinRoom(attribute: string, members: readonly string[], maxMembers: number): void {
    const distinct = [...new Set(members)]
    this.add(attribute, distinct)
    for (const member of distinct) this.require(`(${this.roomFor(attribute, member, maxMembers)})`)
  }

  /** The condition that a string set has fewer members than it may have, or holds this one; without brackets around it. */
  roomFor(attribute: string, member: string, maxMembers: number): string {
    const set = this.name(attribute)
    const hasRoom = `attribute_not_exists(${set}) OR size(${set}) < ${this.number(maxMembers)}`
    return `${hasRoom} OR contains(${set}, ${this.string(member)})`
  }

  remove(attribute: string): void {
    this.#removes.push(this.name(attribute))
  }

  /** Adds a condition; all of them must hold. */
  require(condition: string): void {
    this.#conditions.push(condition)
  }

  /** The conditions alone: for a write that is no update. */
  condition(): Omit<ExpressionInput, 'UpdateExpression'> {
    const { ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues } = this.input()
    return { ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues }
  }

  input(): ExpressionInput {
    const clause = (keyword: string, parts: readonly string[]) =>
      parts.length === 0 ? [] : [`${keyword} ${parts.join(', ')}`]
    return {
      UpdateExpression: [
        ...clause('SET', this.#sets),
        ...clause('ADD', this.#adds),
        ...clause('REMOVE', this.#removes),
      ].join(' '),
      ...(this.#conditions.length > 0 && { ConditionExpression: this.#conditions.join(' AND ') }),
      ExpressionAttributeNames: Object.fromEntries(
        [...this.#names].map(([name, placeholder]) => [placeholder, name]),
      ),
      ...(this.#count > 0 && { ExpressionAttributeValues: this.#values }),
    }
  }

  #value(value: AttributeValue): string {
    const placeholder = `:v${String(this.#count)}`
    this.#count += 1
    this.#values[placeholder] = value
    return placeholder
  }
}
