import * as v from 'valibot'
import { readAddress, recipientOf, type Addressed } from '../../core/address.ts'
import { taskMessageKey, type MessageKey } from '../../core/message.ts'
import { isListBeyond, listProblem } from '../body/bounds.ts'
import { identifier, textOf, type Fields } from '../fields.ts'
import { typeName, type FieldProblem } from '../provider.ts'
import { emailIdParts, messageKeyOf, type EmailId } from './email-id.ts'
import { fieldProblem, listOf } from './fields.ts'

/** One recipient of one message. */
interface Addressee extends Addressed {
  readonly message: MessageKey
  readonly emailId?: string
}

/** What is wrong with the fields of a recipient or its message. */
interface Unaddressed {
  readonly problems: readonly FieldProblem[]
}

const emailIdShape = 'an emailId: <messageId><index>$<recipient>'

/** The one recipient of an event, and the message: from the emailId, or from their own fields. */
export function readAddressee(fields: Fields): Addressee | Unaddressed {
  const emailId = emailIdParts(fields.get('emailId'))
  const message = emailId?.message ?? messageIn(fields)
  const addressed = addressedIn(fields, emailId)
  const problems = [message, addressed].filter((part) => typeof part === 'object' && 'pointer' in part)
  if (typeof message === 'object' || 'pointer' in addressed) return { problems }
  return { ...addressed, message, ...(emailId && { emailId: textOf(fields.get('emailId')) }) }
}

function messageIn(fields: Fields): MessageKey | FieldProblem {
  if (fields.has('emailId')) return fieldProblem('emailId', emailIdShape, fields)
  if (fields.has('messageId')) return messageIdIn(fields)
  return taskKeyIn(fields) ?? withoutMessage('/emailId')
}

function messageIdIn(fields: Fields): MessageKey | FieldProblem {
  const messageId = fields.get('messageId')
  const key = typeof messageId === 'string' ? messageKeyOf(messageId) : undefined
  return key ?? fieldProblem('messageId', 'the messageId that sending returned', fields)
}

/** Tencent's batch tasks are numbered too, so the key names the provider. */
function taskKeyIn(fields: Fields): MessageKey | undefined {
  const task = v.safeParse(identifier('the number of a task'), fields.get('maillistTaskId'))
  return task.success ? taskMessageKey(`sendcloud:${task.output}`) : undefined
}

function withoutMessage(pointer: string): FieldProblem {
  return {
    pointer,
    expected: 'an emailId, a messageId or a maillistTaskId',
    received: 'none that names a message',
  }
}

function addressedIn(fields: Fields, emailId: EmailId | undefined): Addressed | FieldProblem {
  const named = emailId?.recipient === '' ? undefined : emailId?.recipient
  const addressed = addressIn(fields.get('recipient') ?? named)
  if (addressed === undefined) return fieldProblem('recipient', 'one email address', fields)
  if (named !== undefined && recipientOf(named) !== addressed.recipient) {
    return {
      pointer: '/recipient',
      expected: 'the recipient that the emailId names',
      received: 'another string',
    }
  }
  return addressed
}

function addressIn(value: unknown): Addressed | undefined {
  return typeof value === 'string' ? readAddress(value) : undefined
}

/** An element of a list, and its position. */
interface Entry {
  readonly value: unknown
  readonly pointer: string
}

/**
 * The recipients of a request: each emailId once, then each listed recipient without an emailId once. A bad entry is a
 * problem of its own.
 */
export function readAddressees(fields: Fields): readonly (Addressee | Unaddressed)[] {
  const beyond = ['emailIds', 'recipientArray'].filter((list) => isListBeyond(fields.get(list)))
  if (beyond.length > 0) return [{ problems: beyond.map(listProblem) }]
  const emailIds = entriesIn(fields, 'emailIds', 'emailId')
  const recipients = entriesIn(fields, 'recipientArray', 'recipient')
  if (emailIds.length === 0 && recipients.length === 0) {
    const problem = { pointer: '/recipientArray', expected: 'at least one recipient', received: 'none' }
    return [{ problems: [problem] }]
  }
  const messageId = fields.has('messageId') ? messageIdIn(fields) : undefined
  if (typeof messageId === 'object') return [{ problems: [messageId] }]

  const byEmailId = emailIds.map((entry) => addresseeByEmailId(entry, messageId))
  const named = new Set(emailIds.map(({ value }) => addressIn(emailIdParts(value)?.recipient)?.recipient))
  named.delete(undefined)
  const others = recipients.filter(({ value }) => !named.has(addressIn(value)?.recipient))
  const message = messageId ?? (emailIds.length > 0 ? onlyMessage(byEmailId) : taskKeyIn(fields))
  return eachOnce([...byEmailId, ...addresseesByAddress(others, message)])
}

/** Empty entries are skipped. */
function entriesIn(fields: Fields, list: string, field: string): readonly Entry[] {
  const listed = listOf(fields.get(list)).map((value, index) => ({
    value,
    pointer: `/${list}/${String(index)}`,
  }))
  const single = { value: fields.get(field), pointer: `/${field}` }
  return [...listed, single].filter(({ value }) => value !== undefined && value !== null && value !== '')
}

function addresseeByEmailId(
  { value, pointer }: Entry,
  messageId: MessageKey | undefined,
): Addressee | Unaddressed {
  const emailId = emailIdParts(value)
  const addressed = addressIn(emailId?.recipient)
  if (!emailId || addressed === undefined) {
    return { problems: [{ pointer, expected: emailIdShape, received: typeName(value) }] }
  }
  if (messageId !== undefined && !beginsWith(emailId.message, messageId)) {
    const expected = 'an emailId that begins with the messageId'
    return { problems: [{ pointer, expected, received: 'another string' }] }
  }
  return { ...addressed, message: emailId.message, emailId: textOf(value) }
}

/** Whether an emailId belongs to this message, followed only by an index if the key has kept one. */
function beginsWith(message: MessageKey, messageId: MessageKey): boolean {
  return message.startsWith(messageId) && /^\d*$/.test(message.slice(messageId.length))
}

/** The message that all of them agree on. */
function onlyMessage(addressees: readonly (Addressee | Unaddressed)[]): MessageKey | undefined {
  const messages = new Set(
    addressees.map((addressee) => ('message' in addressee ? addressee.message : undefined)),
  )
  messages.delete(undefined)
  return messages.size === 1 ? [...messages][0] : undefined
}

function addresseesByAddress(
  entries: readonly Entry[],
  message: MessageKey | undefined,
): readonly (Addressee | Unaddressed)[] {
  if (entries.length === 0) return []
  if (message === undefined) return [{ problems: [withoutMessage('/messageId')] }]
  return entries.map(({ value, pointer }) => {
    const addressed = addressIn(value)
    return addressed === undefined
      ? { problems: [{ pointer, expected: 'one email address', received: typeName(value) }] }
      : { ...addressed, message }
  })
}

function eachOnce(addressees: readonly (Addressee | Unaddressed)[]): readonly (Addressee | Unaddressed)[] {
  const seen = new Set<string>()
  return addressees.filter((addressee) => {
    if ('problems' in addressee) return true
    const { recipient, message, emailId = '' } = addressee
    const name = `${recipient} ${message} ${emailId}`
    const isFirst = !seen.has(name)
    seen.add(name)
    return isFirst
  })
}
